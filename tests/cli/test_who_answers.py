"""What proves, and what does not prove, that the meter that answers is the one that is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import AT, SIM, run

OTHER = f"{SIM}?serial=06000001&address=925646"
UNPROVEN = "the meter does not tell its model; mercury-200.02 is what was given"


@pytest.mark.parametrize("words", [("energy", "read"), ("tariff", "show"), ("journal", "read"), ("meter", "info")])
def test_another_meter_than_that_of_the_plate_shows_no_value(words: tuple[str, ...]) -> None:
    ended = run(*words, "--port", OTHER, "--address", "serial:06925646", "--json")
    error = ended.document["error"]
    assert (ended.code, error["kind"], error["exit_code"]) == (8, "OtherMeterError", 8)
    assert (error["address"], error["plate"], error["answered"]) == ("925646", "06925646", "06000001")
    assert "registers" not in ended.document


@pytest.mark.parametrize("plate", ["serial:06925646", "serial:6925646", " SERIAL:№ 06925646"])
def test_the_meter_of_the_plate_is_read(plate: str) -> None:
    assert run("energy", "read", "--port", AT, "--address", plate).code == 0


def test_an_address_alone_says_nothing_about_the_plate() -> None:
    assert run("energy", "read", "--port", OTHER, "--address", "925646").code == 0


def test_a_model_that_the_meter_does_not_tell_is_noted_in_both_forms() -> None:
    ended = run("energy", "read", "--port", AT, "--json")
    assert [UNPROVEN in note for note in ended.document["notes"]] == [True]
    assert run("energy", "read", "--port", AT).out.startswith("mercury-200.02 (as given), serial number")


def test_a_model_that_the_meter_tells_needs_no_note() -> None:
    assert run("energy", "read", "--port", "sim:mercury-206", "--json").document["notes"] == []
    assert run("energy", "read", "--port", "sim:mercury-206").out.startswith("mercury-206, serial number")


def test_another_model_than_the_given_one_shows_no_value() -> None:
    ended = run("energy", "read", "--port", "sim:mercury-206", "--model", "mercury-203.2t", "--json")
    error = ended.document["error"]
    assert (ended.code, error["kind"]) == (6, "OtherModelError")
    assert (error["model"], error["key"], error["found"]) == ("mercury-203.2t", "model_code", 8)


def test_the_firmware_that_answers_chooses_the_variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "profiles" / "mercury200" / "mercury-200.02.toml"
    file.parent.mkdir(parents=True)
    head = 'spec = 1\nmodel = "mercury-200.02"\ndriver = "mercury200"\noverrides = true\n'
    no = '{ supported = false, evidence = "guess", source = "a test", note = "gone in this firmware" }'
    variant = f'[[variant]]\nwhen = "firmware >= 0.1"\n[variant.supports]\ninstant = {no}\n'
    file.write_text(head + variant, encoding="utf-8")
    monkeypatch.setenv("METERLINK_PROFILES", str(tmp_path / "profiles"))
    ended = run("instant", "read", "--port", AT, "--json")
    assert ended.code == 6
    assert "gone in this firmware" in ended.document["error"]["message"]


def test_who_the_meter_is_in_full() -> None:
    document = run("meter", "info", "--port", AT, "--json").document
    assert document["identity"]["firmware_date"] == "2009-04-06"
    assert "model code" in [each["what"] for each in document["absent"]]
    shown = run("meter", "info", "--port", AT).out
    assert "1.0 of 2009-04-06" in shown
    assert "not there: model code" in shown


def test_moments_of_the_meter_are_written_as_moments_in_documents() -> None:
    status = run("meter", "info", "--port", AT, "--json").document["status"]
    assert {"name": "last power on", "value": "2025-06-11T14:05:09", "unit": ""} in status
    assert "2025-06-11 14:05:09" in run("meter", "info", "--port", AT).out
