"""A visit over TCP, ended in the middle of the schedule by kill -9 or Ctrl-C: what the log says, what is next."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import run, simulated, start
from tests.cli.visiting import (
    YES,
    document,
    error_of,
    home_of,
    init_log,
    log_records,
    make_order,
    use_quick_line,
    wait_until,
)

METER = ("--model", "mercury-200.02", "--address", "925646", "--tz", "Europe/Moscow")
INTO_THE_SCHEDULE = 10
"""So many answers: the first two are those of the DST flag and of the clock."""


@pytest.fixture
def ready(empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """A meter that keeps its state, at a port; a log."""
    use_quick_line(tmp_path, monkeypatch)
    init_log()
    meter = ("--clock-error", "3614", "--dst", "on", "--schedule", "ru-household-1", "--utc", "+03:00")
    with simulated("mercury-200.02", *meter) as document:
        yield "--port", document["url"]


def bytes_of(home: Path) -> bytes:
    """The log as it grows under another process."""
    segments = home_of(home).current().bytes()
    return b"".join(segments.read(name) for name in segments.names())


def stopped_in_the_schedule(home: Path, port: tuple[str, str], how: int | None) -> tuple[int, str, str]:
    """A visit of its own process, ended when the log shows so many answers: by a signal, or killed at once."""
    with start("visit", make_order(), *port, *YES) as process:
        try:
            wait_until(
                lambda: bytes_of(home).count(b'"type":"outcome"') >= INTO_THE_SCHEDULE or process.poll() is not None,
                "the schedule was begun",
            )
            assert process.poll() is None, process.communicate()
            if how is None:
                process.kill()
            else:
                process.send_signal(how)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, out, err


def results(told: dict[str, Any]) -> dict[str, str]:
    return {step["action"]: step["result"] for step in told["steps"]}


def test_killed_then_resolved_then_done(empty_home: Path, ready: tuple[str, str]) -> None:
    code, _, _ = stopped_in_the_schedule(empty_home, ready, None)
    assert code != 0
    status = run("audit", "status", "--json")
    assert (document(status)["state"], status.code) == ("in-doubt", 11)
    settled = document(run("audit", "resolve", *ready, *METER, "--json"))
    assert len(settled["resolved"]) >= 80, "everything that was announced and not answered"
    decisions = [each["decision"] for each in settled["resolved"]]
    assert set(decisions) == {"unchanged"} or decisions[0] == "written"
    assert "other" not in decisions
    assert [work["work"] for work in settled["open_works"]] == ["117/1"]
    status = run("audit", "status", "--json")
    assert (document(status)["state"], status.code) == ("work-open", 11), "half written, and nothing in doubt"
    again = run("visit", make_order(), *ready, *YES, "--json")
    assert again.code == 0, again.err
    told = document(again)
    assert (told["work"], told["result"], results(told)) == (
        "117/1",
        "done",
        {"schedule": "verified", "tariff_mode": "verified"},
    )
    assert len(log_records(empty_home, "work.open")) == 1
    assert document(run("audit", "verify", "--json"))["state"] == "ok"
    assert run("audit", "status").code == 0
    page = Path("act-117-1.html").read_text(encoding="utf-8")
    assert "117/1" in page
    shown = document(run("tariff", "show", *ready, *METER[:4], "--json"))
    assert [plan["name"] for plan in shown["plans"]] == ["ru-household-2"]


@pytest.mark.skipif(sys.platform == "win32", reason="a console event there goes to the whole group")
def test_stopped_from_the_keyboard(empty_home: Path, ready: tuple[str, str]) -> None:
    code, out, err = stopped_in_the_schedule(empty_home, ready, signal.SIGINT)
    assert code == 130
    assert "The work 117/1 was stopped in the middle" in err
    assert "What is known of the meter: " in err
    assert "written and read back: switch the automatic change to summer time off" in err
    assert "Traceback" not in err
    assert "117/1: done" not in out
    state = document(run("audit", "verify", "--json"))["state"]
    assert state in ("ok", "in-doubt")
    assert ("in doubt: " in err) == (state == "in-doubt")
    assert [record["d"]["result"] for record in log_records(empty_home, "run.close")][-1] == "KeyboardInterrupt"
    assert log_records(empty_home, "work.close") == []
    open_work = run("act", "print", "--work", "117/1", "--json")
    assert (error_of(open_work)["kind"], open_work.code) == ("ConfigError", 2)
    status = run("audit", "status", "--json")
    assert (document(status)["state"], status.code) == ("in-doubt" if state == "in-doubt" else "work-open", 11)


def test_what_nobody_goes_on_with_is_closed_as_it_stands(empty_home: Path, ready: tuple[str, str]) -> None:
    """The order was mended after the crash, so it is another one, and what the first began is closed by hand."""
    stopped_in_the_schedule(empty_home, ready, None)
    mended = make_order(file="mended.toml", change={'name = "Иванова А. П."': 'name = "Иванова А. Г."'})
    refused = run("visit", mended, *ready, *YES, "--json")
    error = error_of(refused)
    assert (error["kind"], error["work"], error["order_no"], refused.code) == ("WorkOpenError", "117/1", "117", 11)
    assert len(log_records(empty_home, "work.open")) == 1
    ended = run("audit", "resolve", *ready, *METER, "--close", "--json")
    told = document(ended)
    assert ended.code == 0
    (closed,) = told["closed"]
    assert (closed["work"], closed["result"], closed["problems"], told["open_works"]) == ("117/1", "partly", [], [])
    states = {part["action"]: part["state"] for part in closed["parts"]}
    assert states == {
        "dst_off": "done",
        "clock": "done",
        "holidays": "done",
        "schedule": "partly",
        "tariff_mode": "not-begun",
    }
    assert told["after"]["dst"]["enabled"] is False
    assert run("audit", "status").code == 0
    assert run("act", "print", "--work", "117/1", "--out", "closed.html").code == 0
    again = run("visit", mended, *ready, *YES, "--json")
    assert (document(again)["work"], document(again)["result"], again.code) == ("117/2", "done", 0)
    assert "nothing is in doubt" in run("audit", "resolve", *ready, *METER, "--close").out


def test_people_are_told_what_stands_and_what_does_not(empty_home: Path, ready: tuple[str, str]) -> None:
    stopped_in_the_schedule(empty_home, ready, None)
    status = run("audit", "status").out
    assert "works that are not closed" in status
    assert "117/1" in status
    first = run("audit", "resolve", *ready, *METER).out
    assert "acknowledged, and read back only now: rewrite the tariff schedule: 96 records, " in first
    assert "The work 117/1 of order 117 is open, and has written to this meter." in first
    told = run("audit", "resolve", *ready, *METER, "--close").out
    assert "nothing is in doubt" in told
    assert "energy: T1 " in told
    assert "the schedule as it is:\n" in told
    assert "The work 117/1 is closed as it stands: done in part" in told
    assert "   done: clock\n" in told
    assert "   done in part: tariff schedule; " in told
    assert "   not begun: number of tariffs\n" in told
    assert "its act: meterlink act print --work 117/1" in told


def test_two_visits_at_once_do_not_mix(empty_home: Path, ready: tuple[str, str]) -> None:
    """The door takes one caller at a time, and the log keeps two runs apart."""
    order = make_order("dst_off")
    with (
        start("visit", order, *ready, "--yes", "--json") as first,
        start("visit", make_order("dst_off", file="two.toml"), *ready, "--yes", "--json") as second,
    ):
        codes = []
        for process in (first, second):
            _, err = process.communicate(timeout=60)
            codes.append(process.returncode)
            assert "Traceback" not in err
    assert 0 in codes
    assert set(codes) <= {0, 3, 5, 8, 10, 11}
    assert document(run("audit", "verify", "--json"))["state"] in ("ok", "in-doubt")
