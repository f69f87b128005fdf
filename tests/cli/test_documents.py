"""Every `--json` document fits its schema in docs/json, each schema is strict, and docs/json.md tells the truth."""

from __future__ import annotations

import copy
import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator

from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.cli.sealed_log import audit_home
from meterlink_mercury200.messages import COMMANDS, encode_frame
from tests.cli import program
from tests.cli.program import AT, ROOT, SCHEMAS, SIM, run, start
from tests.cli.visiting import AT_MODE_C, make_mode_c_order

# --- schemas --------------------------------------------------------------------------------------------------------

COMMON = "common-1.json"
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("meter-time", raises=ValueError)
def is_meter_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is None


@FORMATS.checks("date", raises=ValueError)
def is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@FORMATS.checks("month-day", raises=ValueError)
def is_month_day(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(f"2000-{value}"))


@cache
def schemas() -> Mapping[str, dict[str, Any]]:
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in sorted(SCHEMAS.glob("*.json"))}


@cache
def validator(schema: str) -> Validator:
    """By the name that a document carries; unlike that of other tests it also looks into the calendar."""
    return program.validator(schema).evolve(format_checker=FORMATS)


def fits(document: Mapping[str, Any]) -> bool:
    return validator(document["schema"]).is_valid(document)


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


# --- documents ------------------------------------------------------------------------------------------------------

LONG = os.environ.get("METERLINK_LONG") == "1"
MODELS = ("mercury-200.02", "mercury-206")
MODE_C = ("ce102m", "ce301", "ce301by", "ce303", "ce6850m")
ORDERS = Path(__file__).parent / "orders"
PLACES = tuple(f"sim:{model}?at=2025-07-21T14:05:09+03:00" for model in (*MODELS, *MODE_C))
SAMPLE = (PLACES[3], PLACES[6])
"""One whose answers are tables, and one that can be written to; METERLINK_LONG=1 reads all of them."""
READINGS = (
    ("energy", "read"),
    ("instant", "read"),
    ("meter", "info"),
    ("clock", "show"),
    ("clock", "show", "--tz", "Asia/Yekaterinburg"),
    ("dst", "show"),
    ("tariff", "show"),
    ("archive", "read"),
    ("archive", "read", "--months", "13"),
    ("journal", "read"),
)
ORDER = "flat-5.toml"
HOUR_AHEAD = f"{PLACES[0]}&schedule=ru-household-1&clock_error_s=3614&dst=on"
LEFT_OPEN = "2026-18/1"
VISITED = ("--port", HOUR_AHEAD, "--time-source", "confirmed")
DAYS = ("archive", "read", "--days", "3", "--port", PLACES[5])
LACKING: dict[tuple[str, ...], int] = {
    **{("journal", "read", "--port", place): 6 for place in PLACES[2:6]},
    ("dst", "show", "--port", PLACES[2]): 6,
    ("dst", "show", "--port", PLACES[4]): 6,
    ("archive", "read", "--port", PLACES[6]): 6,
}
"""What a model has nothing of."""
MODE_C_ORDER = "mode-c.toml"
PROMPTED = (MODE_C_ORDER, "--port", AT_MODE_C, "--time-source", "confirmed")
RIGHT = (
    *((*words, "--port", place) for place in PLACES[:2] for words in READINGS),
    *(
        told
        for place in (PLACES[2:] if LONG else SAMPLE)
        for words in READINGS
        if len(words) == 2 and (told := (*words, "--port", place)) not in LACKING
    ),
    ("tariff", "show", "--port", f"{AT}&schedule=ru-household-3"),
    DAYS,
    ("decode", "mercury200", "0006475E63ECD4"),
    ("decode", "mercury200", "0006475E63ECD4", "0006475E632358026400058845C6", "--model", "mercury-200.02"),
    ("decode", "mercury200", "02919AA88600317C", "02919AA88600000172F0BA"),
    ("order", "new"),
    ("order", "new", "--form", "json"),
    ("order", "check", str(ORDERS / "flat-5.toml")),
    ("order", "check", str(ORDERS / "shop.toml")),
    ("secret", "list"),
    ("sim", "list"),
    ("profiles", "list"),
    *(("profiles", "show", model) for model in MODELS),
    ("profiles", "lint"),
    ("drivers",),
    ("ports",),
    ("doctor",),
    ("demo", "--folder", "demo"),
    ("plan", "clock", *VISITED, "--tz", "Europe/Moscow"),
    ("plan", "dst", "--off", "--port", PLACES[1]),
    ("plan", "tariff", "--preset", "ru-household-3", "--port", PLACES[0]),
    ("plan", "order", ORDER, *VISITED),
    ("plan", "order", *PROMPTED),
    ("visit", ORDER, *VISITED, "--yes"),
    ("visit", *PROMPTED, "--yes"),
    ("visit", ORDER, "--port", f"{PLACES[0]}&schedule=ru-household-2", "--yes"),
    ("plan", "restore", "2026-17/1", *VISITED, "--tz", "Europe/Moscow"),
    ("apply", "visit.plan", "--port", HOUR_AHEAD, "--yes"),
    ("act", "print", "--out", "act.html", "--lang", "en"),
    ("audit", "resolve", "--port", PLACES[0], "--tz", "+03:00"),
    ("audit", "abandon", LEFT_OPEN, "--reason", "the meter burnt out", "--yes"),
)
SENSELESS = (
    ("decode", "mercury200", "00"),
    ("decode", "mercury200", "0006475E63ECD4", "0006475E632358026400058845C7"),
    ("decode", "mercury200", "000E1F9B320F4A85", "000E1F9B3207006300FFFFFFFFFFFFFFFFFFFFFFFF7F56"),
)
"""Frames that make no sense: a document of what can be told, and the exit code 5."""
WRONG: dict[tuple[str, ...], int] = {
    **LACKING,
    ("energy",): 2,
    ("nosuch",): 2,
    ("energy", "read", "--port", "/nowhere/ttyUSB7", "--model", "mercury-206", "--address", "43096744"): 3,
    ("energy", "read", "--port", f"{SIM}?fault=lost-reply"): 3,
    ("decode", "mercury200", "0"): 2,
    ("profiles", "show", "mercury-207"): 6,
    ("journal", "read", "nosuch", "--port", SIM): 2,
    ("order", "check", "nosuch.toml"): 2,
    ("secret", "set", "No Reference"): 2,
    ("visit", ORDER, "--port", f"{PLACES[0]}&serial=06925647&address=925646", "--yes"): 8,
    ("visit", ORDER, "--port", HOUR_AHEAD, "--yes"): 8,
    ("visit", ORDER, "--port", HOUR_AHEAD): 9,
    ("apply", "visit.plan", "--port", PLACES[0], "--yes"): 8,
    ("act", "print", "--work", "2026-17/99"): 2,
    ("audit", "abandon", LEFT_OPEN, "--reason", "the meter burnt out"): 9,
    ("audit", "abandon", "2026-18/99", "--reason", "the meter burnt out", "--yes"): 2,
    ("audit", "abandon", LEFT_OPEN, "--reason", " ", "--yes"): 2,
}
"""Commands that fail, with their exit codes."""


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_PASSWORD_FLAT_5", "777777")


