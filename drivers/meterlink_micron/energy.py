"""Energy registers, by 05, 0A or 0B: counts of half pulses, made kWh by the meter's constant.

E = N / (2 * A) * Kn * Kt. Where nobody knows A the counts are told raw, as parts that are absent. Which kinds of energy
a meter has is a matter of its profile: what it answers about others is not known, so it is not asked about them.
Rules: docs/protocols/micron.md, chapter 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from meterlink.driver import Target
from meterlink.errors import NotSupportedError
from meterlink.flow import Flow, instant
from meterlink.model import (
    Absent,
    Direction,
    EnergyReading,
    EnergyValue,
    Quantity,
)
from meterlink_micron import energy_codec as codec, messages as m
from meterlink_micron.asking import LACKS, attempt, ratios_in
from meterlink_micron.energy_codec import EnergyBits, EnergyIndex, EnergyMask
from meterlink_micron.errors import UnknownCommandError
from meterlink_micron.models import Table, table_of
from meterlink_micron.session import Session, in_session

_COUNTED: Final[Mapping[str, tuple[Quantity, Direction]]] = {
    "A+": (Quantity.ACTIVE, Direction.IMPORT),
    "A-": (Quantity.ACTIVE, Direction.EXPORT),
    "R+": (Quantity.REACTIVE, Direction.IMPORT),
    "R-": (Quantity.REACTIVE, Direction.EXPORT),
}
"""Of the kinds that are told; the quadrants R1 to R4 are not asked for."""
_TOTAL: Final = "total"
_NO_NUMBER: Final = 0xFFFF_FFFF
_TEXT: Final = {
    "raw": "the constant of the meter is not known; the raw count is {count} half pulses",
    "raw record": "the constant of the meter is not known; the raw counts in half pulses are: {counts}",
    "no ratio": "the meter names the ratios {kn} and {kt}; the raw count is {count} half pulses",
    "no number": "the meter holds no number there (FFFFFFFF)",
    "other constant": "the meter names {told} impulses/kWh; {used} was used, as this model has no other",
    "constant": "constant",
}


def register_of(tariff: int) -> str:
    return f"T{tariff}" if tariff else _TOTAL


@dataclass(frozen=True, slots=True)
class Scale:
    """What a count is worth: the constant, None where nobody knows it, and the ratios Kn and Kt."""

    constant: int | None
    kn: int = 1
    kt: int = 1

    @property
    def ratio(self) -> int:
        return self.kn * self.kt

    @property
    def multiplied_by(self) -> int:
        """What values that are told were multiplied with."""
        return self.ratio or 1

    def value(self, kind: str, tariff: int, count: int) -> EnergyValue | Absent:
        quantity, direction = _COUNTED[kind]
        why = self._why_not(count)
        if self.constant is None or why is not None:
            what = f"{register_of(tariff)} {quantity} {direction}"
            return Absent(what=what, reason=_TEXT[why or "raw"].format(count=count, kn=self.kn, kt=self.kt))
        return EnergyValue(
            quantity=quantity,
            direction=direction,
            register=register_of(tariff),
            amount=codec.amount(count, self.constant, self.ratio),
            raw=f"{count:08x}",
        )

    def _why_not(self, count: int) -> str | None:
        """Why a count is worth nothing: a register of ones was never written, and no ratio is 0."""
        if count == _NO_NUMBER:
            return "no number"
        return None if self.ratio else "no ratio"


def scale_in(session: Session, table: Table, absent: list[Absent]) -> Flow[Scale]:
    """By the variant and the ratios of the meter."""
    variant = None
    if table.variant:
        variant = yield from attempt(session, _TEXT["constant"], m.READ_VARIANT, absent)
    constant = table.constant_of(variant)
    if variant is not None and constant is not None and variant.constant not in (None, constant):
        reason = _TEXT["other constant"].format(told=variant.constant, used=constant)
        absent.append(Absent(what=_TEXT["constant"], reason=reason))
    return Scale(constant, *(yield from ratios_in(session, absent)))


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of one question, by kind and tariff."""

    counts: Mapping[tuple[str, int], int]
    at: datetime


