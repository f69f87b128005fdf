"""Reading a meter that wants a password: `--secret-ref` names it, as password_ref does in an order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import Ended, run

METER = ("energy", "read", "--port", "sim:psch-4tm.05")
NAMED = (*METER, "--secret-ref", "meter-1")
RIGHT = "000000"
WRONG = "471147"


def ran(*words: str, monkeypatch: pytest.MonkeyPatch, password: str | None) -> Ended:
    if password is not None:
        monkeypatch.setenv("METERLINK_PASSWORD_METER_1", password)
    return run(*words)


def frames_in(trace: Path) -> list[str]:
    return [json.loads(line)["frame"] for line in trace.read_text(encoding="utf-8").splitlines()]


def test_the_password_is_presented_once_for_each_dialogue_and_stands_in_no_trace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.jsonl"
    ended = ran(*NAMED, "--trace", str(trace), monkeypatch=monkeypatch, password=RIGHT)
    assert (ended.code, "829.76" in ended.out) == (0, True)
    opened = [frame for frame in frames_in(trace) if frame.split()[1:3] == ["01", "**"]]
    assert opened == ["69 01 ** ** ** ** ** ** ** **"] * 2  # who it is, and its energy
    assert "30 30 30" not in trace.read_text(encoding="utf-8")


def test_a_wrong_one_is_tried_once_and_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    ended = ran(*NAMED, "--trace", str(trace), monkeypatch=monkeypatch, password=WRONG)
    assert ended.code == 4
    assert "refused open channel" in ended.err
    assert WRONG not in ended.out + ended.err
    assert len([frame for frame in frames_in(trace) if " 01 ** " in frame]) == 1


def test_one_that_is_kept_nowhere_is_told_before_the_port_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.jsonl"
    ended = ran(*NAMED, "--trace", str(trace), monkeypatch=monkeypatch, password=None)
    assert ended.code != 0
    assert "METERLINK_PASSWORD_METER_1" in ended.err
    assert not trace.exists()


def test_a_model_that_is_read_without_one_is_not_given_it() -> None:
    ended = run("energy", "read", "--port", "sim:mercury-200.02", "--secret-ref", "nobody-kept-this")
    assert ended.code == 0


def test_a_place_may_name_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    place = '[place.cellar]\nport = "sim:psch-4tm.05"\nsecret_ref = "meter-1"\n'
    Path("meterlink.toml").write_text(place, encoding="utf-8")
    ended = ran("energy", "read", "--place", "cellar", monkeypatch=monkeypatch, password=WRONG)
    assert ended.code == 4
