"""`plan`, `apply`, `visit`, `act print` and `audit resolve` on the command line: what they do, and what they refuse."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from meterlink.errors import ConfigError, LinkLostError
from meterlink.flow import Announcement, Outcome
from meterlink.visit.session import Session
from meterlink.visit.work import WorkGate
from meterlink_mercury200 import messages as m
from tests.cli.program import run, simulated
from tests.cli.visiting import (
    AT,
    YES,
    document,
    error_of,
    home_of,
    init_log,
    log_records,
    make_order,
    sent,
    use_quick_line,
    writes,
)
from tests.visit.visits import PLAN_2, REASON

HERE = ("--port", AT)
OTHER = f"{AT}&serial=06925647&address=925646"
"""Another meter at the address of the order."""
TRACED = ("--trace", "trace.jsonl")
CLOSED_PORT = ("--port", "tcp://127.0.0.1:9")
"""Whoever opens it fails with exit code 3."""


@pytest.fixture
def log(empty_home: Path) -> Path:
    init_log()
    return empty_home


# --- plan -----------------------------------------------------------------------------------------------------------


def test_a_plan_writes_nothing_and_says_whether_there_is_something_to_do() -> None:
    order = make_order()
    planned = run("plan", "order", order, *HERE, *TRACED, "--time-source", "system", "--exit-code", "-o", "v.plan")
    assert planned.code == 20
    assert "1. switch the automatic change to summer time off: on -> off" in planned.out
    assert "saved as v.plan" in planned.out
    assert len(sent("trace.jsonl")) > 100
    assert writes("trace.jsonl") == []
    without = run("plan", "order", order, *HERE, "--time-source", "system")
    assert without.code == 0
    right = "sim:mercury-200.02?at=2025-07-21T14:05:09+03:00&dst=off&schedule=ru-household-2"
    nothing = run("plan", "order", order, "--port", right, "--exit-code")
    assert nothing.code == 0
    assert "there is nothing to write" in nothing.out


@pytest.mark.parametrize(
    "words",
    [
        ("clock",),
        ("dst", "--off"),
        ("tariff", "--preset", "ru-household-3"),
    ],
    ids=" ".join,
)
def test_a_preview_writes_nothing_and_is_never_carried_out(log: Path, words: tuple[str, ...]) -> None:
    tz = ("--tz", "Europe/Moscow")
    planned = run("plan", *words, *HERE, *tz, *TRACED, "--json", "-o", "p.plan", "--exit-code")
    assert planned.code == 20
    told = document(planned)
    assert told["schema"] == "meterlink.plan/1"
    assert told["preview"] is True
    assert told["steps"]
    assert writes("trace.jsonl") == []
    refused = run("apply", "p.plan", *CLOSED_PORT, "--yes", "--json")
    assert refused.code == 8
    assert error_of(refused)["kind"] == "PlanFileError"


@pytest.mark.parametrize("verb", [("clock",), ("dst",), ("tariff",)])
def test_a_plan_for_an_order_may_be_of_a_part_of_it(verb: tuple[str, ...]) -> None:
    told = document(run("plan", *verb, "--order", make_order(), *HERE, "--time-source", "system", "--json"))
    actions = {"clock": ["clock"], "dst": ["dst_off"], "tariff": ["schedule", "tariff_mode"]}[verb[0]]
    assert [step["action"] for step in told["steps"]] == actions
    assert told["preview"] is False


def test_what_an_order_does_not_list_is_not_planned() -> None:
    order = make_order("read")
    refused = run("plan", "clock", "--order", order, *HERE, "--time-source", "system", "--json")
    assert refused.code == 8
    assert error_of(refused)["kind"] == "OrderError"


def test_a_plan_is_never_overwritten() -> None:
    Path("v.plan").write_text("somebody confirmed it", encoding="utf-8")
    assert run("plan", "order", make_order(), *CLOSED_PORT, "-o", "v.plan").code == 2
    assert Path("v.plan").read_text(encoding="utf-8") == "somebody confirmed it"


# --- what an order cannot be ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """An order that is refused."""

    name: str
    kind: str
    code: int
    actions: tuple[str, ...] = ()
    change: dict[str, str] = field(default_factory=dict)
    day: str | None = None
    """The day program of a schedule file, in the place of the preset."""


NINE = " | ".join(f"{hour:02d}:00 T{1 + hour % 2}" for hour in range(9))
WRONG = (
    Wrong(name="a wrong action", kind="OrderFormError", code=8, actions=("schdule",)),
    Wrong(name="a wrong zone", kind="OrderZoneError", code=8, change={"Europe/Moscow": "Europe/Moskau"}),
    Wrong(name="no key at all", kind="OrderFormError", code=8, change={'order_no = "117"': ""}),
    Wrong(name="a number as a number", kind="OrderFormError", code=8, change={'"06925646"': "6925646"}),
    Wrong(name="an unknown model", kind="UnknownModelError", code=6, change={'"mercury-200.02"': '"mercury-2000"'}),
    Wrong(name="an address that is none", kind="OrderFormError", code=8, change={'"925646"': '"0"'}),
    Wrong(name="a day with a gap", kind="ScheduleError", code=6, day="07:00 T1 | 23:00 T2"),
    Wrong(name="a day unsorted", kind="ScheduleError", code=6, day="00:00 T2 | 23:00 T1 | 07:00 T2"),
    Wrong(name="tariff 5", kind="ScheduleError", code=6, day="00:00 T5"),
    Wrong(name="nine points", kind="ScheduleError", code=6, day=NINE),
    Wrong(name="no preset of this name", kind="OrderFormError", code=8, change={"ru-household-2": "ru-household-9"}),
    Wrong(name="expired", kind="OrderExpiredError", code=8, change={PLAN_2: f"{PLAN_2}\nvalid_to = 2024-12-31"}),
    Wrong(
        name="not valid yet", kind="OrderExpiredError", code=8, change={PLAN_2: f"{PLAN_2}\nvalid_from = 2098-01-01"}
    ),
    Wrong(name="a certificate that ended", kind="OrderError", code=8, change={"2099-01-01": "2024-12-31"}),
)


def wrong_order(case: Wrong) -> str:
    change = dict(case.change)
    if case.day is not None:
        day = f'spec = 1\n[[season]]\nstarts = "01-01"\nevery_day = "{case.day}"\n'
        Path("day.toml").write_text(day, encoding="utf-8")
        change |= {PLAN_2: "", "[organisation]": '[tariff]\nschedule = "day.toml"\n\n[organisation]'}
    return make_order(*case.actions, change=change)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_an_order_that_does_not_hold(log: Path, case: Wrong) -> None:
    order = wrong_order(case)
    refused = run("visit", order, *HERE, *TRACED, *YES, "--json")
    assert (error_of(refused)["kind"], refused.code) == (case.kind, case.code), refused.err
    assert writes("trace.jsonl") == []
    if case.name != "an unknown model":
        assert run("order", "check", order).code == case.code
    assert not list(Path().glob("act-*"))


def test_another_meter_at_the_address_of_the_order(log: Path) -> None:
    order = make_order()
    assert run("plan", "order", order, *HERE, "--time-source", "system", "-o", "v.plan").code == 0
    for words in (
        ("plan", "order", order, "--time-source", "system"),
        ("visit", order, *YES),
        ("apply", "v.plan", "--yes"),
    ):
        refused = run(*words, "--port", OTHER, "--json", *TRACED)
        error = error_of(refused)
        assert (error["kind"], refused.code) == ("NotOrderedMeterError", 8)
        assert (error["plate"], error["answered"]) == ("06925646", "06925647")
        assert "06925647" in refused.err
    assert sent("trace.jsonl"), "it was asked who it is"
    assert writes("trace.jsonl") == []
    assert log_records(log, "work.open", "intent") == []


@pytest.mark.parametrize("option", [("--address", "925647"), ("--model", "mercury-206"), ("--tz", "Asia/Omsk")])
def test_options_do_not_contradict_the_order(log: Path, option: tuple[str, str]) -> None:
    refused = run("visit", make_order(), *CLOSED_PORT, *option, *YES, "--json")
    assert (error_of(refused)["kind"], refused.code) == ("ConfigError", 2)


# --- apply ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def plan_file(log: Path) -> Path:
    assert run("plan", "order", make_order(), *HERE, "--time-source", "system", "-o", "v.plan").code == 0
    return Path("v.plan")


def test_apply_carries_out_what_was_planned(log: Path, plan_file: Path) -> None:
    ended = run("apply", str(plan_file), *HERE, "--yes", "--json", *TRACED)
    assert ended.code == 0
    told = document(ended)
    assert (told["schema"], told["result"], told["work"]) == ("meterlink.apply/1", "done", "117/1")
    assert {step["result"] for step in told["steps"]} == {"verified"}
    assert told["problems"] == []
    codes = [frame[4] for frame in writes("trace.jsonl")]
    assert codes == [m.SET_DST.code, m.SET_CLOCK.code, *[m.SET_SCHEDULE.code] * 96, m.SET_TARIFF_COUNT.code]
    printed = document(run("act", "print", "--json"))
    assert (printed["work"], printed["result"]) == ("117/1", "done")
    assert Path("act-117-1.pdf").read_bytes().startswith(b"%PDF-")
    assert log_records(log, "work.plan")[0]["d"]["confirmed"] == {"by": "petrov", "how": "--yes"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"FF FF', '"FF FE'),
        ('"time_source": "system"', '"time_source": "confirmed"'),
        ("petrov", "ivanov"),
        ('"experimental": false', '"experimental": true'),
        ('"evidence": "document"', '"evidence": "capture"'),
        ("Москва", "Рязань"),
        ('"preview": false', '"preview": true'),
    ],
)
def test_a_plan_edited_by_hand(plan_file: Path, old: str, new: str) -> None:
    text = plan_file.read_text(encoding="utf-8")
    assert old in text
    plan_file.write_text(text.replace(old, new, 1), encoding="utf-8")
    refused = run("apply", str(plan_file), *CLOSED_PORT, "--yes", "--json")
    assert (error_of(refused)["kind"], refused.code) == ("PlanFileError", 8)


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\xfe", b'{"schema": "meterlink.plan/1"}', b"[" * 100_000])
def test_a_file_that_is_no_plan(log: Path, raw: bytes) -> None:
    Path("no.plan").write_bytes(raw)
    refused = run("apply", "no.plan", *CLOSED_PORT, "--yes", "--json")
    assert (error_of(refused)["kind"], refused.code) == ("PlanFileError", 8)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dst=on", "dst=off"),
        ("ru-household-1", "ru-household-3"),
        ("clock_error_s=3614", "clock_error_s=60"),
        ("clock_error_s=3614", "clock_error_s=1"),
    ],
)
def test_a_meter_that_moved_since_the_plan(log: Path, plan_file: Path, old: str, new: str) -> None:
    refused = run("apply", str(plan_file), "--port", AT.replace(old, new), "--yes", "--json", *TRACED)
    assert (error_of(refused)["kind"], refused.code) == ("StalePlanError", 8)
    assert writes("trace.jsonl") == []
    assert log_records(log, "work.open") == []


def test_energy_that_was_counted_since_the_plan_does_not_make_it_stale(log: Path, plan_file: Path) -> None:
    later = AT.replace("14:05:09", "14:25:09").replace("15621.42", "15622.84")
    assert run("apply", str(plan_file), "--port", later, "--yes").code == 0


@pytest.mark.parametrize(
    ("days", "language", "says", "saved"),
    [
        ("valid_to = 2024-12-31", "en", "cannot be carried out today: ", "saved as v.plan, to be looked at"),
        ("valid_to = 2024-12-31", "ru", "Сегодня этот план выполнить нельзя: ", "сохранено в v.plan для просмотра"),
        ("valid_from = 2099-01-01", "en", "it is valid from 2099-01-01 on", "saved as v.plan, to be looked at"),
    ],
)
def test_a_plan_of_an_order_that_does_not_hold_today_is_only_to_be_looked_at(
    log: Path, days: str, language: str, says: str, saved: str
) -> None:
    order = make_order(change={PLAN_2: f"{PLAN_2}\n{days}"})
    planned = run("plan", "order", order, *HERE, "--time-source", "system", "-o", "v.plan", "--lang", language)
    assert planned.code == 0
    assert says in planned.err
    assert saved in planned.out
    assert "`meterlink apply v.plan`" not in planned.out
    refused = run("apply", "v.plan", *CLOSED_PORT, "--yes", "--json")
    assert (error_of(refused)["kind"], refused.code) == ("OrderExpiredError", 8)


def test_a_plan_of_an_order_that_holds_says_nothing_of_the_kind(log: Path) -> None:
    planned = run("plan", "order", make_order(), *HERE, "--time-source", "system", "-o", "v.plan")
    assert "today" not in planned.err
    assert "saved as v.plan; `meterlink apply v.plan` carries it out" in planned.out


# --- before the port is opened --------------------------------------------------------------------------------------


@pytest.mark.parametrize("noun", ["visit", "apply"])
def test_nobody_to_ask_is_refused_at_once(log: Path, plan_file: Path, noun: str) -> None:
    file = {"visit": make_order(), "apply": str(plan_file)}[noun]
    for extra in ((), ("--json",)):
        refused = run(noun, file, *CLOSED_PORT, *extra)
        assert refused.code == 9, refused.err
        assert "was not given" in refused.err


@pytest.mark.parametrize("noun", ["visit", "apply"])
def test_without_a_log_nothing_is_opened(empty_home: Path, noun: str) -> None:
    order = make_order()
    assert run("plan", "order", order, *HERE, "--time-source", "system", "-o", "v.plan").code == 0
    refused = run(noun, {"visit": order, "apply": "v.plan"}[noun], *CLOSED_PORT, "--yes", "--json")
    assert (error_of(refused)["kind"], refused.code) == ("NoLogError", 10)
    assert not (empty_home / "audit").exists()


def damage(folder: Path, how: str) -> None:
    place = home_of(folder).current()
    if how == "key lost":
        place.folder.key.unlink()
    else:
        segment = place.folder.segment(place.bytes().names()[-1])
        data = bytearray(segment.read_bytes())
        data[-300] ^= 1
        segment.write_bytes(data)


@pytest.mark.parametrize("noun", ["visit", "apply"])
@pytest.mark.parametrize("how", ["key lost", "tampered"])
def test_a_log_that_cannot_be_written(log: Path, plan_file: Path, noun: str, how: str) -> None:
    damage(log, how)
    refused = run(noun, {"visit": make_order(), "apply": str(plan_file)}[noun], *CLOSED_PORT, *YES[:1], "--json")
    assert refused.code == 10, refused.err


def test_a_visit_is_refused_where_its_act_could_not_lie(log: Path) -> None:
    refused = run("visit", make_order(), *CLOSED_PORT, *YES, "--act-dir", "nowhere", "--json")
    assert (error_of(refused)["kind"], refused.code) == ("ConfigError", 2)


def test_a_performer_that_the_order_does_not_know(log: Path) -> None:
    refused = run("visit", make_order(), *CLOSED_PORT, *YES, "--performer", "ivanov", "--json")
    assert (error_of(refused)["kind"], refused.code) == ("ConfigError", 2)


# --- visit ----------------------------------------------------------------------------------------------------------


def test_two_visits_in_a_row(log: Path) -> None:
    order = make_order("dst_off", "tariff_mode")
    for number in (1, 2):
        ended = run("visit", order, *HERE, "--yes", "--json")
        assert ended.code == 0
        told = document(ended)
        assert (told["schema"], told["work"], told["result"]) == ("meterlink.visit/1", f"117/{number}", "done")
        assert told["act"] == [f"act-117-{number}.pdf", f"act-117-{number}.html"]
        assert all(Path(file).stat().st_size > 5_000 for file in told["act"])
    assert document(run("audit", "verify", "--json"))["state"] == "ok"


def test_a_visit_for_people(log: Path) -> None:
    ended = run("visit", make_order(), *HERE, *YES, "--lang", "ru")
    assert ended.code == 0
    for sentence in (
        "наряд 117 от 18.07.2025: прибор учёта 06925646 (mercury-200.02)",
        "исполнитель: Петров И. С., электромонтёр, удостоверение 0412",
        "работа 117/1: ",
        "акт работы 117/1: act-117-1.pdf, act-117-1.html",
        "для паспорта прибора учёта:",
    ):
        assert sentence in ended.out
    assert "запись: " in ended.err


def test_a_visit_ends_with_the_line_for_the_passport(log: Path) -> None:
    ended = run("visit", make_order(), *HERE, *YES)
    again = document(run("act", "print", "-o", "again.html", "--json"))
    assert "перепрограммирован (параметризован), акт № 117/1." in again["passport"]
    assert ended.out.endswith(f"for the passport of the meter:\n{again['passport']}\n")
    told = document(run("visit", make_order("dst_off"), *HERE, "--yes", "--json"))
    assert "акт № 117/2" in told["passport"]


def test_an_act_that_cannot_be_printed_does_not_hide_how_the_work_ended(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise ConfigError(setting="act.pdf", why="the disk is full")

    monkeypatch.setattr("meterlink.cli.visit.write_act", full)
    ended = run("visit", make_order("dst_off"), *HERE, "--yes", "--json")
    told = document(ended)
    assert (ended.code, told["result"], told["act"], told["passport"]) == (2, "done", [], None)


# --- broken off -----------------------------------------------------------------------------------------------------


def ctrl_c_after(frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C when so many frames that change the meter have their outcome in the log."""
    seen: list[Outcome] = []
    inner = WorkGate.__call__

    def gate(self: WorkGate, entry: Announcement | Outcome) -> None:
        inner(self, entry)
        if isinstance(entry, Outcome):
            seen.append(entry)
            if len(seen) == frames:
                raise KeyboardInterrupt

    monkeypatch.setattr(WorkGate, "__call__", gate)


