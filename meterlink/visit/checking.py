"""What the state after the work must show: energy as it can be, planned values as planned, all others untouched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from meterlink.driver import Driver
from meterlink.errors import EnergyMovedError, MeterlinkError, ReadBackError
from meterlink.model import EnergyReading, EnergyValue
from meterlink.profiles import Profile
from meterlink.reading import span_words
from meterlink.visit.carrying import Result, StepResult
from meterlink.visit.clock_policy import LEAVE_ALONE
from meterlink.visit.plan import ClockMethod, Plan
from meterlink.visit.snapshot import Snapshot

MOST_POWER_KW: Final = Decimal(70)
"""Where the profile knows no bound: three phases of 100 A at 230 V, the largest meter that is connected directly. One
behind transformers counts less than that by itself."""
_CLOCK_MOVED: Final = timedelta(seconds=60)
"""A clock that nobody set may not be further from where it was."""

_TEXT: Final = {
    "missing": "{register} was {before} {unit} and is not there any more",
    "fell": "{register} fell from {before} to {after} {unit}",
    "grew": "{register} grew from {before} to {after} {unit} in {span}; at most {most} is possible",
    "clock": "the clock, which nobody set,",
    "clock wanted": "{error} off as before",
    "clock found": "{error} off",
    "set clock": "the clock, which was put right before,",
    "set clock wanted": "right",
    "unread": "not readable",
}


def problems_after(
    plan: Plan,
    results: Sequence[StepResult],
    after: Snapshot,
    driver: Driver,
    profile: Profile,
    first: Snapshot | None = None,
) -> list[MeterlinkError]:
    """What does not fit, the worst first. `first` is the state that an earlier run of the work found."""
    serial = plan.before.identity.serial_number
    most_kw = profile.limits.max_power_kw or MOST_POWER_KW
    energy: list[MeterlinkError] = [
        EnergyMovedError(serial_number=serial, why=why)
        for before in (plan.before, first)
        if before is not None
        for why in energy_problems(before.energy, after.energy, after.read_at - before.read_at, most_kw)
    ]
    stored = (
        ReadBackError(
            serial_number=serial,
            item=name,
            wanted=driver.told_stored(name, wanted),
            found=_TEXT["unread"] if found is None else driver.told_stored(name, found),
        )
        for name, wanted, found in _other_values(plan, results, after, driver)
    )
    return [*energy, *stored, *_clock_problems(plan, results, after)]


def energy_problems(before: EnergyReading, after: EnergyReading, elapsed: timedelta, most_kw: Decimal) -> Iterator[str]:
    """How registers moved that cannot: they never fall, and grow no faster than the meter can carry."""
    found = {_key(value): value for value in after.registers}
    hours = Decimal(max(0.0, elapsed.total_seconds())) / 3600
    for old in before.registers:
        new = found.get(_key(old))
        facts = {"register": old.register, "before": old.amount, "unit": old.unit}
        if new is None:
            yield _TEXT["missing"].format(**facts)
            continue
        step = Decimal(1).scaleb(int(old.amount.as_tuple().exponent))
        most = (most_kw * hours + step).quantize(step) + step
        facts |= {"after": new.amount, "span": span_words(elapsed), "most": most}
        if new.amount < old.amount:
            yield _TEXT["fell"].format(**facts)
        elif new.amount - old.amount > most:
            yield _TEXT["grew"].format(**facts)


def _key(value: EnergyValue) -> tuple[str, str, str]:
    return value.quantity, value.direction, value.register


def _other_values(
    plan: Plan, results: Iterable[StepResult], after: Snapshot, driver: Driver
) -> Iterator[tuple[str, str, str | None]]:
    """Stored values that are not what they should be: name, what should stand there, what does."""
    verified = {
        change.parameter: change.new
        for result in results
        if result.result is Result.VERIFIED
        for change in result.step.changes
    }
    touched = {change.parameter for result in results for change in result.step.changes}
    for name, old in plan.before.stored.items():
        if name in touched and name not in verified:
            continue  # told as that step's own result
        wanted, found = verified.get(name, old), after.stored.get(name)
        if found is None or (found != wanted and not driver.means_same(name, found, wanted)):
            yield name, wanted, found


def _clock_problems(plan: Plan, results: Iterable[StepResult], after: Snapshot) -> Iterator[MeterlinkError]:
    """A clock that moved by itself, before it was set or after: clearing the DST flag may do so in some meters."""
    old, new = plan.before.clock, after.clock
    if old is None or old.error is None:
        return
    if new is None or new.error is None:
        yield ReadBackError(
            serial_number=plan.before.identity.serial_number,
            item=_TEXT["clock"],
            wanted=_TEXT["clock wanted"].format(error=span_words(old.error)),
            found=_TEXT["unread"],
        )
        return
    result = next((result for result in results if result.step.clock is not None), None)
    if result is None or result.result is Result.NOT_SENT:
        moved, item = abs(new.error - old.error) > _CLOCK_MOVED, "clock"
        wanted = _TEXT["clock wanted"].format(error=span_words(old.error))
    elif result.result is Result.VERIFIED:
        least = LEAVE_ALONE if _was_set(result) else abs(old.error)
        moved, item, wanted = abs(new.error) > least + new.uncertainty, "set clock", _TEXT["set clock wanted"]
    else:
        return  # told as that step's own result
    if moved:
        yield ReadBackError(
            serial_number=plan.before.identity.serial_number,
            item=_TEXT[item],
            wanted=wanted,
            found=_TEXT["clock found"].format(error=span_words(new.error)),
        )


def _was_set(result: StepResult) -> bool:
    """At once; a soft correction takes its time."""
    return result.step.clock is not None and result.step.clock.method is ClockMethod.HARD
