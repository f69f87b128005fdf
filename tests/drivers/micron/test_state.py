"""The state word and further facts in words; journals from the newest record back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from meterlink.errors import NoPasswordError, NotSupportedError, RefusedError
from meterlink.model import StatusReading
from meterlink.testing import transcript
from meterlink_micron import DRIVER
from meterlink_micron.errors import InternalError
from meterlink_micron.models import JOURNALS, table_of
from meterlink_micron.sim import Behaviour
from tests.drivers.micron.scene import sealed, target_of
from tests.drivers.micron.still import MODELS, STILL, met

FAULTY = Behaviour(errors=frozenset({1, 3, 15}))


def facts(reading: StatusReading) -> dict[str, tuple[str, bool]]:
    return {value.name: (value.value, value.alarm) for value in reading.values}


@pytest.mark.parametrize("model", MODELS)
def test_a_healthy_meter_raises_no_alarm(model: str) -> None:
    talk, _, target = met(model)
    told = facts(talk.run(DRIVER.read_status(target)))
    assert not any(alarm for _, alarm in told.values())
    assert told["last soft correction"][0] == "done"
    assert told["temperature"][0] == "23"
    assert ("battery voltage" in told) == ("seb" in model)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("seb-1tm.02", "clock battery low, clock stopped, moved days checksum, calibration memory write-protected"),
        ("set-4tm.03", "clock battery low, clock stopped, slice pointer, calibration memory write-protected"),
        ("seb-1tm.02m", "E-01, E-03, E-15, E-40"),
    ],
)
def test_errors_have_the_names_of_the_model(model: str, words: str) -> None:
    """Where nobody has published the layout they are told by number."""
    talk, _, target = met(model, replace(FAULTY, errors=FAULTY.errors | {40}))
    assert facts(talk.run(DRIVER.read_status(target)))["state"] == (words, True)


@pytest.mark.parametrize(("volts", "alarm"), [("01 31", False), ("01 03", True)])
def test_a_battery_that_is_nearly_empty_is_an_alarm(volts: str, alarm: bool) -> None:
    target = target_of("seb-1tm.01", "5", None)
    answers = {
        "08 0A": "00 00 00 00 80",
        "08 11 1C": f"00 {volts}",
        "08 18 01": "00 00",
        "08 19": "00 00 00 00 00 00 00",
        "08 02": "00 01 00 01 00 00 00 00 00 00",
        "08 01": "00 FB",
    }
    exchanges = [(sealed(f"05 {asked}"), sealed(f"05 {told}")) for asked, told in answers.items()]
    with transcript(DRIVER, target, exchanges) as talk:
        told = facts(talk.run(DRIVER.read_status(target)))
    assert told["battery voltage"] == ("3.05" if not alarm else "2.59", alarm)
    assert told["temperature"] == ("-5", False)
    assert told["last parametrisation"] == ("never", False)


def test_a_correction_that_runs_is_told() -> None:
    talk, meter, target = met("seb-1tm.02")
    meter.memory.run_clock_by(-60, STILL.started_at)
    assert facts(talk.run(DRIVER.read_status(target)))["last soft correction"][0] == "running"


def test_what_the_meter_refuses_is_absent_and_the_rest_is_there() -> None:
    talk, _, target = met("seb-1tm.02", Behaviour(refuses={b"\x08\x0a": 1, b"\x08\x19": 2}))
    reading = talk.run(DRIVER.read_status(target))
    assert {part.what for part in reading.absent} == {"state", "last parametrisation"}
    assert len(reading.values) == 6


# --- journals ---------------------------------------------------------------------------------------------------------


def test_the_newest_event_comes_first() -> None:
    talk, meter, target = met("seb-1tm.02")
    local = STILL.local.replace(microsecond=0)
    meter.memory.note(0x01, local - timedelta(hours=5), local - timedelta(hours=4))
    reading = talk.run(DRIVER.read_journal(target, "power", 10))
    assert [(event.index, event.event, event.at) for event in reading.events] == [
        (0, "power on", local - timedelta(hours=4)),
        (0, "power off", local - timedelta(hours=5)),
        (1, "power on", datetime(2025, 7, 18, 11, 5, 9)),
        (1, "power off", datetime(2025, 7, 18, 9, 5, 9)),
    ]
    assert reading.absent == ()


def test_an_event_that_is_not_over_has_no_end() -> None:
    talk, meter, target = met("seb-1tm.02")
    meter.memory.note(0x0A, STILL.local.replace(microsecond=0), None)
    events = talk.run(DRIVER.read_journal(target, "cover", 10)).events
    assert [event.event for event in events] == ["cover opened"]


def test_wrong_passwords_are_counted_by_the_day() -> None:
    talk, meter, target = met("seb-1tm.02")
    meter.inside.wrong_passwords += [STILL.local.replace(microsecond=0)] * 2
    (event,) = talk.run(DRIVER.read_journal(target, "passwords", 10)).events
    assert event.event == "wrong password, 2 that day"


@pytest.mark.parametrize("model", MODELS)
def test_each_journal_of_each_model_is_read(model: str) -> None:
    talk, _, target = met(model)
    names = DRIVER.journals(target.profile)
    assert set(names) == set(table_of(target.profile).journals)
    for name in names:
        talk.run(DRIVER.read_journal(target, name, 1))
    for name in set(JOURNALS) - set(names):
        with pytest.raises(NotSupportedError):
            talk.run(DRIVER.read_journal(target, name, 1))


def test_records_are_asked_for_by_the_short_code_where_there_is_no_other() -> None:
    talk, meter, target = met("set-4tm.01")
    talk.run(DRIVER.read_journal(target, "power", 3))
    assert {call.name for call in meter.calls()} == {"read journal"}
    assert [call.asked.told()["record"] for call in meter.calls()] == [9, 8, 7]


def test_a_place_that_holds_no_date_is_passed_over() -> None:
    """What an empty place holds is not published."""
    target = target_of("seb-1tm.02", "5", None)
    record = "31 30 15 01 02 09 02"
    exchanges = [
        (sealed("05 09 01 09"), sealed("05" + " FF" * 14)),
        (sealed("05 09 01 08"), sealed(f"05 {record} {record}")),
    ]
    with transcript(DRIVER, target, exchanges) as talk:
        events = talk.run(DRIVER.read_journal(target, "power", 2)).events
    assert [(event.index, event.at) for event in events] == [(1, datetime(2002, 9, 2, 15, 30, 31))] * 2


@pytest.mark.parametrize(("status", "untold"), [("01", []), ("02", ["records from 1 on"])])
def test_records_end_with_the_first_that_is_refused(status: str, untold: list[str]) -> None:
    """A meter that knows no such record has no more of them; any other refusal is told."""
    target = target_of("seb-1tm.02", "5", None)
    record = "31 30 15 01 02 09 02"
    exchanges = [
        (sealed("05 09 01 09"), sealed(f"05 {record} {record}")),
        (sealed("05 09 01 08"), sealed(f"05 {status}")),
    ]
    with transcript(DRIVER, target, exchanges) as talk:
        reading = talk.run(DRIVER.read_journal(target, "power", 3))
    assert [event.index for event in reading.events] == [0, 0]
    assert [part.what for part in reading.absent] == untold


@pytest.mark.parametrize(("status", "error"), [("02", InternalError), ("05", NoPasswordError)])
def test_a_journal_without_its_newest_record_is_no_reading(status: str, error: type[RefusedError]) -> None:
    target = target_of("seb-1tm.02", "5", None)
    exchange = (sealed("05 09 01 09"), sealed(f"05 {status}"))
    with transcript(DRIVER, target, [exchange]) as talk, pytest.raises(error):
        talk.run(DRIVER.read_journal(target, "power", 3))


def test_a_journal_that_the_firmware_lacks_is_told_as_lacking() -> None:
    talk, _, target = met("seb-1tm.02", Behaviour(refuses={b"\x09": 1}))
    with pytest.raises(NotSupportedError, match="does not know the command"):
        talk.run(DRIVER.read_journal(target, "power", 3))