@cache
def printed(words: tuple[str, ...]) -> tuple[int, str]:
    prepare(words)
    ended = run(*words, "--json")
    return ended.code, ended.out


def prepare(words: tuple[str, ...]) -> None:
    """What a visit needs, in the folder of this test: a log, an order, a saved plan, a work that is closed."""
    if words[0] not in ("plan", "visit", "apply", "act", "audit"):
        return
    if MODE_C_ORDER in words:
        make_mode_c_order(MODE_C_ORDER)
    if not Path(ORDER).exists():
        assert run("audit", "init", "--standalone").code == 0
        assert run("order", "new", "--example", ORDER).code == 0
    if words[0] == "apply" and not Path("visit.plan").exists():
        assert run("plan", "order", ORDER, *VISITED, "-o", "visit.plan").code == 0
    if words[0] == "act" or words[:2] == ("plan", "restore"):
        assert run("visit", ORDER, *VISITED, "--yes").code == 0
    if words[0] == "audit":
        leave_open()


def leave_open() -> None:
    """A work at another meter that was sent one frame and never read again."""
    at, home = "06925647", audit_home()
    with home.open(Run.start()) as log:
        if LEFT_OPEN in [each.work for each in log.open_works]:
            return
        d: dict[str, Any] = {"order": {"number": "2026-18"}, "meter": {"answered": at}}
        log.append(Entry(type="work.open", work=LEFT_OPEN, d=d))
        frames = [{"i": 0, "bytes": "00", "parameter": "DST flag", "old": "01", "new": "00"}]
        named = {"family": "mercury200", "serial_number": at}
        d = {"operation": "dst", "part": 1, "parts": 1, "frames": frames, "meter": named}
        of = log.append(Entry(type="intent", work=LEFT_OPEN, d=d))
        log.append(Entry(type="outcome", work=LEFT_OPEN, d={"of": of, "i": 0, "result": "ok"}))


def document_of(*words: str) -> dict[str, Any]:
    """The one document on stdout, which fits its schema."""
    document: dict[str, Any] = json.loads(printed(words)[1])
    validator(document["schema"]).validate(document)
    return document


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


EXAMPLES = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "json.md").read_text(encoding="utf-8"), re.DOTALL)
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


ENERGY = ("energy", "read", "--port", AT)
CLOCK = ("clock", "show", "--port", AT, "--tz", "+03:00")
TARIFF = ("tariff", "show", "--port", AT)


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
        pytest.param(DAYS, "records.0.month", "2025-07", id="a day and a month at once"),
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


# --- the page -------------------------------------------------------------------------------------------------------


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
