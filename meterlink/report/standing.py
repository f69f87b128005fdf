"""What stands in the meter after a work, and what its tariffs may be called. Pure.

The order says what the tariffs are to mean, and a name on the act is what an office bills by. So names stand only where
this work confirmed the schedule they belong to, where it takes nothing back, and where at least as many tariffs are in
force as the schedule uses; on the state before the work only where that state was the same. Elsewhere it is T1 to T4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meterlink.errors import ScheduleError
from meterlink.report.act_values import tariff_of
from meterlink.report.body.facts import NONE, NOT_STATED, READ
from meterlink.tariff import YearSchedule, schedule_from_table
from meterlink.tariff_words import beyond_force

_CONFIRMED: Final = ("changed", "as-wanted")
_HARMLESS_PROBLEMS: Final = ("EnergyMovedError",)
"""Of the check behind the work: these do not say that another schedule stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The schedule and the tariffs in force after the work; None where they were not read or are not understood.

    `beyond` are tariffs of the schedule that are not in force. `before` and `after` name the zones of the tariffs, by
    number, where they may be named; `silent` says why not: `restores`, `not-stated`, `not-confirmed`, `not-in-force`.
    """

    schedule: YearSchedule | None
    in_force: int | None
    """How many tariffs."""
    beyond: tuple[int, ...]
    before: Mapping[int, str]
    after: Mapping[int, str]
    silent: str


def standing_of(body: Mapping[str, Any]) -> Standing:
    """After the work that this body tells."""
    schedule, in_force = lifted(body["schedule"]["after"]), _in_force(body["tariffs"]["after"])
    beyond = beyond_force(schedule, in_force)
    zones = _zones(body["plan"]["zones"])
    silent = _silent(body, schedule, in_force, zones, beyond)
    after = {} if silent else zones
    was = lifted(body["schedule"]["before"])
    is_same = was == schedule and _covers(was, _in_force(body["tariffs"]["before"]))
    return Standing(
        schedule=schedule,
        in_force=in_force,
        beyond=beyond,
        before=after if is_same else {},
        after=after,
        silent=silent,
    )


def _silent(
    body: Mapping[str, Any],
    schedule: YearSchedule | None,
    in_force: int | None,
    zones: Mapping[int, str],
    beyond: tuple[int, ...],
) -> str:
    if body["restores"] != NONE:
        return "restores"
    if not zones:
        return "not-stated"
    states = {each["action"]: each["state"] for each in body["actions"]}
    has_problem = any(each["kind"] not in _HARMLESS_PROBLEMS for each in body["problems"])
    if schedule is None or states.get("schedule") not in _CONFIRMED or has_problem:
        return "not-confirmed"
    return "not-in-force" if beyond or not _covers(schedule, in_force) else ""


def _covers(schedule: YearSchedule | None, in_force: int | None) -> bool:
    """Whether every tariff of the schedule is known to be in force."""
    return schedule is not None and in_force is not None and not beyond_force(schedule, in_force)


def lifted(part: Mapping[str, Any]) -> YearSchedule | None:
    """The schedule of a part of the body; None where none was read, or one in a form that is not known."""
    if part["state"] != READ:
        return None
    try:
        return schedule_from_table(part["table"])
    except ScheduleError:
        return None


def _in_force(part: Mapping[str, Any]) -> int | None:
    if part["state"] != READ or part["in_force"] == NOT_STATED:
        return None
    count: int = part["in_force"]
    return count


def _zones(zones: Iterable[Mapping[str, str]]) -> dict[int, str]:
    """What each tariff is to mean, by its number."""
    return {
        tariff_of(each["register"]): each["zone"]
        for each in zones
        if tariff_of(each["register"]) and each["zone"] != NOT_STATED
    }
