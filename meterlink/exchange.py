"""Exchange: drives one flow after another over one line, knowing only bytes and the time it is told.

It owns, once for every family: deadlines, repeats of repeatable requests, our own echo (whole, partial, late), frames
of others, junk, late replies, and the gate before writes. It returns what to do next as an `Action` and is told what
happened:

    Send(data)     -> sent(at), at = the moment the last byte is out
    Listen(until)  -> received(data, now), data = b"" when nothing came until then
    Change(line)   -> line_changed(now)
    Done(value)

The rule of late replies: the shape of a reply never proves which request it answers, so after any repeat or time-out
everything is swallowed for one full reply time before the next request goes out. A line that delays replies by more
than twice its reply time needs a longer one (`latency_s`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar

from meterlink.context import EchoMode, Note, Observer, PasswordAttempts, Timing, Traced
from meterlink.errors import (
    BadDateError,
    BadDigitsError,
    BadReplyError,
    DamagedFrameError,
    LineNoiseError,
    LinkError,
    LocalProtocolError,
    MeterlinkError,
    MissedInstantError,
    NoAnswerError,
    PasswordSpentError,
    RefusedError,
    TruncatedReplyError,
    WireError,
    WrongAddressError,
    WrongChecksumError,
)
from meterlink.flow import (
    Announce,
    Announcement,
    Fate,
    Flow,
    Gate,
    Outcome,
    Pause,
    Reply,
    SetLine,
    Step,
    WaitUntil,
    closed_gate,
)
from meterlink.wire.framer import NEED_DATA, ClientFramer, Damage, Damaged, Frame
from meterlink.wire.line import Line
from meterlink.wire.payload import CalendarError, DigitError, PayloadError
from meterlink.wire.request import ReplySizes, Request, mask_whole

T = TypeVar("T")

NOISE_LIMIT_S: Final = 3.0
"""A line that is not silent for so long belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Send:
    data: bytes


@dataclass(frozen=True, slots=True)
class Listen:
    until: float


@dataclass(frozen=True, slots=True)
class Change:
    line: Line


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    value: T


Action = Send | Listen | Change | Done[Any]


class _State(Enum):
    IDLE = auto()
    QUIET = auto()  # waiting for the silence before a request; what comes is swallowed
    WAITING = auto()  # a pause or an instant the flow asked for; what comes is swallowed
    SENDING = auto()
    CHANGING = auto()
    REPLY = auto()


