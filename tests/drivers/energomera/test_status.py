"""The state word, flags, ratios and limits in words."""

from __future__ import annotations

import pytest

from meterlink.model import Absent
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst
from meterlink.testing import dialogue
from meterlink_energomera import DRIVER
from meterlink_energomera.sim import Behaviour, simulate
from tests.drivers.energomera.meters import (
    CE102M,
    CE6850M,
    STILL,
    frames_heard,
    met,
    target_of,
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
    assert frames_heard(meter) == [b"\x01B0\x03u", b"/?083000505!\r\n", b"\x06050\r\n"]


def test_what_a_readout_hides_is_absent() -> None:
    talk, _ = met(CE102M, Behaviour(refuses={"HVOLT": 12}), STILL)
    status = talk.run(DRIVER.read_status(CE102M))
    assert status.absent == (Absent(what="upper voltage limit", reason="the general readout does not show it"),)


def test_the_state_is_told_in_words() -> None:
    talk, _ = met(CE6850M, Behaviour(answers={"STAT_": [str(1 << 9 | 1 << 12)], "CONDI": ["1"]}))
    status = {value.name: value.value for value in talk.run(DRIVER.read_status(CE6850M)).values}
    assert status["state"] == "battery low, summer time"
    assert status["current transformer ratio"] == "1"


@pytest.mark.parametrize(("model", "said"), [("ce6850m", ("state as it was first read",)), ("ce303", ())])
def test_a_state_that_had_to_be_read_twice_is_told_as_such(model: str, said: tuple[str, ...]) -> None:
    """Reading clears a bit of it on a CE6850M, and the first answer was lost."""

    class Lossy(VirtualBus):
        lost = False

        def poll(self, now: float) -> list[Burst]:
            bursts = super().poll(now)
            if self.lost or not any(burst.data.startswith(b"\x02STAT_") for burst in bursts):
                return bursts
            self.lost = True
            return []

    target = target_of(model)
    status = dialogue(DRIVER, target, Lossy([simulate(target.profile, STILL)])).run(DRIVER.read_status(target))
    assert "state" in {value.name for value in status.values}
    assert tuple(each.what for each in status.absent) == said


@pytest.mark.parametrize(("bits", "alarm"), [(1 << 9 | 1 << 12, True), (1 << 2, True), (1 << 12, False), (0, False)])
def test_a_state_with_a_fault_is_to_be_looked_at(bits: int, alarm: bool) -> None:
    talk, _ = met(CE6850M, Behaviour(answers={"STAT_": [str(bits)], "CONDI": ["512"]}))
    status = talk.run(DRIVER.read_status(CE6850M)).values
    assert [each.name for each in status if each.alarm] == (["state"] if alarm else [])
