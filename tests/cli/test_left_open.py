"""What a run finds of those before it: works that were left open, frames in doubt; and what people are told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.cli.act_files import judge
from meterlink.cli.order_file import load_order
from meterlink.cli.plan_shown import schedule_lines
from meterlink.cli.work_shown import show_ended
from meterlink.errors import LinkLostError
from meterlink.flow import Announcement, Outcome
from meterlink.language import Language
from meterlink.visit.session import Session
from meterlink.visit.work import Judgement, WorkGate
from meterlink_mercury200 import messages as m
from meterlink_mercury200.sim import Behaviour
from tests.cli.program import run
from tests.cli.visiting import AT, document, error_of, home_of, init_log, log_records, make_order
from tests.visit.visits import PLAN_2, SERIAL, Visits, make_meter, order_of

HERE = ("--port", AT)
METER = ("--model", "mercury-200.02", "--address", "925646", "--tz", "Europe/Moscow")
RESUMED = "An earlier run left this work open; it is gone on with, and the seals are not asked again."
OFF = "switch the automatic change to summer time off"


@pytest.fixture
def log(empty_home: Path) -> Path:
    init_log()
    return empty_home


def append(folder: Path, *entries: Entry) -> list[int]:
    with home_of(folder).open(Run.start()) as log:
        return [log.append(entry) for entry in entries]


def left_open(order: str, answered: str) -> Entry:
    """The first record of a work of this order, at the meter that answered so."""
    d = {"order": {"number": "117", "sha256": load_order(Path(order)).sha256}, "meter": {"answered": answered}}
    return Entry(type="work.open", work="117/1", d=d)


# --- gone on with ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", [SERIAL, SERIAL.lstrip("0")], ids=["the same", "without its zero"])
def test_what_is_told_to_be_gone_on_with_is_gone_on_with(log: Path, answered: str) -> None:
    order = make_order("dst_off", more="")
    append(log, left_open(order, answered))
    visited = run("visit", order, *HERE, "--yes")
    assert visited.code == 0, visited.err
    assert RESUMED in visited.out
    assert "work 117/1: done" in visited.out
    assert len(log_records(log, "work.open")) == 1


def test_of_a_work_at_another_meter_nothing_is_told_and_nothing_gone_on_with(log: Path) -> None:
    order = make_order("dst_off", more="")
    append(log, left_open(order, "06925647"))
    visited = run("visit", order, *HERE, "--yes")
    assert RESUMED not in visited.out
    assert "work 117/2: done" in visited.out
    assert [record["work"] for record in log_records(log, "work.open")] == ["117/1", "117/2"]


def test_of_another_order_at_this_meter_neither(log: Path) -> None:
    append(log, left_open(make_order("dst_off", more="", file="first.toml"), SERIAL))
    visited = run("visit", make_order("dst_off", "read", more=""), *HERE, "--yes")
    assert RESUMED not in visited.out
    assert "work 117/2: done" in visited.out


# --- frames in doubt ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A frame that was announced, and of which nobody knows; the meter stands with the automatic change on."""

    name: str
    frame: Mapping[str, str]
    says: str
    says_ru: str

    def __str__(self) -> str:
        return self.name


DST = {"parameter": "DST flag"}
DOUBTS = (
    Doubt(
        name="written",
        frame={**DST, "old": "00", "new": "01"},
        says="DST flag. It reads on: it was written",
        says_ru="DST flag. Сейчас там on: было записано",
    ),
    Doubt(
        name="unchanged",
        frame={**DST, "old": "01", "new": "00"},
        says="DST flag. It reads on: it was not written",
        says_ru="DST flag. Сейчас там on: записано не было",
    ),
    Doubt(
        name="other",
        frame={"parameter": "button correction", "old": "05", "new": "07"},
        says="that is neither the old value nor the new one",
        says_ru="это ни прежнее значение, ни новое",
    ),
    Doubt(
        name="unknown",
        frame={},
        says="It reads unknown: nothing tells what it was about",
        says_ru="Сейчас там unknown: неизвестно, о чём была запись",
    ),
)


def announced(frame: Mapping[str, str], meter: str = SERIAL) -> Entry:
    named = {"family": "mercury200", "serial_number": meter}
    frames = [{"i": 0, "bytes": "00", **frame}]
    return Entry(type="intent", d={"operation": OFF, "part": 1, "parts": 1, "frames": frames, "meter": named})


