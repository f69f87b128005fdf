"""Rules over several keys of a register map: what overlaps, what is too long, what a capability needs, what is written.

Each rule tells what is wrong as `key: why`. What is wrong with one key by itself is found by `map_reader`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from meterlink.model import Quantity
from meterlink.profiles import Profile
from meterlink_modbus.maps import ADDRESSES, Map
from meterlink_modbus.pdu import MOST_WRITTEN, READ_INPUT, span
from meterlink_modbus.tables import HOLIDAYS

_TEXT: Final = {
    "most": "{name} has {count} registers, and one frame holds {most}",
    "space": "{name} ends behind the last register FFFF",
    "overlap": "{one} ({at}) overlaps {other} ({there})",
    "twice": "{name} stands twice",
    "needs": "is missing, and supports.{capability} needs it",
    "unread": "has such registers, and supports.{capability} is not true: they would never be read",
    "not writable": "{name} ({at}) lies outside writable, and supports.{capability} would write it",
    "measured": "{name} ({at}) is measured or told by the meter, and lies among what may be written",
    "input": "input registers cannot be written, and supports.{capability} would write them",
}

_NEEDS: Final[Mapping[str, str]] = {
    "energy": "energy",
    "reactive_energy": "energy",
    "instant": "instant",
    "frequency": "instant",
    "reactive_power": "instant",
    "clock": "clock",
    "set_clock": "clock",
    "schedule": "tariffs",
    "set_schedule": "tariffs",
    "holidays": "tariffs",
    "set_holidays": "tariffs",
}
"""The key that a capability needs."""
_WRITES: Final = ("set_clock", "set_schedule", "set_holidays")


def _places(read: Map) -> list[tuple[str, int, int]]:
    numbers = [(name, number.address, number.count) for name, number in read.numbers()]
    return [*numbers, *read.blocks(), *_unit_register(read)]


def _unit_register(read: Map) -> list[tuple[str, int, int]]:
    return [] if read.address_register is None else [("address_register", read.address_register, 1)]


def _said(why: str, key: str, **facts: object) -> str:
    return f"{key}: {_TEXT[why].format(**facts)}"


def _sizes(read: Map, _profile: Profile) -> Iterator[str]:
    for name, address, count in _places(read):
        key, _, rest = name.partition(" ")
        if count > read.most_registers:
            yield _said("most", key, name=rest or "it", count=count, most=read.most_registers)
        if address + count > len(ADDRESSES):
            yield _said("space", key, name=rest or "it")


def _overlaps(read: Map, _profile: Profile) -> Iterator[str]:
    ordered = sorted(_places(read), key=lambda place: place[1:])
    for i, (name, address, count) in enumerate(ordered):
        for other, start, length in ordered[i + 1 :]:
            if start >= address + count:
                break
            facts = {"one": name, "at": span(address, count), "other": other, "there": span(start, length)}
            yield _said("overlap", other.split(" ", 1)[0], **facts)


def _doubles(read: Map, _profile: Profile) -> Iterator[str]:
    names = [name for name, _ in read.numbers()]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            key, _, rest = name.partition(" ")
            yield _said("twice", key, name=rest)


def _needs(read: Map, profile: Profile) -> Iterator[str]:
    there = {"energy": read.energy, "instant": read.instant, "clock": read.clock, "tariffs": read.tariffs}
    for capability, key in _NEEDS.items():
        if profile.has(capability) and not there[key]:
            yield _said("needs", key, capability=capability)
    if profile.has("holidays") and read.tariffs is not None and HOLIDAYS not in read.tariffs.places:
        yield _said("needs", "tariffs.holidays", capability="holidays")
    reactive = [row for row in read.energy if row.quantity is Quantity.REACTIVE]
    if profile.has("reactive_energy") and read.energy and not reactive:
        yield _said("needs", "energy", capability="reactive_energy")
    rows = {"energy": read.energy, "reactive_energy": reactive, "instant": read.instant}
    for capability, there_are in rows.items():
        if there_are and not profile.has(capability):
            yield _said("unread", _NEEDS[capability], capability=capability)


def _writes(read: Map, profile: Profile) -> Iterator[str]:
    """What would be written must be permitted, and nothing that is measured may be."""
    for capability in _WRITES:
        if not profile.has(capability):
            continue
        if read.function == READ_INPUT:
            yield _said("input", "function", capability=capability)
        for name, address, count in _written(read, capability):
            if count > MOST_WRITTEN:
                yield _said("most", "writable", name=name, count=count, most=MOST_WRITTEN)
            if not read.may_write(address, count):
                yield _said("not writable", "writable", name=name, at=span(address, count), capability=capability)
    measured = [(name, number.address, number.count) for name, number in read.numbers()]
    for name, first, count in (*measured, *_unit_register(read)):
        if any(address in one for one in read.writable for address in range(first, first + count)):
            yield _said("measured", "writable", name=name, at=span(first, count))


def _written(read: Map, capability: str) -> Iterator[tuple[str, int, int]]:
    if capability == "set_clock":
        if read.clock is not None:
            yield "clock", read.clock.address, read.clock.count
    elif read.tariffs is not None:
        for name, (address, count) in read.tariffs.places.items():
            if (name == HOLIDAYS) == (capability == "set_holidays"):
                yield name, address, count


RULES: Final = (_sizes, _overlaps, _doubles, _needs, _writes)
