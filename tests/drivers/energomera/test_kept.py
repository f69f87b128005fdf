"""What a meter has kept: months, days, journals."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from meterlink.errors import (
    LinkError,
    NotSupportedError,
    OtherModelError,
    RefusedError,
    WireError,
)
from meterlink.model import Absent, Archive, ArchiveSpan, EnergyValue
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import FAULTS, parse_faults, wrap
from meterlink.testing import START, dialogue, pair
from meterlink_energomera import DRIVER
from meterlink_energomera.sim import Behaviour, simulate
from tests.drivers.energomera.meters import (
    CE102M,
    CE301,
    CE6850M,
    FULL,
    STILL,
    ZONES,
    check,
    frames_heard,
    met,
    target_of,
)
from tests.shipped import library

WITHOUT_ADDRESS = sorted(set(FAULTS) - {"wrong-address"})


def total(registers: tuple[EnergyValue, ...]) -> Decimal:
    assert registers[0].register == "total"
    return registers[0].amount


def test_the_archive_gives_the_registers_at_the_start_of_each_month() -> None:
    talk, _ = pair(DRIVER, CE301, replace(ZONES, energy_kwh=(Decimal(6000), Decimal(2000), Decimal(900), Decimal(0))))
    reading = talk.run(DRIVER.read_archive(CE301, Archive(ArchiveSpan.MONTH), 4))
    assert [record.start for record in reading.records] == [date(2025, month, 1) for month in (4, 5, 6, 7)]
    totals = [record.registers[0].amount for record in reading.records]
    assert totals == sorted(totals)
    assert len(set(totals)) == 4


@pytest.mark.parametrize(
    ("span", "today", "labels"),
    [
        (ArchiveSpan.MONTH, date(2026, 1, 31), ["2025-11", "2025-12", "2026-01"]),
        (ArchiveSpan.DAY, date(2024, 3, 1), ["2024-02-28", "2024-02-29", "2024-03-01"]),
    ],
)
def test_the_last_months_and_days_go_back_over_the_turn_of_the_year_and_leap_days(
    span: ArchiveSpan, today: date, labels: list[str]
) -> None:
    assert [span.label(start) for start in span.starts(today, 3)] == labels


def test_a_month_that_is_not_kept_is_absent_and_not_zero() -> None:
    for model, how in (("ce301", "ERR18"), ("ce301by", "an empty block")):
        target = target_of(model)
        talk, _ = pair(DRIVER, target, STILL)
        reading = talk.run(DRIVER.read_archive(target, Archive(ArchiveSpan.MONTH), 40))
        assert len(reading.records) < 40, how
        assert Absent(what="2022-05", reason="the archive holds nothing of that month") in reading.absent


def test_a_303_tells_a_month_by_the_last_day_before_it() -> None:
    target = target_of("ce303")
    talk, meter = met(target, Behaviour(), replace(FULL, clock_error=timedelta(days=-10)))
    (june, july) = talk.run(DRIVER.read_archive(target, Archive(ArchiveSpan.MONTH), 2)).records
    asked = [raw[4:19] for raw in frames_heard(meter) if raw[4:9] == b"ENDPE"]
    assert asked == [b"ENDPE(31.05.25)", b"ENDPE(30.06.25)"]
    assert [record.start for record in (june, july)] == [date(2025, 6, 1), date(2025, 7, 1)]
    assert total(july.registers) - total(june.registers) == Decimal("423.36")  # 30 days of 588 W


def test_a_102m_tells_the_totals_of_twelve_months() -> None:
    talk, meter = met(CE102M, Behaviour(), FULL)
    reading = talk.run(DRIVER.read_archive(CE102M, Archive(ArchiveSpan.MONTH), 14))
    assert [record.start for record in reading.records][-1] == date(2025, 7, 1)
    assert len(reading.records) == 12
    assert {len(record.registers) for record in reading.records} == {1}
    assert [raw[4:12] for raw in frames_heard(meter) if raw[4:7] == b"ENM"] == [
        b"ENM%02d(1)" % n for n in range(12, 0, -1)
    ]
    assert [absent.what for absent in reading.absent] == ["2024-06", "2024-07"]


@pytest.mark.parametrize("before_s", [x / 2 for x in range(12)])
def test_months_that_are_counted_back_are_never_told_under_another_month(before_s: float) -> None:
    """ENM01 is another month as soon as the month is over, also between two questions."""
    month_end = datetime(2025, 8, 1) - datetime(2025, 7, 21, 14, 5, 9)
    state = replace(FULL, clock_error=month_end - timedelta(seconds=before_s))
    told = met(CE102M, Behaviour(), state)[0].run(DRIVER.read_archive(CE102M, Archive(ArchiveSpan.MONTH), 4)).records
    for before, after in pairwise(told):
        grown = total(after.registers) - total(before.registers)
        assert abs(grown - Decimal("14.112") * (after.start - before.start).days) < 1, "588 W all along"
    assert len(told) >= 3


@pytest.mark.parametrize("model", ["ce303", "ce301by"])
def test_days_are_told_by_date_and_a_day_that_is_not_kept_is_absent(model: str) -> None:
    target = target_of(model)
    talk, _ = met(target, Behaviour(), FULL)
    reading = talk.run(DRIVER.read_archive(target, Archive(ArchiveSpan.DAY), 50))
    assert reading.records[-1].start == date(2025, 7, 21)
    totals = [total(record.registers) for record in reading.records]
    assert {later - earlier for earlier, later in pairwise(totals)} == {Decimal("14.112")}
    assert len(reading.records) == 45
    assert Absent(what="2025-06-06", reason="the archive holds nothing of that day") in reading.absent


@pytest.mark.parametrize("model", ["ce301", "ce102m", "ce6850m"])
def test_no_archive_of_days_is_guessed_at(model: str) -> None:
    target = target_of(model)
    talk, meter = met(target, Behaviour(), FULL)
    with pytest.raises(NotSupportedError, match=r"no energy_days: .* not known"):
        talk.run(DRIVER.read_archive(target, Archive(ArchiveSpan.DAY), 3))
    assert not meter.log, "refused before any byte"


def test_the_programming_journal_tells_groups_and_password() -> None:
    entry = str(1 << 0 | 1 << 4 | 3 << 12)
    talk, _ = met(CE6850M, Behaviour(answers={"ACCES": [f"21-07-25-14-05-{entry}", "00-00-00-00-00-0", "x"]}))
    journal = talk.run(DRIVER.read_journal(CE6850M, "parametrisation", 5))
    (event,) = journal.events
    assert event.at == datetime(2025, 7, 21, 14, 5)
    assert event.event == "clock, tariff schedule written, password 3"
    assert [absent.what for absent in journal.absent] == ["record 2"]


@pytest.mark.parametrize(
    ("parameter", "bits", "words"),
    [
        ("PHASE", 1024, "bit 10"),
        ("PHASE", 512 | 1024, "meter off, bit 10"),
        ("PHASE", 0, "no deviation any more"),
        ("ACCES", 2048, "bit 11 written, password 0"),
        ("ACCES", 2 << 12, "nothing written, password 2"),
    ],
)
def test_a_bit_that_nobody_explains_is_told_by_its_number(parameter: str, bits: int, words: str) -> None:
    journal = {"PHASE": "power", "ACCES": "parametrisation"}[parameter]
    talk, _ = met(CE6850M, Behaviour(answers={parameter: [f"21-07-25-14-05-{bits}"]}))
    (event,) = talk.run(DRIVER.read_journal(CE6850M, journal, 1)).events
    assert event.event == words


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("fault", WITHOUT_ADDRESS)
def test_days_are_right_under_faults_or_not_told(fault: str, seed: int) -> None:
    target = target_of("ce303")
    truth, _ = pair(DRIVER, target, STILL)
    wire = wrap(VirtualBus([simulate(target.profile, STILL)]), parse_faults(f"{fault}:0.15"), seed)
    talk = dialogue(DRIVER, target, wire)
    with suppress(LinkError, WireError, RefusedError, OtherModelError):
        days = talk.run(DRIVER.read_archive(target, Archive(ArchiveSpan.DAY), 3))
        told = [(record.start, value) for record in days.records for value in record.registers]
        true = truth.run(DRIVER.read_archive(target, Archive(ArchiveSpan.DAY), 3))
        check(tuple(told), days.absent, tuple((one.start, value) for one in true.records for value in one.registers))


def test_the_meter_notes_by_itself_what_was_done_to_it() -> None:
    talk, meter = met(CE6850M, Behaviour(), STILL)
    meter.memory.write("TRSUM", "0", START + 60)
    meter.memory.write("GRF01", "07:00:01", START + 120)
    meter.memory.write("CTIME", "", START + 180)
    told = {
        name: [(event.at, event.event) for event in talk.run(DRIVER.read_journal(CE6850M, name, 3)).events]
        for name in DRIVER.journals(CE6850M.profile)
    }
    assert [words for _, words in told["parametrisation"]] == [
        "clock written, password 0",
        "tariff schedule written, password 0",
        "clock written, password 0",
    ]
    assert [words for _, words in told["power"]] == ["no deviation any more", "meter off"]
    assert [words for _, words in told["state"]] == ["clock was corrected"]
    assert told["clock"] == [(datetime(2025, 7, 21, 14, 8), "the clock was corrected by -9 s")]


@pytest.mark.parametrize("model", ["ce301", "ce301by", "ce303", "ce102m"])
def test_a_model_that_publishes_no_journals_has_none(model: str) -> None:
    assert DRIVER.journals(library().get(model)) == {}
    target = target_of(model)
    with pytest.raises(NotSupportedError, match="not published"):
        pair(DRIVER, target, STILL)[0].run(DRIVER.read_journal(target, "power", 5))
