"""Each schema in docs/json is strict: a document that is spoiled does not fit it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.cli.documents import (
    COMMON,
    DAYS,
    ENERGY,
    EXAMPLES,
    LONG,
    PLACES,
    RIGHT,
    SENSELESS,
    TARIFF,
    WRONG,
    YEARS,
    document_of,
    fits,
    schemas,
    validator,
)
from tests.cli.program import AT

# --- schemas --------------------------------------------------------------------------------------------------------


def test_every_schema_is_one() -> None:
    for schema in schemas().values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_every_shared_part_is_used() -> None:
    used = {COMMON: set[str]()}
    for name, schema in schemas().items():
        for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema)):
            file, _, pointer = reference.partition("#/$defs/")
            assert pointer in schemas()[file or name]["$defs"], reference
            used.setdefault(file or name, set()).add(pointer)
    for name, schema in schemas().items():
        assert set(schema.get("$defs", {})) == used.get(name, set()), name


# --- a document that is spoiled does not fit ------------------------------------------------------------------------

FREE = {
    "audit-records.records[].d.*: gone": "what a record holds is its type's own",
    "audit-records.records[].d.*: type": "what a record holds is its type's own",
    "decode.reply: gone": "there only where a reply was given",
    "decode.request.fields.*: gone": "every command has its own",
    "decode.request.fields.*: type": "the family's own values; only quantities have one form everywhere",
    "decode.reply.fields.*: gone": "every command has its own",
    "decode.reply.fields.*: type": "the family's own values; only quantities have one form everywhere",
    "decode.reply.fields.*_unit: gone": "every command has its own",
    "audit-resolve.resolved[].work: gone": "a log of another program may not tell it",
    "audit-resolve.resolved[].family: gone": "a log of another program may not tell it",
    "audit-resolve.resolved[].serial_number: gone": "a log of another program may not tell it",
    "audit-resolve.resolved[].parameter: gone": "a frame that stays unknown may be about nothing that has a name",
    "audit-resolve.resolved[].result: gone": "there only where an outcome was recorded",
    "audit-resolve.resolved[].old: gone": "not always known",
    "audit-resolve.resolved[].new: gone": "not always known",
    "error.error.*: gone": "every class of errors has its own facts",
    "error.error.*: type": "every class of errors has its own facts",
    "instant.values[].phase: gone": "there only where a value is of one phase",
    "meter.identity.facts.*: gone": "the family's own facts",
    "meter.identity.facts.*: type": "the family's own facts: text or a whole number",
    "order.holidays: type": "none is not said, and an empty list is a wish, too",
    "order.tariff_plan.schedule.special_days: gone": "there only where the schedule has special days",
    "order.tariff_plan.zones.*: gone": "as many as the plan has",
    "plan.restores: gone": "only where a work is taken back",
    "plan.steps[].changes[].old: gone": "not always known",
    "plan.steps[].prompt: gone": "only where somebody has to do something at the meter first",
    "plan.steps[].clock.reason: gone": "only where the clock is set hard",
    "plan.warnings[].facts.*: gone": "every warning has its own",
    "profile.driver_table.*: gone": "for the driver alone, which checks it",
    "profile.driver_table.*: type": "for the driver alone, which checks it",
    "profile.driver_table.*[]: type": "for the driver alone, which checks it",
    "profile.match.*: gone": "the family's own facts",
    "profile.match.*[]: type": "the family's own facts: text or a whole number",
    "profile.supports.*: gone": "a capability that a profile does not name",
    "snapshot.dst.begins: gone": "not every meter tells it",
    "snapshot.dst.ends: gone": "not every meter tells it",
    "snapshot.clock.error_s: gone": "only where a time zone is known",
    "snapshot.clock.holiday: gone": "not every meter tells it",
    "snapshot.clock.weekday: gone": "not every meter tells it",
    "snapshot.identity.firmware: gone": "not every meter tells it",
    "snapshot.identity.firmware_date: gone": "not every meter tells it",
    "snapshot.identity.manufactured: gone": "not every meter tells it",
    "snapshot.identity.variant: gone": "not every meter has one",
    "snapshot.tariffs.current: gone": "not every meter tells it",
    "snapshot.tariffs.in_force: gone": "not every meter tells it",
    "tariff.image.*: gone": "the family's own tables; their number has its own test",
    "tariff.plans[].zones.*: gone": "as many as the plan has",
    "visit.steps[].found: gone": "where a step stands it need not be told again",
}
"""What a schema must let pass, with the reason."""

OPEN = ("attached", "d", "driver_table", "facts", "fields", "image", "match", "special_days", "supports", "zones")
"""Objects whose keys a schema cannot know: they are called `*` here."""
PROMISED = {"fields": ("address", "command", "raw"), "error": ("kind", "message", "hint", "exit_code")}
UNIT = re.compile(r"_(kwh|kvarh|v|a|w|kw|var|kvar|va|kva|hz)")


def called(key: str, holder: str) -> str:
    """What a key is called in the names of places."""
    if holder not in (*OPEN, "error") or key in PROMISED.get(holder, ()):
        return key
    return "*_unit" if holder == "fields" and UNIT.search(key) else "*"


def shortened(node: Any, name: str = "") -> Any:
    """The same with lists and open objects cut down to members of different form."""
    if isinstance(node, dict):
        kept = list(node.items())[: 2 if name in ("image", "supports") else None]
        return {key: shortened(value, key) for key, value in kept}
    if isinstance(node, list):
        return [shortened(each) for each in {form(each): each for each in node}.values()]
    return node


def form(node: object) -> tuple[str, ...]:
    return (type(node).__name__, *(node if isinstance(node, dict) else ()))


def spoiled(node: Any, path: str, name: str = "") -> Iterator[str]:
    """Spoils one place after the other, tells each while it is spoilt, and mends it."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        value = node[key]
        place = f"{path}[]" if isinstance(node, list) else f"{path}.{called(str(key), name)}"
        if isinstance(node, dict):
            del node[key]
            yield f"{place}: gone"
        node[key] = of_another_type(value)
        yield f"{place}: type"
        node[key] = value
        if isinstance(value, dict | list):
            yield from spoiled(value, place, str(key))


