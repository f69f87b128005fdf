"""Frames in words, from bytes alone: no meter, no port. Any bytes give a description; what cannot be told is said.

Bytes with even parity in the eighth bit are read as well. Passwords are never shown. Frames of other protocols of the
same maker (C0-framed binary, DLMS after an escape) are named and not decoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import crcmod

from meterlink.driver import Described, Description
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_energomera.errors import WHY
from meterlink_energomera.messages import BREAK, IDENTIFICATION, Identification, operand_of, text_of
from meterlink_energomera.models import later_generation
from meterlink_energomera.text import ACK, ETX, NAK, SOH, STX, Block, Check, is_whole, without_parity

_OK: Final = "ok"
_HIDDEN: Final = "**"
_CE_BINARY: Final = 0xC0
_COMMANDS: Final = {
    "P0": "operand",
    "P1": "present the password",
    "P2": "present the password",
    "R1": "read",
    "W1": "write",
    "B0": "end the session",
}
_MODES: Final = {"0": "general readout", "1": "session", "6": "short readout"}
_TEXT: Final = {
    "empty": "no bytes",
    "parity": "bytes with the eighth bit set and odd parity: not of this protocol, or damaged",
    "with parity": "the {what} has even parity in the eighth bit",
    "checksum": "wrong checksum",
    "xor": "the check byte of the {what} is the XOR of the standard, which only later meters take",
    "unknown": "no frame of this protocol",
    "code": "{code} is no command of this protocol",
    "binary": "a frame of the binary protocol of CE102, CE301M, CE306 and CE307 R33, which is not decoded here",
    "dlms": "the meter speaks DLMS, too",
    "other name": "the reply tells {found}, and {asked} was asked",
    "dead": "no frame with a checksum",
}
_SECRET: Final = re.compile(rb"\x01P[12]\x02?\(?|W1\(|(?<![A-Za-z0-9_])P(?:AS|SW)[A-Za-z0-9_]{0,14}\(")
"""Behind it stands a password: presented, in the brackets of a write without a session, or as the value of one."""
_NAMELESS: Final = re.compile(rb"(?:^|\x02)\((?!ERR[0-9])[^()]*\)?(?:\x03|$)")
_HEADS: Final = (b"\x01P1\x02(", b"W1(", b"W1\x02PAS", b"W1\x02PSW")
_FLIPS: Final = 2
_crc8: Callable[[bytes], int] = crcmod.mkCrcFun(0x1B5, initCrc=0, rev=False)


def describe(request: bytes, reply: bytes | None) -> Description:
    """Both frames with their fields; `status` says what is wrong with one."""
    notes: list[str] = []
    asked = _frame(request, "request", notes)
    if reply is None:
        return Description(request=asked, notes=tuple(notes))
    told = _frame(reply, "reply", notes)
    found, wanted = told.fields.get("name"), asked.fields.get("name")
    if isinstance(found, str) and isinstance(wanted, str) and found and found != wanted and wanted != "GROUP":
        notes.append(_TEXT["other name"].format(found=found, asked=wanted))
    return Description(request=asked, reply=told, notes=tuple(notes))


def _frame(raw: bytes, what: str, notes: list[str]) -> Described:
    if raw[:1] == bytes([_CE_BINARY]):
        return _binary(raw)
    data = without_parity(raw)
    if not raw or data is None:
        return _nothing(raw, _TEXT["parity" if raw else "empty"])
    if data != raw:
        notes.append(_TEXT["with parity"].format(what=what))
    if data == bytes([ACK]):
        return Described(name="ACK", fields={"reply": "ACK"}, checksum_ok=True, status=_OK)
    if data == bytes([NAK]):
        return Described(name="NAK", fields={"reply": "NAK"}, checksum_ok=True, status=_OK)
    if data[:1] == b"\x06":
        return _select(data)
    if data[:1] == b"/":
        return _line(data, what, notes)
    if data[0] in (SOH, STX) and len(data) > 3 and data[-2] == ETX:
        return _text(data, what, notes, {})
    return _nothing(raw, _TEXT["unknown"])


def _nothing(raw: bytes, status: str) -> Described:
    return Described(name="unknown", fields={"raw": _raw(raw)}, checksum_ok=False, status=status)


def _raw(data: bytes) -> str:
    return _HIDDEN if is_secret(data) else hexadecimal(data)


def _binary(raw: bytes) -> Described:
    body = raw[1:-1].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
    right = len(body) > 2 and raw[-1] == _CE_BINARY and _crc8(body) == 0
    fields = {"raw": hexadecimal(raw)}
    return Described(name="CE binary", fields=fields, checksum_ok=right, status=_TEXT["binary"])


def _select(data: bytes) -> Described:
    found = re.fullmatch(rb"\x06([0-9])([\x21-\x7e])([\x21-\x7e])\r\n", data)
    if found is None:
        return _nothing(data, _TEXT["unknown"])
    protocol, speed, mode = (part.decode("ascii") for part in found.groups())
    fields: dict[str, object] = {"protocol_char": protocol, "baud_char": speed, "mode_char": mode}
    if mode in _MODES and protocol == "0":
        fields["mode"] = _MODES[mode]
    return Described(name="option select", fields=fields, checksum_ok=True, status=_OK)


def _line(data: bytes, what: str, notes: list[str]) -> Described:
    sign_on = re.match(rb"/\?([\x20-\x7e]{0,40}?)!", data)
    if sign_on is not None:
        address = sign_on[1].decode("ascii")
        head: dict[str, object] = {"address": address or None}
        rest = data[sign_on.end() :]
        if rest == b"\r\n":
            return Described(name="sign on", fields=head, checksum_ok=True, status=_OK)
        if rest[:1] == b"\x01" and len(rest) > 3 and rest[-2] == ETX:
            return _text(rest, what, notes, head)
        return _nothing(data, _TEXT["unknown"])
    if IDENTIFICATION.fullmatch(data) is None:
        return _nothing(data, _TEXT["unknown"])
    who = Identification.decode(data)
    fields: dict[str, object] = {
        "manufacturer": who.maker,
        "baud_char": who.speed,
        "identification": who.flags + who.ident,
    }
    later = later_generation(who)
    if later is not None:
        notes.append(later)
    if who.flags:
        notes.append(_TEXT["dlms"])
    return Described(name="identification", fields=fields, checksum_ok=True, status=_OK)


def _text(data: bytes, what: str, notes: list[str], head: dict[str, object]) -> Described:
    code = data[1:3].decode("ascii") if data[0] == SOH else ""
    name = _COMMANDS.get(code, "unknown") if code else "data"
    right = is_whole(data)
    if not right and is_whole(data, Check.XOR):
        right = True
        notes.append(_TEXT["xor"].format(what=what))
    if not right:  # no byte of it can be trusted, so nothing is shown as a value
        return Described(name=name, fields={"raw": _raw(data)}, checksum_ok=False, status=_TEXT["checksum"])
    try:
        return Described(name=name, fields=head | _fields(data, code), checksum_ok=True, status=_OK)
    except (PayloadError, ValueError) as error:
        why = _TEXT["unknown"] if is_secret(data) else str(error)
        if code and code not in _COMMANDS:
            why = _TEXT["code"].format(code=code)
        return Described(name=name, fields={"raw": _raw(data)}, checksum_ok=True, status=why)


def _fields(data: bytes, code: str) -> dict[str, object]:
    if code == "B0" or data == BREAK:
        return {"command": "B0"}
    if code and code not in _COMMANDS:
        raise PayloadError(code)
    if code in ("P1", "P2"):
        return {"command": code, "password": _HIDDEN}
    if code == "P0":
        return {"command": code, "p0_operand": operand_of(data)}
    text = text_of(data)
    if code:
        found = re.fullmatch(r"([A-Za-z0-9_]{1,16})\((.*)\)", text, re.DOTALL)
        if found is None:
            raise PayloadError(text)
        told = {"command": code, "name": found[1]}
        value = _HIDDEN if is_secret(text.encode("ascii")) else found[2]
        return told | ({"args": value} if code == "R1" else {"value": value})
    block = Block.read(text)
    return {"raw": _HIDDEN} if is_secret(data) else _block(block)


def _block(block: Block) -> dict[str, object]:
    names = list(dict.fromkeys(item.name for item in block.items))
    errors = [item.error for item in block.items if item.error is not None]
    if len(block.items) == 1 and errors:
        return {"name": names[0], "error": f"ERR{errors[0]:02d}", "error_meaning": WHY.get(errors[0], "")}
    if len(names) > 1 or block.readout:
        return {"fields": [f"{item.name}={item.value}" for item in block.items], "readout": block.readout}
    return {"name": names[0] if names else "", "raw": [item.value for item in block.items]}


def is_secret(data: bytes) -> bool:
    """Whether a password stands in it. Of bytes that are no whole frame: whether one may, a bit or two ago."""
    plain = bytes(byte & 0x7F for byte in data)
    if _SECRET.search(plain) is not None:
        return True
    begin = re.search(rb"[\x01\x02]", plain)
    if begin is not None and any(is_whole(plain[begin.start() :], check) for check in Check):
        return False
    return _NAMELESS.search(plain) is not None or any(_is_near(head, plain) for head in _HEADS)


def _is_near(head: bytes, data: bytes) -> bool:
    """Whether the head stands in it with some bits flipped."""
    windows = (data[at : at + len(head)] for at in range(len(data) - len(head) + 1))
    return any(
        sum((one ^ other).bit_count() for one, other in zip(head, each, strict=True)) <= _FLIPS for each in windows
    )


def mask(frame: bytes) -> str:
    """In hexadecimal, with the password and the check byte hidden; what may be a damaged frame of a password whole."""
    if not is_secret(frame):
        return hexadecimal(frame)
    plain = bytes(byte & 0x7F for byte in frame)
    found, end = _SECRET.search(plain), plain.rfind(b")")
    start = plain.find(b"(", 0 if found is None else found.start())
    begin = re.search(rb"[\x01\x02]", plain)
    if found is None or begin is None or not -1 < start < end or not is_whole(plain[begin.start() :]):
        return " ".join([_HIDDEN] * len(frame))
    shown = [f"{byte:02X}" for byte in frame]
    for place in [*range(start + 1, end), len(frame) - 1]:
        shown[place] = _HIDDEN
    return " ".join(shown)


__all__ = ["describe", "mask"]
