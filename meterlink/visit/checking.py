"""What the state after the work must show: energy as it can be, planned values as planned, all others untouched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from meterlink.driver import Driver
from meterlink.errors import EnergyMovedError, MeterlinkError, ReadBackError
from meterlink.model import EnergyReading, EnergyValue
from meterlink.profiles import Profile
from meterlink.reading import span_words
from meterlink.visit.carrying import CLOCK_PARAMETER, Result, StepResult
from meterlink.visit.clock_policy import LEAVE_ALONE
from meterlink.visit.plan import Plan
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
    first: Snapshot | None,
) -> list[MeterlinkError]:
    """What does not fit, the worst first. `first` is the state that an earlier run of the work found."""
    energy = [
        problem
        for before in (plan.before, first)
        if before is not None
        for problem in _energy_problems(before, after, profile)
    ]
    verified = {
        change.parameter: change.new
        for result in results
        if result.result is Result.VERIFIED
        for change in result.step.changes
    }
    touched = {change.parameter for result in results for change in result.step.changes}
    stored = _stored_problems(plan.before, after, verified, touched, driver)
    return [*energy, *stored, *_clock_problems(plan, results, after)]


def problems_left(
    before: Snapshot,
    after: Snapshot,
    driver: Driver,
    profile: Profile,
    *,
    verified: Mapping[str, str],
    touched: Collection[str],
) -> list[MeterlinkError]:
    """The same after a work that nobody goes on with: `verified` are the values that were read back in it, `touched`
    those that were announced, the clock among them."""
    clock = () if CLOCK_PARAMETER in touched else _clock_moved(before, after)
    stored = _stored_problems(before, after, verified, touched, driver)
    return [*_energy_problems(before, after, profile), *stored, *clock]


def _energy_problems(before: Snapshot, after: Snapshot, profile: Profile) -> Iterator[MeterlinkError]:
    most_kw = profile.limits.max_power_kw or MOST_POWER_KW
    for why in energy_problems(before.energy, after.energy, after.read_at - before.read_at, most_kw):
        yield EnergyMovedError(serial_number=before.identity.serial_number, why=why)


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


def _stored_problems(
    before: Snapshot, after: Snapshot, verified: Mapping[str, str], touched: Collection[str], driver: Driver
) -> Iterator[MeterlinkError]:
    """Stored values that are not what they should be."""
    for name, old in before.stored.items():
        if name in touched and name not in verified:
            continue  # told as that step's own result
        wanted, found = verified.get(name, old), after.stored.get(name)
        if found is None or (found != wanted and not driver.means_same(name, found, wanted)):
            yield ReadBackError(
                serial_number=before.identity.serial_number,
                item=name,
                wanted=driver.told_stored(name, wanted),
                found=_TEXT["unread"] if found is None else driver.told_stored(name, found),
            )


def _clock_problems(plan: Plan, results: Iterable[StepResult], after: Snapshot) -> Iterator[MeterlinkError]:
    """A clock that moved by itself, before it was set or after: clearing the DST flag may do so in some meters."""
    new = _error_of(after)
    result = next((result for result in results if result.step.clock is not None), None)
    if result is None or result.result is Result.NOT_SENT or new is None:
        yield from _clock_moved(plan.before, after)
    elif result.result is Result.VERIFIED and abs(new) > LEAVE_ALONE + _uncertainty(after):
        yield _clock_problem(plan.before, new, "set clock", _TEXT["set clock wanted"])
    # else told as that step's own result


def _clock_moved(before: Snapshot, after: Snapshot) -> Iterator[MeterlinkError]:
    """A clock that nobody set, and that is not where it was."""
    old, new = _error_of(before), _error_of(after)
    if old is not None and (new is None or abs(new - old) > _CLOCK_MOVED):
        yield _clock_problem(before, new, "clock", _TEXT["clock wanted"].format(error=span_words(old)))


def _error_of(snapshot: Snapshot) -> timedelta | None:
    return None if snapshot.clock is None else snapshot.clock.error


def _uncertainty(snapshot: Snapshot) -> timedelta:
    return timedelta() if snapshot.clock is None else snapshot.clock.uncertainty


def _clock_problem(before: Snapshot, error: timedelta | None, item: str, wanted: str) -> MeterlinkError:
    found = _TEXT["unread"] if error is None else _TEXT["clock found"].format(error=span_words(error))
    return ReadBackError(serial_number=before.identity.serial_number, item=_TEXT[item], wanted=wanted, found=found)
