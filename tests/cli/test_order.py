"""`order new` and `order check`, and orders as files."""

from __future__ import annotations

import json
import re
import shlex
import sys
from datetime import date, tzinfo
from pathlib import Path

import pytest

from meterlink.cli import order as order_module
from meterlink.cli.order_file import load_order, load_schedule
from meterlink.errors import ConfigError
from tests.cli import key_ring
from tests.cli.program import ROOT, check, run
from tests.cli.visiting import AT_MODE_C, YES, init_log, log_records, make_mode_c_order

TODAY = date(2026, 11, 21)
PAGE = (ROOT / "docs" / "orders.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```toml\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^\$ meterlink (.*)$", PAGE, re.MULTILINE)
CANARY = "kanarejka-4711"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    def today(_zone: tzinfo | None) -> date:
        return TODAY

    monkeypatch.setattr(order_module, "today", today)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where one works, with the files of the page in it."""
    for name, text in BLOCKS.items():
        Path(name).write_text(text, encoding="utf-8")
    return tmp_path / "work"


# --- new ------------------------------------------------------------------------------------------------------------


def test_a_new_order_goes_to_stdout_or_into_a_file() -> None:
    printed = run("order", "new").out
    assert "order_date = 2026-11-21" in printed
    assert run("order", "new", "flat-6.toml").code == 0
    assert Path("flat-6.toml").read_text(encoding="utf-8") == printed


def test_a_file_that_is_there_stays_as_it_is() -> None:
    Path("flat-6.toml").write_text("mine", encoding="utf-8")
    ended = run("order", "new", "flat-6.toml", "--json")
    assert (ended.code, ended.document["error"]["why"]) == (2, "there is such a file already")
    assert Path("flat-6.toml").read_text(encoding="utf-8") == "mine"


def test_the_form_is_that_of_the_file() -> None:
    assert run("order", "new", "a.json").code == 0
    assert json.loads(Path("a.json").read_text(encoding="utf-8"))["order_no"] == ""
    assert json.loads(run("order", "new", "--form", "json").out)["tz"] == ""
    assert "its name says json" in run("order", "new", "b.json", "--form", "toml").err
    assert "neither in .toml nor in .json" in run("order", "new", "b.txt").err
    assert "cannot be written" in run("order", "new", "nowhere/b.toml").err
    assert sorted(path.name for path in Path().iterdir()) == ["a.json"]


def test_a_new_order_as_a_document() -> None:
    document = run("order", "new", "a.toml", "--json").document
    assert (document["file"], document["form"]) == ("a.toml", "toml")
    assert document["text"] == Path("a.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["a.toml", "a.json"])
def test_the_example_holds(name: str) -> None:
    assert run("order", "new", "--example", name).code == 0
    document = run("order", "check", name, "--json").document
    assert (document["problems"], document["meter"]["serial_number"]) == ([], "06925646")


@pytest.mark.parametrize("name", ["a.toml", "a.json"])
def test_an_order_that_nobody_filled_in_does_not_hold(name: str) -> None:
    run("order", "new", name)
    ended = run("order", "check", name)
    assert (ended.code, ended.out) == (8, "")
    assert f"The order {name} cannot be used: order_no: it is empty" in ended.err


# --- check ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_an_order_in_words() -> None:
    ended = run("order", "check", "flat-5.toml")
    assert (ended.code, ended.err) == (0, "")
    for words in (
        "2026-17 of 2026-11-16",
        "mercury-200.02",
        "06925646",
        "read, clock, dst_off, holidays, schedule, tariff_mode, button_correction",
        "Петров И. С.",
        "00417725",
        "T1 = day, T2 = night",
        "00:00 T2 | 07:00 T1 | 23:00 T2",
        "the order holds today, 2026-11-21",
    ):
        assert words in ended.out


@pytest.mark.usefixtures("folder")
def test_an_order_as_a_document() -> None:
    document = run("order", "check", "flat-5.toml", "--json").document
    assert document["meter"]["model"] == "mercury-200.02"
    assert document["tariff_plan"]["zones"] == {"T1": "day", "T2": "night"}
    assert document["tariff_plan"]["schedule"]["season"][0]["every_day"] == "00:00 T2 | 07:00 T1 | 23:00 T2"
    assert (document["holidays"], document["button_correction_minutes"]) == ([], 30)
    assert (document["checked_on"], document["problems"], document["notes"]) == ("2026-11-21", [], [])


def test_an_order_that_writes_and_names_no_address_is_refused_before_a_work_is_opened(empty_home: Path) -> None:
    init_log()
    order = Path(make_mode_c_order())
    order.write_text(order.read_text(encoding="utf-8").replace('"000800001"', '"*"'), encoding="utf-8")
    for command in (("order", "check", str(order)), ("visit", str(order), "--port", AT_MODE_C, *YES)):
        refused = run(*command)
        assert (refused.code, "whoever answers may only be read" in refused.err) == (8, True)
    assert log_records(empty_home, "work.open") == []


@pytest.mark.usefixtures("folder")
def test_a_display_is_told_as_it_stands_in_the_order() -> None:
    text = BLOCKS["flat-5.toml"].replace('"clock"', '"clock", "display"') + "\n[display]\nmask = 255\n"
    Path("flat-5.toml").write_text(text, encoding="utf-8")
    assert run("order", "check", "flat-5.toml", "--json").document["display"] == {"mask": 255}
    assert re.search(r"display mask +255", run("order", "check", "flat-5.toml").out)


def test_a_schedule_file_stands_beside_its_order(folder: Path) -> None:
    (folder / "deep").mkdir()
    for name in ("shop.toml", "kinds-of-day.toml"):
        Path(name).rename(Path("deep") / name)
    document = run("order", "check", "deep/shop.toml", "--json").document
    assert document["attached"] == ["kinds-of-day.toml"]
    assert document["tariff_plan"]["name"] == "в выходные и праздники без пика"
    Path("deep/kinds-of-day.toml").unlink()
    ended = run("order", "check", "deep/shop.toml", "--json")
    assert (ended.code, ended.document["error"]["kind"]) == (2, "ConfigError")
    assert ended.document["error"]["setting"] == str(Path("deep/kinds-of-day.toml"))
    assert "[tariff] schedule" in ended.document["error"]["hint"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("old", "new", "kind", "code", "says"),
    [
        ('"clock"', '"clok"', "OrderFormError", 8, "did you mean clock?"),
        ('"Europe/Moscow"', '"MSK"', "OrderZoneError", 8, "Write Europe/Moscow or +03:00."),
        ('tz = "Europe/Moscow"', "", "OrderFormError", 8, "tz: it is missing"),
        ("feeder", "feder", "OrderFormError", 8, "did you mean feeder?"),
        ('"06925646"', "6925646", "OrderFormError", 8, "leading zeros"),
        ('"925646"', '"4294967296"', "OrderFormError", 8, "meter.network_address"),
        ('"Меркурий 200.02"', '"Меркурий 230"', "UnknownModelError", 6, "profiles list"),
        ('tariff_plan = "ru-household-2"', "", "OrderFormError", 8, "needs a tariff plan"),
        ("order_date = 2026-11-16", "order_date = 2026-13-16", "OrderFormError", 8, "it is not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_exit_code(old: str, new: str, kind: str, code: int, says: str) -> None:
    text = BLOCKS["flat-5.toml"]
    assert text.count(old) == 1 or old == '"06925646"'
    Path("flat-5.toml").write_text(text.replace(old, new), encoding="utf-8")
    ended = run("order", "check", "flat-5.toml", "--json")
    error = ended.document["error"]
    assert (error["kind"], error["exit_code"], ended.code) == (kind, code, code)
    assert says in f"{error['message']} {error['hint']}"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("day", "rule"),
    [
        ("07:00 T1", "starts-at-midnight"),
        ("00:00 T1 | 09:00 T2 | 08:00 T1", "points-sorted"),
        ("00:00 T1 | 07:00 T5", "tariffs-limit"),
        (" | ".join(f"{hour:02d}:00 T{1 + hour % 2}" for hour in range(9)), "points-limit"),
    ],
)
def test_a_schedule_that_cannot_be_is_told_before_anybody_goes_there(day: str, rule: str) -> None:
    text = f'spec = 1\n[[season]]\nstarts = "01-01"\nevery_day = "{day}"\n'
    Path("kinds-of-day.toml").write_text(text, encoding="utf-8")
    order = re.sub(r"^(zones|tariffs) = .*$", "", BLOCKS["shop.toml"], flags=re.MULTILINE)
    Path("shop.toml").write_text(order, encoding="utf-8")
    ended = run("order", "check", "shop.toml", "--json")
    error = ended.document["error"]
    assert (error["kind"], error["rule"], ended.code) == ("ScheduleError", rule, 6)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("valid_to = 2026-12-16", "valid_to = 2026-11-20", "valid until 2026-11-20, and today is 2026-11-21"),
        ("valid_from = 2026-11-16", "valid_from = 2026-11-22", "valid from 2026-11-22 on, and today is 2026-11-21"),
        ("2027-03-31", "2026-11-20", "the certificate 0412 of Петров И. С. ended on 2026-11-20"),
    ],
)
def test_an_order_that_does_not_hold_today_is_shown_and_refused(old: str, new: str, kind: str) -> None:
    text = BLOCKS["flat-5.toml"]
    assert old in text
    Path("flat-5.toml").write_text(text.replace(old, new), encoding="utf-8")
    ended = run("order", "check", "flat-5.toml")
    assert ended.code == 8
    assert kind in ended.err
    assert "2026-17 of 2026-11-16" in ended.out
    assert "holds today" not in ended.out
    document = json.loads(run("order", "check", "flat-5.toml", "--json").out)
    check(document)
    assert document["schema"] == "meterlink.order/1"
    assert kind in document["problems"][0]


def test_the_day_is_that_of_the_meters_place(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tzinfo | None] = []

    def today(zone: tzinfo | None) -> date:
        asked.append(zone)
        return TODAY

    monkeypatch.setattr(order_module, "today", today)
    Path("shop.toml").write_text(BLOCKS["shop.toml"], encoding="utf-8")
    Path("kinds-of-day.toml").write_text(BLOCKS["kinds-of-day.toml"], encoding="utf-8")
    assert run("order", "check", "shop.toml").code == 0
    assert [str(zone) for zone in asked] == ["UTC+05:00"]


@pytest.mark.parametrize("name", ["order.txt", "order", "nosuch.toml", "folder.toml"])
def test_what_is_no_file_of_an_order(name: str) -> None:
    Path("folder.toml").mkdir()
    Path("order.txt").write_text(BLOCKS["flat-5.toml"], encoding="utf-8")
    ended = run("order", "check", name, "--json")
    assert (ended.code, ended.document["error"]["kind"]) == (2, "ConfigError")
    assert name in ended.document["error"]["message"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such device")
def test_a_file_without_an_end_is_not_read_to_its_end() -> None:
    Path("order.toml").symlink_to("/dev/zero")
    assert "larger than" in run("order", "check", "order.toml").err


def test_a_password_in_an_order_is_not_repeated() -> None:
    for line in (f'password = "{CANARY}"', f'password_ref = "{CANARY} "', f'пароль = "{CANARY}"'):
        Path("a.toml").write_text(f"{line}\n{BLOCKS['flat-5.toml']}", encoding="utf-8")
        for words in (("order", "check", "a.toml"), ("order", "check", "a.toml", "--json")):
            ended = run(*words)
            assert ended.code == 8
            assert CANARY not in ended.out + ended.err


# --- for other commands ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_orders_and_schedules_are_loaded_for_other_commands() -> None:
    found = load_order(Path("shop.toml"))
    assert found.order_no == "2026-18"
    assert sorted(found.attached) == ["kinds-of-day.toml"]
    assert load_schedule(Path("kinds-of-day.toml")).schedule == found.tariff_plan.schedule  # type: ignore[union-attr]
    Path("kinds-of-day.toml").write_text("sezon = 1", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"did you mean season\?"):
        load_schedule(Path("kinds-of-day.toml"))


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_the_commands_of_the_page_run(monkeypatch: pytest.MonkeyPatch) -> None:
    key_ring.install(monkeypatch)
    assert len(COMMANDS) >= 6
    for command in COMMANDS:
        ended = run(*shlex.split(command), stdin="111111\n")
        assert (command, ended.code, ended.err) == (command, 0, "")


# --- names and languages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["CON.toml", "nul.json", "com1.flat.toml", "LPT9 .toml", "Aux.toml", "deep/prn.toml"])
def test_no_order_gets_the_name_of_a_device(name: str) -> None:
    Path("deep").mkdir()
    error = run("order", "new", name, "--json").document["error"]
    assert (error["kind"], error["exit_code"]) == ("ConfigError", 2)
    assert "is a device on Windows" in error["message"]
    assert not Path(name).exists()


@pytest.mark.parametrize("name", ["console.toml", "com.toml", "com10.toml", "aux-5.json"])
def test_a_name_that_only_begins_like_a_device_is_one(name: str) -> None:
    assert run("order", "new", name).code == 0
    assert Path(name).exists()


def test_an_order_is_told_in_russian() -> None:
    assert run("order", "new", "--example", "flat-5.toml").code == 0
    english, russian = run("order", "check", "flat-5.toml"), run("order", "check", "flat-5.toml", "--lang", "ru")
    assert (english.code, russian.code) == (0, 0)
    for sentence in (
        "наряд                    2026-17 от 21.11.2026",
        "заявление потребителя",
        "разрешено                чтение, часы",
        "T1 = день, T2 = ночь",
        "весь год: каждый день",
        "примечание: исполнитель один",
        "наряд сегодня действителен, 21.11.2026",
    ):
        assert sentence in russian.out
    names = {"mercury", "Europe", "Moscow", "household", "petrov", "III"}
    latin = set(re.findall(r"[A-Za-z]{3,}", re.sub("[0-9a-f]{64}", "", russian.out)))
    assert latin - names == set(), "nothing of it is English"
    assert "holds today" in english.out
    noted = [run("order", "check", "flat-5.toml", "--json", *more).document["notes"] for more in ((), ("--lang", "ru"))]
    assert noted[0] == noted[1], "documents are English"
