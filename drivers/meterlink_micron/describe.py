"""Frames in words, from bytes alone: no meter, no port. Any bytes give a description; what cannot be told is said.

Without a model the checksum tells itself: CRC, or the old one byte where only that is right. Counts of energy and of
momentary values are not scaled: that takes the constant, the variant and the ratios of the meter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from meterlink.driver import Described, Description
from meterlink.profiles import Profile
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink.wire.request import mask as masked, mask_whole
from meterlink_micron import energy_codec as codec, messages as m
from meterlink_micron.address import EXTENDED, Address
from meterlink_micron.checksum import Check
from meterlink_micron.energy_codec import BitCounts, Counts, EnergyMask
from meterlink_micron.indices import Index, TwoIndices
from meterlink_micron.messages import Call, Status, command_of
from meterlink_micron.models import table_of
from meterlink_micron.momentary_codec import Group, Momentary
from meterlink_micron.payload import Payload
from meterlink_micron.quantities import FREQUENCY, name_of

_OK: Final = "ok"
_TEXT: Final = {
    "short": "{size} bytes, and the shortest frame has {least}",
    "checksum": "wrong checksum",
    "old": "the {what} has the one-byte checksum of the oldest meters",
    "address": "the reply comes from address {reply} and the request went to {request}",
    "energy": "counts are half pulses: kWh = count / (2 * A) * Kn * Kt, with the meter's constant A (08 12) and its "
    "ratios (08 02)",
    "momentary": "the value is a count: what it is worth takes the model and the ratios of the meter (08 02)",
    "identifier": "the reply names another request",
    "echo": "the reply has the bytes of the request: it may be the echo of the line",
}
_COUNTS_BY_NUMBER: Final = (m.READ_MOMENTARY, m.READ_GROUP, m.READ_LATCHED)
"""Commands that a number RWRI is asked with."""
_SAME: Final = (m.TEST,)
"""Commands whose answer has the bytes of the request where all is well."""
_HUNDREDTHS: Final = (0x30, 0x34, 0x38, FREQUENCY)
_SHORTEST_SECRET: Final = 8


def describe(request: bytes, reply: bytes | None, profile: Profile | None) -> Description:
    """Both frames with their fields; `status` says what is wrong with one."""
    notes: list[str] = []
    check = _check_of(request, profile, notes)
    asked, call = _request(request, check)
    if reply is None:
        return Description(request=asked, notes=tuple(notes))
    told = _reply(reply, call, check, notes, profile)
    return Description(request=asked, reply=told, notes=tuple(notes))


def _check_of(request: bytes, profile: Profile | None, notes: list[str]) -> Check:
    if profile is not None:
        return table_of(profile).check
    if not Check.CRC.holds(request) and Check.KS.holds(request):
        notes.append(_TEXT["old"].format(what="request"))
        return Check.KS
    return Check.CRC


def _request(frame: bytes, check: Check) -> tuple[Described, Call[Payload] | None]:
    wrong = _unreadable(frame, check)
    if wrong is not None:
        return wrong, None
    address, body = Address.read(frame[: -check.size])
    head = _head(address) | {"command": hexadecimal(m.head_of(body))}
    try:
        call = m.decode_call(frame, check)
    except PayloadError as error:
        name = _name_of(body)
        return Described(name=name, fields=head | _raw(body), checksum_ok=True, status=str(error)), None
    fields = head | call.asked.told() | _quantity(call)
    return Described(name=call.name, fields=fields, checksum_ok=True, status=_OK), call


def _name_of(body: bytes) -> str:
    try:
        return command_of(body).name
    except PayloadError:
        return "unknown"


def _quantity(call: Call[Payload]) -> dict[str, object]:
    """What a number RWRI stands for."""
    if isinstance(call.asked, Index) and call.command in _COUNTS_BY_NUMBER:
        return {"quantity": name_of(call.asked.number)}
    if isinstance(call.asked, TwoIndices) and call.command is m.READ_FLOATS:
        return {"quantity": name_of(call.asked.of)}
    return {}


def _reply(
    frame: bytes, call: Call[Payload] | None, check: Check, notes: list[str], profile: Profile | None
) -> Described:
    wrong = _unreadable(frame, check)
    if wrong is not None:
        return wrong
    address, data = Address.read(frame[: -check.size])
    name = "unknown" if call is None else call.name
    if call is not None:
        _note_place(address, frame, call, notes)
    if call is None:
        return Described(name=name, fields=_head(address) | _raw(data), checksum_ok=True, status=_OK)
    if len(data) == 1 and Status(data[0]).code:
        return Described(name=name, fields=_head(address) | Status(data[0]).told(), checksum_ok=True, status=_OK)
    try:
        value = call.command.read_answer(call.asked, data)
        fields = value.told() | _scaled(call, value, profile, notes)
    except PayloadError as error:
        return Described(name=name, fields=_head(address) | _raw(data), checksum_ok=True, status=str(error))
    return Described(name=name, fields=_head(address) | fields, checksum_ok=True, status=_OK)


def _note_place(address: Address, frame: bytes, call: Call[Payload], notes: list[str]) -> None:
    if address != call.address and not call.address.is_common:
        notes.append(_TEXT["address"].format(reply=address, request=call.address))
    elif not call.accepts(frame):
        notes.append(_TEXT["identifier"])
    if frame == call.encode() and call.command not in _SAME:
        notes.append(_TEXT["echo"])


def _scaled(call: Call[Payload], value: Payload, profile: Profile | None, notes: list[str]) -> dict[str, object]:
    """What can be scaled without the meter; what cannot is noted."""
    if isinstance(value, Counts | BitCounts):
        notes.append(_TEXT["energy"])
        return _named_counts(call, value) | _energy(value.counts, profile)
    if isinstance(call.asked, Index) and isinstance(value, Momentary | Group):
        number = call.asked.number
        if number & 0xFC in _HUNDREDTHS and isinstance(value, Momentary):
            return {"hz" if number == FREQUENCY else "value": f"{value.count / 100:.2f}"}
        notes.append(_TEXT["momentary"])
    return {}


def _named_counts(call: Call[Payload], value: Counts | BitCounts) -> dict[str, object]:
    """Which kind of energy each count is; what was asked by bits names them itself."""
    if isinstance(value, BitCounts):
        return {}
    kinds = codec.kinds_of(call.asked.mask) if isinstance(call.asked, EnergyMask) else codec.KINDS
    return {"kinds": list(kinds[: len(value.counts)])}


def _energy(counts: Sequence[int], profile: Profile | None) -> dict[str, object]:
    """In kWh without ratios, where the model has but one constant."""
    constant = 0 if profile is None else table_of(profile).constant
    if not constant:
        return {}
    amounts = [f"{codec.amount(count, constant, 1):f}" for count in counts]
    return {"constant_imp_per_kwh": constant, "kwh_or_kvarh_without_ratios": amounts}


def _unreadable(frame: bytes, check: Check) -> Described | None:
    """What is no whole frame: no byte of it can be trusted, so nothing is shown as a value."""
    raw: Mapping[str, object] = {"raw": mask(frame)}
    least = 1 + 1 + check.size
    if len(frame) < least:
        why = _TEXT["short"].format(size=len(frame), least=least)
        return Described(name="unknown", fields=raw, checksum_ok=False, status=why)
    if not check.holds(frame):
        return Described(name="unknown", fields=raw, checksum_ok=False, status=_TEXT["checksum"])
    if not Address.read(frame[: -check.size])[1]:
        why = _TEXT["short"].format(size=len(frame), least=5 + least - 1)
        return Described(name="unknown", fields=raw, checksum_ok=True, status=why)
    return None


def _head(address: Address) -> dict[str, object]:
    return {"ext_address" if address.is_extended else "address": address.number}


def _raw(data: bytes) -> dict[str, object]:
    return {"raw": "**" if _may_be_secret(data) else hexadecimal(data)}


# --- secrets ----------------------------------------------------------------------------------------------------------


def mask(frame: bytes) -> str:
    """In hexadecimal, with passwords and their checksum hidden; a damaged frame that may hold one is hidden whole."""
    check = next((check for check in Check if check.holds(frame)), None)
    if check is None:
        body = frame[5:] if frame[:1] == bytes([EXTENDED]) else frame[1:]
        return mask_whole(frame) if _may_be_secret(body) else hexadecimal(frame)
    address, body = Address.read(frame[: -check.size])
    for command in (m.OPEN, m.CHANGE_PASSWORD):
        if body.startswith(command.head):
            start = address.size + len(command.head)
            return masked(frame, ((start, len(frame) - check.size),), check.size)
    return hexadecimal(frame)


def _may_be_secret(body: bytes) -> bool:
    """Whether a password stands in what follows an address, or may have before some bit was flipped."""
    if len(body) < _SHORTEST_SECRET - 1:
        return False
    return body[:1] == m.OPEN.head or body[:2] == m.CHANGE_PASSWORD.head or (body[0] ^ m.OPEN.head[0]).bit_count() == 1
