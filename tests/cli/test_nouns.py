"""What each command tells people: tables with units, and sentences."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from meterlink.cli import output
from meterlink.cli.main import program
from meterlink.cli.output import Progress
from meterlink.context import Note, Traced
from tests.cli.program import AT, SIM, run


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    words: tuple[str, ...]
    says: tuple[str, ...]


CASES = (
    Case(
        name="energy with units, and what the meter lacks with the reason",
        words=("energy", "read", "--port", AT),
        says=(
            "mercury-200.02 (as given), serial number 06925646, address 925646, 2025-07-21 11:05:09 UTC",
            "T1        active import   621.42  kWh",
            "not there: total (the meter keeps no total; it is the sum of its tariffs)",
        ),
    ),
    Case(
        name="reactive energy in its own unit",
        words=("energy", "read", "--port", "sim:mercury-206"),
        says=("T1        reactive import   215.01  kvarh",),
    ),
    Case(
        name="the moment",
        words=("instant", "read", "--port", AT),
        says=("voltage       235.8  V", "current        2.64  A", "active power    588  W"),
    ),
    Case(
        name="a clock an hour ahead",
        words=("clock", "show", "--port", f"{AT}&clock_error_s=3614", "--tz", "Europe/Moscow"),
        says=("2025-07-21 15:05:23, Monday", "2025-07-21 14:05:09 MSK", "meter is 1 h 00 min 14 s ahead"),
    ),
    Case(
        name="a clock that is right",
        words=("clock", "show", "--port", AT, "--tz", "+03:00"),
        says=("meter is right within 1 s",),
    ),
    Case(
        name="a clock without the zone of its place",
        words=("clock", "show", "--port", AT),
        says=("2025-07-21 14:05:09, Monday", "no error is computed: give --tz"),
    ),
    Case(
        name="summer time on",
        words=("dst", "show", "--port", f"{SIM}?dst=on"),
        says=("the meter changes between winter and summer time by itself", "note: a flag only"),
    ),
    Case(
        name="summer time off",
        words=("dst", "show", "--port", SIM),
        says=("the meter does not change between winter and summer time",),
    ),
    Case(
        name="three tariffs in words and as a picture",
        words=("tariff", "show", "--port", "sim:mercury-200.02?at=2025-07-21T23:30:00+03:00&schedule=ru-household-3"),
        says=(
            "3 tariffs in force; T2 counts now",
            "this is ru-household-3: T1 = peak, T2 = night, T3 = half-peak",
            "T2 = night now",
            "│222222222222221111113333333333333311111111333322│",
            "00:00 T2 | 07:00 T1 | 10:00 T3 | 17:00 T1 | 21:00 T3 | 23:00 T2",
            "holidays in the meter: none",
        ),
    ),
    Case(
        name="one tariff",
        words=("tariff", "show", "--port", f"{SIM}?schedule=ru-household-1"),
        says=("1 tariff in force; T1 counts now", "T1 = single now"),
    ),
    Case(
        name="the archive by month",
        words=("archive", "read", "--port", AT, "--months", "2"),
        says=("start of month  T1, kWh", "2025-06-01", "2025-07-01"),
    ),
    Case(
        name="the archive by day",
        words=("archive", "read", "--port", "sim:ce303?at=2025-07-21T14:05:09+03:00", "--days", "2"),
        says=("start of day  total, kWh", "2025-07-20", "2025-07-21"),
    ),
    Case(
        name="the archive by year",
        words=("archive", "read", "--port", "sim:set-4tm.03?at=2025-07-21T14:05:09+03:00", "--years", "1"),
        says=("start of year  total, kWh", "2025-01-01", "T1 export, kWh", "T1, kvarh"),
    ),
    Case(
        name="what was used on a day",
        words=("archive", "read", "--consumption", "--days", "1", "--port", "sim:psch-4tm.05?at=2025-07-21T14:05:09Z"),
        says=("used in the day from  total, kWh", "2025-07-21"),
    ),
    Case(
        name="all journals",
        words=("journal", "read", "--port", AT),
        says=("power: power on and off", "2025-06-11 14:05:09  power on", "cover: terminal cover", "no records"),
    ),
    Case(name="one journal", words=("journal", "read", "power", "--last", "1", "--port", AT), says=("power on",)),
    Case(
        name="who it is",
        words=("meter", "info", "--port", AT),
        says=(
            "Mercury 200.02",
            "serial number  06925646",
            "battery voltage        3.05",
            "not there: cover last opened",
        ),
    ),
    Case(
        name="frames in words",
        words=("decode", "mercury200", "0006475E63ECD4", "00 06 47 5E 63 23 58 02 64 00 05 88 45 C6"),
        says=("request: read voltage, current, power, checksum right", "voltage_v       235.8"),
    ),
    Case(name="models to simulate", words=("sim", "list"), says=("mercury-200.02", "9600 8N1", "lost-reply")),
    Case(name="models", words=("profiles", "list"), says=("mercury-206", "Меркурий 206")),
    Case(
        name="one model",
        words=("profiles", "show", "mercury-200.02"),
        says=(
            "reading_needs",
            "points_per_day  8",
            "model_code  2",
            "\nenergy                   yes  capture\n    section 7.2: m200-mrkrasser-27",
            "\nreactive_energy          no   guess\n    a Mercury 200 is not known to answer 85h\n    section 6.5",
            "those of docs/protocols/mercury200.md",
        ),
    ),
    Case(name="profiles without mistakes", words=("profiles", "lint"), says=("no mistakes",)),
    Case(name="drivers", words=("drivers",), says=("mercury200", "meterlink_mercury200:DRIVER", "capabilities")),
    Case(name="version", words=("--version",), says=("meterlink 0.",)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_people_are_told(case: Case) -> None:
    ended = run(*case.words)
    assert (ended.code, ended.err) == (0, "")
    for text in case.says:
        assert text in ended.out


def test_the_demo_is_a_whole_visit() -> None:
    ended = run("demo", "--folder", "demo")
    assert ended.code == 0
    assert [line.partition(":")[0] for line in ended.err.splitlines()] == ["writing"] * 4
    for text in (
        "meter 06925646 (mercury-200.02), address 925646",
        "clock: meter is 1 h 00 min 14 s ahead",
        "energy: T1 15621.42 kWh, T2 6208.34 kWh",
        "automatic change to summer time off: on -> off: written and verified by reading back",
        "1 h 00 min 14 s ahead -> right: written and verified by reading back",
        "ru-household-1 -> ru-household-2: written and verified by reading back",
        "1 tariff -> 2 tariffs: written and verified by reading back",
        "00:00 T2 | 07:00 T1 | 23:00 T2",
        "energy registers: never written",
        "work DEMO-1/1: done",
        "The sealed log is whole",
    ):
        assert text in ended.out
    acts = sorted(each.name for each in Path("demo").glob("act-*"))
    assert acts == ["act-DEMO-1-1.html", "act-DEMO-1-1.pdf"]


def test_the_demo_speaks_russian() -> None:
    ended = run("demo", "--folder", "demo", "--lang", "ru")
    assert ended.code == 0
    assert "часы прибора спешат на 1 ч 00 мин 14 с" in ended.out
    assert "работа DEMO-1/1: выполнено" in ended.out
    told = re.sub(r"meterlink .*|/\S*|demo|ru-household-[0-9]|mercury-200", "", ended.out + ended.err)
    assert re.findall(r"\b[A-Za-z]*[a-z]{3,}\b", told) == [], "nothing of it is English"


def test_two_demos_are_alike() -> None:
    def told(folder: str) -> str:
        return re.sub(rf"{folder}\b|audit/[0-9a-f]{{8}}", "-", run("demo", "--folder", folder).out)

    assert told("demo-1") == told("demo-2")


def test_the_demo_leaves_a_folder_that_is_there_alone() -> None:
    Path("demo").mkdir()
    ended = run("demo", "--folder", "demo")
    assert ended.code == 2
    assert "there is such a folder already" in ended.err
    assert list(Path("demo").iterdir()) == []


def test_options_may_stand_before_the_noun_and_behind_the_verb_and_the_last_wins() -> None:
    before = run("--port", AT, "--json", "energy", "read").document
    behind = run("energy", "read", "--json", "--port", AT).document
    assert before == behind
    both = run("--port", "sim:mercury-206", "--tz", "UTC", "energy", "read", "--json", "--port", AT)
    assert both.document["meter"]["model"] == "mercury-200.02"


def test_a_part_that_does_not_answer_is_absent_with_the_reason_and_never_0() -> None:
    ended = run("energy", "read", "--port", SIM, "--model", "mercury-206", "--address", "925646", "--json")
    document = ended.document
    assert [each["register"] for each in document["registers"]] == ["T1", "T2", "T3", "T4"]
    assert "reactive energy" in [each["what"] for each in document["absent"]]
    assert not any("kvarh" in each for each in document["registers"])


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (("0006475E63ECD4", "0006475E632358026400058845C6"), 0),
        (("0006475E63ECD4", "0006475E632358026400058845C7"), 5),
        (("00",), 5),
        (("00" * 20,), 5),
    ],
    ids=["right", "wrong checksum", "too short", "garbage"],
)
def test_garbage_is_described_and_gives_its_exit_code(frames: tuple[str, ...], code: int) -> None:
    ended = run("decode", "mercury200", *frames, "--json")
    assert (ended.code, ended.err) == (code, "")
    assert ended.document["request"]["fields"]
    people = run("decode", "mercury200", *frames)
    assert people.code == code
    assert "request: " in people.out
    assert ("235.8" in people.out) is (code == 0)


def test_tables_that_are_no_schedule_are_shown_raw(monkeypatch: pytest.MonkeyPatch) -> None:
    from meterlink.driver import Unliftable

    broken = Unliftable(reasons=("January sunday: it has no point",))
    monkeypatch.setattr("meterlink_mercury200.flows.lift", lambda _image: broken)
    told = run("tariff", "show", "--port", AT)
    assert "January sunday: it has no point" in told.out
    assert "07 00 63 00 FF FF" in told.out
    document = run("tariff", "show", "--port", AT, "--json").document
    assert (document["schedule"], document["plans"]) == (None, [])
    assert document["unliftable"] == ["January sunday: it has no point"]


def test_pictures_are_ascii_where_the_console_has_no_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterlink.cli.output._PICTURE_CHARACTERS", "\ud800")  # no console can show it
    ended = run("tariff", "show", "--port", AT)
    assert "|222222222222221111" in ended.out
    assert ended.out.isascii()


def test_the_demo_touches_nothing_but_its_own_folder(
    empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (empty_home / "meterlink.toml").write_text("[broken", encoding="utf-8")
    monkeypatch.setenv("METERLINK_PORT", "COM99")
    monkeypatch.setenv("METERLINK_PLACE", "nowhere")
    monkeypatch.setenv("METERLINK_PROFILES", "nowhere")
    assert run("demo").code == 0
    assert [each.name for each in empty_home.iterdir()] == ["meterlink.toml"]
    assert list(Path.cwd().iterdir()) == []
    assert [each.name[:15] for each in temporary.iterdir()] == ["meterlink-demo-"]


def test_progress_is_one_line_on_the_terminal_and_gone_before_the_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("meterlink.cli.output._is_terminal", lambda stream: stream is sys.stderr)
    with Progress("COM3") as progress:
        for _ in range(16):
            progress(Traced(0.0, "00", Note.REQUEST))
        output.line("the result")
        assert capsys.readouterr().out == "the result\n"
        for _ in range(8):
            progress(Traced(0.0, "00", Note.REQUEST))
    err = capsys.readouterr().err
    assert err.endswith("\rCOM3 ... 24\r" + " " * len("COM3 ... 24") + "\r")
    assert "\n" not in err


def test_tables_are_styled_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> str:
        return CliRunner().invoke(program, ["drivers"], color=True).stdout

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in told()
    monkeypatch.setattr("meterlink.cli.output._is_terminal", lambda _stream: True)
    assert "\x1b[1mfamily" in told()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in told()
