"""Settings: file, variable, option, in this order; each with the place it came from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from meterlink.cli.settings import FILE_NAME
from tests.cli.program import AT, SIM, run

PLACE = f"""
[place.bench]
port = "{AT}"
tz = "+05:00"
"""


@pytest.fixture
def user_file(empty_home: Path) -> Path:
    file = empty_home / FILE_NAME
    file.write_text(PLACE, encoding="utf-8")
    return file


@pytest.mark.usefixtures("user_file")
def test_a_named_place() -> None:
    document = run("energy", "read", "--place", "bench", "--json").document
    assert document["read_at"].endswith("+05:00")


@pytest.mark.usefixtures("user_file")
def test_a_place_may_be_chosen_by_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_PLACE", "bench")
    assert run("energy", "read").code == 0


@pytest.mark.usefixtures("user_file")
def test_a_variable_beats_the_file_and_an_option_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_TZ", "+06:00")
    monkeypatch.setenv("METERLINK_PLACE", "bench")
    words = ("energy", "read", "--json")
    assert run(*words).document["read_at"].endswith("+06:00")
    assert run(*words, "--tz", "+07:00").document["read_at"].endswith("+07:00")


@pytest.mark.usefixtures("user_file")
def test_a_place_named_now_beats_variables_set_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_PORT", "COM99")
    assert run("energy", "read", "--place", "bench").code == 0
    assert run("energy", "read", "--place", "bench", "--port", "tcp://").code == 2


@pytest.mark.usefixtures("user_file")
def test_the_file_of_the_folder_beats_the_users_key_by_key() -> None:
    Path(FILE_NAME).write_text('[place.bench]\ntz = "+08:00"\n', encoding="utf-8")
    assert run("energy", "read", "--place", "bench", "--json").document["read_at"].endswith("+08:00")


def test_numbers_may_stand_without_quotes(empty_home: Path) -> None:
    (empty_home / FILE_NAME).write_text(f'[place.a]\nport = "{SIM}"\naddress = 925646\n', encoding="utf-8")
    assert run("energy", "read", "--place", "a").code == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[place", "not TOML"),
        ("\xff", "not TOML"),
        ("plce = 1", "did you mean place?"),
        ("place = 1", "must be a table"),
        ("[place]\nbench = 1", "place.bench must be a table"),
        ('[place.bench]\nprt = "COM3"', "did you mean port?"),
        ("[place.bench]\nport = true", "place.bench.port must be text"),
        ('[place.banch]\nport = "COM3"', "did you mean banch?"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(empty_home: Path, text: str, says: str) -> None:
    (empty_home / FILE_NAME).write_bytes(text.encode("latin-1"))
    error = run("energy", "read", "--place", "bench", "--json").document["error"]
    assert (error["kind"], error["exit_code"]) == ("ConfigError", 2)
    assert says in error["message"]
    assert run("energy", "read", "--port", SIM).code == 0  # nobody asked for a place


def test_doctor_shows_each_value_with_its_origin(user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_TRACE", "frames.jsonl")
    document = run("doctor", "--place", "bench", "--model", "mercury-206", "--json").document
    found = {each["name"]: (each["value"], each["origin"]) for each in document["settings"]["values"]}
    assert found == {
        "port": (AT, f"{user_file}, place bench"),
        "tz": ("+05:00", f"{user_file}, place bench"),
        "trace": ("frames.jsonl", "METERLINK_TRACE"),
        "model": ("mercury-206", "the option --model"),
        "place": ("bench", "the option --place"),
        "home": (str(user_file.parent), "METERLINK_HOME"),
    }
    assert document["troubles"] == []


def test_doctor_never_fails(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_home / FILE_NAME).write_text("[place", encoding="utf-8")
    monkeypatch.setenv("METERLINK_PROFILES", "nowhere")
    monkeypatch.setattr("meterlink.cli.doctor.serial_ports", lambda: 1 / 0)
    ended = run("doctor", "--json", "--port", "udp://nonsense")
    assert ended.code == 0
    assert {each["part"] for each in ended.document["troubles"]} == {"ports", "profiles", "settings"}
    people = run("doctor")
    assert people.code == 0
    assert "cannot be told: ZeroDivisionError" in people.out


@pytest.mark.usefixtures("user_file")
def test_a_broken_file_hides_nothing_else_from_doctor(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(FILE_NAME).write_text("[broken", encoding="utf-8")
    monkeypatch.setenv("METERLINK_TZ", "+06:00")
    ended = run("doctor", "--place", "bench", "--model", "mercury-206", "--json")
    settings = ended.document["settings"]
    values = {each["name"]: each["value"] for each in settings["values"]}
    assert values == {"tz": "+06:00", "place": "bench", "model": "mercury-206", "home": str(empty_home)}
    assert [(each["there"], each["places"]) for each in settings["files"]] == [(True, ["bench"]), (True, [])]
    assert [each["part"] for each in ended.document["troubles"]] == ["settings"]
    people = run("doctor", "--place", "bench").out
    assert "places bench" in people
    assert "it is not TOML" in people


def test_doctor_lists_every_variable_and_doubts_unknown_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("METERLINK_JSON", "1")
    monkeypatch.setenv("METERLINK_PROFILES", str(tmp_path))
    monkeypatch.setenv("METERLINK_PROT", "COM3")
    document = run("doctor").document
    values = {each["name"]: each["origin"] for each in document["settings"]["values"]}
    assert values == {name: f"METERLINK_{name.upper()}" for name in ("json", "profiles", "home")}
    message = "METERLINK_PROT is no variable of meterlink (did you mean METERLINK_PORT?)"
    assert {"part": "settings", "message": message} in document["troubles"]
    monkeypatch.delenv("METERLINK_JSON")
    assert message in run("doctor").out


def test_an_empty_home_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_HOME", "")
    Path(FILE_NAME).write_text(PLACE, encoding="utf-8")
    files = run("doctor", "--json").document["settings"]["files"]
    assert len(files) == 2
    assert files[0]["file"] != FILE_NAME


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no rights on ports")
def test_doctor_tells_rights_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_name: str) -> None:
        raise KeyError

    def rights(user: int) -> str:
        monkeypatch.setattr("os.geteuid", lambda: user)
        return str(run("doctor", "--json").document["rights"])

    assert rights(0) == "this user is root and may open every serial port"
    assert "group" in rights(1000)
    monkeypatch.setattr("grp.getgrnam", nobody)
    assert rights(1000).startswith("this system has no group dialout or uucp")
    assert rights(0) == "this user is root and may open every serial port"


def test_doctor_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_PASSWORD_BENCH", "hush-hush")
    monkeypatch.setenv("METERLINK_PORT", "tcp://somebody:hush-hush@gateway:4001")
    for words in (("doctor",), ("doctor", "--json")):
        assert "hush-hush" not in run(*words).out
