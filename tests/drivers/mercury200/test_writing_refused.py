"""What the driver never writes: refused before any byte leaves."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import meterlink_mercury200
from meterlink.driver import Driver
from meterlink.errors import ConfigError, NotSupportedError
from meterlink.flow import Change
from meterlink.model import Action
from meterlink.testing import START
from meterlink_mercury200 import DRIVER, messages as m
from meterlink_mercury200.messages import COMMANDS
from tests.drivers.mercury200.writing_bench import CLOCK, HALF_2, NEW, OLD, RECORD_00, WRITTEN, Bench


def test_names_that_nothing_is_stored_under_are_refused_with_the_nearest() -> None:
    bench = Bench()
    with pytest.raises(ConfigError, match="did you mean January sunday"):
        bench.talk.run(DRIVER.read_stored(OLD, ["January Sunday"]))
    with pytest.raises(ConfigError, match="did you mean DST flag"):
        bench.write((Change(parameter="DST flags", old=None, new="00"),))
    assert bench.traced == []


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("DST flag", "00 00"),
        ("DST flag", "zz"),
        ("DST flag", ""),
        ("tariffs in force", "05"),
        ("tariffs in force", "00"),
        ("January sunday", "07 00"),
        ("January sunday", RECORD_00 + " 00"),
        ("holidays 1", HALF_2 + " 01"),
    ],
)
def test_what_is_no_stored_form_is_refused_before_any_byte(name: str, raw: str) -> None:
    bench = Bench()
    good = Change(parameter="DST flag", old=None, new="FF")
    with pytest.raises(ConfigError, match=name):
        bench.write((good, Change(parameter=name, old=None, new=raw)))
    assert bench.traced == []
    assert bench.journal.entries == []


@pytest.mark.parametrize("capability", ["set_schedule", "set_clock", "set_dst"])
def test_what_a_model_cannot_be_told_is_refused_before_any_byte(capability: str) -> None:
    support = replace(OLD.profile.supports[capability], supported=False, note="cut off for this test")
    target = replace(OLD, profile=replace(OLD.profile, supports={**OLD.profile.supports, capability: support}))
    bench = Bench(target)
    flows = {
        "set_schedule": DRIVER.write(target, "x", (Change(parameter="January sunday", old=None, new=RECORD_00),)),
        "set_dst": DRIVER.write(target, "x", (Change(parameter="DST flag", old=None, new="00"),)),
        "set_clock": DRIVER.set_clock(target, "set clock", datetime(2025, 7, 21, 14, 5, 12), START + 3, CLOCK),
    }
    with pytest.raises(NotSupportedError, match="cut off"):
        bench.talk.run(flows[capability])
    assert bench.traced == []


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS.values() if c.writes and c.code not in WRITTEN], ids=lambda c: c.name
)
def test_no_name_leads_to_another_write(command: Any) -> None:
    bench = Bench(NEW)
    read = next((other.name for other in COMMANDS.values() if other.reply is command.request), command.name)
    for name in (command.name, command.name.removeprefix("set "), read, read.removeprefix("read ")):
        for size in (1, command.request.size):
            with pytest.raises(ConfigError):
                bench.write((Change(parameter=name, old=None, new="01" * size),))
    assert bench.traced == []
    assert bench.journal.entries == []


def test_no_module_of_the_driver_but_the_simulator_names_another_write() -> None:
    names = {name for name, value in vars(m).items() if isinstance(value, m.Command) and value.writes}
    forbidden = {name for name in names if getattr(m, name).code not in WRITTEN}
    folder = Path(meterlink_mercury200.__file__).parent
    for path in folder.glob("*.py"):
        if path.stem != "messages" and not path.stem.startswith("sim"):
            tree = ast.parse(path.read_text("utf-8"))
            used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            used |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
            assert not used & forbidden, path.name


def test_the_driver_has_code_for_every_write_that_a_profile_may_promise() -> None:
    promised = {name for name in OLD.profile.supports if name.startswith("set_")}
    driver: Driver = DRIVER
    assert promised == {name for name in driver.capabilities if name.startswith("set_")}


def test_reading_stored_values_writes_nothing() -> None:
    bench = Bench()
    bench.stored(*Action)
    assert bench.wire.writes == []
    assert len(bench.wire.reads) == 96 + 2 + 5  # records, halves, and DST, tariffs, display, its times, buttons
    assert len(set(bench.wire.reads)) == len(bench.wire.reads)