def of_another_type(value: object) -> object:
    match value:
        case str() | bool():
            return 7
        case int() | float():
            return str(value)
        case list():
            return {}
        case _:
            return []


def grown(node: Any, name: str = "") -> Any:
    """The same with one more key in each object that is not open."""
    if isinstance(node, dict):
        more = {} if name in OPEN else {"added_later": "text"}
        return {key: grown(value, key) for key, value in node.items()} | more
    return [grown(each) for each in node] if isinstance(node, list) else node


PARTS = (
    (re.compile(r"^(?:demo\.visit|apply)\."), "visit."),
    (re.compile(r"^(?:visit\.after|plan\.before|audit-resolve\.after)\."), "snapshot."),
    (re.compile(r"^visit\.clock\."), "snapshot.clock."),
    (re.compile(r"^audit-abandon\.resolved"), "audit-resolve.resolved"),
)
"""Documents that other documents hold whole or share."""


def all_documents() -> Iterator[tuple[str, dict[str, Any]]]:
    for words in (*RIGHT, *SENSELESS, *WRONG):
        yield " ".join(words), document_of(*words)
    for example in EXAMPLES:
        document = json.loads(example)
        yield f"the example of {document['schema']}", document


def kind_of(document: Mapping[str, Any]) -> str:
    return str(document["schema"]).removeprefix("meterlink.").partition("/")[0]


def of_new_form() -> Iterator[tuple[str, dict[str, Any]]]:
    """Documents that can be spoiled where none before them could; with METERLINK_LONG=1 every one."""
    known: set[str] = set()
    for name, document in all_documents():
        places = set(spoiled(shortened(document), kind_of(document)))
        if LONG or places - known:
            yield name, document
        known |= places


def let_pass(document: dict[str, Any]) -> set[str]:
    """What can be spoiled in a document without its schema noticing."""
    kind = kind_of(document)
    short = shortened(document)
    assert fits(short)
    schema = validator(document["schema"])
    passed = {place for place in spoiled(short, kind) if schema.is_valid(short)}
    assert short == shortened(document)
    for part, name in PARTS:
        passed = {part.sub(name, place) for place in passed}
    return passed


def test_whatever_is_lost_or_changes_its_type_is_noticed() -> None:
    passed = {name: let_pass(document) for name, document in of_new_form()}
    noticed_too_little = {name: places - set(FREE) for name, places in passed.items() if places - set(FREE)}
    assert noticed_too_little == {}
    assert set(FREE) - set().union(*passed.values()) == set(), "these are free no longer"


