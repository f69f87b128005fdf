"""The plan: what cannot be planned, and plans that do not hold any more."""

from __future__ import annotations

from dataclasses import dataclass

from meterlink.errors.root import MeterlinkError


@dataclass(eq=False, kw_only=True)
class PlanError(MeterlinkError):
    """No plan can be made, or the one that was made cannot be used. `need` is what a plan for show calls it."""

    exit_code = 8
    need = "plan"


@dataclass(eq=False, kw_only=True)
class ClockUnknownError(PlanError):
    """How far the clock is off is not known, so nothing can be said about putting it right."""

    need = "clock"
    text = "The clock cannot be put right: {why}."
    hint_text = (
        "Give the time zone of the meter's place (`tz` in an order, --tz without one); where the clock did not answer, "
        "mend the line or look whether the meter lost its time."
    )
    why: str


@dataclass(eq=False, kw_only=True)
class TimeSourceUnknownError(PlanError):
    """Nobody vouches for the computer's clock."""

    need = "time-source"
    text = "The clock is {error} off and would be set from this computer, whose own clock nobody vouches for."
    hint_text = (
        "Compare this computer's clock with a trusted one and say --time-source confirmed, or --time-source system "
        "where the network keeps it right."
    )
    error: str


@dataclass(eq=False, kw_only=True)
class ClockReasonMissingError(PlanError):
    """A clock is set hard only for a reason that the order states."""

    need = "clock-reason"
    text = "The clock is {error} off, which takes a hard set, and the order gives no reason for one."
    hint_text = "The order needs `clock_reason`: why the clock is wrong, in words for the act."
    error: str


@dataclass(eq=False, kw_only=True)
class ClockFarOffError(PlanError):
    """More than a day: the battery is looked at first."""

    need = "allow-over-24h"
    text = "The clock is {error} off, more than 24 hours."
    hint_text = (
        "Look at the battery first: a clock that lost its battery will be wrong again after the next outage. If it is "
        "to be set all the same, the order needs `allow_over_24h = true`."
    )
    error: str


@dataclass(eq=False, kw_only=True)
class ExperimentalError(PlanError):
    """A write that nobody has ever seen work."""

    need = "experimental"
    text = "Nobody has seen {capability} work on a {model}: it is only a guess ({source})."
    hint_text = (
        "Nothing was written. With --experimental it is tried all the same, and log and act say so; "
        "`meterlink profiles show {model}` tells what is known of it."
    )
    capability: str
    model: str
    source: str


@dataclass(eq=False, kw_only=True)
class StoredUnknownError(PlanError):
    """What would be compared with the wish could not be read."""

    need = "stored-values"
    text = "No plan for {action}: {names} could not be read from the meter{why}."
    hint_text = "Nothing is written over values that nobody has seen. Mend the line and run it again."
    action: str
    names: str
    why: str = ""


@dataclass(eq=False, kw_only=True)
class PlanFileError(PlanError):
    """A saved plan that is not, or no longer, what was saved."""

    text = "The saved plan cannot be used: {why}."
    hint_text = "Make the plan again. A saved plan is for reading; what it says is changed in the order."
    why: str


@dataclass(eq=False, kw_only=True)
class HolidaysUnclearError(PlanError):
    """With the new holidays nobody could tell any more what the stored schedule does on every day."""

    text = "The holidays cannot be written alone: with them the stored schedule is unclear: {why}."
    hint_text = "Have the order list the action schedule, too, with the tariff plan that is wanted."
    need = "holidays-unclear"
    why: str


@dataclass(eq=False, kw_only=True)
class StalePlanError(PlanError):
    """The plan made again is another one than the plan that was saved."""

    text = "The plan does not fit meter {serial_number} any more: {why}."
    hint_text = "Nothing was written. Make a new plan from the same order, look at it, and apply that."
    serial_number: str
    why: str


@dataclass(eq=False, kw_only=True)
class NoStateError(PlanError):
    """A work whose state before it is not known cannot be taken back."""

    text = "The work {work} cannot be taken back: {why}."
    hint_text = "`meterlink audit show --work {work}` shows what the log holds of it."
    work: str
    why: str
