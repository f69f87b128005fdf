"""Exchange: drives one flow after another over one line, knowing only bytes and the time it is told.

It owns, once for every family: deadlines, repeats of repeatable requests, our own echo (whole, partial, late), frames
of others, junk, late replies, and the gate before writes. It returns what to do next as an `Action` and is told what
happened:

    Send(data)     -> sent(at), at = the moment the last byte is out
    Listen(until)  -> received(data, now), data = b"" when nothing came until then
    Change(line)   -> line_changed(now)
    Done(value)

The rule of late replies: the shape of a reply never proves which request it answers. After any repeat or time-out
everything is swallowed until a reply to the *last* sending can no longer come: one reply time, and then as much again
but at least `LATE_S`. A line that delays replies by more than that needs a longer reply time (`latency_s`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar

from meterlink.announced import Announced
from meterlink.context import EchoMode, Note, Observer, PasswordAttempts, Timing, Traced
from meterlink.errors import (
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
    WrongAnswerError,
    WrongChecksumError,
)
from meterlink.flow import Announce, Fate, Flow, Gate, Pause, Reply, SetLine, Step, WaitUntil, bad_reply, closed_gate
from meterlink.wire.framer import NEED_DATA, ClientFramer, Damage, Damaged
from meterlink.wire.line import Line
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink.wire.request import Request, mask_whole

T = TypeVar("T")

NOISE_LIMIT_S: Final = 3.0
"""A line that is not silent for so long belongs to somebody else."""

_NEVER: Final = float("-inf")

LATE_S: Final = 2.0
"""How far beyond its reply time a reply is reckoned with at least. It costs time only after a repeat or a time-out."""


# Several of these are made for every exchange, so they are not frozen: that would double what making one costs. `do`
# is the IO, awaitable where the port is one of asyncio; `tell` passes its result on, apart from it, so that only the
# line's own failures are taken for such.


@dataclass(slots=True)
class Send:
    data: bytes

    def do(self, port: Any) -> Any:
        return port.write(self.data)

    def tell(self, exchange: Exchange, result: Any, now: float) -> Action:
        return exchange.sent(result)


@dataclass(slots=True)
class Listen:
    until: float

    def do(self, port: Any) -> Any:
        return port.read(self.until)

    def tell(self, exchange: Exchange, result: Any, now: float) -> Action:
        return exchange.received(result, now)


@dataclass(slots=True)
class Change:
    line: Line

    def do(self, port: Any) -> Any:
        return port.set_line(self.line)

    def tell(self, exchange: Exchange, result: Any, now: float) -> Action:
        return exchange.line_changed(now)


@dataclass(slots=True)
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
        passwords: PasswordAttempts,
        echo: EchoMode = EchoMode.AUTO,
    ) -> None:
        self._framer = framer
        self._timing = timing
        self._line = self._line_wanted = line
        self._line_quiet_s = self._quiet_at(line)
        self._address = address
        self._port = port
        self._observer = observer
        self._passwords = passwords
        self._echo_mode = echo
        self.writes_open = gate is not closed_gate
        """Whether somebody opened the way for writes."""

        self._state = _State.IDLE
        self._flow: Flow[Any] | None = None
        self._announced = Announced(gate)

        self._request: Request[Any] | None = None
        self._reply_time_s = 0.0
        self._patience_s = 0.0
        self._tx = b""
        self._tx_before = b""
        self._tries = 0
        self._first_sent_at = 0.0
        self._last_sent_at = 0.0
        self._damage: Damaged | None = None
        self._foreign: bytes | None = None

        self._echoes_due = 0
        self._echo_heard = False

        self._last_activity = _NEVER
        self._until = 0.0
        self._give_up_at = 0.0
        self._swallow_until = _NEVER
        self._swallowed = b""
        self._secret_on_line = False
        self._secret_pieces: set[bytes] = set()
        self._leave_by: float | None = None

    # --- told by the runner ------------------------------------------------------------------------------------------

    def start(self, flow: Flow[Any], now: float) -> Action:
        """Begin a flow. One at a time."""
        if self._flow is not None:
            raise LocalProtocolError(why="a flow was started while another one runs")
        self._flow = flow
        self._leave_by = None
        if self._last_activity == _NEVER:
            self._last_activity = now  # what was on the line before is not known
        return self._resume(now)

    def sent(self, at: float) -> Action:
        """The last byte of what was to be sent is out at `at`."""
        request = self._asking()
        self._last_activity = self._last_sent_at = at
        if self._observer is not None:
            self._observer(Traced(at, request.masked(), Note.REQUEST))
        if self._tries == 1:
            self._first_sent_at = at
        self._until = at + self._reply_time_s
        self._give_up_at = self._until + self._patience_s
        self._echo_heard = False
        self._echoes_due += self._echo_mode is EchoMode.AUTO
        if request.line_after is not None:
            return self._change(request.line_after)
        return self._await_reply(at)

    def line_changed(self, now: float) -> Action:
        """The line now has the settings that were asked for."""
        self._line = self._line_wanted
        self._line_quiet_s = self._quiet_at(self._line)
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
        request, self._request = self._request, None
        self._state = _State.IDLE
        if request is not None and self._tries:
            self._guard_against_late_replies(request, self._last_sent_at, answered=False)
        try:
            self._announced.close()
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
                return Done(stop.value)
            value = error = None
            try:
                action = self._take(step, now)
            except PasswordSpentError as spent:
                error = spent
        return action

    def _take(self, step: Step, now: float) -> Action | None:
        """What a step needs of the line; None when the flow may go on at once."""
        leave_by, self._leave_by = self._leave_by, None
        if isinstance(step, Request):
            self._leave_by = leave_by
            return self._begin(step, now)
        if isinstance(step, Announce):
            self._announced.open(step)
            return None
        if isinstance(step, SetLine):
            return self._change(step.line)
        if isinstance(step, Pause):
            return self._wait(self._last_activity + step.seconds, now)
        if isinstance(step, WaitUntil):
            self._leave_by = step.at + step.tolerance_s
            return self._wait(step.at, now)
        raise LocalProtocolError(why=f"a flow yielded a {type(step).__name__}, which is not a step")

    def _change(self, line: Line) -> Action:
        self._line_wanted = line
        self._state = _State.CHANGING
        return Change(line)

    def _wait(self, until: float, now: float) -> Action:
        self._state = _State.WAITING
        self._until = max(until, now)
        return Listen(self._until)

    # --- before a request --------------------------------------------------------------------------------------------

    def _begin(self, request: Request[Any], now: float) -> Action:
        if request.changes_meter and not self._announced.is_next(request):
            raise LocalProtocolError(why=f"{request.name} was not the next announced write")
        if request.presents_password:
            self._passwords.check(self._meter_key())
        self._request = request
        self._reckon_times(request)
        frame = request.encode()
        self._note_secrets(frame, request)
        self._tx_before, self._tx = self._tx, self._framer.send(frame)
        self._tries = 0
        self._damage = None
        self._foreign = None
        self._echoes_due = 0
        return self._await_quiet(request, now, self._swallow_until)

    def _await_quiet(self, request: Request[Any], now: float, swallow_until: float) -> Action:
        self._state = _State.QUIET
        self._swallowed = b""
        quiet_s = max(self._line_quiet_s, request.quiet_before_s)
        self._until = max(now, swallow_until, self._last_activity + quiet_s)
        self._give_up_at = self._until + NOISE_LIMIT_S
        return Listen(self._until)

    def _quiet_at(self, line: Line) -> float:
        return line.silence_s(self._timing.quiet_chars, self._timing.quiet_s)

    def _swallow(self, data: bytes, now: float) -> Action:
        """Bytes while nothing may come: late replies, late echoes, another master."""
        self._last_activity = now
        self._swallowed = (self._swallowed + data)[-256:]
        if self._state is _State.WAITING:
            return self._was_quiet(now)
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
        if self._leave_by is not None and now > self._leave_by:
            return self._finish(now, error=MissedInstantError(late_s=now - self._leave_by))
        return self._send(now)

    def _send(self, now: float) -> Action:
        """The last look before bytes leave: from here on a write is in doubt and a password is spent."""
        request = self._asking()
        if request.changes_meter:
            self._announced.leaves()
        if request.presents_password:
            self._passwords.spend(self._meter_key())
        self._secret_on_line = bool(request.secret_places)
        self._leave_by = None
        self._last_sent_at = now
        self._state = _State.SENDING
        self._tries += 1
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

    def _reckon_times(self, request: Request[Any]) -> None:
        """How long a reply may take, and how much longer bytes that still flow are listened to."""
        timing, sizes = self._timing, request.reply_sizes
        char_s = (request.line_after or self._line).char_s
        usual = sizes.most if sizes.usual is None else sizes.usual
        self._reply_time_s = timing.reply_s + timing.latency_s + usual * char_s
        self._patience_s = timing.reply_s + sizes.most * char_s

    def _hear(self, data: bytes, now: float) -> Action:
        self._last_activity = now
        self._framer.receive_data(data)
        return self._take_events(now) or self._listen_on(now)

    def _nothing_heard(self, now: float) -> Action:
        if self._framer.pending and now >= self._last_activity + self._timing.gap_s:
            return self._end_of_frame(now) or self._listen_on(now)
        return self._listen_on(now)

    def _listen_on(self, now: float) -> Action:
        if now <= self._give_up_at and self._framer.pending:
            return Listen(self._last_activity + self._timing.gap_s)
        return Listen(self._until) if now < self._until else self._timed_out(now)

    def _end_of_frame(self, now: float) -> Action | None:
        """A silence, or the end of our patience: what is pending becomes a frame or damage."""
        self._framer.silence()
        return self._take_events(now)

    def _take_events(self, now: float) -> Action | None:
        answers: list[bytes] = []
        while (event := self._framer.next_event()) is not NEED_DATA:
            if self._is_echo(event.raw):
                self._heard_echo(event.raw, now)
            elif isinstance(event, Damaged):
                self._heard_damage(event, now)
            elif event.answers:
                answers.append(event.raw)
            else:
                self._foreign = event.raw
                self._trace(now, event.raw, Note.FOREIGN)
        if len(answers) > 1 and len(set(answers)) > 1:  # nobody can tell which one answers
            self._heard_damage(Damaged(b"".join(answers), Damage.JUNK), now)
            return None
        return self._answered(answers[0], now) if answers else None

    def _is_echo(self, raw: bytes) -> bool:
        """Every sending may come back once, at once or late, also that of the request before; no copy beyond those."""
        return self._echoes_due > 0 if raw == self._tx else raw == self._tx_before

    def _heard_echo(self, raw: bytes, now: float) -> None:
        own = raw == self._tx
        self._echoes_due -= own
        self._echo_heard = self._echo_heard or own
        if self._observer is not None:
            shown = self._asking().masked() if own else self._masked(raw)
            self._observer(Traced(now, shown, Note.ECHO))

    def _heard_damage(self, damage: Damaged, now: float) -> None:
        self._damage = damage
        self._echo_heard = self._echo_heard or self._tx in damage.raw
        self._trace(now, damage.raw, Note.DAMAGED)

    def _answered(self, raw: bytes, now: float) -> Action:
        request = self._asking()
        self._trace(now, raw, Note.REPLY)
        try:
            value = request.decode_reply(raw)
        except PayloadError as error:
            return self._finish(now, error=bad_reply(request.name, self._masked(raw), error), reply=raw)
        except MeterlinkError as error:
            return self._finish(now, error=error, reply=raw)
        except Exception as bug:
            if request.changes_meter:
                self._announced.settle(Fate.DAMAGED, self._masked(raw), f"not understood: {type(bug).__name__}")
            raise
        return self._finish(now, value=value, reply=raw)

    def _timed_out(self, now: float) -> Action:
        if self._framer.pending:
            action = self._end_of_frame(now)
            if action is not None:
                return action
        request = self._asking()
        repeats = request.repeatable and not request.changes_meter and not request.presents_password
        if repeats and self._tries < self._timing.tries:
            return self._await_quiet(request, now, _NEVER)
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
            other = WrongAnswerError if request.same_meter(self._foreign) else WrongAddressError
            shown = self._masked(self._foreign)
            return other(address=self._address, port=self._port, request=request.name, raw=shown)
        return NoAnswerError(
            address=self._address,
            port=self._port,
            request=request.name,
            tries=self._tries,
            heard="; only the echo of our own bytes was heard" if self._echo_heard else "",
        )

    # --- after a request ---------------------------------------------------------------------------------------------

    def _finish(
        self, now: float, *, value: object = None, error: MeterlinkError | None = None, reply: bytes | None = None
    ) -> Action:
        """One exchange is over: note what may still come late, record it if it was a write, give it to the flow."""
        request = self._asking()
        self._request = None
        self._leave_by = None
        if self._tries:
            self._guard_against_late_replies(request, now, answered=reply is not None)
        if request.presents_password and error is None and reply is not None:
            self._passwords.proved(self._meter_key())
        shown = None if reply is None else self._masked(reply)
        if request.changes_meter:
            self._announced.settle(self._fate(error), shown, "" if error is None else str(error))
        if error is not None:
            return self._resume(now, error=error)
        return self._resume(now, Reply(value, self._first_sent_at, now, reply or b"", shown or ""))

    def _guard_against_late_replies(self, request: Request[Any], now: float, *, answered: bool) -> None:
        if request.expects_reply and (self._tries > 1 or not answered):
            late_s = self._reply_time_s + max(self._reply_time_s, LATE_S)
            self._swallow_until = max(self._swallow_until, self._last_sent_at + late_s)
        if request.changes_meter:
            self._swallow_until = max(self._swallow_until, now + self._timing.after_write_s)

    def _fate(self, error: MeterlinkError | None) -> Fate:
        if not self._tries:
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
        """Whatever is heard after a secret may hold pieces of it, and so may a late echo long afterwards."""
        hidden = self._secret_on_line or any(piece in raw for piece in self._secret_pieces)
        return mask_whole(raw) if hidden else hexadecimal(raw)

    def _note_secrets(self, frame: bytes, request: Request[Any]) -> None:
        for start, end in request.secret_places:
            self._secret_pieces |= {frame[i : i + 2] for i in range(start, end - 1)}

    def _trace(self, at: float, heard: bytes, note: Note) -> None:
        if self._observer is not None:
            self._observer(Traced(at, self._masked(heard), note))

    def _trace_swallowed(self, now: float) -> None:
        swallowed, self._swallowed = self._swallowed, b""
        if swallowed:
            self._trace(now, swallowed, Note.SWALLOWED)


_DAMAGE_ERRORS: Final = {Damage.CHECKSUM: WrongChecksumError, Damage.TRUNCATED: TruncatedReplyError}