def test_additions_are_allowed() -> None:
    for name, document in all_documents():
        assert fits(grown(document)), name


def put(document: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The same with another value at `registers.0.kwh`."""
    changed = copy.deepcopy(document)
    *way, last = path.split(".")
    node: Any = changed
    for step in way:
        node = node[int(step) if isinstance(node, list) else step]
    node[int(last) if isinstance(node, list) else last] = value
    return changed


CLOCK = ("clock", "show", "--port", AT, "--tz", "+03:00")


@pytest.mark.parametrize(
    ("words", "path", "value"),
    [
        pytest.param(ENERGY, "registers.0.quantity", "reactive", id="reactive energy in kWh"),
        pytest.param(ENERGY, "registers.0.kvarh", "1.00", id="both units"),
        pytest.param(ENERGY, "registers.0.kwh", "1,00", id="a decimal comma"),
        pytest.param(ENERGY, "registers.0.kwh", "1E+3", id="an exponent"),
        pytest.param(ENERGY, "registers.0.kwh", "NaN", id="no number"),
        pytest.param(ENERGY, "registers.0.register", "T1 ", id="a space after a register"),
        pytest.param(ENERGY, "absent.0.reason", "", id="no reason"),
        pytest.param(("energy", "read", "--port", PLACES[0]), "read_at", "2025-07-21T14:05:09", id="no offset"),
        pytest.param(ENERGY, "read_at", "2025-02-30T14:05:09.000+00:00", id="a day that does not exist"),
        pytest.param(ENERGY, "read_at", "2025-07-21T14:05:09.000+00:00 ", id="a space after a moment"),
        pytest.param(ENERGY, "read_at", "2025-07-21T14:05:09.000+00:00\n", id="a line end after a moment"),
        pytest.param(CLOCK, "meter_time", "2025-07-21T24:05:09", id="an hour that does not exist"),
        pytest.param(CLOCK, "meter_time", "2025-07-21T14:05:09+03:00", id="an offset that a meter does not know"),
        pytest.param(CLOCK, "weekday", "monday", id="an unknown weekday"),
        pytest.param(CLOCK, "error_s", None, id="no error and no reason"),
        pytest.param(CLOCK, "error_reason", "no time zone was given", id="an error and a reason for none"),
        pytest.param(("instant", "read", "--port", AT), "values.0.a", "1", id="two units"),
        pytest.param(("instant", "read", "--port", AT), "values.0.quantity", "current", id="a current in volts"),
        pytest.param(("archive", "read", "--port", AT), "records.0.month", "2025-13", id="a thirteenth month"),
        pytest.param(("archive", "read", "--port", AT), "records.0.registers", [], id="a month of nothing"),
        pytest.param(("archive", "read", "--port", AT), "span", "day", id="months that are called days"),
        pytest.param(("archive", "read", "--port", AT), "kind", "end", id="readings at the end of a month"),
        pytest.param(DAYS, "records.0.month", "2025-07", id="a day and a month at once"),
        pytest.param(YEARS, "records.0.year", "2025-01", id="a month that is called a year"),
        pytest.param(DAYS, "records.0.day", "2025-02-30", id="a day of an archive that does not exist"),
        pytest.param(TARIFF, "holidays", ["02-30"], id="a holiday that does not exist"),
        pytest.param(TARIFF, "schedule", None, id="no schedule and no reason"),
        pytest.param(TARIFF, "schedule.season.0.every_day", "07:00 T1", id="a day that begins in the morning"),
        pytest.param(
            TARIFF, "schedule.season.0", {"starts": "01-01", "workday": "00:00 T1"}, id="days without program"
        ),
        pytest.param(("doctor",), "versions", None, id="a part that is missing without a trouble"),
        pytest.param(("profiles", "show", "mercury-206"), "line.evidence", "rumour", id="unknown evidence"),
        pytest.param(("profiles", "show", "mercury-206"), "line.format", "8N", id="half a format"),
        pytest.param(("drivers",), "drivers.0.capabilities", [], id="a driver that can do nothing"),
        pytest.param(("decode", "mercury200", "0006475E63ECD4"), "request.checksum_ok", False, id="damaged and ok"),
    ],
)
def test_a_value_that_cannot_be_is_noticed(words: tuple[str, ...], path: str, value: object) -> None:
    assert not fits(put(document_of(*words), path, value))
