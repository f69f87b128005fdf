"""A dialogue in programming mode: sign on, select the session at the right speed, present the password, end.

* Every dialogue begins with B0, which is harmless where no session is open, and a silence.
* Who answers is compared with the profile. The identification has no check byte, so another one is believed only when
  it comes twice the same.
* The speed changes only where the port can follow and the meter announces one that is known; else the character 0 keeps
  the speed of the sign-on. A meter that answers nothing at the new speed is asked once more at the old one.
* A read that fails is asked again in a new session: these meters stop answering after NAK and drop a session after 1.5
  to 4 s of silence. A write is never asked again here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from meterlink.driver import Target
from meterlink.errors import (
    BadReplyError,
    ChannelClosedError,
    MeterlinkError,
    NoAnswerError,
    NoPasswordError,
    OtherModelError,
    WireError,
)
from meterlink.flow import Flow, Pause, Reply, SetLine, ask, finishing, presenting
from meterlink.wire.line import Line
from meterlink_energomera.address import ANYBODY, on_wire, same_address
from meterlink_energomera.errors import AFTER_SILENCE, SeveralMetersError
from meterlink_energomera.messages import (
    SPEEDS,
    End,
    Identification,
    PresentPassword,
    Read,
    SelectReadout,
    SelectSession,
    SignOn,
)
from meterlink_energomera.models import Table, mismatch, table_of
from meterlink_energomera.text import Block

T = TypeVar("T")

_FORGOTTEN_S: Final = 2.5
"""After so long a silence a meter that waited for the option select has gone back to sleep (guess)."""
_PASSWORD: Final = range(1, 17)

_TEXT: Final = {
    "no password": "it was not given one",
    "form": "what was given is not one to sixteen printable characters without brackets",
    "writing": "writing",
    "names": "it calls itself by another name each time it is asked",
    "operand": "a meter of address {found}",
}


def password_of(target: Target) -> bytes:
    """The password that whoever sent us gave; NoPasswordError before any byte."""
    raw = None if target.secret is None else target.secret.reveal()
    if raw is None:
        raise NoPasswordError(request=_TEXT["writing"], code="local", why=_TEXT["no password"])
    if len(raw) not in _PASSWORD or any(not 0x21 <= byte < 0x7F or byte in b"()" for byte in raw):
        raise NoPasswordError(request=_TEXT["writing"], code="local", why=_TEXT["form"])
    return raw


@dataclass(slots=True)
class Session:
    """Opens and closes one dialogue; `with_password` presents the password."""

    target: Target
    with_password: bool = False
    who: Identification | None = None
    heard_at: float = 0.0
    """When the last answer to a read was complete."""
    repeated: int = 0
    """How often a read was asked again."""
    _is_open: bool = False
    _line: Line | None = None
    """What the line was changed to."""
    _stays: bool = False
    """The meter did not follow a change of speed."""
    _table: Table = field(init=False)

    def __post_init__(self) -> None:
        self._table = table_of(self.target.profile)

    @property
    def line(self) -> Line:
        """Speed and format in force."""
        return self._line or self.target.opened_at

    # --- as an Access ------------------------------------------------------------------------------------------------

    def open(self) -> Flow[None]:
        password = password_of(self.target) if self.with_password else None
        try:
            yield from self._begin()
            if password is not None:
                yield from presenting(ask(PresentPassword(password)), AFTER_SILENCE)
        except MeterlinkError:
            yield from self.abandon()
            raise
        self._is_open = True

    def open_patiently(self) -> Flow[None]:
        """Open a session that only reads; what the line spoils is begun again."""
        tries = self.target.profile.timing.tries
        while not self._is_open:
            tries -= 1
            try:
                yield from self.open()
            except (NoAnswerError, WireError) as failure:
                if isinstance(failure, BadReplyError) or tries <= 0 or self.who is None:
                    raise
                yield Pause(_FORGOTTEN_S)

    def close(self) -> Flow[None]:
        self._is_open = False
        yield from ask(End())
        yield from self._old_line()

    # --- reading in it -----------------------------------------------------------------------------------------------

    def read(self, parameter: str, args: str = "", usual: int = 160) -> Flow[Reply[tuple[str, ...]]]:
        """The values of one parameter; asked again in a new session where the answer did not come or is damaged."""
        request = Read(parameter, args, usual)
        tries = self.target.profile.timing.tries
        while True:
            tries -= 1
            try:
                if not self._is_open:
                    yield from self.open()
                reply = yield from ask(request)
                self.heard_at = reply.received_at
                return reply
            except (NoAnswerError, WireError, ChannelClosedError) as failure:
                if isinstance(failure, BadReplyError) or tries <= 0:
                    raise
                self.repeated += 1
                yield from self.abandon()

    # --- the beginning -----------------------------------------------------------------------------------------------

    def _begin(self) -> Flow[None]:
        """From the sign-on to the operand, at the speed that the meter offers or, where that fails, at the first."""
        at = yield from self._select()
        if at is not None:
            self._stays = True
            yield from self.abandon()  # it may have followed, and only its own answer was lost
            yield Pause(_FORGOTTEN_S)
            failed = yield from self._select()
            if failed is not None:
                raise failed

    def _select(self) -> Flow[MeterlinkError | None]:
        """None when the session is open; what was wrong where the meter did not follow a change of speed."""
        self.who = None
        yield from ask(End())
        self.who = yield from self._sign_on()
        speed, at = self._speed(self.who)
        self._line = at
        try:
            reply: Reply[str] = yield from ask(SelectSession(speed, at))
        except (NoAnswerError, WireError) as failure:
            if at is None:
                raise
            return failure
        self._check_operand(reply)
        return None

    def _sign_on(self) -> Flow[Identification]:
        """Who answers; OtherModelError where it is another model, twice the same."""
        address = on_wire(self.target.address)
        profile = self.target.profile
        foreign: Identification | None = None
        for _ in range(max(2, profile.timing.tries)):
            reply = yield from _answer_to(SignOn(address))
            found = mismatch(profile, reply.value)
            if found is None:
                return reply.value
            if reply.value == foreign:
                key, told, expected = found
                raise OtherModelError(model=profile.model, key=key, found=told, expected=expected)
            foreign = reply.value
            yield Pause(_FORGOTTEN_S)
        raise BadReplyError(request=SignOn(address).name, raw=reply.shown, why=_TEXT["names"])

    def _speed(self, who: Identification) -> tuple[str, Line | None]:
        """The character to answer with, and the line from then on where it changes."""
        first = self.target.opened_at
        baud = SPEEDS.get(who.speed)
        if baud == first.baud:
            return who.speed, None
        if baud is None or self.target.line_fixed or self._stays:
            return "0", None
        return who.speed, replace(first, baud=baud)

    def _check_operand(self, reply: Reply[str]) -> None:
        """Another meter's operand is another meter's session."""
        address = self.target.address
        if self._table.operand == "address" and address != ANYBODY and not same_address(reply.value, address):
            raise BadReplyError(
                request="select the session",
                raw=reply.shown,
                why=_TEXT["operand"].format(found=reply.value),
            )

    def _old_line(self) -> Flow[None]:
        if self._line is not None:
            self._line = None
            yield SetLine(self.target.opened_at)

    def abandon(self) -> Flow[None]:
        """End it whatever comes of that."""
        try:
            yield from self.close()
        except MeterlinkError:
            return

    # --- without a session -------------------------------------------------------------------------------------------

    def read_out(self, mode: str) -> Flow[Reply[Block]]:
        """A whole readout, asked for again where it does not come; the meter goes back to sleep by itself.

        No reading uses mode 6 of a CE102M: each of its values is asked for by name.
        """
        tries = self.target.profile.timing.tries
        while True:
            tries -= 1
            try:
                yield from ask(End())
                who = yield from self._sign_on()
                speed, at = self._speed(who)
                self._line = at
                reply: Reply[Block] = yield from ask(SelectReadout(speed, mode, at))
                yield from self._old_line()
                return reply
            except (NoAnswerError, WireError) as failure:
                yield from self._old_line()
                if isinstance(failure, BadReplyError) or tries <= 0:
                    raise
                yield Pause(_FORGOTTEN_S)


def _answer_to(sign_on: SignOn) -> Flow[Reply[Identification]]:
    """SeveralMetersError where nobody was named and what came is no single identification."""
    try:
        return (yield from ask(sign_on))
    except WireError as failure:
        if sign_on.address:
            raise
        raise SeveralMetersError() from failure


def in_session(target: Target, work: Callable[[Session], Flow[T]]) -> Flow[T]:
    """Run work that only reads in a session of its own, opened anew where its beginning failed."""
    session = Session(target)
    yield from session.open_patiently()
    return (yield from finishing(work(session), session.abandon))
