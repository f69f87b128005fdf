"""What is said about tariffs, holidays, days of the week and months."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from meterlink.cli.archive import show_records
from meterlink.flow import Flow
from meterlink.model import (
    Archive,
    ArchiveReading,
    ArchiveRecord,
    ArchiveSpan,
    Direction,
    EnergyValue,
    Holidays,
    MeterTime,
    Quantity,
    TariffMode,
)
from meterlink.tariff import Zone, preset
from meterlink.tariff_words import beyond_force, matching_plans, tariff_words, zones_of
from meterlink_mercury200 import flows
from tests.cli.program import AT, run

TWO, THREE = preset("ru-household-2"), preset("ru-household-3")
DRIVER = "meterlink_mercury200.driver.Mercury200"


def told(in_force: int | None, current: int | None, plan: Any = THREE) -> str:
    mode = TariffMode(tariffs_in_force=in_force, current_tariff=current)
    return "\n".join(tariff_words(mode, plan.schedule, matching_plans(plan.schedule)))


def test_all_tariffs_in_force() -> None:
    assert told(3, 2).endswith("T2 = night now")
    assert beyond_force(THREE.schedule, 3) == ()


def test_one_tariff_in_force_makes_the_schedule_idle() -> None:
    text = told(1, 1)
    assert "only T1 counts: one tariff is in force, so the schedule below has no effect" in text
    assert "= peak now" not in text


def test_fewer_tariffs_in_force_than_the_schedule_uses() -> None:
    text = told(2, 1)
    assert "the schedule below uses T3, and only 2 tariffs are in force" in text
    assert "now\n" in text
    assert not text.endswith("= peak now")


def test_what_is_not_known_is_said() -> None:
    assert "how many tariffs are in force is not known; which one counts now is not known" in told(None, None)


def test_plans_that_disagree_say_nothing() -> None:
    other = replace(TWO, zones={"T1": Zone.NIGHT, "T2": Zone.DAY})
    assert zones_of([TWO, TWO]) == {"T1": "day", "T2": "night"}
    assert zones_of([TWO, other]) == {}
    mode = TariffMode(tariffs_in_force=2, current_tariff=1)
    assert list(tariff_words(mode, TWO.schedule, (TWO, other))) == ["2 tariffs in force; T1 counts now"]


def test_one_tariff_in_force_on_a_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    def mode(_target: Any) -> Flow[TariffMode]:
        return TariffMode(tariffs_in_force=1, current_tariff=1)
        yield

    monkeypatch.setattr(f"{DRIVER}.read_tariff_mode", staticmethod(mode))
    for words in ((), ("--json",)):
        ended = run("tariff", "show", "--port", AT, *words)
        assert "only T1 counts: one tariff is in force" in ended.out
        assert "T1 = day now" not in ended.out


def test_holidays_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def holidays(_target: Any) -> Flow[Holidays]:
        return Holidays(days=((1, 1), (5, 9)))
        yield

    monkeypatch.setattr(f"{DRIVER}.read_holidays", staticmethod(holidays))
    assert run("tariff", "show", "--port", AT, "--json").document["holidays"] == ["01-01", "05-09"]
    assert "holidays in the meter: 01-01, 05-09" in run("tariff", "show", "--port", AT).out


def test_a_day_of_the_week_that_cannot_be_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def clock(target: Any) -> Flow[MeterTime]:
        time = yield from flows.read_clock(target)
        return replace(time, weekday=3)

    assert not any("Wednesday" in note for note in run("clock", "show", "--port", AT, "--json").document["notes"])
    monkeypatch.setattr(f"{DRIVER}.read_clock", staticmethod(clock))
    said = "the meter says Wednesday, and 2025-07-21 is a Monday"
    assert any(note.startswith(said) for note in run("clock", "show", "--port", AT, "--json").document["notes"])
    assert f"note: {said}" in run("clock", "show", "--port", AT).out


def value(register: str, kwh: str) -> EnergyValue:
    return EnergyValue(
        quantity=Quantity.ACTIVE, direction=Direction.IMPORT, register=register, amount=Decimal(kwh), raw=""
    )


def test_months_stay_in_their_columns_where_a_register_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    full = ArchiveRecord(start=date(2025, 6, 1), registers=(value("T1", "1.00"), value("T2", "2.00")))
    half = ArchiveRecord(start=date(2025, 7, 1), registers=(value("T2", "3.00"),))
    at = datetime(2025, 7, 21, tzinfo=UTC)
    show_records(ArchiveReading(archive=Archive(ArchiveSpan.MONTH), records=(full, half), read_at=at))
    head, _, row = capsys.readouterr().out.splitlines()
    assert row.index("3.00") + len("3.00") == head.index("T2, kWh") + len("T2, kWh")


def test_the_demo_has_the_warnings_of_its_document() -> None:
    document = run("demo", "--folder", "first", "--json").document
    shown = run("demo", "--folder", "second").out
    warnings = [warning["text"] for warning in document["visit"]["warnings"]]
    assert len(warnings) > 1
    assert all(f"! {warning}" in shown for warning in warnings)