@pytest.mark.parametrize("noun", ["visit", "apply"])
def test_a_failure_in_the_middle_tells_the_work_and_its_steps(
    log: Path, plan_file: Path, monkeypatch: pytest.MonkeyPatch, noun: str
) -> None:
    words = {"visit": (make_order(), *YES), "apply": (str(plan_file), "--yes")}[noun]
    ctrl_c_after(12, monkeypatch)
    ended = run(noun, *words, *HERE, "--json")
    told = document(ended)
    assert (ended.code, told["error"]["kind"]) == (130, "Interrupted")
    assert (told["work"], told["work_open"]) == ("117/1", True)
    assert [(step["action"], step["result"]) for step in told["steps"]] == [
        ("dst_off", "verified"),
        ("clock", "verified"),
        ("schedule", "interrupted"),
        ("tariff_mode", "not-begun"),
    ]
    assert (told["steps"][2]["written"], told["steps"][2]["total"]) == (10, 96)
    monkeypatch.undo()


def test_a_failure_after_the_writing_tells_every_step(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pulled(*_args: object) -> None:
        raise LinkLostError(port="COM3", why="it was pulled out")

    monkeypatch.setattr(Session, "look_after", pulled)
    ended = run("visit", make_order(), *HERE, *YES, "--json")
    told = document(ended)
    assert (ended.code, told["work"], told["work_open"]) == (3, "117/1", True)
    assert {step["result"] for step in told["steps"]} == {"verified"}


def test_a_failure_before_the_work_tells_of_none(log: Path) -> None:
    assert document(run("visit", make_order(), *HERE, *YES, "--json"))["work"] == "117/1"
    told = document(run("visit", make_order(), "--port", OTHER, *YES, "--json"))
    assert set(told) == {"schema", "error"}


def test_a_form_instead_of_questions(log: Path) -> None:
    Path("form.toml").write_text(
        'presence = "absent"\nremarks = ["счётчик в подъезде"]\n[[seals_found]]\nnumber = "00417"\nplace = "крышка"\n'
        'state = "whole"\n[[seals_installed]]\nnumber = "00591"\nplace = "крышка"\n',
        encoding="utf-8",
    )
    assert run("visit", make_order("dst_off"), *HERE, "--yes", "--form", "form.toml").code == 0
    page = Path("act-117-1.html").read_text(encoding="utf-8")
    for text in ("00417", "00591", "счётчик в подъезде"):
        assert text in page


def test_a_time_source_that_nobody_named_sets_no_clock(log: Path) -> None:
    refused = run("visit", make_order("clock"), *HERE, "--yes", "--json", *TRACED)
    assert (error_of(refused)["kind"], refused.code) == ("TimeSourceUnknownError", 8)
    told = document(refused)
    assert (told["work"], told["work_open"], told["steps"]) == ("117/1", False, [])
    assert writes("trace.jsonl") == []
    assert [record["d"]["result"] for record in log_records(log, "work.close")] == ["cancelled"]
    assert document(run("audit", "verify", "--json"))["state"] == "ok"


def experimental_order() -> str:
    change = {"mercury-200.02": "mercury-203.2t", "06925646": "43096744", '"925646"': '"43096744"'}
    return make_order("dst_off", change=change)


def test_what_nobody_has_seen_work_needs_to_be_asked_for(log: Path) -> None:
    port = ("--port", "sim:mercury-203.2t?at=2025-07-21T14:05:09+03:00&dst=on")
    refused = run("visit", experimental_order(), *port, "--yes", "--json", *TRACED)
    assert (error_of(refused)["kind"], refused.code) == ("ExperimentalError", 8)
    assert writes("trace.jsonl") == []
    ended = run("visit", experimental_order(), *port, "--yes", "--json", "--experimental")
    assert ended.code == 0, ended.err
    told = document(ended)
    assert told["experimental"] is True
    assert told["result"] == "done"
    assert log_records(log, "work.open")[-1]["d"]["experimental"] is True


def test_an_act_is_never_overwritten_and_may_be_printed_again(log: Path) -> None:
    assert run("visit", make_order("dst_off"), *HERE, "--yes").code == 0
    first = Path("act-117-1.html").read_bytes()
    assert error_of(run("act", "print", "--json"))["kind"] == "ConfigError"
    again = document(
        run("act", "print", "--work", "117/1", "-o", "two.html", "-o", "two.pdf", "--lang", "en", "--json")
    )
    assert again["files"] == ["two.html", "two.pdf"]
    assert again["body_sha256"] == log_records(log, "work.close")[0]["d"]["body_sha256"]
    assert Path("act-117-1.html").read_bytes() == first
    issued = log_records(log, "act.issued")
    assert [each["d"]["files"][0]["language"] for each in issued] == ["ru", "en"]
    assert len({each["d"]["body_sha256"] for each in issued}) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--work", "999/9"), 2),
        (("-o", "act.docx"), 2),
        (("-o", "nowhere/act.pdf"), 2),
        (("--work", ""), 2),
    ],
)
def test_an_act_that_cannot_be_printed(log: Path, words: tuple[str, ...], code: int) -> None:
    assert run("visit", make_order("dst_off"), *HERE, "--yes").code == 0
    assert run("act", "print", *words).code == code


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("act", "print", "-o", "a.docx"), ".pdf or .html"),
        (("act", "print", "-o", "NUL.pdf"), "device on Windows"),
        (("visit", "order.toml", *CLOSED_PORT, *YES, "--act-dir", "order.toml"), "it is a file"),
        (("visit", "order.toml", *CLOSED_PORT, *YES, "--act-dir", "nowhere"), "no such folder"),
    ],
)
def test_where_an_act_cannot_lie_it_is_said_where_it_can(log: Path, words: tuple[str, ...], says: str) -> None:
    make_order("dst_off")
    refused = run(*words, "--json")
    error = error_of(refused)
    assert refused.code == 2
    assert says in error["message"]
    assert "doctor" not in error["hint"]


