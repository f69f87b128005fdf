"""Every `--json` document fits its schema, and some hold what they must."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from meterlink_mercury200.messages import COMMANDS, encode_frame
from tests.cli.documents import (
    ENERGY,
    MODELS,
    ORDER,
    PLACES,
    RIGHT,
    SENSELESS,
    TARIFF,
    VISITED,
    WRONG,
    document_of,
    prepare,
    printed,
    validator,
)
from tests.cli.program import AT, SIM, run, start

# --- documents ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", RIGHT, ids=" ".join)
def test_each_document_fits_its_schema(words: tuple[str, ...]) -> None:
    assert document_of(*words)["schema"] != "meterlink.error/1"
    assert printed(words)[0] == 0


@pytest.mark.parametrize("words", SENSELESS, ids=" ".join)
def test_a_senseless_frame_is_a_document_too(words: tuple[str, ...]) -> None:
    assert document_of(*words)["schema"] == "meterlink.decode/1"
    assert printed(words)[0] == 5


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_command_that_fails_prints_why(words: tuple[str, ...]) -> None:
    document = document_of(*words)
    assert document["schema"] == "meterlink.error/1"
    assert printed(words)[0] == document["error"]["exit_code"] == WRONG[words]


@pytest.mark.parametrize("model", MODELS)
def test_a_simulator_that_is_ready_says_so(model: str) -> None:
    with start("sim", "run", model, "--json") as process:
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    validator(document["schema"]).validate(document)
    assert document["schema"] == "meterlink.ready/1"


def test_mistakes_in_profiles_are_a_document_and_the_exit_code_6(tmp_path: Path) -> None:
    folder = tmp_path / "mercury200"
    folder.mkdir()
    (folder / "mercury-207.toml").write_text("spec = 1\nmodel = 'mercury-207'\n", encoding="utf-8")
    document = document_of("profiles", "lint", str(tmp_path))
    assert (document["schema"], printed(("profiles", "lint", str(tmp_path)))[0]) == ("meterlink.lint/1", 6)
    assert document["problems"]


@pytest.mark.parametrize("command", [pytest.param(code, id=f"{code:02X}") for code in COMMANDS])
def test_every_frame_of_the_family_is_a_document(command: int) -> None:
    asked = [encode_frame(925646, command, bytes(size)) for size in COMMANDS[command].request.permitted()]
    told = [encode_frame(925646, command, b"\x01" * size) for size in COMMANDS[command].reply.permitted()]
    for request in asked:
        for reply in told:
            document_of("decode", "mercury200", request.hex(), reply.hex())


# --- single documents -----------------------------------------------------------------------------------------------


def test_energy_is_as_the_design_says() -> None:
    document = document_of("energy", "read", "--port", AT, "--tz", "Europe/Moscow")
    assert document["schema"] == "meterlink.energy/1"
    assert document["meter"] == {
        "family": "mercury200",
        "model": "mercury-200.02",
        "serial_number": "06925646",
        "address": "925646",
    }
    assert document["read_at"].startswith("2025-07-21T14:05:09.")
    assert document["read_at"].endswith("+03:00")
    assert document["registers"][0] == {
        "register": "T1",
        "quantity": "active",
        "direction": "import",
        "kwh": "621.42",
    }


def test_reactive_energy_has_a_unit_of_its_own() -> None:
    registers = document_of("energy", "read", "--port", PLACES[1])["registers"]
    assert {"register": "T1", "quantity": "reactive", "direction": "import", "kvarh": "215.01"} in registers


def test_read_at_is_in_utc_without_a_zone() -> None:
    assert document_of(*ENERGY)["read_at"].endswith("+00:00")


def test_the_unit_of_a_momentary_value_is_its_key() -> None:
    values = document_of("instant", "read", "--port", AT)["values"]
    assert {"quantity": "voltage", "v": "235.8"} in values
    assert {"quantity": "active power", "w": "588"} in values


def test_the_clock_document() -> None:
    document = document_of("clock", "show", "--port", f"{AT}&clock_error_s=3614", "--tz", "+03:00")
    assert document["meter_time"] == "2025-07-21T15:05:23"
    assert document["reference_time"].startswith("2025-07-21T14:05:09.")
    assert abs(float(document["error_s"]) - 3614) <= float(document["uncertainty_s"])
    assert document["words"] == "meter is 1 h 00 min 14 s ahead"


def test_the_clock_document_without_a_zone_says_why_there_is_no_error() -> None:
    document = document_of("clock", "show", "--port", AT)
    assert document["error_s"] is None
    assert document["error_reason"] == "no time zone was given"


def test_the_tariff_document() -> None:
    document = document_of(*TARIFF)
    assert (document["tariffs_in_force"], document["current_tariff"]) == (2, "T1")
    assert document["schedule"]["season"] == [{"starts": "01-01", "every_day": "00:00 T2 | 07:00 T1 | 23:00 T2"}]
    assert [plan["zones"] for plan in document["plans"]] == [{"T1": "day", "T2": "night"}]
    assert len(document["image"]) == 96 + 2


def test_the_demo_holds_the_document_of_a_visit() -> None:
    visit = document_of("demo", "--folder", "demo")["visit"]
    validator("meterlink.visit/1").validate({"schema": "meterlink.visit/1", **visit})
    assert (visit["result"], visit["problems"]) == ("done", [])


def test_a_plan_that_is_printed_is_the_one_that_is_saved() -> None:
    prepare(("visit",))
    shown = run("plan", "order", ORDER, *VISITED, "-o", "visit.plan", "--json").out
    assert json.loads(shown) == json.loads(Path("visit.plan").read_text(encoding="utf-8"))


def test_the_state_after_a_visit_has_the_clock_that_was_set() -> None:
    after = document_of("visit", ORDER, *VISITED, "--yes")["after"]
    assert after["clock"]["reference_time"].endswith("+03:00")
    assert abs(float(after["clock"]["error_s"])) < 1


def test_names_keep_their_letters() -> None:
    assert "Меркурий 206" in run("profiles", "list", "--json").out


def test_the_variable_asks_for_documents_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_JSON", "1")
    monkeypatch.setenv("METERLINK_PORT", SIM)
    assert json.loads(run("dst", "show").out)["enabled"] is False