class Exchange:
    """One line with one meter in mind; runs flows one after another and remembers late replies between them."""

    def __init__(
        self,
        *,
        framer: ClientFramer,
        timing: Timing,
        line: Line,
        address: str,
        port: str,
        gate: Gate = closed_gate,
        observer: Observer | None = None,
        passwords: PasswordAttempts | None = None,
        echo: EchoMode = EchoMode.AUTO,
    ) -> None:
        self._framer = framer
        self._timing = timing
        self._line = line
        self._address = address
        self._port = port
        self._gate = gate
        self._observer = observer
        self._passwords = passwords if passwords is not None else PasswordAttempts()
        self._echo_mode = echo

        self._state = _State.IDLE
        self._flow: Flow[Any] | None = None
        self._announced: list[Outcome] = []  # each begins as "not sent", in order
        self._announced_requests: list[Request[Any]] = []
        self._in_flight = False

        self._request: Request[Any] | None = None
        self._reply_time_s = 0.0
        self._patience_s = 0.0
        self._tx = b""
        self._tries = 0
        self._first_sent_at = 0.0
        self._damage: Damaged | None = None
        self._foreign: bytes | None = None

        self._echo_held = b""
        self._echo_may_begin = False
        self._echoes_due = 0
        self._echo_heard = False

        self._last_activity = float("-inf")
        self._until = 0.0
        self._give_up_at = 0.0
        self._swallow_until = float("-inf")
        self._swallowed = b""
        self._secret_on_line = False
        self._leave_by: float | None = None

    @property
    def writes_open(self) -> bool:
        """Whether somebody opened the way for writes."""
        return self._gate is not closed_gate

    # --- told by the runner ------------------------------------------------------------------------------------------

    def start(self, flow: Flow[Any], now: float) -> Action:
        """Begin a flow. One at a time."""
        if self._flow is not None:
            raise LocalProtocolError(why="a flow was started while another one runs")
        self._flow = flow
        return self._resume(now)

    def sent(self, at: float) -> Action:
        """The last byte of what was to be sent is out at `at`."""
        request = self._asking()
        self._last_activity = at
        self._secret_on_line = bool(request.secret_places)
        if self._observer is not None:
            self._observer(Traced(at, True, request.masked(), Note.REQUEST))
        if self._tries == 1:
            self._first_sent_at = at
        self._until = at + self._reply_time_s
        self._give_up_at = self._until + self._patience_s
        self._expect_echo()
        if request.line_after is not None:
            return self._change(request.line_after)
        return self._await_reply(at)

    def line_changed(self, now: float) -> Action:
        """The line now has the settings that were asked for."""
        return self._resume(now) if self._request is None else self._await_reply(now)

    def received(self, data: bytes, now: float) -> Action:
        """Bytes came, or (b"") none until the time asked for."""
        if self._state is _State.REPLY:
            return self._hear(data, now) if data else self._nothing_heard(now)
        return self._swallow(data, now) if data else self._was_quiet(now)

    def failed(self, error: LinkError, now: float) -> Action:
        """The line itself failed."""
        if self._request is None:
            return self._resume(now, error=error)
        return self._finish(now, error=error)

    def close(self) -> None:
        """The run ends, however it ends: record what is still open, then let the flow go."""
        flow, self._flow = self._flow, None
        self._state = _State.IDLE
        self._request = None
        try:
            self._record_rest()
        finally:
            if flow is not None:
                flow.close()

    # --- driving the flow --------------------------------------------------------------------------------------------

    def _resume(self, now: float, value: object = None, error: MeterlinkError | None = None) -> Action:
        """Give the flow what it waits for, and take its steps until one of them needs the line."""
        self._state = _State.IDLE
        action: Action | None = None
        while action is None:
            flow = self._flow
            if flow is None:
                raise LocalProtocolError(why="no flow is running")
            try:
                step = flow.send(value) if error is None else flow.throw(error)
            except StopIteration as stop:
                self._flow = None
                self._record_rest()
                return Done(stop.value)
            value = error = None
            try:
                action = self._take(step, now)
            except PasswordSpentError as spent:
                error = spent
        return action

    def _take(self, step: Step, now: float) -> Action | None:
        """What a step needs of the line; None when the flow may go on at once."""
        if isinstance(step, Request):
            return self._begin(step, now)
        if isinstance(step, Announce):
            self._announce(step)
            return None
        if isinstance(step, SetLine):
            return self._change(step.line)
        if isinstance(step, Pause):
            return self._wait(self._last_activity + step.seconds, now)
        if isinstance(step, WaitUntil):
            self._leave_by = step.at + step.tolerance_s
            return self._wait(step.at, now)
        raise LocalProtocolError(why=f"a flow yielded {step!r}, which is not a step")

    def _change(self, line: Line) -> Action:
        self._line = line
        self._state = _State.CHANGING
        return Change(line)

    def _wait(self, until: float, now: float) -> Action:
        self._state = _State.WAITING
        self._until = max(until, now)
        return Listen(self._until)

    # --- the gate ----------------------------------------------------------------------------------------------------

    def _announce(self, step: Announce) -> None:
        self._record_rest()
        frames = tuple(request.masked() for request in step.requests)
        if not all(request.changes_meter for request in step.requests):
            raise LocalProtocolError(why=f"{step.operation!r} announces a request that changes nothing")
        self._gate(Announcement(operation=step.operation, frames=frames))
        self._announced = [
            Outcome(operation=step.operation, index=index, frame=frame, fate=Fate.NOT_SENT)
            for index, frame in enumerate(frames)
        ]
        self._announced_requests = list(step.requests)

    def _record(self, fate: Fate, reply: str | None, detail: str) -> None:
        """The outcome of the announced frame at the head."""
        self._in_flight = False
        self._announced_requests.pop(0)
        self._gate(replace(self._announced.pop(0), fate=fate, reply=reply, detail=detail))

    def _record_rest(self) -> None:
        """Close the announcement: the frame in flight has an unknown fate, the others were not sent."""
        failure: Exception | None = None
        while self._announced:
            try:
                if self._in_flight:
                    self._record(Fate.NO_ANSWER, None, "interrupted while waiting for the answer")
                else:
                    self._record(Fate.NOT_SENT, None, "")
            except Exception as error:  # noqa: BLE001 (each of the others is still tried; the first failure is raised below)
                failure = failure or error
        if failure is not None:
            raise failure

    # --- before a request --------------------------------------------------------------------------------------------

    def _begin(self, request: Request[Any], now: float) -> Action:
        if request.changes_meter and not (self._announced_requests and self._announced_requests[0] == request):
            raise LocalProtocolError(why=f"{request.name} was not the next announced write")
        if request.presents_password:
            self._passwords.spend(self._meter_key())
        self._request = request
        self._reckon_times(request.reply_sizes)
        self._tx = self._framer.send(request.encode())
        self._tries = 0
        self._damage = None
        self._foreign = None
        self._echoes_due = 0
        return self._await_quiet(request, now, self._swallow_until)

    def _await_quiet(self, request: Request[Any], now: float, swallow_until: float) -> Action:
        self._state = _State.QUIET
        self._swallowed = b""
        self._until = max(now, swallow_until, self._last_activity + self._quiet_s(request))
        self._give_up_at = self._until + NOISE_LIMIT_S
        return Listen(self._until)

    def _quiet_s(self, request: Request[Any]) -> float:
        timing = self._timing
        return max(timing.quiet_s, timing.quiet_chars * self._line.char_s, request.quiet_before_s)

    def _swallow(self, data: bytes, now: float) -> Action:
        """Bytes while nothing may come: late replies, late echoes, another master."""
        self._last_activity = now
        self._swallowed = (self._swallowed + data)[-256:]
        if self._state is _State.QUIET:
            if now > self._give_up_at:
                return self._too_noisy(now)
            # The rest of that frame may lag as much as the port allows inside one.
            self._until = max(self._until, now + self._timing.gap_s)
        return Listen(self._until)

    def _was_quiet(self, now: float) -> Action:
        if now < self._until:
            return Listen(self._until)
        self._trace_swallowed(now)
        if self._state is _State.WAITING:
            return self._resume(now)
        late_s = 0.0 if self._leave_by is None else now - self._leave_by
        self._leave_by = None
        if late_s > 0:
            return self._finish(now, error=MissedInstantError(late_s=late_s))
        self._state = _State.SENDING
        self._tries += 1
        self._in_flight = self._asking().changes_meter
        return Send(self._tx)

    def _too_noisy(self, now: float) -> Action:
        self._trace_swallowed(now)
        waited_s = now - self._give_up_at + NOISE_LIMIT_S
        return self._finish(now, error=LineNoiseError(port=self._port, waited_s=waited_s))

    # --- the reply ---------------------------------------------------------------------------------------------------

    def _await_reply(self, now: float) -> Action:
        request = self._asking()
        if not request.expects_reply:
            return self._finish(now, value=None)
        self._state = _State.REPLY
        self._framer.expect(request)
        return Listen(self._until)

    def _reckon_times(self, sizes: ReplySizes) -> None:
        """How long a reply may take, and how much longer bytes that still flow are listened to."""
        timing, char_s, most = self._timing, self._line.char_s, sizes.most
        usual = most if sizes.usual is None else sizes.usual
        self._reply_time_s = timing.reply_s + timing.latency_s + usual * char_s
        self._patience_s = timing.reply_s + most * char_s

    def _hear(self, data: bytes, now: float) -> Action:
        self._last_activity = now
        rest = self._without_echo(data, now) if self._echo_may_begin else data
        if rest:
            self._framer.receive_data(rest)
        return self._take_events(now) or self._listen_on(now)

    def _nothing_heard(self, now: float) -> Action:
        if self._waits_for_silence() and now >= self._last_activity + self._timing.gap_s:
            return self._end_of_frame(now) or self._listen_on(now)
        return self._listen_on(now)

    def _listen_on(self, now: float) -> Action:
        if now <= self._give_up_at and self._waits_for_silence():
            return Listen(self._last_activity + self._timing.gap_s)
        return Listen(self._until) if now < self._until else self._timed_out(now)

    def _waits_for_silence(self) -> bool:
        return bool(self._echo_held) or self._framer.pending

    def _end_of_frame(self, now: float) -> Action | None:
        """A silence, or the end of our patience: what is held becomes a frame or damage."""
        self._release_echo()
        self._framer.silence()
        return self._take_events(now)

    def _expect_echo(self) -> None:
        self._echo_held = b""
        self._echo_heard = False
        self._echo_may_begin = self._echo_mode is EchoMode.AUTO
        self._echoes_due += self._echo_may_begin

    def _without_echo(self, data: bytes, now: float) -> bytes:
        """What is left when an exact copy of the request stands in front; a beginning of one is held back."""
        held = self._echo_held + data
        size = min(len(held), len(self._tx))
        if held[:size] != self._tx[:size]:
            self._echo_may_begin = False
            self._echo_held = b""
            return held
        if size < len(self._tx):
            self._echo_held = held
            return b""
        self._heard_echo(now)
        return held[size:]

    def _heard_echo(self, now: float) -> None:
        self._echo_may_begin = False
        self._echo_held = b""
        self._echo_heard = True
        self._echoes_due -= 1
        if self._observer is not None:
            self._observer(Traced(now, False, self._asking().masked(), Note.ECHO))

    def _release_echo(self) -> None:
        """What looked like the beginning of an echo stopped: it is bytes like any others."""
        held, self._echo_held = self._echo_held, b""
        self._echo_may_begin = False
        if held:
            self._framer.receive_data(held)

    def _take_events(self, now: float) -> Action | None:
        while True:
            event = self._framer.next_event()
            if event is NEED_DATA:
                return None
            if isinstance(event, Damaged):
                self._damage = event
                self._trace(now, event.raw, Note.DAMAGED)
            elif self._is_late_echo(event):
                self._heard_echo(now)
            elif self._asking().accepts(event.raw):
                return self._answered(event, now)
            else:
                self._foreign = event.raw
                self._trace(now, event.raw, Note.FOREIGN)

    def _is_late_echo(self, frame: Frame) -> bool:
        """Every sending may come back once, behind junk or long after; a copy beyond those is somebody's answer."""
        return self._echoes_due > 0 and frame.raw == self._tx

    def _answered(self, frame: Frame, now: float) -> Action:
        request = self._asking()
        if self._observer is not None:
            self._observer(Traced(now, False, frame.raw.hex(" ").upper(), Note.REPLY))
        try:
            value = request.decode_reply(frame.raw)
        except PayloadError as error:
            return self._finish(now, error=_bad_reply(request, frame.raw, error), reply=frame.raw)
        except MeterlinkError as error:
            return self._finish(now, error=error, reply=frame.raw)
        return self._finish(now, value=value, reply=frame.raw)

    def _timed_out(self, now: float) -> Action:
        if self._waits_for_silence():
            action = self._end_of_frame(now)
            if action is not None:
                return action
        request = self._asking()
        repeats = request.repeatable and not request.changes_meter and not request.presents_password
        if repeats and self._tries < self._timing.tries:
            return self._await_quiet(request, now, float("-inf"))
        return self._finish(now, error=self._why_no_answer())

    def _why_no_answer(self) -> MeterlinkError:
        request = self._asking()
        if self._damage is not None:
            kind = _DAMAGE_ERRORS.get(self._damage.why, DamagedFrameError)
            return kind(
                address=self._address,
                port=self._port,
                request=request.name,
                raw=self._masked(self._damage.raw),
                why=self._damage.why.value,
            )
        if self._foreign is not None:
            return WrongAddressError(
                address=self._address, port=self._port, request=request.name, raw=self._masked(self._foreign)
            )
        return NoAnswerError(
            address=self._address,
            port=self._port,
            request=request.name,
            tries=self._tries,
            heard="; only the echo of our own bytes was heard" if self._echo_heard else "",
        )

    # --- after a request ---------------------------------------------------------------------------------------------

    def _finish(
        self,
        now: float,
        *,
        value: object = None,
        error: MeterlinkError | None = None,
        reply: bytes | None = None,
    ) -> Action:
        """One exchange is over: note what may still come late, record it if it was a write, give it to the flow."""
        request = self._asking()
        self._request = None
        self._guard_against_late_replies(request, now, answered=reply is not None)
        if request.presents_password and error is None:
            self._passwords.proved(self._meter_key())
        if request.changes_meter:
            shown = None if reply is None else self._masked(reply)
            self._record(self._fate(error), shown, "" if error is None else str(error))
        if error is not None:
            return self._resume(now, error=error)
        return self._resume(now, Reply(value, self._first_sent_at, now))

    def _guard_against_late_replies(self, request: Request[Any], now: float, *, answered: bool) -> None:
        if not self._tries:
            return
        if request.expects_reply and (self._tries > 1 or not answered):
            self._swallow_until = now + self._reply_time_s
        if request.changes_meter:
            self._swallow_until = max(self._swallow_until, now + self._timing.after_write_s)

    def _fate(self, error: MeterlinkError | None) -> Fate:
        if not self._in_flight:
            return Fate.NOT_SENT
        if error is None:
            return Fate.ANSWERED
        if isinstance(error, RefusedError):
            return Fate.REFUSED
        return Fate.DAMAGED if isinstance(error, WireError) else Fate.NO_ANSWER

    def _asking(self) -> Request[Any]:
        if self._request is None:
            raise LocalProtocolError(why="the runner told of a reply while no request was out")
        return self._request

    def _meter_key(self) -> str:
        return f"{self._address} on {self._port}"

    # --- the trace ---------------------------------------------------------------------------------------------------

    def _masked(self, raw: bytes) -> str:
        """Damaged, foreign and swallowed bytes may hold pieces of the secret that was sent last."""
        return mask_whole(raw) if self._secret_on_line else raw.hex(" ").upper()

    def _trace(self, at: float, heard: bytes, note: Note) -> None:
        """Bytes that are not the answer."""
        if self._observer is not None:
            self._observer(Traced(at, False, self._masked(heard), note))

    def _trace_swallowed(self, now: float) -> None:
        swallowed, self._swallowed = self._swallowed, b""
        if swallowed:
            self._trace(now, swallowed, Note.SWALLOWED)


_DAMAGE_ERRORS: Final = {Damage.CHECKSUM: WrongChecksumError, Damage.TRUNCATED: TruncatedReplyError}


def _bad_reply(request: Request[Any], raw: bytes, error: PayloadError) -> BadReplyError:
    kind = BadReplyError
    if isinstance(error, DigitError):
        kind = BadDigitsError
    elif isinstance(error, CalendarError):
        kind = BadDateError
    return kind(request=request.name, raw=raw.hex(" ").upper(), why=str(error))