def test_a_seal_of_the_verifier_is_not_removed_by_a_form(log: Path) -> None:
    seals = '[[seals_expected]]\nnumber = "0042"\nplace = "корпус"\nkind = "клеймо поверителя"\n\n[[performers]]'
    order = make_order("dst_off", change={"[[performers]]": seals})
    Path("form.toml").write_text('[[seals_removed]]\nnumber = "0042"\nplace = "корпус"\n', encoding="utf-8")
    refused = run("visit", order, *CLOSED_PORT, "--yes", "--form", "form.toml", "--json")
    error = error_of(refused)
    assert (error["kind"], error["key"], error["line"], refused.code) == ("FormError", "number", 2, 2)


def test_no_work_has_no_act(log: Path) -> None:
    assert error_of(run("act", "print", "--json"))["exit_code"] == 2


def test_nothing_in_doubt_is_said(log: Path) -> None:
    where = ("--model", "mercury-200.02", "--address", "925646")
    told = document(run("audit", "resolve", *HERE, *where, "--tz", "Europe/Moscow", "--json", *TRACED))
    assert told["resolved"] == []
    assert writes("trace.jsonl") == []
    assert run("audit", "resolve", *HERE, *where).code == 2, "the zone is needed"


def test_an_act_file_in_the_way_stays_and_the_act_gets_another_name(log: Path) -> None:
    Path("act-117-1.pdf").write_text("of another log", encoding="utf-8")
    told = document(run("visit", make_order("dst_off"), *HERE, "--yes", "--json"))
    assert told["act"] == ["act-117-1-2.pdf", "act-117-1-2.html"]
    assert Path("act-117-1.pdf").read_text(encoding="utf-8") == "of another log"


