"""Frames in words, from bytes alone: no meter, no port. Any bytes give a description; what cannot be told is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from meterlink.driver import Described, Description
from meterlink.wire.payload import PayloadError
from meterlink_mercury200.framing import is_whole
from meterlink_mercury200.messages import COMMANDS, OVERHEAD, Command
from meterlink_mercury200.payload import Payload

_TEXT: Final = {
    "short": "{size} bytes, and the shortest frame has {overhead}",
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
    its_own = request[4:5] == bytes([command.code])
    value: Payload = (
        command.read_reply(command.request.read(request[5:-2]), data) if its_own else command.reply.read(data)
    )
    return value


def _describe(frame: bytes, read: Callable[[Command[Any, Any], bytes], Payload]) -> Described:
    if len(frame) < OVERHEAD:
        why = _TEXT["short"].format(size=len(frame), overhead=OVERHEAD)
        return Described(name="unknown", fields={"raw": frame.hex(" ").upper()}, checksum_ok=False, status=why)
    head: dict[str, object] = {"address": int.from_bytes(frame[:4], "big"), "command": f"0x{frame[4]:02X}"}
    command = COMMANDS.get(frame[4])
    if command is None:
        fields = head | {"raw": frame[5:-2].hex(" ").upper()}
        return Described(
            name="unknown", fields=fields, checksum_ok=is_whole(frame), status=_TEXT["unknown"].format(code=frame[4])
        )
    fields, status = _fields(lambda: read(command, frame[5:-2]), frame[5:-2])
    return Described(name=command.name, fields=head | fields, checksum_ok=is_whole(frame), status=status)


def _fields(read: Callable[[], Payload], data: bytes) -> tuple[dict[str, object], str]:
    try:
        return read().told(), _OK
    except PayloadError as error:
        return {"raw": data.hex(" ").upper()}, str(error)


def _mismatches(request: bytes, reply: bytes) -> list[str]:
    if min(len(request), len(reply)) < OVERHEAD:
        return []
    notes = []
    if request[4] != reply[4]:
        notes.append(_TEXT["other_code"].format(reply=reply[4], request=request[4]))
    moved = request[4] == 0 and request[5:9] == reply[:4]  # a new address is acknowledged from there
    if request[:4] != reply[:4] and not moved:
        addresses = {"reply": int.from_bytes(reply[:4], "big"), "request": int.from_bytes(request[:4], "big")}
        notes.append(_TEXT["other_address"].format(**addresses))
    return notes