@pytest.mark.parametrize("doubt", DOUBTS, ids=str)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_became_of_a_frame_in_doubt_is_told(log: Path, doubt: Doubt, language: str) -> None:
    append(log, announced(doubt.frame))
    told = run("audit", "resolve", *HERE, *METER, "--lang", language)
    assert told.code == 0, told.err
    assert (doubt.says if language == "en" else doubt.says_ru) in told.out
    assert OFF in told.out
    assert log_records(log, "resolve")[-1]["d"]["decision"] == doubt.name


@pytest.mark.parametrize("doubt", DOUBTS, ids=str)
def test_a_visit_tells_the_same_before_it_does_anything(log: Path, doubt: Doubt) -> None:
    append(log, announced(doubt.frame))
    visited = run("visit", make_order("dst_off", more=""), *HERE, "--yes")
    assert doubt.says in visited.err


def test_a_value_that_was_acknowledged_and_never_read_back_is_told_by_the_same_words(log: Path) -> None:
    order = make_order("dst_off", more="")
    _, of = append(log, left_open(order, SERIAL), Entry(type="intent", work="117/1", d=announced(DST).d))
    append(log, Entry(type="outcome", work="117/1", d={"of": of, "i": 0, "result": "ok"}))
    told = run("audit", "resolve", *HERE, *METER)
    assert f"acknowledged, and read back only now: {OFF}, 1 value: that is neither the old value" in told.out


def test_doubts_at_other_meters_are_named(log: Path) -> None:
    append(log, announced(DST, "06925647"))
    told = run("audit", "resolve", *HERE, *METER)
    assert "nothing is in doubt at meter 06925646\n" in told.out
    assert "in doubt at other meters: 06925647\n" in told.out
    assert log_records(log, "resolve") == []


def test_frames_of_one_record_that_are_in_doubt_are_told_together(log: Path) -> None:
    d = announced(DST).d
    frames = [{"i": i, "bytes": "00", "parameter": f"record {i}"} for i in range(60)]
    (of,) = append(log, Entry(type="intent", d={**d, "frames": frames}))
    append(log, *(Entry(type="outcome", d={"of": of, "i": i, "result": "ok"}) for i in (0, 1, 30)))
    (one,) = append(log, announced(DST))
    status = run("audit", "status")
    rows = [line.split() for line in status.out.splitlines() if line.split()[:1] in ([str(of)], [str(one)])]
    assert [row[1] for row in rows] == ["2-29,", "0"]
    assert "2-29, 31-59" in status.out
    assert "record 2 to record 59" in status.out
    for verb in ("status", "verify"):
        told = run("audit", verb).out.splitlines()
        assert [line for line in told if line.startswith("It is not known")] == [
            f"It is not known what became of 57 earlier writes to meter {SERIAL}: {OFF} (record {of}, frames 2-29, "
            "31-59).",
            f"It is not known what became of an earlier write to meter {SERIAL}: {OFF} (record {one}, frame 0).",
        ]
    whole = document(run("audit", "status", "--json"))
    assert (len(whole["doubts"]), len(whole["findings"])) == (58, 58)


def test_a_work_in_which_nothing_was_written_is_told_as_that(log: Path) -> None:
    append(log, left_open(make_order("dst_off", more=""), SERIAL))
    told = run("audit", "resolve", *HERE, *METER)
    assert "The work 117/1 of order 117 is open; nothing was written in it\n" in told.out


@pytest.mark.parametrize(
    ("language", "says"),
    [
        (Language.EN, "the stored tables are no schedule that can be drawn"),
        (Language.RU, "записанные таблицы не складываются в расписание, которое можно нарисовать"),
    ],
)
def test_tables_that_are_no_schedule_are_told_as_that(language: Language, says: str) -> None:
    assert list(schedule_lines(None, language)) == [says]


# --- closed as it stands --------------------------------------------------------------------------------------------


