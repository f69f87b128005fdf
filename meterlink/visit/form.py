"""What people at the meter saw and did, besides the meter's own words: seals, who was there, remarks. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from meterlink.visit.facts import NOT_STATED
from meterlink.visit.order import Order, Seal


class Presence(StrEnum):
    """Whether the customer was there; absence is a legal value, not an empty one."""

    PRESENT = "present"
    ABSENT = "absent"
    REFUSED = "refused"
    """there, and refused to take part or to sign"""
    NOT_STATED = NOT_STATED


class SealState(StrEnum):
    """What a seal looked like."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    MISSING = "missing"
    NOT_STATED = NOT_STATED


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFound:
    """A seal as it was found."""

    seal: Seal
    state: SealState


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Told before the dialogue with the meter, and completed after it."""

    seals_found: tuple[SealFound, ...] = ()
    seals_removed: tuple[Seal, ...] = ()
    seal_reason: str | None = None
    seals_installed: tuple[Seal, ...] = ()
    presence: Presence = Presence.NOT_STATED
    representative: str | None = None
    remarks: tuple[str, ...] = ()
    stated: bool = True
    """Whether anybody was asked."""


def unasked(order: Order) -> Form:
    """Where nobody was asked: the seals that should be there, and that nobody said how they are."""
    found = tuple(SealFound(seal=seal, state=SealState.NOT_STATED) for seal in order.seals_expected)
    return Form(seals_found=found, stated=False)


def seals_seen(form: Form) -> tuple[Seal, ...]:
    """Those that were found or removed."""
    return (*(found.seal for found in form.seals_found), *form.seals_removed)
