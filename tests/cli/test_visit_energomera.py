"""`plan`, `apply`, `visit` and `act print` at a CE6850M, whose writing is behind a password, from order to paper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli import key_ring
from tests.cli.program import Ended, run
from tests.cli.visiting import document, error_of, init_log, log_records, sent
from tests.drivers.energomera.visits import ACTIONS, MORE, is_write, text_of_order

AT = (
    "?at=2025-07-21T14:05:09+03:00&clock_error_s=3614&dst=on&schedule=ru-household-1"
    "&serial=000000000800001&address=000800001&energy_kwh=15621.42,6208.34"
)
HERE = ("--port", f"sim:ce6850m{AT}")
YES = ("--yes", "--time-source", "confirmed")
TRACED = ("--trace", "trace.jsonl")
VARIABLE = "METERLINK_PASSWORD_FLAT_5"
PASSWORD = "777777"
SMALL = ("read", "dst_off")


@pytest.fixture
def log(empty_home: Path) -> Path:
    init_log()
    return empty_home


def order(*actions: str, more: str = MORE, model: str = "ce6850m") -> str:
    text = text_of_order(actions or ACTIONS, more).replace('"ce6850m"', f'"{model}"')
    Path("order.toml").write_text(text, encoding="utf-8")
    return "order.toml"


def passwords() -> list[str]:
    """The frames that present one; the trace masks what stands in them."""
    lines = [json.loads(line) for line in Path("trace.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line["frame"] for line in lines if line["frame"].startswith("01 50 31")]


def writes() -> list[bytes]:
    unmasked = [line for line in Path("trace.jsonl").read_text(encoding="utf-8").splitlines() if "**" not in line]
    Path("unmasked.jsonl").write_text("\n".join(unmasked), encoding="utf-8")
    return [frame for frame in sent("unmasked.jsonl") if is_write(frame)]


def steps(ended: Ended) -> dict[str, str]:
    return {step["action"]: step["result"] for step in document(ended)["steps"]}


def test_plan_apply_and_the_paper(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    planned = run("plan", "order", order(), *HERE, *TRACED, "--time-source", "system", "--exit-code", "-o", "v.plan")
    assert planned.code == 20, planned.err
    assert (writes(), passwords()) == ([], [])
    ended = run("apply", "v.plan", *HERE, *TRACED, "--yes", "--json")
    assert ended.code == 0, ended.err
    assert document(ended)["result"] == "done"
    assert steps(ended) == {"dst_off": "verified", "clock": "verified", "schedule": "verified"}
    assert {frame[4:9] for frame in writes()} == {b"TRSUM", b"TIME_", b"GRF01"}
    printed = document(run("act", "print", "-o", "act.html", "-o", "act.pdf", "--json"))
    assert (printed["work"], printed["result"]) == ("117/1", "done")
    assert Path("act.pdf").read_bytes().startswith(b"%PDF-")
    page = Path("act.html").read_text(encoding="utf-8")
    assert "000000000800001" in page
    assert "GRF01" not in page, "the paper speaks of schedules, not of parameters"


def test_a_visit_leaves_both_papers_behind(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = key_ring.install(monkeypatch)
    assert run("secret", "set", "flat-5", stdin=f"{PASSWORD}\n").code == 0
    assert len(ring.kept) == 1
    ended = run("visit", order(), *HERE, *TRACED, *YES, "--json")
    assert ended.code == 0, ended.err
    told = document(ended)
    assert (told["result"], told["act"]) == ("done", ["act-117-1.pdf", "act-117-1.html"])
    assert all(Path(file).stat().st_size > 5_000 for file in told["act"])
    assert len(passwords()) == 3, "once for each step"
    assert document(run("audit", "verify", "--json"))["state"] == "ok"


def test_a_wrong_password_is_sent_once(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "111111")
    ended = run("visit", order(), *HERE, *TRACED, *YES, "--json")
    assert ended.code == 4, ended.err
    assert steps(ended) == {"dst_off": "refused", "clock": "not-sent", "schedule": "not-sent"}
    assert len(passwords()) == 1
    assert writes() == []
    assert [problem["kind"] for problem in document(ended)["problems"]][:1] == ["WrongPasswordError"]
    assert log_records(log, "intent") == []
    assert document(run("audit", "verify", "--json"))["state"] == "ok"


@pytest.mark.parametrize("more", [MORE, MORE.rpartition("\n")[0]], ids=["kept nowhere", "not in the order"])
def test_without_a_password_nothing_is_written(log: Path, more: str) -> None:
    ended = run("visit", order(*SMALL, more=more), *HERE, *TRACED, *YES, "--json")
    assert ended.code == 4, ended.err
    if Path("trace.jsonl").exists():
        assert (passwords(), writes()) == ([], [])
    assert log_records(log, "intent") == []


def test_a_model_that_nobody_was_seen_writing_needs_the_word(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    port = ("--port", f"sim:ce301{AT}")
    small = order("read", "clock", model="ce301")
    refused = run("visit", small, *port, *TRACED, *YES, "--json")
    assert (error_of(refused)["kind"], refused.code) == ("ExperimentalError", 8)
    assert (passwords(), writes()) == ([], [])
    ended = run("visit", small, *port, *YES, "--json", "--experimental")
    assert ended.code == 0, ended.err
    assert (document(ended)["result"], steps(ended)) == ("done", {"clock": "verified"})
    assert log_records(log, "work.open")[-1]["d"]["experimental"] is True
