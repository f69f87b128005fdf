"""What happens when a part of a reading fails: one rule for every command. And the one moment of a reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from meterlink.errors import MeterlinkError, NoAnswerError, NotSupportedError, WrongChecksumError
from meterlink.flow import Flow
from meterlink_mercury200 import flows
from tests.cli.program import AT, run

NO_ANSWER = NoAnswerError(address="925646", port="sim", request="it", tries=3)
DAMAGED = WrongChecksumError(address="925646", port="sim", request="it", raw="00", why="wrong checksum")
LACKING = NotSupportedError(model="mercury-200.02", capability="it", why="made without")

Break = Callable[..., None]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Lets readings of the driver fail."""

    def break_(error: MeterlinkError, *readings: str) -> None:
        def fail(*_args: object) -> Flow[Any]:
            raise error
            yield

        for reading in readings:
            monkeypatch.setattr(f"meterlink_mercury200.driver.Mercury200.{reading}", staticmethod(fail))

    return break_


@pytest.mark.parametrize(("error", "code"), [(NO_ANSWER, 3), (DAMAGED, 5)], ids=["no answer", "damaged"])
def test_without_its_main_thing_a_command_tells_the_rest_and_fails(
    error: MeterlinkError, code: int, broken: Break
) -> None:
    broken(error, "read_schedule")
    ended = run("tariff", "show", "--port", AT, "--json")
    document = ended.document
    assert (ended.code, document["tariffs_in_force"], document["current_tariff"]) == (code, 2, "T1")
    assert (document["schedule"], document["holidays"]) == (None, [])
    assert {"what": "schedule", "reason": str(error)} in document["absent"]
    people = run("tariff", "show", "--port", AT)
    assert people.code == code
    assert "2 tariffs in force; T1 counts now" in people.out
    assert f"not there: schedule ({error})" in people.out
    assert f"error: {error}" in people.err


@pytest.mark.parametrize("reading", ["read_tariff_mode", "read_holidays"])
def test_a_part_beside_the_main_thing_may_fail(reading: str, broken: Break) -> None:
    broken(DAMAGED, reading)
    ended = run("tariff", "show", "--port", AT, "--json")
    assert (ended.code, ended.err) == (0, "")
    assert str(DAMAGED) in [each["reason"] for each in ended.document["absent"]]
    assert ended.document["schedule"] is not None


def test_what_the_model_lacks_is_no_failure(broken: Break) -> None:
    broken(LACKING, "read_schedule")
    ended = run("tariff", "show", "--port", AT, "--json")
    assert ended.code == 0
    assert {"what": "schedule", "reason": "made without"} in ended.document["absent"]


@pytest.mark.parametrize(
    ("others", "code"), [(NO_ANSWER, 3), (LACKING, 6)], ids=["no answer", "a model without tariffs"]
)
def test_where_nothing_is_read_there_is_only_the_error(others: MeterlinkError, code: int, broken: Break) -> None:
    broken(LACKING, "read_tariff_mode")
    broken(others, "read_schedule", "read_holidays")
    ended = run("tariff", "show", "--port", AT, "--json")
    assert (ended.code, ended.document["error"]["exit_code"]) == (code, code)
    assert run("tariff", "show", "--port", AT).out == ""


@pytest.mark.parametrize(("reading", "words"), [("read_energy", ("energy", "read")), ("read_dst", ("dst", "show"))])
def test_a_command_of_one_thing_has_only_the_error(reading: str, words: tuple[str, ...], broken: Break) -> None:
    broken(DAMAGED, reading)
    ended = run(*words, "--port", AT, "--json")
    assert (ended.code, ended.document["error"]["kind"]) == (5, "WrongChecksumError")


@pytest.mark.parametrize("error", [NO_ANSWER, DAMAGED], ids=["no answer", "damaged"])
def test_a_journal_that_fails_leaves_the_others_readable(
    error: MeterlinkError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(target: Any, journal: str, most: int) -> Flow[Any]:
        if journal == "cover":
            raise error
        return (yield from flows.read_journal(target, journal, most))

    monkeypatch.setattr("meterlink_mercury200.driver.Mercury200.read_journal", staticmethod(read))
    ended = run("journal", "read", "--port", AT, "--json")
    assert ended.code == 0
    assert [each["journal"] for each in ended.document["journals"]] == ["power", "parametrisation"]
    assert {"what": "journal cover", "reason": str(error)} in ended.document["absent"]
    assert run("journal", "read", "cover", "--port", AT).code == error.exit_code


def test_where_no_journal_is_read_there_is_only_the_error(broken: Break) -> None:
    broken(NO_ANSWER, "read_journal")
    ended = run("journal", "read", "--port", AT, "--json")
    assert (ended.code, ended.document["error"]["kind"]) == (3, "NoAnswerError")


def test_an_unknown_journal_is_told_before_the_port_is_opened() -> None:
    words = ("journal", "read", "powr", "--port", "/nowhere/ttyUSB7", "--model", "mercury-206", "--address", "5")
    ended = run(*words)
    assert ended.code == 2
    assert "did you mean power?" in ended.err
    assert "power, cover, parametrisation" in ended.err


# --- one moment -----------------------------------------------------------------------------------------------------

BEGIN = datetime.fromisoformat("2025-07-21T14:05:09.500+03:00")
LATE = AT.replace("14:05:09", "14:05:09.500")
READS = (
    ("energy", "read"),
    ("instant", "read"),
    ("clock", "show"),
    ("dst", "show"),
    ("tariff", "show"),
    ("archive", "read"),
    ("journal", "read"),
    ("meter", "info"),
)


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_people_and_programs_are_told_one_moment(words: tuple[str, ...]) -> None:
    read_at = datetime.fromisoformat(run(*words, "--port", LATE, "--json").document["read_at"])
    assert f", {read_at:%Y-%m-%d %H:%M:%S} UTC\n" in run(*words, "--port", LATE).out
    assert 0 < (read_at - BEGIN).total_seconds() < 3  # a schedule of 98 records takes longer


def test_the_moment_is_that_of_the_reading_and_not_of_its_end() -> None:
    read_at = run("archive", "read", "--port", LATE, "--trace", "t.jsonl", "--json").document["read_at"]
    frames = [json.loads(line) for line in Path("t.jsonl").read_text(encoding="utf-8").splitlines()]
    clock = next(
        frame for frame in frames if frame["direction"] == "in" and frame["frame"].startswith("00 0E 1F CE 21")
    )
    seen = datetime.fromisoformat(clock["at"])
    assert abs((datetime.fromisoformat(read_at) - seen).total_seconds()) < 0.002
    last = datetime.fromisoformat(frames[-1]["at"])
    assert f"{last:%H:%M:%S}" != f"{seen:%H:%M:%S}"  # else the test above would see nothing


def test_the_trace_tells_the_moment_of_each_frame() -> None:
    run("energy", "read", "--port", AT, "--trace", "t.jsonl")
    moments = [json.loads(line)["at"] for line in Path("t.jsonl").read_text(encoding="utf-8").splitlines()]
    assert moments == sorted(moments)
    assert all(moment.startswith("2025-07-21T11:05:09.") and moment.endswith("+00:00") for moment in moments)
