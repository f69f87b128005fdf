"""Sections 11 and 14 of the act: the tariff schedule, and what the customer has to know of it.

Section 14 is told from what stands in the meter after the work, never from the order; what does not act is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from meterlink.report import act_picture as picture, act_values as values
from meterlink.report.act_body import encode_body
from meterlink.report.body.facts import NONE, NOT_STATED, READ, UNLIFTABLE
from meterlink.report.layout.blocks import Block, Drawing, Lines
from meterlink.report.layout.sheet import Sheet
from meterlink.report.standing import lifted
from meterlink.tariff.presets import preset, preset_names
from meterlink.visit.diagnosis import uses_dst

_WRONG_S: Final = 60
"""A clock that is further off moves the hours of the tariffs so that a customer must know."""


def schedule(sheet: Sheet) -> Iterable[Block]:
    told = sheet.body["schedule"]
    yield sheet.pairs(*_plan(sheet), ("zones", _zones(sheet)), ("current tariff", _current_tariff(sheet)))
    sides = ("before", "after")
    yield sheet.before_after(
        [
            ("tariffs in force", [sheet.tariff_count(sheet.body["tariffs"][side]) for side in sides]),
            ("holidays", [sheet.holidays(sheet.body["holidays"][side]) for side in sides]),
        ]
    )
    if told["before"] == told["after"] and told["before"]["state"] == READ:
        yield from _one_schedule(sheet, "schedule same", told["after"], sheet.standing.before)
    else:
        yield from _one_schedule(sheet, "schedule before", told["before"], sheet.standing.before)
        yield from _one_schedule(sheet, "schedule after", told["after"], sheet.standing.after)


def _plan(sheet: Sheet) -> Iterable[tuple[str, str]]:
    """What the order wanted, which a work that takes another one back has nothing to do with."""
    name = sheet.body["plan"]["name"]
    if name == NONE or sheet.body["restores"] != NONE:
        return
    yield "plan", preset(name).title_in(sheet.words.language) if name in preset_names() else name


def _zones(sheet: Sheet) -> str:
    zones = sheet.zone_words(sheet.standing.after)
    told = ", ".join(f"T{tariff} – {zone}" for tariff, zone in zones.items())
    return told or sheet.words(f"unnamed {sheet.standing.silent}")


def _current_tariff(sheet: Sheet) -> str:
    after = sheet.body["tariffs"]["after"]
    if after["state"] != READ or after["current"] == NOT_STATED:
        return sheet.words("not-read")
    at = sheet.moment(sheet.body["readings"]["after_at"])
    return sheet.words("current tariff at", tariff=after["current"], at=at)


def _one_schedule(sheet: Sheet, key: str, part: Mapping[str, Any], zones: Mapping[int, str]) -> Iterable[Block]:
    words, title = sheet.words, sheet.words(key)
    if part["state"] == UNLIFTABLE:
        reasons = sheet.logged("; ".join(part["reasons"]))
        yield Lines(texts=(f"{title}. " + words("schedule unliftable", reasons=reasons),))
    elif part["state"] != READ:
        yield Lines(texts=(f"{title}: {sheet.not_read(part)}.",))
    else:
        yield from _lifted_schedule(sheet, title, part, zones)
    if part.get("notes"):
        yield Lines(texts=(words("schedule notes", notes=sheet.logged("; ".join(part["notes"]))),), manner="small")


def _lifted_schedule(sheet: Sheet, title: str, part: Mapping[str, Any], zones: Mapping[int, str]) -> Iterable[Block]:
    words, found = sheet.words, lifted(part)
    if found is None:
        odd = words("schedule odd", table=encode_body(part["table"]).decode())
        yield Lines(texts=(f"{title}. {odd}",))
        return
    for program, when in picture.served_programs(words, found):
        yield Drawing(
            title=f"{title}: {when}",
            svg=picture.day_bar(program),
            text=picture.hours_text(words, program, sheet.zone_words(zones)),
        )
    special = picture.special_days(words, found)
    if special:
        yield Lines(texts=tuple(special))


# --- for the customer -----------------------------------------------------------------------------------------------


def for_customer(sheet: Sheet) -> Iterable[Block]:
    words, start = sheet.words, sheet.body["zones_from"]
    told = [words(f"from {start['state']}", at=sheet.moment(start["at"]))]
    told += [*_acting(sheet), *_wrong_clock(sheet), *_summer(sheet)]
    yield Lines(texts=(" ".join(told), words("keep seals") + " " + words("keep act")))


def _acting(sheet: Sheet) -> Iterable[str]:
    """When each tariff counts, and which part of the schedule does not act."""
    words, standing = sheet.words, sheet.standing
    if sheet.body["schedule_left"] == "mixed":
        yield words("acting mixed")
    if standing.in_force == 1:
        yield words("acting one")
        if standing.beyond:
            yield words("not acting")
        return
    if standing.schedule is None:
        is_unliftable = sheet.body["schedule"]["after"]["state"] == UNLIFTABLE
        yield words("acting unliftable" if is_unliftable else "acting unknown")
        return
    if standing.in_force is None:
        yield words("acting count unknown")
    if standing.beyond:
        missing = ", ".join(f"T{tariff}" for tariff in standing.beyond)
        yield words("acting in part", tariffs=missing, count=standing.in_force)
    zones = sheet.zone_words(standing.after)
    programs = picture.served_programs(words, standing.schedule)
    for tariff in sorted(standing.schedule.tariffs_used()):
        clauses = [
            words("zone hours clause", when=when, hours=picture.tariff_hours(program, tariff))
            for program, when in programs
            if tariff in program.minutes_by_tariff()
        ]
        name = f"T{tariff} ({zones[tariff]})" if tariff in zones else f"T{tariff}"
        yield words("zone hours", name=name, hours="; ".join(clauses))


def _wrong_clock(sheet: Sheet) -> Iterable[str]:
    clock = sheet.body["clock"]["after"]
    if clock["state"] != READ:
        yield sheet.words("clock not known")
    elif abs(values.number(clock["error_s"]) or Decimal()) >= _WRONG_S:
        yield sheet.words("clock wrong", error=values.clock_error(sheet.words, clock))


def _summer(sheet: Sheet) -> Iterable[str]:
    """What the switch to summer time does to these hours, by whether the place has summer time.

    Where nobody knows the place it has none.
    """
    dst = sheet.body["dst"]["after"]
    if dst["state"] != READ or dst["enabled"] == NOT_STATED:
        return
    finished = datetime.fromisoformat(sheet.body["act"]["finished_at"])
    has_summer = sheet.zone is not None and uses_dst(sheet.zone, finished)
    if dst["enabled"] == "yes" and not has_summer:
        yield sheet.words("summer on")
    elif dst["enabled"] == "no" and has_summer:
        yield sheet.words("summer off")
