"""The state word, flags, ratios and limits in words."""

from __future__ import annotations

import pytest

from meterlink.model import Absent
from meterlink_energomera import DRIVER
from meterlink_energomera.sim import Behaviour
from tests.drivers.energomera.meters import (
    CE102M,
    CE6850M,
    STILL,
    met,
)


def test_flags_ratios_and_speed_are_told_in_words() -> None:
    answers = {"CONDI": [str(1 << 0 | 1 << 8)], "FCCUR": ["150"], "FCVOL": ["1.5"], "SPEED": ["3"]}
    talk, _ = met(CE6850M, Behaviour(answers=answers))
    status = {value.name: (value.value, value.unit) for value in talk.run(DRIVER.read_status(CE6850M)).values}
    assert status["operating flags"] == (
        "programming without the access button, energy may be cleared by buttons",
        "",
    )
    assert status["current transformer ratio"] == ("150", "")
    assert status["voltage transformer ratio"] == ("1.5", "")
    assert status["working speed"] == ("2400", "baud")


@pytest.mark.parametrize(
    ("parameter", "text"),
    [("STAT_", "1_0"), ("STAT_", "-1"), ("CONDI", "x"), ("FCCUR", "1,5"), ("SPEED", "8"), ("TAVER", "")],
)
def test_a_senseless_fact_is_absent_and_the_others_are_there(parameter: str, text: str) -> None:
    talk, _ = met(CE6850M, Behaviour(answers={parameter: [text]}))
    status = talk.run(DRIVER.read_status(CE6850M))
    assert len(status.absent) == 1
    assert len(status.values) == 7


def test_a_102m_tells_its_facts_in_one_readout() -> None:
    talk, meter = met(CE102M, Behaviour(), STILL)
    status = talk.run(DRIVER.read_status(CE102M))
    told = {value.name.split(" ")[0]: value.raw for value in status.values}
    assert told == {"state": told["state"], "TRANS": "0", "HOURS": "770", "upper": "253", "lower": "198"}
    assert [raw for _, _, raw in meter.log] == [b"\x01B0\x03u", b"/?083000505!\r\n", b"\x06050\r\n"]


def test_what_a_readout_hides_is_absent() -> None:
    talk, _ = met(CE102M, Behaviour(refuses={"HVOLT": 12}), STILL)
    status = talk.run(DRIVER.read_status(CE102M))
    assert status.absent == (Absent(what="upper voltage limit", reason="the general readout does not show it"),)


def test_the_state_is_told_in_words() -> None:
    talk, _ = met(CE6850M, Behaviour(answers={"STAT_": [str(1 << 9 | 1 << 12)], "CONDI": ["1"]}))
    status = {value.name: value.value for value in talk.run(DRIVER.read_status(CE6850M)).values}
    assert status["state"] == "battery low, summer time"
    assert status["current transformer ratio"] == "1"
