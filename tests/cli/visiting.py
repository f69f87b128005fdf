"""What the tests of `plan`, `apply` and `visit` share: orders as files, the frames of a trace, a line that is quick."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from meterlink.audit.folder import FolderBytes
from meterlink.audit.home import AuditHome, find_home
from tests.audit.logs import records
from tests.cli import key_ring
from tests.cli.program import SCHEMAS, Ended, check, run
from tests.drivers.mercury200.struck import is_write
from tests.visit.visits import EVERYTHING, PLAN_2, REASON, order_text

AT: Final = (
    "sim:mercury-200.02?at=2025-07-21T14:05:09+03:00&clock_error_s=3614&dst=on&schedule=ru-household-1"
    "&energy_kwh=15621.42,6208.34"
)
"""An hour ahead, with DST on and one tariff; virtual time begins on a Monday."""
AT_MODE_C: Final = (
    "sim:ce6850m?at=2025-07-21T14:05:09+03:00&clock_error_s=3614&dst=on&serial=000000000800001&address=000800001"
)
YES: Final = ("--yes", "--time-source", "confirmed")
DEADLINE_S: Final = 60.0
_POLL_S: Final = 0.02

_QUICK_LINE: Final = """
spec = 1
model = "mercury-200.02"
driver = "mercury200"
overrides = true

[line]
baud = 115200
evidence = "guess"
source = "so that tests over TCP do not take long"

[timing]
quiet_s = 0.001
evidence = "guess"
source = "so that tests over TCP do not take long"
"""


def make_order(
    *actions: str, more: str = f"{PLAN_2}\n{REASON}", file: str = "order.toml", change: Mapping[str, str] | None = None
) -> str:
    """An order in the folder one works in; `change` replaces pieces of its text."""
    text = order_text(actions or EVERYTHING, more)
    for old, new in (change or {}).items():
        assert old in text
        text = text.replace(old, new)
    Path(file).write_text(text, encoding="utf-8")
    return file


def make_mode_c_order(file: str = "order.toml", *actions: str) -> str:
    """An order for the meter of `AT_MODE_C`, whose button is pressed before anything is written."""
    named = {'"mercury-200.02"': '"ce6850m"', '"06925646"': '"000000000800001"', '"925646"': '"000800001"'}
    return make_order(
        *(actions or ("read", "dst_off", "clock")), more=f'{REASON}\npassword_ref = "flat-5"', file=file, change=named
    )


def use_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """From now on: no settings of the user, a home and a folder to work in below this one."""
    for name in [name for name in os.environ if name.startswith("METERLINK_")]:
        monkeypatch.delenv(name)
    home, work = folder / "home", folder / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.setenv("METERLINK_HOME", str(home))
    monkeypatch.chdir(work)
    key_ring.remove(monkeypatch)
    return home


def init_log() -> None:
    assert run("audit", "init", "--standalone").code == 0


def home_of(folder: Path) -> AuditHome:
    return find_home(folder)


def log_records(folder: Path, *types: str) -> list[dict[str, Any]]:
    """What anybody finds in the log in use; nothing where there is none yet."""
    place = find_home(folder).current()
    found = records(FolderBytes(place.files, place.folder))
    return [record for record in found if not types or record["type"] in types]


def sent(trace: Path | str) -> list[bytes]:
    """Every frame that left, by the trace; nothing where no port was opened."""
    file = Path(trace)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    frames = [json.loads(line) for line in lines]
    return [bytes.fromhex(frame["frame"]) for frame in frames if frame["direction"] == "out"]


def writes(trace: Path | str) -> list[bytes]:
    return [frame for frame in sent(trace) if is_write(frame)]


def document(ended: Ended) -> dict[str, Any]:
    """The one document on stdout; against its schema where there is one."""
    told: dict[str, Any] = json.loads(ended.out)
    name, _, version = told["schema"].removeprefix("meterlink.").partition("/")
    if (SCHEMAS / f"{name}-{version}.json").exists():
        check(told)
    return told


def error_of(ended: Ended) -> dict[str, Any]:
    """The error object of a run with --json that failed."""
    told = document(ended)
    assert told["schema"] == "meterlink.error/1", told
    error: dict[str, Any] = told["error"]
    assert error["exit_code"] == ended.code
    return error


def use_quick_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this model speaks at 115200 baud, in this process and those that it starts."""
    family = folder / "profiles" / "mercury200"
    family.mkdir(parents=True)
    (family / "mercury-200.02.toml").write_text(_QUICK_LINE, encoding="utf-8")
    monkeypatch.setenv("METERLINK_PROFILES", str(family.parent))


def wait_until(done: Callable[[], bool], what: str) -> None:
    """Poll; AssertionError after a minute."""
    ends = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < ends, f"it took too long until {what}"
        time.sleep(_POLL_S)
