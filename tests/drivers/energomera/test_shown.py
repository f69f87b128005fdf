"""What people see of this family at the command line, over the simulator."""

from __future__ import annotations

import re

from tests.cli.program import run


def test_energy_that_flows_out_has_a_table_of_its_own_in_the_archive() -> None:
    """Import and export of one month are different registers; neither may hide the other."""
    ended = run("archive", "read", "--months", "1", "--port", "sim:ce303?energy_kwh=6000,2000,0,0")
    told: dict[str, str] = {}
    for table in ended.out.strip().split("\n\n")[1:]:
        names, amounts = (re.split(" {2,}", line.strip()) for line in table.splitlines())
        told |= dict(zip(names, amounts, strict=True))
    assert float(told["total, kWh"]) > 7000
    assert told["total export, kWh"] == "0.0"
    assert told["total, kvarh"] == "0.0"


def test_state_flags_and_ratios_stand_in_meter_info() -> None:
    ended = run("meter", "info", "--port", "sim:ce6850m")
    assert ended.code == 0
    for words in ("state", "operating flags", "current transformer ratio", "working speed", "9600"):
        assert words in ended.out


def test_all_four_journals_of_a_6850m_are_read() -> None:
    ended = run("journal", "read", "--port", "sim:ce6850m", "--json")
    assert ended.code == 0
    assert [each["journal"] for each in ended.document["journals"]] == ["parametrisation", "power", "state", "clock"]
