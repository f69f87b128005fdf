"""Energy of the past: readings at the start of years, months and days, and what was used in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import pytest

from meterlink.errors import NotSupportedError
from meterlink.model import Absent, Archive, ArchiveKind, ArchiveReading, ArchiveRecord, ArchiveSpan
from meterlink.profiles import ARCHIVES
from meterlink.sim.state import SimState
from meterlink_micron import DRIVER
from meterlink_micron.arrays import kept_by
from meterlink_micron.models import problems_of, table_of
from meterlink_micron.sim import Behaviour
from tests.drivers.micron.scene import body_of
from tests.drivers.micron.still import MODELS, STILL, met
from tests.shipped import library

FULL: Final = replace(STILL, energy_kwh=(Decimal(6000), Decimal(5000), Decimal(4000), Decimal(0)), load_w=588)
YEAR, MONTH, DAY = ArchiveSpan.YEAR, ArchiveSpan.MONTH, ArchiveSpan.DAY
A_DAY_KWH: Final = Decimal("14.112")
"""588 W for a day."""


def used(span: ArchiveSpan) -> Archive:
    return Archive(span, ArchiveKind.CONSUMPTION)


def read(model: str, archive: Archive, count: int, state: SimState = FULL) -> ArchiveReading:
    talk, _, target = met(model, state=state)
    reading: ArchiveReading = talk.run(DRIVER.read_archive(target, archive, count))
    return reading


def at(local: datetime) -> SimState:
    """A meter whose clock shows this when virtual time begins."""
    return replace(FULL, clock_error=local - datetime(2025, 7, 21, 14, 5, 9))


def amounts(record: ArchiveRecord) -> dict[tuple[str, str, str], Decimal]:
    return {(value.quantity, value.direction, value.register): value.amount for value in record.registers}


# --- readings at the start ----------------------------------------------------------------------------------------


def test_months_are_the_readings_at_their_start() -> None:
    reading = read("psch-4tm.05", Archive(MONTH), 13)
    assert [record.start for record in reading.records] == [date(2024 + n // 12, n % 12 + 1, 1) for n in range(7, 19)]
    assert reading.absent == (Absent(what="1 months before", reason="the meter keeps 12 months of it"),)
    totals = [record.registers[0].amount for record in reading.records]
    assert totals == sorted(totals)
    assert Decimal("9000") < totals[0] < totals[-1] < Decimal("15000")


@pytest.mark.parametrize(("model", "days"), [("psch-4tm.05", 2), ("set-4tm.03", 4)])
def test_days_are_read_as_far_back_as_the_model_keeps_them(model: str, days: int) -> None:
    reading = read(model, Archive(DAY), 4)
    assert [record.start for record in reading.records] == [date(2025, 7, day) for day in range(22 - days, 22)]
    assert bool(reading.absent) == (days < 4)
    yesterday, today = (record.registers[0].amount for record in reading.records[-2:])
    assert today - yesterday == A_DAY_KWH


def test_years_are_the_readings_at_their_start() -> None:
    reading = read("psch-4tm.05", Archive(YEAR), 3)
    last, this = reading.records
    assert (last.start, this.start) == (date(2024, 1, 1), date(2025, 1, 1))
    assert [YEAR.label(record.start) for record in reading.records] == ["2024", "2025"]
    assert reading.absent == (Absent(what="1 years before", reason="the meter keeps 2 years of it"),)
    (january,) = (each for each in read("psch-4tm.05", Archive(MONTH), 12).records if each.start == this.start)
    assert amounts(january) == amounts(this)
    assert this.registers[0].amount - last.registers[0].amount == 366 * A_DAY_KWH


# --- what was used ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["set-4tm.03", "set-4tm.03m", "psch-4tm.05"])
@pytest.mark.parametrize("span", list(ArchiveSpan))
def test_what_was_used_is_what_lies_between_two_starts(model: str, span: ArchiveSpan) -> None:
    """To one step of a register, as each is cut to whole counts."""
    starts, consumed = read(model, Archive(span), 4).records, read(model, used(span), 4).records
    assert [each.start for each in consumed] == [each.start for each in starts]
    between = list(zip(consumed, starts, starts[1:], strict=False))
    assert between
    for record, begin, end in between:
        first, last = amounts(begin), amounts(end)
        for register, amount in amounts(record).items():
            assert abs(amount - (last[register] - first[register])) <= Decimal("0.002")
    assert consumed[0].registers[0].amount >= A_DAY_KWH


def test_the_current_day_is_not_over() -> None:
    yesterday, today = read("psch-4tm.05", used(DAY), 2).records
    assert yesterday.registers[0].amount == A_DAY_KWH
    hours = Decimal(14) + Decimal(5) / 60
    assert abs(today.registers[0].amount - hours * Decimal("0.588")) < Decimal("0.01")


def test_a_model_of_thirteen_months_keeps_the_same_month_of_last_year() -> None:
    reading = read("set-4tm.03m", used(MONTH), 14)
    assert [record.start for record in reading.records][:2] == [date(2024, 7, 1), date(2024, 8, 1)]
    assert len(reading.records) == 13
    assert reading.records[0].registers[0].amount == reading.records[1].registers[0].amount == 31 * A_DAY_KWH
    assert reading.absent == (Absent(what="1 months before", reason="the meter keeps 13 months of it"),)


def test_consumption_of_a_meter_whose_constant_nobody_knows_is_raw_and_says_of_which_month() -> None:
    reading = read("set-4tm.02", used(MONTH), 2)
    assert [record.start for record in reading.records] == [date(2025, 6, 1), date(2025, 7, 1)]
    reading = read("set-4tm.01", used(MONTH), 2)
    assert reading.records == ()
    assert [absent.what for absent in reading.absent] == ["2025-06", "2025-07"]
    assert "in half pulses are: active import: total 423360, T1 " in reading.absent[0].reason
    assert "; active export: total 0, T1 0" in reading.absent[0].reason


def test_the_ratios_of_the_meter_are_told() -> None:
    talk, _, target = met("set-4tm.03", Behaviour(ratios=(100, 40)), FULL)
    reading = talk.run(DRIVER.read_archive(target, used(YEAR), 2))
    assert reading.multiplied_by == 4000


# --- what leaves --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "archive", "asked"),
    [
        pytest.param("set-4tm.03", Archive(YEAR), "0A 82 00 / 0A 81 00", id="starts of years"),
        pytest.param("set-4tm.03", used(YEAR), "0A 02 00 / 0A 01 00", id="years"),
        pytest.param("set-4tm.03", used(MONTH), "0A 03 06 / 0A 03 07", id="months"),
        pytest.param("set-4tm.03", used(DAY), "0A 06 14 / 0A 06 15", id="days by number"),
        pytest.param("psch-4tm.05", used(DAY), "0A 05 00 / 0A 04 00", id="this day and the previous one"),
        pytest.param("psch-4tm.05", Archive(DAY), "0A 85 00 / 0A 84 00", id="their starts"),
        pytest.param("set-4tm.02", used(YEAR), "05 20 / 05 10", id="years by 05"),
        pytest.param("set-4tm.02", used(MONTH), "05 36 / 05 37", id="months by 05"),
        pytest.param("set-4tm.02", used(DAY), "05 50 / 05 40", id="days by 05"),
    ],
)
def test_each_archive_is_asked_for_by_its_array(model: str, archive: Archive, asked: str) -> None:
    """Arrays and numbers as docs/protocols/micron.md, 11.2 and 11.3, write them."""
    talk, meter, target = met(model, state=FULL)
    talk.run(DRIVER.read_archive(target, archive, 2))
    bodies = [body_of(each.raw) for each in meter.log]
    wanted = [bytes.fromhex(each) for each in asked.split(" / ")]
    heads = [body[: len(wanted[0])] for body in bodies if body[0] == wanted[0][0]]
    assert list(dict.fromkeys(heads)) == wanted


def test_the_month_of_a_year_ago_has_a_number_of_its_own() -> None:
    talk, meter, target = met("psch-4tm.05m", state=FULL)
    talk.run(DRIVER.read_archive(target, used(MONTH), 13))
    assert any(b"\x0a\x03\x0d" in each.raw for each in meter.log)


# --- what there is not --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "archive", "why"),
    [
        ("set-4tm.02", Archive(MONTH), "what was used in a month"),
        ("set-4tm.01", Archive(YEAR), "what was used in a year"),
        ("seb-1tm.02", used(YEAR), "the reading at the start of a year"),
        ("psch-4tm.05mk", used(MONTH), "is not published"),
    ],
)
def test_an_archive_that_a_model_lacks_is_refused_with_the_reason(model: str, archive: Archive, why: str) -> None:
    talk, meter, target = met(model)
    with pytest.raises(NotSupportedError, match=why):
        talk.run(DRIVER.read_archive(target, archive, 1))
    assert meter.log == []


@pytest.mark.parametrize("model", MODELS)
def test_what_a_profile_promises_it_has_an_array_for(model: str) -> None:
    profile = library().get(model)
    assert {archive for archive, needs in ARCHIVES.items() if profile.has(needs)} == set(kept_by(table_of(profile)))


@pytest.mark.parametrize(
    ("local", "gone"),
    [
        pytest.param(datetime(2025, 7, 21, 14), ["2025-06-21"], id="June has 30 days"),
        pytest.param(datetime(2025, 3, 1, 1), ["2025-02-01"], id="February has 28"),
        pytest.param(datetime(2025, 3, 29, 1), ["2025-02-27", "2025-02-28"], id="two days of February"),
        pytest.param(datetime(2025, 8, 31, 12), [], id="August has 31"),
    ],
)
@pytest.mark.parametrize("archive", [Archive(DAY), used(DAY)])
def test_a_day_whose_number_a_later_one_bears_is_not_told(archive: Archive, local: datetime, gone: list[str]) -> None:
    reading = read("set-4tm.03", archive, 31, at(local))
    days = [DAY.label(record.start) for record in reading.records]
    assert len({record.start.day for record in reading.records}) == len(days) == 31 - len(gone)
    assert [absent.what for absent in reading.absent] == gone
    assert all("by their number in the month" in absent.reason for absent in reading.absent)
    if archive.kind is ArchiveKind.START:
        totals = [record.registers[0].amount for record in reading.records]
        assert totals == sorted(totals)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        (["01", "02", "81"], "arrays: the request 05 names those from 01 to 05 alone"),
        (["01", "02"], "arrays: supports.consumption_months is promised, and none of them keeps it"),
    ],
)
def test_a_profile_whose_arrays_cannot_be_is_told(arrays: list[str], says: str) -> None:
    profile = library().get("set-4tm.02")
    assert problems_of(profile) == []
    assert says in problems_of(replace(profile, driver_table={**profile.driver_table, "arrays": arrays}))


# --- the edge -----------------------------------------------------------------------------------------------------


def test_a_month_that_begins_while_it_is_read_is_no_month_of_last_year() -> None:
    """At 23:59:59 of 31 July the record of August is that of a year ago; a second later it is not."""
    reading = read("set-4tm.03", Archive(MONTH), 12, at(datetime(2025, 7, 31, 23, 59, 59)))
    assert reading.records[-1].start == date(2025, 8, 1)
    assert reading.records[0].start == date(2024, 9, 1)


@pytest.mark.parametrize("archive", [Archive(YEAR), used(YEAR), used(DAY)])
def test_a_year_that_begins_while_it_is_read_is_read_again(archive: Archive) -> None:
    reading = read("set-4tm.03", archive, 2, at(datetime(2025, 12, 31, 23, 59, 59)))
    last, this = reading.records
    assert this.start == date(2026, 1, 1)
    assert last.start == (date(2025, 1, 1) if archive.span is YEAR else date(2026, 1, 1) - timedelta(days=1))
    if archive.kind is ArchiveKind.CONSUMPTION:
        assert this.registers[0].amount < Decimal("0.01") < last.registers[0].amount
