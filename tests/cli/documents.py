"""Every `--json` document: the commands that print one, and its schema in docs/json."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from jsonschema import FormatChecker
from jsonschema.protocols import Validator

from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.cli.sealed_log import audit_home
from tests.cli import program
from tests.cli.program import AT, ROOT, SCHEMAS, SIM, run
from tests.cli.visiting import AT_MODE_C, make_mode_c_order, use_home

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
YEARS = ("archive", "read", "--years", "2", "--consumption", "--port", "sim:set-4tm.03?at=2025-07-21T14:05:09Z")
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
    YEARS,
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


@cache
def printed(words: tuple[str, ...]) -> tuple[int, str]:
    """Exit code and output in a home of their own, so that no command finds what another one left."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        use_home(Path(folder), patch)
        patch.setenv("METERLINK_PASSWORD_FLAT_5", "777777")
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


EXAMPLES = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "json.md").read_text(encoding="utf-8"), re.DOTALL)
ENERGY = ("energy", "read", "--port", AT)
TARIFF = ("tariff", "show", "--port", AT)
