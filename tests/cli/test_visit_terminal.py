"""A visit by a person in a terminal: what is asked, in which order, and what comes of the answers.

METERLINK_LONG=1 tries more answers and more consoles.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from meterlink.audit.home import find_home
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from tests.cli.program import run
from tests.cli.visiting import (
    AT,
    AT_MODE_C,
    DEADLINE_S,
    YES,
    document,
    init_log,
    log_records,
    make_mode_c_order,
    make_order,
)
from tests.visit.visits import PLAN_2, REASON

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

LONG = os.environ.get("METERLINK_LONG") == "1"
SEALS = """
[[seals_expected]]
number = "00417725"
place = "крышка клеммной колодки"
kind = "пластиковая номерная"
"""
ENTER = "\n"


class Terminal:
    """A program at a pseudo-terminal."""

    def __init__(self, process: subprocess.Popen[bytes], near: int) -> None:
        self._process = process
        self._near = near
        self.shown = ""
        self._told = 0

    def expect(self, text: str) -> None:
        """Wait until this is shown behind what was expected before."""
        ends = time.monotonic() + DEADLINE_S
        while text not in self.shown[self._told :]:
            assert time.monotonic() < ends, f"{text!r} was never shown:\n{self.shown}"
            assert self._read(), f"it ended before {text!r}:\n{self.shown}"
        self._told = self.shown.index(text, self._told) + len(text)

    def answer(self, question: str, text: str) -> None:
        self.expect(question)
        self.type(text + ENTER)

    def type(self, text: str) -> None:
        os.write(self._near, text.encode())

    def end(self) -> int:
        while self._read():
            pass
        return self._process.wait(timeout=DEADLINE_S)

    def press_until_it_ends(self, key: str) -> int:
        """A key that is pressed before the question listens is lost; people press again."""
        ends = time.monotonic() + DEADLINE_S
        while True:
            self.type(key)
            while select.select([self._near], [], [], 1.0)[0]:
                if not self._read():
                    return self._process.wait(timeout=DEADLINE_S)
            assert time.monotonic() < ends, f"{key!r} does not end it:\n{self.shown}"

    def _read(self) -> bool:
        ready, _, _ = select.select([self._near], [], [], DEADLINE_S)
        assert ready, f"nothing more is shown:\n{self.shown}"
        try:
            data = os.read(self._near, 65_536)
        except OSError:  # the far end is closed
            return False
        self.shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)


@contextmanager
def terminal(*words: str, environment: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    """The program, with all three streams at one terminal."""
    if sys.platform == "win32":
        raise NotImplementedError
    near, far = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "meterlink", *words],
        stdin=far,
        stdout=far,
        stderr=far,
        env={**os.environ, "PYTHONUTF8": "1", "TERM": "dumb", **(environment or {})},
        start_new_session=True,
        preexec_fn=_own_terminal,
    )
    os.close(far)
    try:
        yield Terminal(process, near)
    finally:
        process.kill()
        process.wait()
        os.close(near)


def _own_terminal() -> None:
    """Ctrl-C at this terminal reaches the program."""
    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def order(empty_home: Path) -> str:
    init_log()
    actions = ("read", "dst_off", "clock", "tariff_mode")
    return make_order(*actions, change={"[[performers]]": f"{SEALS}\n[[performers]]"}, more=f"{PLAN_2}\n{REASON}")


def before_the_meter(at: Terminal) -> None:
    """The questions about seals, people and the time."""
    at.answer("Пломба 00417725, место: крышка клеммной колодки. Какая она?", "рваная")
    at.answer("'рваная' - не один из ответов: целая, повреждена, отсутствует, не указано.", "")
    at.answer("Ещё одна пломба, которую вы видите", "ЮЖ-0009")
    at.answer("Место установки", "щит")
    at.answer("Вид (Enter", "")
    at.answer("Какая она?", "повреждена")
    at.answer("Ещё одна пломба, которую вы видите", "")
    at.answer("которую вы сейчас снимаете", "00417725")
    at.answer("которую вы сейчас снимаете", "")
    at.answer("Причина снятия", "под крышкой клеммы интерфейса")
    at.answer("Потребитель;", "присутствует")
    at.answer("Кто присутствует от потребителя", "Иванова Анна")
    at.answer("Этот компьютер показывает", "Сверено")


def test_a_whole_visit_in_russian(order: str, empty_home: Path) -> None:
    with terminal("visit", order, "--port", AT, "--lang", "ru") as at:
        at.expect("наряд 117 от 18.07.2025: прибор учёта 06925646 (mercury-200.02)")
        before_the_meter(at)
        at.expect("будет записано, в этом порядке")
        at.expect("1. ")
        at.expect("что останется без изменений")
        at.answer("Наберите заводской номер прибора", "06925646")
        at.answer("Номер установленной пломбы", "00591003")
        at.answer("Место установки", "крышка клеммной колодки")
        at.answer("Вид (Enter", "пластиковая")
        at.answer("Номер установленной пломбы", "")
        at.answer("Замечание для акта", "показания сверены с индикатором")
        at.answer("Замечание для акта", "")
        at.expect("работа 117/1: ")
        at.expect("акт работы 117/1: act-117-1.pdf, act-117-1.html")
        at.expect("Сняты пломбы: 00417725. Установлены пломбы: 00591003.")
        assert at.end() == 0
    assert "Traceback" not in at.shown
    (opened,) = log_records(empty_home, "work.open")
    assert [(seal["number"], seal["state"]) for seal in opened["d"]["seals"]] == [
        ("00417725", "whole"),
        ("ЮЖ-0009", "damaged"),
    ]
    assert opened["d"]["customer"]["presence"] == "present"
    assert opened["d"]["time_source"] == "confirmed"
    assert [seal["number"] for seal in opened["d"]["removed"]] == ["00417725"]
    installed = [(each["d"]["event"], each["d"]["number"]) for each in log_records(empty_home, "seal")]
    assert installed == [("installed", "00591003")]
    assert [each["d"]["text"] for each in log_records(empty_home, "log.note")] == ["показания сверены с индикатором"]
    (plan,) = log_records(empty_home, "work.plan")
    assert plan["d"]["confirmed"] == {"by": "petrov", "how": "serial number typed"}
    page = Path("act-117-1.html").read_text(encoding="utf-8")
    for text in ("Иванова Анна", "ЮЖ-0009", "00591003", "показания сверены с индикатором", "клеммы интерфейса"):
        assert text in page
    assert Path("act-117-1.pdf").read_bytes().startswith(b"%PDF-")


BUTTON = "нажмите опломбированную кнопку доступа (ДСТП)"


def test_what_has_to_be_done_at_the_meter_is_told_before_the_dialogue(empty_home: Path) -> None:
    init_log()
    order = make_mode_c_order()
    Path("form.toml").write_text("", encoding="utf-8")
    words = ("visit", order, "--port", AT_MODE_C, "--lang", "ru", "--form", "form.toml", "--time-source", "system")
    with terminal(*words, "--trace", "t.jsonl", environment={"METERLINK_PASSWORD_FLAT_5": "777777"}) as at:
        at.expect(f"Перед обменом с прибором: {BUTTON}")
        at.expect(". Нажмите Enter, когда сделано")
        assert not Path("t.jsonl").exists(), "nothing was sent before Enter"
        at.type(ENTER)
        at.expect(f"перед этим: {BUTTON}")
        at.answer("Наберите заводской номер прибора", "800001")
        assert at.end() == 0
    assert ").." not in at.shown
    assert "Press the sealed" not in at.shown
    assert Path("t.jsonl").exists()


@pytest.mark.parametrize(
    ("language", "says"), [("ru", BUTTON), ("en", "press the sealed access button (ДСТП)")], ids=["ru", "en"]
)
def test_who_cannot_be_asked_is_told_all_the_same(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch, language: str, says: str
) -> None:
    monkeypatch.setenv("METERLINK_PASSWORD_FLAT_5", "777777")
    init_log()
    told = run("visit", make_mode_c_order(), "--port", AT_MODE_C, *YES, "--lang", language)
    assert told.code == 0
    assert {"ru": "Перед обменом с прибором: ", "en": "Before the dialogue with the meter: "}[
        language
    ] + says in told.err
    assert ").." not in told.err


@pytest.mark.parametrize("typed", ["06925647", "yes", "", "y"] if LONG else ["yes", ""])
def test_nothing_but_the_serial_number_confirms(order: str, empty_home: Path, typed: str) -> None:
    with terminal("visit", order, "--port", AT, "--trace", "t.jsonl", "--form", "form.toml") as at:
        Path("form.toml").write_text("", encoding="utf-8")
        at.answer("This computer shows", "confirmed")
        for attempt in (1, 2, 3):
            at.answer("Type the serial number of the meter", typed)
            at.expect(f"Attempt {attempt} of 3: {repr(typed) if typed else 'nothing was typed'}")
        at.expect("was not confirmed")
        assert at.end() == 9
    assert "06925646 is" not in at.shown
    assert log_records(empty_home, "intent") == []
    assert [each["d"]["result"] for each in log_records(empty_home, "work.close")] == ["cancelled"]
    assert document(run("audit", "verify", "--json"))["state"] == "ok"


def test_a_serial_number_may_be_mistyped_twice_and_typed_as_people_do(order: str, empty_home: Path) -> None:
    Path("form.toml").write_text("", encoding="utf-8")
    with terminal("visit", order, "--port", AT, "--form", "form.toml", "--time-source", "system", "--lang", "ru") as at:
        at.answer("Наберите заводской номер прибора", "06925664")
        at.expect("Попытка 1 из 3: '06925664' - не номер этого прибора.")
        at.answer("Наберите заводской номер прибора", "")
        at.expect("Попытка 2 из 3: ничего не набрано.")
        at.answer("Наберите заводской номер прибора", " 6925646 ")
        assert at.end() == 0
    assert [each["d"]["result"] for each in log_records(empty_home, "work.close")] == ["done"]


def test_an_unknown_time_is_asked_for_and_sets_no_clock(order: str, empty_home: Path) -> None:
    Path("form.toml").write_text("", encoding="utf-8")
    with terminal("visit", order, "--port", AT, "--form", "form.toml") as at:
        at.answer("This computer shows", "maybe")
        at.answer("This computer shows", "unknown")
        assert at.end() == 8
    assert log_records(empty_home, "intent") == []


@pytest.mark.parametrize(
    ("question", "key", "code"),
    [
        ("Type the serial number of the meter", "\x03", 130),
        ("Type the serial number of the meter", "\x04", 9),
        ("This computer shows", "\x03", 130),
    ],
    ids=["Ctrl-C at the confirmation", "Ctrl-D at the confirmation", "Ctrl-C at the time"],
)
def test_walking_away_from_a_question(order: str, empty_home: Path, question: str, key: str, code: int) -> None:
    Path("form.toml").write_text("", encoding="utf-8")
    with terminal("visit", order, "--port", AT, "--form", "form.toml") as at:
        if question != "This computer shows":
            at.answer("This computer shows", "system")
        at.expect(question)
        assert at.press_until_it_ends(key) == code
    assert "Traceback" not in at.shown
    assert ("was not confirmed: the question was not answered" in at.shown) is (code == 9)
    assert log_records(empty_home, "intent") == []
    assert document(run("audit", "verify", "--json"))["state"] == "ok"
    assert run("visit", order, "--port", AT, *YES).code == 0, "whoever walked away may come back"
    assert {each["work"] for each in log_records(empty_home, "work.close")} <= {"117/1", "117/2"}


# --- a work is given up ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "code", "says"),
    [
        (("117", " 117/1 "), 0, "'117' is not the id of this work."),
        (("", "06925646", "no"), 9, "what was typed was not its id, 3 times"),
    ],
    ids=["its id", "anything else"],
)
def test_a_work_is_given_up_by_typing_its_id(
    order: str, empty_home: Path, typed: tuple[str, ...], code: int, says: str
) -> None:
    with find_home(empty_home).open(Run.start()) as log:
        log.append(Entry(type="work.open", work="117/1", d={"order": {"number": "117"}}))
    with terminal("audit", "abandon", "117/1", "--reason", "the meter was swapped") as at:
        for each in typed:
            at.answer("Type the id of the work", each)
        assert at.end() == code
    assert says in at.shown
    assert [each["work"] for each in log_records(empty_home, "work.close")] == ([] if code else ["117/1"])


# --- after the writing ----------------------------------------------------------------------------------------------


def to_the_questions_after(at: Terminal) -> None:
    before_the_meter(at)
    at.answer("Наберите заводской номер прибора", "06925646")
    at.answer("Номер установленной пломбы", "00591003")
    at.answer("Место установки", "крышка клеммной колодки")
    at.expect("Вид (Enter")


def test_who_answers_no_more_after_the_writing_still_gets_an_act(order: str, empty_home: Path) -> None:
    with terminal("visit", order, "--port", AT, "--lang", "ru") as at:
        to_the_questions_after(at)
        assert at.press_until_it_ends("\x04") == 0
    assert "остальное в анкете не указано" in at.shown
    assert "работа 117/1: выполнено" in at.shown
    assert "акт работы 117/1: act-117-1.pdf" in at.shown
    assert "nothing was done" not in at.shown
    assert [each["d"]["result"] for each in log_records(empty_home, "work.close")] == ["done"]
    put_on = [(each["d"]["number"], each["d"]["place"]) for each in log_records(empty_home, "seal")]
    assert put_on == [("00591003", "крышка клеммной колодки")], "it is on the meter"
    page = Path("act-117-1.html").read_text(encoding="utf-8")
    assert "00591003" in page
    assert "указаны не до конца" in page


def test_ctrl_c_after_the_writing_leaves_the_work_open_and_says_what_stands(order: str, empty_home: Path) -> None:
    with terminal("visit", order, "--port", AT, "--lang", "ru") as at:
        to_the_questions_after(at)
        assert at.press_until_it_ends("\x03") == 130
    assert "Только что набранные пломбы и замечания не записаны" in at.shown
    assert "Работа 117/1 прервана на середине; в журнале она остаётся открытой." in at.shown
    assert "записано и прочитано обратно: выключить автоматический переход" in at.shown
    assert "ни одной команды записи не отправлено" not in at.shown
    assert log_records(empty_home, "work.close", "seal") == []
    assert not list(Path().glob("act-*"))
    right = AT.replace("dst=on", "dst=off").replace("clock_error_s=3614", "clock_error_s=0")
    with terminal("visit", order, "--port", right, "--lang", "ru", "--time-source", "system") as at:
        at.expect("Прошлый запуск оставил эту работу открытой")
        if "Наберите" not in at.shown:
            at.answer("Наберите заводской номер прибора", "06925646")
        at.answer("Номер установленной пломбы", "00591003")
        at.answer("Место установки", "крышка")
        at.answer("Вид (Enter", "")
        at.answer("Номер установленной пломбы", "")
        at.answer("Замечание для акта", "")
        assert at.end() == 0
    assert [each["work"] for each in log_records(empty_home, "work.close")] == ["117/1"]
    assert [each["d"]["number"] for each in log_records(empty_home, "seal")] == ["00591003"]


# --- seals that cannot be -------------------------------------------------------------------------------------------

VERIFIER = """
[[seals_expected]]
number = "П-7й"
place = "винт корпуса"
kind = "клеймо поверителя"
"""
TYPED = unicodedata.normalize("NFD", "П-7й")
"""As some keyboards put it together."""


def test_a_seal_that_cannot_be_is_asked_again_and_told_why(empty_home: Path) -> None:
    init_log()
    order = make_order("read", "dst_off", change={"[[performers]]": f"{SEALS}{VERIFIER}\n[[performers]]"})
    with terminal("visit", order, "--port", AT, "--lang", "ru") as at:
        at.answer("Пломба 00417725", "")
        at.answer("Пломба П-7й", "")
        at.answer("Ещё одна пломба, которую вы видите", "00417725")
        at.expect("пломба 00417725 уже названа")
        at.answer("Ещё одна пломба, которую вы видите", "5")
        at.answer("Место установки", "")
        at.expect("у пломбы 5 нет места установки")
        at.answer("Место установки", "щит")
        at.answer("Вид (Enter", "")
        at.answer("Какая она?", "missing")
        at.answer("Ещё одна пломба, которую вы видите", "")
        at.answer("которую вы сейчас снимаете; пломбы поверителя и завода-изготовителя не снимают", "5")
        at.expect("пломба 5 отсутствует, снять её сейчас нельзя")
        at.answer("которую вы сейчас снимаете", TYPED.lower())
        at.expect("монтёр её никогда не снимает")
        at.answer("наберите её номер ещё раз", "")
        at.expect("Пломба П-7й не записана как снятая.")
        at.answer("которую вы сейчас снимаете", "00417725")
        at.answer("которую вы сейчас снимаете", "00417725")
        at.expect("пломба 00417725 уже названа")
        at.answer("которую вы сейчас снимаете", "")
        at.answer("Причина снятия", "клеммы под крышкой")
        at.answer("Потребитель;", "")
        at.answer("Наберите заводской номер прибора", "06925646")
        for spent in ("00417725", "5"):
            at.answer("Номер установленной пломбы", spent)
            at.expect(f"пломба {spent} найдена на приборе или снята")
        at.answer("Номер установленной пломбы", "6")
        at.answer("Место установки", "крышка")
        at.answer("Вид (Enter", "")
        at.answer("Номер установленной пломбы", "6")
        at.expect("пломба 6 уже названа")
        at.answer("Номер установленной пломбы", "")
        at.answer("Замечание для акта", "")
        assert at.end() == 0
    (opened,) = log_records(empty_home, "work.open")
    assert [seal["number"] for seal in opened["d"]["removed"]] == ["00417725"]
    assert [each["d"]["number"] for each in log_records(empty_home, "seal")] == ["6"]


def test_a_seal_of_the_verifier_that_is_off_is_told_by_its_number_again(empty_home: Path) -> None:
    init_log()
    order = make_order("read", "dst_off", change={"[[performers]]": f"{VERIFIER}\n[[performers]]"})
    with terminal("visit", order, "--port", AT, "--lang", "ru") as at:
        at.answer("Пломба П-7й", "damaged")
        at.answer("Ещё одна пломба, которую вы видите", "")
        at.answer("которую вы сейчас снимаете", TYPED)
        at.answer("наберите её номер ещё раз", TYPED)
        at.answer("которую вы сейчас снимаете", "")
        at.answer("Причина снятия", "сорвана " * 70)
        at.expect("Так нельзя: знаков в тексте 559")
        at.answer("Причина снятия", "была сорвана")
        at.answer("Потребитель;", "")
        assert at.press_until_it_ends("\x04") == 9
    (opened,) = log_records(empty_home, "work.open")
    assert [seal["number"] for seal in opened["d"]["removed"]] == ["П-7й"]


def test_apply_asks_for_the_serial_number(order: str, empty_home: Path) -> None:
    assert run("plan", "order", order, "--port", AT, "--time-source", "system", "-o", "v.plan").code == 0
    with terminal("apply", "v.plan", "--port", AT) as at:
        at.answer("Type the serial number of the meter", "06925646")
        assert at.end() == 0
    (plan,) = log_records(empty_home, "work.plan")
    assert plan["d"]["confirmed"]["how"] == "serial number typed"


def test_plan_asks_who_vouches_for_the_time(order: str) -> None:
    with terminal("plan", "order", order, "--port", AT) as at:
        at.answer("This computer shows", "confirmed")
        assert at.end() == 0
    assert "set the clock back" in at.shown


def test_a_terminal_without_russian(order: str, empty_home: Path) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with terminal("visit", order, "--port", AT, "--lang", "ru", environment=ascii_only) as at:
        for answer in ("", "", "", "absent", "confirmed", "06925646", "", ""):
            at.type(answer + ENTER)
        code = at.end()
    assert "Traceback" not in at.shown
    assert code == 0, at.shown
    assert log_records(empty_home, "work.open")[0]["d"]["customer"]["presence"] == "absent"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp866"] if LONG else ["cp866"])
def test_a_console_of_another_encoding(empty_home: Path, encoding: str) -> None:
    init_log()
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    words = [sys.executable, "-m", "meterlink", "visit", make_order("schedule"), "--port", AT, "--yes", "--lang", "ru"]
    done = subprocess.run(words, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"act-117-1.pdf" in done.stdout
    picture = b"222222222222221111111111111111111111111111111122"
    sides = b"\xb3" if encoding == "cp866" else b"|"
    assert sides + picture + sides in done.stdout, "the frame is drawn with what there is"
    if encoding == "cp866":
        assert "наряд 117".encode("cp866") in done.stdout
    assert "Петров" in Path("act-117-1.html").read_text(encoding="utf-8")
