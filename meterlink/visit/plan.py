"""What a plan is: ordered steps from the state that was read to the state that is wanted. How it is made: `planning`.

A plan does nothing. It is shown, saved, confirmed and carried out; whoever carries it out makes it again from the same
order and the meter's state of that moment, and does nothing where the two differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from meterlink.driver import Driver, Setting
from meterlink.flow import Change
from meterlink.model import Action, Evidence
from meterlink.profiles import Profile
from meterlink.visit.order import Order
from meterlink.visit.snapshot import Snapshot


class TimeSource(StrEnum):
    """Why the computer's clock may be believed."""

    SYSTEM = "system"
    """it is kept right by the network or a receiver, and somebody said so"""
    CONFIRMED = "confirmed"
    """a person compared it with a trusted clock just now"""
    UNKNOWN = "unknown"


class ClockMethod(StrEnum):
    """How a clock is put right."""

    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What every plan is made of: the order, the meter as it was read, and what holds for the making."""

    order: Order
    driver: Driver
    profile: Profile
    before: Snapshot
    time_source: TimeSource
    experimental: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """The clock was `error` ahead (negative: behind) when the plan was made; None where it showed no time at all."""

    method: ClockMethod
    error: timedelta | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warning:
    """Something that whoever confirms should know. `facts` are texts for the sentence, which is told by
    `caution.warning_words`."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to write. Exactly one of `clock` and `changes` tells what; `setting` is what it is for, where a setting
    says it.

    `capability` is the profile's name of it, `evidence` and `source` how the profile knows that it works.
    """

    action: Action
    capability: str
    evidence: Evidence
    source: str
    clock: ClockStep | None = None
    setting: Setting | None = None
    changes: tuple[Change, ...] = ()
    told: tuple[Change, ...] = field(default=(), compare=False)
    """The changes with their values in the family's words."""
    prompt: str | None = None

    @property
    def experimental(self) -> bool:
        """Whether nobody has seen it work."""
        return self.evidence is Evidence.GUESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps in the order in which they are carried out; none where the meter is as wanted.

    `untouched` are the actions that the order lists and that need nothing.
    """

    order: Order
    before: Snapshot
    steps: tuple[Step, ...]
    warnings: tuple[Warning, ...] = ()
    untouched: tuple[Action, ...] = ()
    time_source: TimeSource = TimeSource.UNKNOWN
    experimental: bool = False
    made_at: datetime
    restores: str | None = None
    """The work whose changes are taken back."""
