"""Every published exchange of the family through `decode`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.program import run
from tests.drivers.mercury200.vectors_stated import SENSELESS, differences, name_of, read_vectors, stated

VECTORS = read_vectors()


def decoded(*frames: str, code: int = 0) -> dict[str, Any]:
    ended = run("decode", "mercury200", *frames, "--json")
    assert (ended.code, ended.err) == (code, "")
    document: dict[str, Any] = json.loads(ended.out)
    return document


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_a_published_exchange_decodes_to_all_that_its_source_states(vector: dict[str, Any]) -> None:
    frames = [vector[key] for key in ("request_hex", "response_hex") if vector[key]]
    document = decoded(*frames, code=5 if vector["id"] == SENSELESS else 0)
    wanted = stated(vector)
    assert document["family"] == "mercury200"
    assert document["notes"] == []
    assert document["request"]["checksum_ok"] is vector["crc_ok"]["request"]
    assert document["request"]["status"] == "ok"
    assert wanted.name in (None, document["request"]["name"])
    assert differences(document["request"]["fields"], wanted.request) == []
    assert ("reply" in document) is bool(vector["response_hex"])
    if vector["response_hex"]:
        assert document["reply"]["name"] == document["request"]["name"]
        assert document["reply"]["checksum_ok"] is vector["crc_ok"]["response"]
        assert differences(document["reply"]["fields"], wanted.reply) == []
        assert (document["reply"]["status"] == "ok") is (vector["id"] != SENSELESS)


def test_all_lines_of_the_file_are_decoded() -> None:
    assert len(VECTORS) == 44


def test_quantities_are_text() -> None:
    (vector,) = [one for one in VECTORS if one["id"] == "m200-mrkrasser-63"]
    fields = decoded(vector["request_hex"], vector["response_hex"])["reply"]["fields"]
    assert (fields["voltage_v"], fields["current_a"], fields["active_power_w"]) == ("235.8", "2.64", "588")


def test_spaces_and_small_letters_make_no_difference() -> None:
    assert decoded(" 00 06 47 5e\t63 ec d4 ") == decoded("0006475E63ECD4")


def test_any_1024_bytes_are_decoded() -> None:
    assert decoded("FF" * 1024, code=5)["request"]["checksum_ok"] is False
