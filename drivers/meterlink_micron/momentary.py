"""Momentary quantities, by 08 11 on single-phase meters and by 08 16 (sum and three phases) on others.

A power that flows back is negative: the two top bits of an answer tell the directions of active and reactive power.
Scaling: `quantities`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from meterlink.driver import Target
from meterlink.flow import Flow, instant
from meterlink.model import Absent, InstantReading, InstantValue
from meterlink_micron import messages as m
from meterlink_micron.asking import attempt, ratios_in, variant_in
from meterlink_micron.indices import Index
from meterlink_micron.models import Table, table_of
from meterlink_micron.momentary_codec import Momentary
from meterlink_micron.quantities import KINDS, PHASES, Kind
from meterlink_micron.session import Session, in_session

_FREQUENCY: Final = "frequency"
_REACTIVE: Final = "reactive power"
_ONE_PHASE: Final = 1
_TEXT: Final = {
    "factor": "what its counts of power are worth is not known of this variant",
    "no ratio": "the meter names the ratios {kn} and {kt}",
}


@dataclass(frozen=True, slots=True)
class _Worth:
    """Kn and Kt; Kc, None where nobody knows it, and Ci."""

    ratios: tuple[int, int]
    scales: tuple[int | None, int]

    def why_not(self, kind: Kind) -> str | None:
        """Why counts of this kind cannot be told as values."""
        if kind.is_power and self.scales[0] is None:
            return _TEXT["factor"]
        if (kind.of_voltage and not self.ratios[0]) or (kind.of_current and not self.ratios[1]):
            return _TEXT["no ratio"].format(kn=self.ratios[0], kt=self.ratios[1])
        return None

    def value(self, name: str, kind: Kind, heard: Momentary, phase: str | None) -> InstantValue:
        reverse = (name == "active power" and heard.active_reverse) or (name == _REACTIVE and heard.reactive_reverse)
        amount = kind.amount(heard.count, self.ratios, self.scales)
        return InstantValue(
            quantity=name,
            value=-amount if reverse else amount,
            unit=kind.unit,
            raw=heard.encode().hex(),
            phase=phase,
        )


def read_instant(target: Target) -> Flow[InstantReading]:
    """The quantities of the profile, and the frequency where it has that."""
    target.profile.require("instant")
    table = table_of(target.profile)
    names = [*table.momentary, *([_FREQUENCY] if target.profile.has(_FREQUENCY) else [])]

    def work(session: Session) -> Flow[InstantReading]:
        absent: list[Absent] = []
        variant = yield from variant_in(session, absent)
        worth = _Worth((yield from ratios_in(session, absent)), table.scales(variant))
        read_at = instant(session.heard_at)
        values: list[InstantValue] = []
        for name in names:
            values += yield from _quantity(session, name, worth, table, absent)
        return InstantReading(values=tuple(values), read_at=read_at, absent=tuple(absent))

    return (yield from in_session(target, work))


def _quantity(
    session: Session, name: str, worth: _Worth, table: Table, absent: list[Absent]
) -> Flow[Sequence[InstantValue]]:
    kind = KINDS[name]
    why = worth.why_not(kind)
    if why is not None:
        absent.append(Absent(what=name, reason=why))
        return []
    if table.phases == _ONE_PHASE or name == _FREQUENCY:
        number = kind.number if name == _FREQUENCY else kind.number + 1
        one = yield from attempt(session, name, m.READ_MOMENTARY, absent, Index(number))
        return [] if one is None else [worth.value(name, kind, one, None)]
    group = yield from attempt(session, name, m.READ_GROUP, absent, Index(kind.number))
    if group is None:
        return []
    phases = [worth.value(name, kind, one, phase) for one, phase in zip(group.values[1:], PHASES, strict=True)]
    return [worth.value(name, kind, group.values[0], None), *phases] if kind.sums else phases
