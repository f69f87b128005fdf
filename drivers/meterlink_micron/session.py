"""A dialogue: open the channel with the password, ask, close. The channel closes itself after 20 s without a request.

* The password is presented once for each dialogue, and never again once it failed. Without one nothing is opened: a
  meter whose channel stands open for reading answers all the same, and any other says that its channel is closed.
* A read that finds the channel closed opens it once more and asks again; a write never does.
* A meter that says it is busy is left in peace for as long as it said.
* Status 6 to a read (ask again at once) is obeyed at most twice; to a write it is an error for whoever announced it.
* An extended address that answers a short one is asked for its short address; only if that is the one we meant, the
  dialogue goes on, by the extended address alone.
Rules: docs/protocols/micron.md, chapters 5 to 7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from meterlink.driver import Target
from meterlink.errors import (
    AddressError,
    ChannelClosedError,
    LocalProtocolError,
    MeterlinkError,
    NoPasswordError,
    RefusedError,
    WrongAddressError,
    WrongPasswordError,
)
from meterlink.flow import Flow, Pause, Reply, WaitUntil, ask, finishing, presenting
from meterlink.wire.payload import hexadecimal
from meterlink_micron import messages as m
from meterlink_micron.address import Address
from meterlink_micron.errors import (
    AFTER_SILENCE,
    AFTER_WRONG,
    WITHOUT,
    NotOpenError,
    OtherFormError,
    RepeatWantedError,
)
from meterlink_micron.indices import PLAIN
from meterlink_micron.memory import TABLES_MEMORY
from meterlink_micron.memory_codec import MemoryWrite
from meterlink_micron.messages import Call, Command
from meterlink_micron.models import Table, table_of
from meterlink_micron.parameters import (
    BY_SCHEDULE,
    DST_ALLOWED,
    DST_FORBIDDEN,
    ONE_TARIFF,
    Flag,
    Opening,
)
from meterlink_micron.payload import NOTHING, Payload

A = TypeVar("A", bound=Payload)
T = TypeVar("T")

PASSWORD_SIZE: Final = 6
AWAKE_S: Final = 12.0
"""After so long a silence a question keeps the channel open, which closes after 20 s. The address is asked for, as the
answer to a test of the link has the same bytes as its echo."""
_REPEATS: Final = 2

_TEXT: Final = {
    "no password": "it was not given one",
    "form": "what was given has not six bytes",
    "writing": "writing",
    "never": "{name} is a write that is never sent",
    "line": "the line",
    "common": "the address 0 reaches whoever is on the line, and such a meter is only read",
}


def password_of(target: Target, request: str) -> bytes | None:
    """The password that whoever sent us gave, None where nobody did; NoPasswordError where it cannot be one."""
    raw = None if target.secret is None else target.secret.reveal()
    if raw is not None and len(raw) != PASSWORD_SIZE:
        raise NoPasswordError(request=request, code="local", why=_TEXT["form"], advice=WITHOUT)
    return raw


def refuse_unwritable(target: Target) -> None:
    """AddressError or NoPasswordError, before any byte, where this target is only read."""
    if Address.of(target.address).is_common:
        rule = target.profile.address.rule
        raise AddressError(setting=target.address, why=_TEXT["common"], model=target.profile.model, rule=rule)
    if password_of(target, _TEXT["writing"]) is None:
        raise NoPasswordError(request=_TEXT["writing"], code="local", why=_TEXT["no password"], advice=WITHOUT)


@dataclass(slots=True)
class Session:
    """One dialogue with one meter."""

    target: Target
    address: Address = field(init=False)
    """Where it is asked now."""
    heard_at: float = 0.0
    """When the last answer was complete."""
    has_written: bool = False
    """A write was asked for: from now on a channel that is closed stays closed."""
    _table: Table = field(init=False)
    _identifier: int = 0
    _is_open: bool = False
    _busy_s: int = 0

    def __post_init__(self) -> None:
        self.address = Address.of(self.target.address)
        self._table = table_of(self.target.profile)

    def call(self, command: Command[Any, A], asked: Payload = NOTHING) -> Call[A]:
        """The request as it will leave, for whoever announces it."""
        return Call(self.address, command, asked, self._table.check)

    def next_identifier(self) -> int:
        """For a request whose answer repeats it: 1 to 255, each time another one."""
        self._identifier = self._identifier % 255 + 1
        return self._identifier

    # --- as an Access ------------------------------------------------------------------------------------------------

    def open(self) -> Flow[None]:
        """Present the password where there is one."""
        password = password_of(self.target, m.OPEN.name)
        if password is None:
            return
        request = self.call(m.OPEN, Opening(password))
        try:
            yield from presenting(self._send(request), AFTER_SILENCE)
        except RefusedError as refused:
            if refused.code == "local":
                raise
            raise WrongPasswordError(
                request=request.name, code=refused.code, why=refused.why, advice=AFTER_WRONG
            ) from refused
        self._is_open = True

    def close(self) -> Flow[None]:
        if self._is_open:
            self._is_open = False
            yield from self._send(self.call(m.CLOSE))

    def abandon(self) -> Flow[None]:
        """Close whatever comes of that: a channel that stays open closes by itself."""
        try:
            yield from self.close()
        except MeterlinkError:
            return

    # --- asking ------------------------------------------------------------------------------------------------------

    def read(self, command: Command[Any, A], asked: Payload = NOTHING) -> Flow[Reply[A]]:
        """The answer to a read; the channel is opened anew where it had closed."""
        try:
            return (yield from self._read(command, asked))
        except NotOpenError as closed:
            if self.has_written or not self._is_open:
                raise self._unopened(command, closed) from closed
        self._is_open = False
        yield from self.open()
        return (yield from self._read(command, asked))

    def write(self, request: Call[A]) -> Flow[Reply[A]]:
        """One announced frame, sent once; LocalProtocolError for one that meterlink never sends."""
        if not _is_permitted(request):
            raise LocalProtocolError(why=_TEXT["never"].format(name=request.name))
        self.has_written = True
        return (yield from self._send(request))

    def stay(self, until: float) -> Flow[None]:
        """Let the time pass with the channel open."""
        while self._is_open and until - self.heard_at > AWAKE_S:
            yield WaitUntil(self.heard_at + AWAKE_S, AWAKE_S)
            yield from self._send(self.call(m.READ_ADDRESS, PLAIN))

    def _read(self, command: Command[Any, A], asked: Payload) -> Flow[Reply[A]]:
        for _ in range(_REPEATS):
            try:
                return (yield from self._told(command, asked))
            except RepeatWantedError:
                continue
        return (yield from self._told(command, asked))

    def _told(self, command: Command[Any, A], asked: Payload) -> Flow[Reply[A]]:
        try:
            return (yield from self._send(self.call(command, asked)))
        except OtherFormError as other:
            yield from self._prove(Address(other.extended, True), command)
        return (yield from self._send(self.call(command, asked)))

    def _send(self, request: Call[A]) -> Flow[Reply[A]]:
        if self._busy_s:
            busy_s, self._busy_s = self._busy_s, 0
            yield Pause(busy_s)
        reply = yield from ask(request)
        self.heard_at = reply.received_at
        if isinstance(reply.value, m.Status):
            self._busy_s = reply.value.busy_s
        return reply

    def _prove(self, extended: Address, asked: Command[Any, Any]) -> Flow[None]:
        """Ask the extended address for its short one; WrongAddressError where that is another meter's."""
        meant = self.address
        self.address = extended
        reply = yield from self._send(self.call(m.READ_ADDRESS, PLAIN))
        if meant.is_common or reply.value.address == meant.number:
            return
        self.address = meant
        shown = hexadecimal(reply.frame)
        raise WrongAddressError(address=str(meant), port=_TEXT["line"], request=asked.name, raw=shown)

    def _unopened(self, command: Command[Any, Any], closed: ChannelClosedError) -> RefusedError:
        """What a closed channel means: nobody gave a password, or the meter closed it in the middle."""
        if self.target.secret is not None:
            return closed
        return NoPasswordError(request=command.name, code=closed.code, why=closed.why, advice=WITHOUT)


def _is_permitted(request: Call[Any]) -> bool:
    """Only commands that meterlink writes, of the flags only those of DST and one-tariff mode, of memory only 02."""
    if isinstance(request.asked, Flag) and request.asked not in (DST_ALLOWED, DST_FORBIDDEN, ONE_TARIFF, BY_SCHEDULE):
        return False
    if isinstance(request.asked, MemoryWrite) and request.asked.memory != TABLES_MEMORY:
        return False
    return request.command in m.WRITTEN


def in_session(target: Target, work: Callable[[Session], Flow[T]]) -> Flow[T]:
    """Run work that only reads in a dialogue of its own."""
    session = Session(target)
    yield from session.open()
    return (yield from finishing(work(session), session.abandon))
