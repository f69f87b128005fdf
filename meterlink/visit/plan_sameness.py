"""Whether a plan that was made again is still the one that somebody read and confirmed.

A clock runs on, so its error may have moved a little; everything else must be as it was, also the stored values that no
step writes, and an edge of time that nobody was told of is a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from meterlink.language import Language
from meterlink.model import Action
from meterlink.visit.clock_policy import LEAVE_ALONE
from meterlink.visit.clock_window import EDGES
from meterlink.visit.plan import ClockStep, Plan, Step
from meterlink.visit.words import clock_words

ToldStored = Callable[[str, str], str]
"""A stored value by its name and its hexadecimal, in words."""


_TIME_EDGES: Final = (*EDGES, "collection-days")

_TEXT: Final = {
    "order": "it was made from another order",
    "meter": "it is for the meter {old}, and the meter here is {new}",
    "restores": "it takes back another work",
    "experimental": "it was made {old} --experimental, now {new}",
    "with": "with",
    "without": "without",
    "gone": "{action} was to be written and needs nothing any more",
    "out": "{action} was to be written and is left out now",
    "new": "{action} needed nothing and would be written now",
    "turned": "{action} would be written at another place in the order",
    "capability": "{action} would be written in another way",
    "method": "the clock was to be put right by a {old} correction, now by a {new} one",
    "error": "the clock was {old} and is {new} now",
    "stored": "{name} in the meter was {old} and is {new} now",
    "unread": "not read",
    "wanted": "{action}: {name} was to become {old}, and would become {new} now",
    "fewer": "{action}: {name} was to be written and would not be now",
    "more": "{action}: {name} would be written, too",
    "series": "{action}: the values would be written in another order",
    "edge": "the moment is another one, and the correction of the clock touches an edge of time now ({code})",
}


def same_plan(first: Plan, second: Plan, words: ToldStored) -> str | None:
    """None, or in words the first thing in which the plan that was made again, `second`, differs."""
    return next(_differences(first, second, words), None)


def _differences(first: Plan, second: Plan, words: ToldStored) -> Iterator[str]:
    yield from _bases(first, second)
    yield from _stored(first, second, words)
    yield from _steps(first, second)
    told = {warning.code for warning in first.warnings}
    for code in dict.fromkeys(warning.code for warning in second.warnings):
        if code in _TIME_EDGES and code not in told:
            yield _TEXT["edge"].format(code=code)


def _bases(first: Plan, second: Plan) -> Iterator[str]:
    if (first.order.order_no, first.order.sha256) != (second.order.order_no, second.order.sha256):
        yield _TEXT["order"]
    old, new = (plan.before.identity for plan in (first, second))
    if (old.family, old.model, old.serial_number) != (new.family, new.model, new.serial_number):
        yield _TEXT["meter"].format(old=f"{old.serial_number} ({old.model})", new=f"{new.serial_number} ({new.model})")
    if first.restores != second.restores:
        yield _TEXT["restores"]
    if first.experimental != second.experimental:
        words = (_TEXT["with" if plan.experimental else "without"] for plan in (first, second))
        yield _TEXT["experimental"].format(old=next(words), new=next(words))


def _stored(first: Plan, second: Plan, words: ToldStored) -> Iterator[str]:
    old, new = first.before.stored, second.before.stored
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield moved_words(name, old.get(name), new.get(name), words)


def moved_words(name: str, old: str | None, new: str | None, words: ToldStored) -> str:
    """That a stored value is another one now; None where it was not read."""
    states = (_TEXT["unread"] if stored is None else words(name, stored) for stored in (old, new))
    return _TEXT["stored"].format(name=name, old=next(states), new=next(states))


def _steps(first: Plan, second: Plan) -> Iterator[str]:
    old, new = ({step.action: step for step in plan.steps} for plan in (first, second))
    for action in [each for each in old if each not in new]:
        yield _TEXT["gone" if action in second.untouched else "out"].format(action=action.value)
    for action in [each for each in new if each not in old]:
        yield _TEXT["new"].format(action=action.value)
    for before, after in zip(first.steps, second.steps, strict=False):
        if before.action is not after.action:
            yield _TEXT["turned"].format(action=after.action.value)
            return
        yield from _step(before, after, _tolerance(first, second))


def _tolerance(first: Plan, second: Plan) -> timedelta:
    clocks = (plan.before.clock for plan in (first, second))
    return LEAVE_ALONE + sum((clock.uncertainty for clock in clocks if clock is not None), timedelta())


def _step(old: Step, new: Step, tolerance: timedelta) -> Iterator[str]:
    ways = ((step.capability, step.evidence, step.prompt) for step in (old, new))
    if next(ways) != next(ways):
        yield _TEXT["capability"].format(action=new.action.value)
    if old.clock is not None and new.clock is not None:
        yield from _clock(old.clock, new.clock, tolerance)
    yield from _changes(new.action, old, new)


def _clock(old: ClockStep, new: ClockStep, tolerance: timedelta) -> Iterator[str]:
    if old.method is not new.method:
        yield _TEXT["method"].format(old=old.method.value, new=new.method.value)
    if old.error is None or new.error is None:
        has_moved = old.error != new.error
    else:
        has_moved = abs(old.error - new.error) > tolerance
    if has_moved:
        states = (clock_words(clock.error, Language.EN) for clock in (old, new))
        yield _TEXT["error"].format(old=next(states), new=next(states))


def _changes(action: Action, old: Step, new: Step) -> Iterator[str]:
    wanted_old, wanted_new = ({change.parameter: change.new for change in step.changes} for step in (old, new))
    for name in dict.fromkeys([*wanted_old, *wanted_new]):
        facts = {"action": action.value, "name": name}
        if name not in wanted_new:
            yield _TEXT["fewer"].format(**facts)
        elif name not in wanted_old:
            yield _TEXT["more"].format(**facts)
        elif wanted_old[name] != wanted_new[name]:
            yield _TEXT["wanted"].format(**facts, old=wanted_old[name], new=wanted_new[name])
    if old.changes != new.changes:
        yield _TEXT["series"].format(action=action.value)
