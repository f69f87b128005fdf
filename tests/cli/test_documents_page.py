"""docs/json.md tells the truth."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.documents import COMMON, EXAMPLES, RIGHT, document_of, schemas, validator
from tests.cli.program import ROOT


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: json.loads(example)["schema"])
def test_the_examples_of_the_page_fit(example: str) -> None:
    document = json.loads(example)
    validator(document["schema"]).validate(document)


def test_the_page_has_an_example_of_every_document() -> None:
    shown = {json.loads(example)["schema"] for example in EXAMPLES}
    there = {schema["properties"]["schema"]["const"] for name, schema in schemas().items() if name != COMMON}
    assert shown == there


ROW = re.compile(r"^\| \[`(meterlink\.[a-z-]+/[0-9])`\]\(json/([a-z-]+-[0-9]\.json)\) \| (.+) \|$", re.MULTILINE)
ALONE = ("decode", "drivers", "ports", "doctor", "demo", "visit", "apply")
"""Commands without a noun."""


def test_the_table_of_the_page_names_what_prints_each_document() -> None:
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    rows = {schema: (file, by) for schema, file, by in ROW.findall(page)}
    assert {file for file, _ in rows.values()} == set(schemas()) - {COMMON}
    for words in RIGHT:
        file, by = rows[document_of(*words)["schema"]]
        assert file in schemas()
        verb = words[:1] if words[0] in ALONE else words[:2]
        assert f"`meterlink {' '.join(verb)} --json`" in by
    assert "any command that fails" in rows["meterlink.error/1"][1]
