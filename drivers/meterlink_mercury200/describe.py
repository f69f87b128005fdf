"""Frames in words, from bytes alone: no meter, no port. Any bytes give a description; what cannot be told is said."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from meterlink.driver import Described, Description
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_mercury200.framing import is_whole
from meterlink_mercury200.messages import COMMANDS, OVERHEAD, Command
from meterlink_mercury200.payload import Payload

_TEXT: Final = {
    "short": "{size} bytes, and the shortest frame has {overhead}",
    "checksum": "wrong checksum",
    "swapped": "request and reply look swapped",
    "unknown": "{code:02X}h is no documented command of this family",
    "other_code": "the reply carries {reply:02X}h and the request {request:02X}h",
    "other_address": "the reply comes from address {reply} and the request went to {request}",
}

_OK: Final = "ok"


def describe(request: bytes, reply: bytes | None) -> Description:
    """Both frames with their fields; `status` says what is wrong with one."""
    asked = _describe(request, lambda command, data: command.request.read(data))
    if reply is None:
        return Description(request=asked)
    told = _describe(reply, lambda command, data: _read_reply(command, data, request))
    return Description(request=asked, reply=told, notes=tuple(_mismatches(request, reply)))


def _read_reply(command: Command[Any, Any], data: bytes, request: bytes) -> Payload:
    """As the answer to that request where it is one, else by itself."""
    asked = None
    if request[4:5] == bytes([command.code]):
        with suppress(PayloadError):
            asked = command.request.read(request[5:-2])
    value: Payload = command.reply.read(data) if asked is None else command.read_reply(asked, data)
    return value


def _describe(frame: bytes, read: Callable[[Command[Any, Any], bytes], Payload]) -> Described:
    raw: dict[str, object] = {"raw": hexadecimal(frame)}
    if len(frame) < OVERHEAD:
        why = _TEXT["short"].format(size=len(frame), overhead=OVERHEAD)
        return Described(name="unknown", fields=raw, checksum_ok=False, status=why)
    command = COMMANDS.get(frame[4])
    name = "unknown" if command is None else command.name
    if not is_whole(frame):  # no byte of it can be trusted, so nothing is shown as a value
        return Described(name=name, fields=raw, checksum_ok=False, status=_TEXT["checksum"])
    head: dict[str, object] = {"address": int.from_bytes(frame[:4], "big"), "command": f"0x{frame[4]:02X}"}
    if command is None:
        status = _TEXT["unknown"].format(code=frame[4])
        return Described(name=name, fields=head | raw, checksum_ok=True, status=status)
    fields, status = _fields(lambda: read(command, frame[5:-2]), frame[5:-2])
    return Described(name=name, fields=head | fields, checksum_ok=True, status=status)


def _fields(read: Callable[[], Payload], data: bytes) -> tuple[dict[str, object], str]:
    try:
        return read().told(), _OK
    except PayloadError as error:
        return {"raw": hexadecimal(data)}, str(error)


def _mismatches(request: bytes, reply: bytes) -> list[str]:
    if min(len(request), len(reply)) < OVERHEAD:
        return []
    notes = [_TEXT["swapped"]] if _look_swapped(request, reply) else []
    if request[4] != reply[4]:
        notes.append(_TEXT["other_code"].format(reply=reply[4], request=request[4]))
    moved = request[4] == 0 and request[5:9] == reply[:4]  # a new address is acknowledged from there
    if request[:4] != reply[:4] and not moved:
        addresses = {"reply": int.from_bytes(reply[:4], "big"), "request": int.from_bytes(request[:4], "big")}
        notes.append(_TEXT["other_address"].format(**addresses))
    return notes


def _look_swapped(request: bytes, reply: bytes) -> bool:
    command = COMMANDS.get(request[4])
    if command is None or request[4] != reply[4]:
        return False
    sizes = len(request) - OVERHEAD, len(reply) - OVERHEAD
    fits = sizes[0] in command.request.permitted() and sizes[1] in command.reply.permitted()
    return not fits and sizes[1] in command.request.permitted() and sizes[0] in command.reply.permitted()
