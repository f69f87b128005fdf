"""Every `--json` document fits its schema in docs/json, and docs/json.md tells the truth about all of them."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator

from tests.cli.program import AT, ROOT, SCHEMAS, SIM, check, run

COMMANDS = (
    ("energy", "read", "--port", AT),
    ("energy", "read", "--port", "sim:mercury-206"),
    ("instant", "read", "--port", "sim:mercury-206"),
    ("meter", "info", "--port", AT),
    ("clock", "show", "--port", AT),
    ("clock", "show", "--port", AT, "--tz", "Asia/Yekaterinburg"),
    ("dst", "show", "--port", AT),
    ("tariff", "show", "--port", f"{AT}&schedule=ru-household-3"),
    ("archive", "read", "--port", AT),
    ("journal", "read", "--port", AT),
    ("decode", "mercury200", "0006475E63ECD4"),
    ("decode", "mercury200", "0006475E63ECD4", "0006475E632358026400058845C6", "--model", "mercury-200.02"),
    ("decode", "mercury200", "00"),
    ("sim", "list"),
    ("profiles", "list"),
    ("profiles", "show", "mercury-206"),
    ("profiles", "lint"),
    ("drivers",),
    ("ports",),
    ("doctor",),
    ("demo",),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_document_fits_its_schema(words: tuple[str, ...]) -> None:
    ended = run(*words, "--json")
    assert ended.code == 0
    assert ended.document["schema"].startswith("meterlink.")


def test_energy_is_as_the_design_says() -> None:
    document = run("energy", "read", "--port", AT, "--tz", "Europe/Moscow", "--json").document
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


def test_read_at_is_in_utc_without_a_zone() -> None:
    assert run("energy", "read", "--port", AT, "--json").document["read_at"].endswith("+00:00")


def test_the_unit_of_a_momentary_value_is_its_key() -> None:
    values = run("instant", "read", "--port", AT, "--json").document["values"]
    assert {"quantity": "voltage", "v": "235.8"} in values
    assert {"quantity": "active power", "w": "588"} in values


def test_the_clock_document() -> None:
    document = run("clock", "show", "--port", f"{AT}&clock_error_s=3614", "--tz", "+03:00", "--json").document
    assert document["meter_time"] == "2025-07-21T15:05:23"
    assert document["reference_time"].startswith("2025-07-21T14:05:09.")
    assert abs(float(document["error_s"]) - 3614) <= float(document["uncertainty_s"])
    assert document["words"] == "meter is 1 h 00 min 14 s ahead"


def test_the_clock_document_without_a_zone_says_why_there_is_no_error() -> None:
    document = run("clock", "show", "--port", AT, "--json").document
    assert document["error_s"] is None
    assert document["error_reason"] == "no time zone was given"


def test_the_tariff_document() -> None:
    document = run("tariff", "show", "--port", AT, "--json").document
    assert (document["tariffs_in_force"], document["current_tariff"]) == (2, "T1")
    assert document["schedule"]["season"] == [{"starts": "01-01", "every_day": "00:00 T2 | 07:00 T1 | 23:00 T2"}]
    assert [plan["zones"] for plan in document["plans"]] == [{"T1": "day", "T2": "night"}]
    assert len(document["image"]) == 96 + 2


def test_names_keep_their_letters() -> None:
    assert "Меркурий 206" in run("profiles", "list", "--json").out


def test_every_schema_is_one() -> None:
    for file in SCHEMAS.glob("*.json"):
        Draft202012Validator.check_schema(json.loads(file.read_text(encoding="utf-8")))


EXAMPLES = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "json.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: json.loads(example)["schema"])
def test_the_examples_of_the_page_fit(example: str) -> None:
    check(json.loads(example))


def test_the_page_has_an_example_of_every_document() -> None:
    shown = {json.loads(example)["schema"] for example in EXAMPLES}
    there = {f"meterlink.{file.stem.replace('-', '/')}" for file in SCHEMAS.glob("*.json")}
    assert shown == there


def test_the_variable_asks_for_documents_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_JSON", "1")
    monkeypatch.setenv("METERLINK_PORT", SIM)
    assert run("dst", "show").document["enabled"] is False
