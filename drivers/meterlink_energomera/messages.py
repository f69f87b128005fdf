"""Every frame of the dialogue, both ways.

Sign on        /?ADDRESS!CRLF                       -> /MAKER Z IDENT CRLF
Select         ACK 0 Z Y CRLF                       -> SOH P0 STX (operand) ETX check, or a readout
Password       SOH P1 STX (password) ETX check      -> ACK; NAK, B0 or (ERRnn) where it is not taken
Read           SOH R1 STX NAME(args) ETX check      -> STX NAME(value)CRLF ... ETX check, or (ERRnn), or NAK
Write          SOH W1 STX NAME(value) ETX check     -> ACK, (ERRnn) or NAK
End            SOH B0 ETX check                     -> nothing
Fast read      /?ADDRESS!SOH R1 STX GROUP(IIII(m)...) ETX check -> STX IIII(value)... ETX check, outside any session
Source         docs/protocols/energomera.md, 3.1, 4 and 10 [A]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from meterlink.errors import ChannelClosedError, RefusedError, WrongPasswordError
from meterlink.wire.line import Line
from meterlink.wire.payload import PayloadError
from meterlink.wire.request import ReplySizes, Request
from meterlink_energomera.errors import AFTER_WRONG, ForbiddenByLevelError, NotUnderstoodError, refusal
from meterlink_energomera.text import ACK, NAK, SOH, STX, Block, Item, command, data_block

IDENTIFICATION: Final = re.compile(rb"/([A-Za-z]{3})([0-9A-Za-z])((?:\\[\x21-\x7e])*)([\x20-\x7e]{1,32})\r\n")
_OPERAND: Final = re.compile(r"\(([^()\x00-\x1f\x7f]{0,64})\)")
BREAK: Final = b"\x01B0\x03\x75"
"""Frames are made with the sum; a framer puts the check byte of the profile in its place."""

SPEEDS: Final = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200}
"""By the character Z of an identification; 7 is announced by one meter and never explained."""

_SILENCE_BEFORE_S: Final = 0.2
_LONGEST: Final = 1400
_SHORT: Final = 40

_TEXT: Final = {
    "no identification": "{raw!r} is no identification",
    "readout": "it began a readout instead of a session",
    "operand": "{text!r} is no operand in brackets",
    "closed": "it has ended the session",
    "wrong password": "it did not take the password",
    "not whole": "it acknowledged with something else than one byte",
    "members": "it tells {found} instead of the values of the group",
    "readout end": "the readout does not end with !",
}


@dataclass(frozen=True, slots=True)
class Identification:
    """Who answered a sign-on: `speed` is the character Z, `flags` the escapes such as \\2 (DLMS spoken, too)."""

    maker: str
    speed: str
    ident: str
    flags: str = ""

    @classmethod
    def decode(cls, frame: bytes) -> Identification:
        found = IDENTIFICATION.fullmatch(frame)
        if found is None:
            raise PayloadError(_TEXT["no identification"].format(raw=frame))
        maker, speed, flags, ident = (part.decode("ascii") for part in found.groups())
        return cls(maker, speed, ident, flags)

    def encode(self) -> bytes:
        return f"/{self.maker}{self.speed}{self.flags}{self.ident}\r\n".encode("ascii")


def is_break(frame: bytes) -> bool:
    """Whatever its check byte, which a framer looked at before."""
    return len(frame) == len(BREAK) and frame.startswith(BREAK[:-1])


def text_of(frame: bytes) -> str:
    """What stands between the STX and the ETX of a whole frame."""
    return frame[frame.index(STX) + 1 : -2].decode("ascii") if STX in frame[:-2] else ""


@dataclass(frozen=True, slots=True)
class _Call(Request[Any]):
    """What all requests share: none is repeated by itself, a lost one needs a new sign-on."""

    checksum_size: ClassVar[int] = 1

    @property
    def repeatable(self) -> bool:
        return False

    def decode_reply(self, frame: bytes) -> Any:
        """The value; what refuses any request the same way is told here."""
        if frame == bytes([NAK]):
            raise NotUnderstoodError(request=self.name)
        if is_break(frame):
            raise ChannelClosedError(request=self.name, code="B0", why=_TEXT["closed"])
        return self.value_of(frame)

    def value_of(self, frame: bytes) -> Any:
        """What an accepted frame says that is neither NAK nor B0."""
        return None


@dataclass(frozen=True, slots=True)
class SignOn(_Call):
    """Begins a dialogue with the meter of this address; empty: with whichever is there."""

    address: str

    @property
    def name(self) -> str:
        return "sign on"

    @property
    def reply_sizes(self) -> ReplySizes:
        return ReplySizes(_SHORT, range(8, _SHORT + 1))

    @property
    def repeatable(self) -> bool:
        return True

    @property
    def quiet_before_s(self) -> float:
        return _SILENCE_BEFORE_S

    def encode(self) -> bytes:
        return f"/?{self.address}!\r\n".encode("ascii")

    def accepts(self, frame: bytes) -> bool:
        return IDENTIFICATION.fullmatch(frame) is not None

    def value_of(self, frame: bytes) -> Identification:
        return Identification.decode(frame)


@dataclass(frozen=True, slots=True)
class _Select(_Call):
    """Says what shall come next, at the speed of the character `speed`; `at` is the line from then on."""

    speed: str
    mode: str
    at: Line | None = None

    @property
    def line_after(self) -> Line | None:
        return self.at

    def encode(self) -> bytes:
        return b"\x06" + f"0{self.speed}{self.mode}\r\n".encode("ascii")

    def accepts(self, frame: bytes) -> bool:
        return frame[:1] == bytes([STX]) or frame == bytes([NAK])


@dataclass(frozen=True, slots=True)
class SelectSession(_Select):
    """Asks for programming mode; the answer is the operand of P0."""

    mode: str = field(default="1", init=False)

    @property
    def name(self) -> str:
        return "select the session"

    @property
    def reply_sizes(self) -> ReplySizes:
        return ReplySizes(_SHORT, range(1, _SHORT + 1))

    def accepts(self, frame: bytes) -> bool:
        return frame[:4] == b"\x01P0\x02" or _Select.accepts(self, frame)

    def value_of(self, frame: bytes) -> str:
        if frame[0] != SOH:
            raise PayloadError(_TEXT["readout"])
        return operand_of(frame)


def operand_of(frame: bytes) -> str:
    """The text in the brackets of P0 or P1."""
    found = _OPERAND.fullmatch(text_of(frame))
    if found is None:
        raise PayloadError(_TEXT["operand"].format(text=text_of(frame)))
    return found[1]


@dataclass(frozen=True, slots=True)
class SelectReadout(_Select):
    """Asks for a list of values without a session: mode 0 the general one, mode 6 the short one of a CE102M."""

    @property
    def name(self) -> str:
        return "read the general list" if self.mode == "0" else "read the short list"

    @property
    def reply_sizes(self) -> ReplySizes:
        return ReplySizes(_LONGEST, range(1, _LONGEST + 1))

    def value_of(self, frame: bytes) -> Block:
        block = Block.read(text_of(frame))
        if not block.readout:
            raise PayloadError(_TEXT["readout end"])
        return block


@dataclass(frozen=True, slots=True)
class PresentPassword(_Call):
    """The one attempt. No encryption on any of these meters."""

    password: bytes = field(repr=False)

    @property
    def name(self) -> str:
        return "present the password"

    @property
    def reply_sizes(self) -> ReplySizes:
        return ReplySizes(16, range(1, 17))

    @property
    def presents_password(self) -> bool:
        return True

    @property
    def secret_places(self) -> tuple[tuple[int, int], ...]:
        return ((5, 5 + len(self.password)),)

    def encode(self) -> bytes:
        return command("P1", f"({self.password.decode('ascii')})")

    def accepts(self, frame: bytes) -> bool:
        return frame in (bytes([ACK]), bytes([NAK])) or is_break(frame) or frame[:1] == bytes([STX])

    def decode_reply(self, frame: bytes) -> None:
        if frame == bytes([ACK]):
            return
        if frame[0] != STX:
            code, why = frame[:3].hex().upper(), _TEXT["wrong password"]
            raise WrongPasswordError(request=self.name, code=code, why=why, advice=AFTER_WRONG)
        refused = _refused(self.name, frame)
        if isinstance(refused, ForbiddenByLevelError):
            raise WrongPasswordError(request=self.name, code=refused.code, why=refused.why, advice=AFTER_WRONG)
        raise refused


@dataclass(frozen=True, slots=True)
class Read(_Call):
    """The values of one parameter; `args` stand in the brackets."""

    parameter: str
    args: str = ""
    usual: int = 160

    @property
    def name(self) -> str:
        return f"read {self.parameter}({self.args})"

    @property
    def reply_sizes(self) -> ReplySizes:
        return ReplySizes(self.usual, range(1, _LONGEST + 1))

    def encode(self) -> bytes:
        return command("R1", f"{self.parameter}({self.args})")

    def accepts(self, frame: bytes) -> bool:
        if frame[:1] == bytes([STX]):
            text = frame[1:-2]
            return not text or text.startswith((self.parameter.encode("ascii") + b"(", b"(ERR"))
        return frame == bytes([NAK]) or is_break(frame)

    def value_of(self, frame: bytes) -> tuple[str, ...]:
        block = Block.read(text_of(frame))
        if len(block.items) == 1 and block.items[0].error is not None:
            raise refusal(self.name, block.items[0].error)
        return block.of(self.parameter)


@dataclass(frozen=True, slots=True)
class FastGroup(_Call):
    """GROUP: several values at once without a session, at the speed of the sign-on.

    `members` are pairs of an identifier of four hexadecimal digits and the mask of the values wanted of it. The answer
    is the members in this order, each with its values in brackets; (Enn) stands for a value that is refused.
    """

    address: str
    members: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        return f"read GROUP({self._args})"

    @property
    def _args(self) -> str:
        return "".join(f"{identifier}({mask:X})" for identifier, mask in self.members)

    @property
    def reply_sizes(self) -> ReplySizes:
        return ReplySizes(160, range(1, _LONGEST + 1))

    @property
    def quiet_before_s(self) -> float:
        return _SILENCE_BEFORE_S

    def encode(self) -> bytes:
        return f"/?{self.address}!".encode("ascii") + command("R1", f"GROUP({self._args})")

    def accepts(self, frame: bytes) -> bool:
        begins = (self.members[0][0].encode("ascii") + b"(", b"(ERR", b"GROUP(ERR")
        return frame == bytes([NAK]) or (frame[:1] == bytes([STX]) and frame.startswith(begins, 1))

    def value_of(self, frame: bytes) -> Mapping[str, tuple[Item, ...]]:
        """The values of each member; PayloadError where they are not those that were asked for."""
        items = Block.read(text_of(frame)).items
        if len(items) == 1 and items[0].name in ("", "GROUP") and items[0].error is not None:
            raise refusal(self.name, items[0].error)
        wanted = [identifier for identifier, mask in self.members for _ in range(mask.bit_count())]
        if [item.name for item in items] != wanted:
            raise PayloadError(_TEXT["members"].format(found=" ".join(item.name for item in items) or "nothing"))
        return {name: tuple(item for item in items if item.name == name) for name in dict.fromkeys(wanted)}


@dataclass(frozen=True, slots=True)
class Write(_Call):
    """One value of one parameter; lists are written element by element under the same name."""

    parameter: str
    value: str

    @property
    def name(self) -> str:
        return f"write {self.parameter}"

    @property
    def reply_sizes(self) -> ReplySizes:
        return ReplySizes(16, range(1, 33))

    @property
    def changes_meter(self) -> bool:
        return True

    def encode(self) -> bytes:
        return command("W1", f"{self.parameter}({self.value})")

    def accepts(self, frame: bytes) -> bool:
        return frame in (bytes([ACK]), bytes([NAK])) or is_break(frame) or frame[:1] == bytes([STX])

    def value_of(self, frame: bytes) -> None:
        if frame != bytes([ACK]):
            raise _refused(self.name, frame)


@dataclass(frozen=True, slots=True)
class End(_Call):
    """Ends a session; harmless where there is none, and never answered."""

    @property
    def name(self) -> str:
        return "end the session"

    @property
    def reply_sizes(self) -> ReplySizes:
        return ReplySizes.only(1)

    @property
    def expects_reply(self) -> bool:
        return False

    def encode(self) -> bytes:
        return BREAK

    def accepts(self, frame: bytes) -> bool:
        return False


def _refused(request: str, frame: bytes) -> RefusedError:
    """The refusal in a block that answers a password or a write; PayloadError where there is none in it."""
    items = Block.read(text_of(frame)).items
    if len(items) != 1 or items[0].error is None:
        raise PayloadError(_TEXT["not whole"])
    return refusal(request, items[0].error)


def error_block(number: int) -> bytes:
    """`STX (ERRnn) ETX check`, as a meter sends it."""
    return data_block(f"(ERR{number:02d})")