def test_what_stood_and_stands_no_more_is_a_problem_of_the_work_that_is_closed(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The meter here begins anew at each command: with the automatic change on."""

    def pulled(*_args: object) -> None:
        raise LinkLostError(port="COM3", why="it was pulled out")

    with monkeypatch.context() as patched:
        patched.setattr(Session, "look_after", pulled)
        assert run("visit", make_order("dst_off", more=""), *HERE, "--yes").code == 3
    told = run("audit", "resolve", *HERE, *METER, "--close")
    assert told.code == 7
    assert "The work 117/1 is closed as it stands: " in told.out
    assert "   not done: automatic change to summer time: off; none of 1 value stands as wanted\n" in told.out
    assert "   Meter 06925646 does not hold what was written: DST flag should be off, and reads on.\n" in told.out


# --- given up: the meter died or was swapped ------------------------------------------------------------------------


def leave_written(log: Path, answered: str = SERIAL) -> None:
    """An open work that was sent one frame, which was acknowledged and never read back."""
    _, of = append(
        log,
        left_open(make_order("dst_off", more=""), answered),
        Entry(type="intent", work="117/1", d=announced(DST, answered).d),
    )
    append(log, Entry(type="outcome", work="117/1", d={"of": of, "i": 0, "result": "ok"}))


ABANDON = ("audit", "abandon", "117/1", "--reason", "the meter burnt out")


def test_works_that_are_open_at_other_meters_are_named_with_the_way_out(log: Path) -> None:
    leave_written(log, "06925647")
    told = run("audit", "resolve", *HERE, *METER)
    assert "nothing is in doubt at meter 06925646\n" in told.out
    assert "open at other meters: 117/1 (06925647)\n" in told.out
    assert "meterlink audit abandon WORK --reason TEXT\n" in told.out
    elsewhere = document(run("audit", "resolve", *HERE, *METER, "--json"))["open_elsewhere"]
    assert [each["work"] for each in elsewhere] == ["117/1"]


def test_what_is_open_at_this_meter_is_not_named_as_elsewhere(log: Path) -> None:
    leave_written(log)
    assert document(run("audit", "resolve", *HERE, *METER, "--json"))["open_elsewhere"] == []


def test_status_names_the_way_out_for_a_meter_that_cannot_be_read(log: Path) -> None:
    leave_written(log)
    status = run("audit", "status")
    assert status.code == 11
    assert "cannot be read any more: `meterlink audit abandon 117/1 --reason TEXT`" in status.out


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_work_is_given_up_without_its_meter(log: Path, language: str) -> None:
    leave_written(log)
    told = run(*ABANDON, "--yes", "--lang", language)
    assert told.code == 0, told.err
    says = {
        "en": (
            f"not known, and not to be known: {OFF}, 1 value\n",
            "The work 117/1 is closed, and meter 06925646 was not read: in doubt: what stands in the meter is not",
        ),
        "ru": (f"неизвестно и останется неизвестным: {OFF}, 1 значение\n", "Работа 117/1 закрыта, прибор 06925646 не"),
    }
    assert all(sentence in told.out for sentence in says[language])
    assert run("audit", "status").code == 0
    assert run("act", "print", "--work", "117/1", "--out", "given-up.html", "--lang", "en").code == 0
    assert "the meter burnt out" in Path("given-up.html").read_text(encoding="utf-8")
    again = run(*ABANDON, "--yes", "--json")
    assert (error_of(again)["kind"], again.code) == ("WorkClosedError", 8)


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["for people", "as a document"])
def test_without_a_yes_and_without_a_terminal_nothing_is_given_up(log: Path, more: tuple[str, ...]) -> None:
    leave_written(log)
    size = len(log_records(log))
    refused = run(*ABANDON, *more)
    assert refused.code == 9
    assert "That the work 117/1 is given up was not confirmed" in (refused.out if more else refused.err)
    assert len(log_records(log)) == size


def test_a_reason_is_needed(log: Path) -> None:
    leave_written(log)
    assert run(*ABANDON[:3], "--yes").code == 2
    for reason in ("", "  ", "x" * 501, "a\udcff", "burnt\x1b[31m"):
        assert error_of(run(*ABANDON[:4], reason, "--yes", "--json"))["setting"] == "--reason"
    assert log_records(log, "work.close") == []


def test_a_work_that_another_run_has_in_hand_is_not_given_up(log: Path) -> None:
    leave_written(log)
    with home_of(log).alone_with(SERIAL):
        refused = run(*ABANDON, "--yes", "--json")
    assert (error_of(refused)["kind"], refused.code) == ("MeterBusyError", 8)
    assert log_records(log, "work.close") == []


# --- stopped in the middle ------------------------------------------------------------------------------------------


def stop_at(kind: type[Announcement | Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C once the first of these is in the log."""
    inner = WorkGate.__call__

    def gate(self: WorkGate, entry: Announcement | Outcome) -> None:
        inner(self, entry)
        if isinstance(entry, kind):
            raise KeyboardInterrupt

    monkeypatch.setattr(WorkGate, "__call__", gate)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_of_a_frame_that_was_announced_it_is_told_that_it_is_in_doubt(
    log: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    stop_at(Announcement, monkeypatch)
    stopped = run("visit", make_order("dst_off", more=""), *HERE, "--yes", "--lang", language)
    assert stopped.code == 130
    known = {
        "en": "What is known of the meter: in doubt: switch the automatic change to summer time off, DST flag\n",
        "ru": "Что известно о приборе: под вопросом: switch the automatic change to summer time off, DST flag\n",
    }
    assert known[language] in stopped.err


def test_where_nothing_was_sent_that_is_told(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "plan", interrupted)
    stopped = run("visit", make_order("dst_off", more=""), *HERE, "--yes")
    assert stopped.code == 130
    assert "What is known of the meter: no frame that changes it was sent\n" in stopped.err


PHASES = {
    "meterlink.visit.session.Session.resolve_doubts": "nothing",
    "meterlink.visit.session.Session.look": "nothing",
    "meterlink.visit.session.Session.begin": "nothing",
    "meterlink.visit.session.Session.plan": "open",
    "meterlink.visit.session.Session.look_after": "open",
    "meterlink.visit.session.Session.close": "open",
    "meterlink.cli.visit.act_over": "closed",
    "meterlink.cli.visit.write_act": "closed",
    "meterlink.cli.visit.show_visit": "shown",
}
"""Where Ctrl-C comes, and how the work stands by then."""
STOPPED = {
    "nothing": ("What is known of the meter: no frame that changes it was sent\n",),
    "open": ("The work 117/1 was stopped in the middle", "it reads the meter before it writes anything.\n"),
    "closed": (
        "The work 117/1 is closed in the log; it was stopped before its act was printed.\n",
        f"What is known of the meter: {OFF}: written and verified by reading back\n",
        "Print its act: `meterlink act print --work 117/1`. The same command again would begin another work.\n",
    ),
    "shown": ("where its act is not there yet, `meterlink act print --work 117/1` prints it.\n",),
}


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.rpartition(".")[2])
def test_whenever_a_visit_is_stopped_it_is_told_how_the_work_stands_and_what_to_do(
    log: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    def interrupted(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    order = make_order("dst_off", more="")
    with monkeypatch.context() as patched:
        patched.setattr(phase, interrupted)
        stopped = run("visit", order, *HERE, "--yes")
    assert stopped.code == 130
    for sentence in STOPPED[PHASES[phase]]:
        assert sentence in stopped.err
    closed = PHASES[phase] in ("closed", "shown")
    assert ("Run the same command again" in stopped.err) is not closed
    if closed:
        printed = run("act", "print", "--work", "117/1")
        assert printed.code == (2 if PHASES[phase] == "shown" else 0), "what is there is not overwritten"
    else:
        assert "work 117/1: " in run("visit", order, *HERE, "--yes").out


def test_in_russian_too(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("meterlink.cli.visit.write_act", interrupted)
    stopped = run("visit", make_order("dst_off", more=""), *HERE, "--yes", "--lang", "ru")
    assert "Работа 117/1 в журнале закрыта; прервано до печати её акта.\n" in stopped.err
    assert "Напечатайте её акт: `meterlink act print --work 117/1`." in stopped.err


@pytest.mark.parametrize("language", list(Language))
def test_a_step_that_does_not_stand_tells_what_is_there_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: Language
) -> None:
    """A meter that acknowledges one setting and ignores it, and the step behind that one."""
    behaviour = Behaviour(ignores_writes={m.SET_DST.code})
    order = order_of(("dst_off", "tariff_mode"), PLAN_2)
    visit = Visits(tmp_path).at(make_meter(behaviour=behaviour), order)
    ended = visit.carry_out()
    assert visit.plan is not None
    show_ended(ended, visit.plan, language)
    told = capsys.readouterr().out
    assert {Language.EN: "   it reads on\n", Language.RU: "   в приборе: on\n"}[language] in told
    assert "   not begun: an earlier step did not stand\n" in told


# --- an act that is not the one that was sealed ---------------------------------------------------------------------


def test_an_act_that_is_not_the_one_the_log_sealed_is_not_printed(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where another version of the program would make another body of the same records."""

    def other(records: Sequence[Any]) -> Judgement:
        return replace(judge(records), sha256="0" * 64)

    with monkeypatch.context() as patched:
        patched.setattr("meterlink.cli.job.judge", other)
        visited = run("visit", make_order("dst_off", more=""), *HERE, "--yes", "--json")
    told = document(visited)
    assert (told["work"], told["result"], told["act"]) == ("117/1", "done", []), "how it ended is told all the same"
    says = "the log says that the body of the act of 117/1 has another hash than the one its records give now"
    printed = run("act", "print", "--work", "117/1", "--json")
    assert (error_of(printed)["kind"], printed.code) == ("ActError", visited.code)
    assert says in error_of(printed)["message"]
    assert list(Path().glob("act-*")) == []
    assert log_records(log, "act.issued") == []