def _counts_in(session: Session, table: Table, tariff: int, array: int, number: int) -> Flow[Counted]:
    """One register of every kind, by 05 or 0A."""
    kinds = [kind for kind in table.kinds if kind in _COUNTED]
    if table.energy == "05":
        reply = yield from session.read(m.READ_ENERGY, EnergyIndex(array, number, tariff))
        asked = codec.KINDS[: len(reply.value.counts)]
    else:
        mask = codec.mask_of(kinds)
        reply = yield from session.read(m.READ_ENERGY_MASK, EnergyMask(array, number, tariff, mask))
        asked = codec.kinds_of(mask)
    pairs = zip(asked, reply.value.counts, strict=True)
    return Counted({(kind, tariff): count for kind, count in pairs if kind in kinds}, instant(reply.received_at))


def _bits_in(session: Session, table: Table, tariffs: int, array: int, number: int) -> Flow[Counted]:
    """T1 to Tn of every kind at once, by 0B."""
    kinds = [kind for kind in table.kinds if kind in _COUNTED]
    bits = EnergyBits.of(session.next_identifier(), kinds, tariffs, array, number)
    reply = yield from session.read(m.READ_ENERGY_BITS, bits)
    return Counted(dict(zip(bits.asked, reply.value.counts, strict=True)), instant(reply.received_at))


def every_register(session: Session, table: Table, array: int, number: int = 0) -> Flow[Counted]:
    """Total and tariffs; at the moment of the first answer. The total is asked for first, so it is never above them."""
    tariffs = session.target.profile.limits.tariffs
    total = yield from _counts_in(session, table, codec.SUM, array, number)
    counts = dict(total.counts)
    if table.energy == "0B":
        counts |= (yield from _bits_in(session, table, tariffs, array, number)).counts
        return Counted(counts, total.at)
    for tariff in range(1, tariffs + 1):
        counts |= (yield from _counts_in(session, table, tariff, array, number)).counts
    return Counted(counts, total.at)


def told(
    counted: Counted, scale: Scale, table: Table, absent: list[Absent], record: str = ""
) -> tuple[EnergyValue, ...]:
    """Kind by kind, total first. What is worth nothing is among `absent`, with the record that it is of."""
    if record and scale.constant is None:
        absent.append(Absent(what=record, reason=_TEXT["raw record"].format(counts=_raw(counted, table))))
        return ()
    order = sorted(counted.counts, key=lambda place: (table.kinds.index(place[0]), place[1]))
    values = [scale.value(kind, tariff, counted.counts[kind, tariff]) for kind, tariff in order]
    absent += [replace(value, what=f"{record} {value.what}".strip()) for value in values if isinstance(value, Absent)]
    return tuple(value for value in values if isinstance(value, EnergyValue))


def _raw(counted: Counted, table: Table) -> str:
    """The counts of a record: `active import: total 397088, T1 291648; ...`."""
    told_of = {
        kind: [f"{register_of(tariff)} {count}" for (of, tariff), count in sorted(counted.counts.items()) if of == kind]
        for kind in table.kinds
        if kind in _COUNTED
    }
    return "; ".join(f"{' '.join(_COUNTED[kind])}: {', '.join(counts)}" for kind, counts in told_of.items())


def read_energy(target: Target) -> Flow[EnergyReading]:
    """Array 00, total and every tariff."""
    target.profile.require("energy")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[EnergyReading]:
        absent: list[Absent] = []
        scale = yield from scale_in(session, table, absent)
        try:
            counted = yield from every_register(session, table, codec.TOTAL)
        except UnknownCommandError as error:
            raise NotSupportedError(model=target.profile.model, capability="energy", why=LACKS) from error
        registers = told(counted, scale, table, absent)
        return EnergyReading(
            registers=registers, read_at=counted.at, absent=tuple(absent), multiplied_by=scale.multiplied_by
        )

    return (yield from in_session(target, work))