# --- one meter, for a while -----------------------------------------------------------------------------------------


def test_visit_restore_and_stale_plans_over_tcp(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter that keeps its state: what one command writes the next one finds."""
    use_quick_line(tmp_path, monkeypatch)
    more = f"{PLAN_2}\n{REASON}"
    order = make_order("dst_off", "schedule", "tariff_mode", more=more)
    with simulated("mercury-200.02", "--dst", "on", "--schedule", "ru-household-1", "--utc", "+03:00") as ready:
        port = ("--port", ready["url"])
        assert run("plan", "order", order, *port, "-o", "early.plan").code == 0
        visited = run("visit", order, *port, "--yes", "--json")
        assert visited.code == 0, visited.err
        stale = run("apply", "early.plan", *port, "--yes", "--json")
        assert (error_of(stale)["kind"], stale.code) == ("StalePlanError", 8)
        back = run("plan", "restore", "117/1", "--order", order, *port, "-o", "back.plan", "--exit-code", "--json")
        assert back.code == 20
        assert {step["action"] for step in document(back)["steps"]} == {"schedule", "tariff_mode"}
        applied_back = run("apply", "back.plan", *port, "--yes", "--json")
        assert applied_back.code == 0, applied_back.err
        assert document(applied_back)["restores"] == "117/1"
        shown = document(run("tariff", "show", *port, "--model", "mercury-200.02", "--address", "925646", "--json"))
        assert [plan["name"] for plan in shown["plans"]] == ["ru-household-1"]
    assert [each["work"] for each in log_records(log, "work.close")] == ["117/1", "117/2"]
    assert json.loads(run("audit", "verify", "--json").out)["state"] == "ok"
