"""Every published exchange of the family through `decode`."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.cli.program import ROOT, run

FILE = ROOT / "tests" / "drivers" / "mercury200" / "vectors" / "mercury200.jsonl"
VECTORS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
UNITS = ("_kWh", "_V", "_A", "_W", "_var")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_a_published_exchange(vector: dict[str, Any]) -> None:
    frames = [vector[key] for key in ("request_hex", "response_hex") if vector[key]]
    document = run("decode", "mercury200", *frames, "--json").document
    meaning = vector["meaning"]
    for key, crc in (("request", "request"), ("reply", "response")):
        if vector[f"{crc}_hex"]:
            frame = document[key]
            assert frame["name"]
            assert frame["checksum_ok"] is vector["crc_ok"][crc]
            assert frame["fields"]["address"] == meaning["address"]
            assert frame["fields"]["command"] == meaning["command"]
    assert ("reply" in document) is bool(vector["response_hex"])


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS if any(key.endswith(UNITS) for key in one["meaning"])], ids=lambda one: one["id"]
)
def test_published_values_with_their_units(vector: dict[str, Any]) -> None:
    document = run("decode", "mercury200", vector["request_hex"], vector["response_hex"], "--json").document
    fields = {key.lower(): value for key, value in document["reply"]["fields"].items()}
    for key, value in vector["meaning"].items():
        if key.endswith(UNITS):
            assert Decimal(fields[key.lower()]) == Decimal(str(value)), key
            assert isinstance(fields[key.lower()], str)


def test_spaces_and_small_letters_make_no_difference() -> None:
    spaced = run("decode", "mercury200", " 00 06 47 5e\t63 ec d4 ", "--json").document
    assert spaced == run("decode", "mercury200", "0006475E63ECD4", "--json").document


def test_any_1024_bytes_are_decoded() -> None:
    assert run("decode", "mercury200", "FF" * 1024, "--json").document["request"]["checksum_ok"] is False
