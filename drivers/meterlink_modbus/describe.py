"""Frames in words, from bytes alone: no meter, no port. Any bytes give a description; what cannot be told is said.

A reply does not say which registers it tells, so its values have names only beside the request and with the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Final

from meterlink.driver import Described, Description
from meterlink.profiles import Profile
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_modbus.errors import why_refused
from meterlink_modbus.framing import Form, form_of
from meterlink_modbus.map_reader import map_of
from meterlink_modbus.maps import Map
from meterlink_modbus.pdu import NAMES, Answered, Asked, span
from meterlink_modbus.tables import told
from meterlink_modbus.values import Number

_OK: Final = "ok"
_TEXT: Final = {
    "short": "{size} bytes, and the shortest frame has {least}",
    "checksum": "wrong checksum, and no Modbus TCP frame either",
    "function": "{code:02X}h is no function that meterlink knows",
    "refused": "refused: exception {code:02X}, {why}",
    "unknown": "unknown",
    "other_unit": "the reply comes from unit {reply} and the request went to {request}",
    "other_function": "the reply carries {reply:02X}h and the request {request:02X}h",
    "other_number": "the reply carries transaction {reply:04X} and the request {request:04X}",
    "no model": "without --model nobody can tell what these registers mean",
    "not mapped": "the map of {model} does not name registers {at}",
}
_SHORTEST: Final = 4


def describe(request: bytes, reply: bytes | None, profile: Profile | None) -> Description:
    """Both frames with their fields; `status` says what is wrong with one."""
    read = None if profile is None else map_of(profile)
    asked = _asked(request)
    told_request = _describe(request, lambda pdu: _request_fields(Asked.decode(pdu), read), answers=False)
    notes = tuple(_meaning_notes(asked, profile, read))
    if reply is None:
        return Description(request=told_request, notes=notes)
    told_reply = _describe(reply, lambda pdu: _reply_fields(pdu, asked, read), answers=True)
    return Description(request=told_request, reply=told_reply, notes=(*_mismatches(request, reply, asked), *notes))


def _asked(request: bytes) -> Asked | None:
    form = form_of(request)
    with suppress(PayloadError):
        return Asked.decode(form.pdu(request)) if form.is_whole(request) else None
    return None


def _describe(frame: bytes, fields: Callable[[bytes], tuple[dict[str, object], str]], *, answers: bool) -> Described:
    raw: dict[str, object] = {"raw": hexadecimal(frame)}
    if len(frame) < _SHORTEST:
        why = _TEXT["short"].format(size=len(frame), least=_SHORTEST)
        return Described(name=_TEXT["unknown"], fields=raw, checksum_ok=False, status=why)
    form = form_of(frame)
    if not form.is_whole(frame):  # no byte of it can be trusted, so nothing is shown as a value
        return Described(name=_TEXT["unknown"], fields=raw, checksum_ok=False, status=_TEXT["checksum"])
    pdu = form.pdu(frame)
    code = pdu[0] & 0x7F if answers else pdu[0]
    head = _head(form, frame)
    if code not in NAMES:
        status = _TEXT["function"].format(code=pdu[0])
        return Described(name=_TEXT["unknown"], fields=head | raw, checksum_ok=True, status=status)
    try:
        told_fields, status = fields(pdu)
    except PayloadError as error:
        told_fields, status = {"raw": hexadecimal(pdu[1:])}, str(error)
    return Described(name=NAMES[code], fields=head | told_fields, checksum_ok=True, status=status)


def _head(form: Form, frame: bytes) -> dict[str, object]:
    head: dict[str, object] = {"address": form.unit(frame), "function": f"0x{form.pdu(frame)[0]:02X}"}
    number = form.transaction(frame)
    return head if number is None else {"transaction": number} | head


def _request_fields(asked: Asked, read: Map | None) -> tuple[dict[str, object], str]:
    fields: dict[str, object] = {"register": f"{asked.address:04X}", "count": asked.count}
    if not asked.writes:
        return fields, _OK
    return fields | {"data": hexadecimal(asked.data)} | dict(_values(asked, asked.data, read)), _OK


def _reply_fields(pdu: bytes, asked: Asked | None, read: Map | None) -> tuple[dict[str, object], str]:
    answered = Answered.decode(pdu)
    if answered.exception is not None:
        why = _TEXT["refused"].format(code=answered.exception, why=why_refused(answered.exception))
        return {"exception": answered.exception}, why
    if asked is not None and asked.function == answered.function:
        answered.fits(asked)
    if answered.address is not None:
        return {"register": f"{answered.address:04X}", "count": answered.count}, _OK
    fields: dict[str, object] = {"data": hexadecimal(answered.data)}
    return fields | ({} if asked is None else dict(_values(asked, answered.data, read))), _OK


# --- what registers mean --------------------------------------------------------------------------------------------


def _values(asked: Asked, data: bytes, read: Map | None) -> Iterator[tuple[str, object]]:
    """Every value of the map that lies whole in these registers."""
    if read is None:
        return
    for name, number, unit in _named(read):
        part = _part(asked, number.address, number.count, data)
        if part is not None:
            yield _key(name, unit), _meant(part, number.digits)
    for name, address, count in read.blocks():
        part = _part(asked, address, count, data)
        if part is not None:
            yield _key(name.removeprefix("tariffs "), ""), _meant(part, partial(_block, read, name))


def _named(read: Map) -> Iterator[tuple[str, Number, str]]:
    for row in read.energy:
        unit = "kwh" if row.quantity.value == "active" else "kvarh"
        yield row.name, row.number, unit if row.factor == 1 else ""
    for instant in read.instant:
        yield instant.name, instant.number, instant.unit.lower()
    for fact in (*read.identity, *read.status):
        yield fact.name, fact.number, fact.unit.lower()


def _key(name: str, unit: str) -> str:
    return "_".join(filter(None, (*name.lower().replace("/", " ").split(), unit.replace("/", "_per_"))))


def _part(asked: Asked, address: int, count: int, data: bytes) -> bytes | None:
    begins = address - asked.address
    if begins < 0 or begins + count > asked.count:
        return None
    return data[2 * begins : 2 * (begins + count)]


def _meant(part: bytes, read: Callable[[bytes], object]) -> object:
    try:
        return read(part)
    except PayloadError as error:
        return f"{hexadecimal(part)} ({error})"


def _block(read: Map, name: str, part: bytes) -> object:
    if name == "clock" and read.clock is not None:
        local, weekday = read.clock.decode(part)
        return local.isoformat() if weekday is None else {"local": local.isoformat(), "weekday": weekday}
    return told(name.removeprefix("tariffs "), part)


def _meaning_notes(asked: Asked | None, profile: Profile | None, read: Map | None) -> Iterator[str]:
    if asked is None:
        return
    if profile is None or read is None:
        yield _TEXT["no model"]
    elif not dict(_values(asked, bytes(2 * asked.count), read)):
        yield _TEXT["not mapped"].format(model=profile.model, at=span(asked.address, asked.count))


def _mismatches(request: bytes, reply: bytes, asked: Asked | None) -> Iterator[str]:
    one, other = form_of(request), form_of(reply)
    if not (one.is_whole(request) and other.is_whole(reply)):
        return
    units = one.unit(request), other.unit(reply)
    moved = asked is not None and asked.writes and int.from_bytes(asked.data, "big") == units[1]
    if units[0] != units[1] and not moved:  # a new unit id is acknowledged from there
        yield _TEXT["other_unit"].format(reply=units[1], request=units[0])
    functions = one.pdu(request)[0], other.pdu(reply)[0] & 0x7F
    if functions[0] != functions[1]:
        yield _TEXT["other_function"].format(reply=functions[1], request=functions[0])
    numbers = one.transaction(request), other.transaction(reply)
    if None not in numbers and numbers[0] != numbers[1]:
        yield _TEXT["other_number"].format(reply=numbers[1], request=numbers[0])
