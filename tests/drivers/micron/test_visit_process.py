"""The program as a process of its own: a whole visit; one that is killed in the schedule, resolved and done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import run, run_apart, simulated, start
from tests.cli.visiting import YES, document, home_of, init_log, log_records, use_home, wait_until
from tests.drivers.micron.scene import FOUR
from tests.drivers.micron.visiting import ACTIONS, MORE, SERIAL
from tests.visit.visits import order_text

LONG = os.environ.get("METERLINK_LONG") == "1"
ADDRESS = f"ext:{SERIAL}"
METER = ("--clock-error", "3614", "--dst", "on", "--schedule", "ru-household-1", "--utc", "+03:00")
INTO_THE_SCHEDULE = 20
"""So many answers: before the schedule there are those of the flag, the clock and the holidays."""

_QUICK_LINE = f"""
spec = 1
model = "{FOUR}"
driver = "micron"
overrides = true

[line]
baud = 38400
evidence = "guess"
source = "so that tests over TCP do not take long"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log, an order in the folder one works in, and the password where a script keeps it."""
    home = use_home(tmp_path, monkeypatch)
    monkeypatch.setenv("METERLINK_PASSWORD_FLAT_5", "000000")
    init_log()
    text = order_text(ACTIONS, MORE, model=FOUR, serial=SERIAL, address=ADDRESS)
    Path("order.toml").write_text(text, encoding="utf-8")
    return home


def test_a_whole_visit_in_russian(home: Path) -> None:
    port = f"sim:{FOUR}?at=2025-07-21T14:05:09+03:00&clock_error_s=3614&dst=on&schedule=ru-household-1"
    ended = run_apart("visit", "order.toml", "--port", port, *YES, "--lang", "ru")
    assert ended.code == 0, ended.err
    assert "работа 117/1: выполнено" in ended.out
    assert "переписать тарифное расписание: 48 записей" in ended.out
    assert "000000" not in ended.out + ended.err
    assert "подробности в журнале" not in Path("act-117-1.html").read_text(encoding="utf-8")
    assert document(run("audit", "verify", "--json"))["state"] == "ok"


@pytest.fixture
def port(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """A meter that keeps its state from one process to the next, on a line that is quick."""
    family = tmp_path / "profiles" / "micron"
    family.mkdir(parents=True)
    (family / f"{FOUR}.toml").write_text(_QUICK_LINE, encoding="utf-8")
    monkeypatch.setenv("METERLINK_PROFILES", str(family.parent))
    with simulated(FOUR, *METER) as told:
        yield "--port", told["url"]


def bytes_of(home: Path) -> bytes:
    """The log as it grows under another process."""
    segments = home_of(home).current().bytes()
    return b"".join(segments.read(name) for name in segments.names())


@pytest.mark.skipif(not LONG, reason="METERLINK_LONG=1: two minutes in real time")
def test_killed_then_resolved_then_done(home: Path, port: tuple[str, str]) -> None:
    with start("visit", "order.toml", *port, *YES) as process:
        try:
            wait_until(
                lambda: bytes_of(home).count(b'"type":"outcome"') >= INTO_THE_SCHEDULE or process.poll() is not None,
                "the schedule was begun",
            )
            assert process.poll() is None, process.communicate()
        finally:
            process.kill()
    meter = ("--model", FOUR, "--address", ADDRESS, "--tz", "Europe/Moscow")
    assert document(run("audit", "status", "--json"))["state"] == "in-doubt"
    settled = document(run("audit", "resolve", *port, *meter, "--json"))
    decisions = [each["decision"] for each in settled["resolved"]]
    assert len(decisions) > 60, "every frame that was announced and not answered"
    assert set(decisions) >= {"unchanged"}
    assert document(run("audit", "status", "--json"))["state"] == "work-open"
    again = run("visit", "order.toml", *port, *YES, "--json")
    assert again.code == 0, again.err
    assert document(again)["result"] == "done"
    assert len(log_records(home, "work.open")) == 1
    assert document(run("audit", "verify", "--json"))["state"] == "ok"
