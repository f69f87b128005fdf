"""A whole visit at a CE6850M: order, plan, prompts, writes behind the password, read-back, log, act."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from meterlink.driver import Target
from meterlink.errors import ExperimentalError
from meterlink.model import Action
from meterlink.sim.bus import VirtualBus
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.testing import START
from meterlink.visit.order_form import read_order
from meterlink.visit.secrets import Secret
from meterlink.visit.session import Ended, prompts_of
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera, simulate
from tests.drivers.energomera.meters import library
from tests.drivers.visiting import Place
from tests.visit.visits import order_text, results_of

SERIAL = "000000000800001"
ADDRESS = "000800001"
ACTIONS = ("read", "dst_off", "clock", "schedule", "holidays")
MORE = 'tariff_plan = "ru-household-2"\nclock_reason = "x"\npassword_ref = "flat-5"\nholidays = ["01-01", "05-09"]'


def visit(
    folder: Path,
    *,
    model: str = "ce6850m",
    behaviour: Behaviour | None = None,
    password: bytes = b"777777",
    actions: tuple[str, ...] = ACTIONS,
    error_s: float = 3614,
    experimental: bool = False,
) -> tuple[Ended, SimulatedEnergomera, list[dict[str, Any]], Any]:
    """One run of the program."""
    profile = library().get(model)
    text = order_text(actions, MORE, serial=SERIAL, address=ADDRESS).replace('"mercury-200.02"', f'"{model}"')
    order = read_order(text.encode(), "toml", lambda name: b"")
    state = SimState(
        started_at=START,
        serial_number=SERIAL,
        address=ADDRESS,
        clock_error=timedelta(seconds=error_s),
        dst_enabled=error_s > 60,
        schedule=preset("ru-household-1").schedule,
        energy_kwh=tuple(map(Decimal, ("15621.42", "6208.34", "0", "0"))),
    )
    meter = simulate(profile, state, behaviour)
    target = Target(address=ADDRESS, profile=profile, secret=Secret("flat-5", password))
    place = Place(folder, "energomera", target, VirtualBus([meter]))
    ended = place.visit(order, experimental=experimental)
    return ended, meter, place.records, place.act


def test_the_main_job(tmp_path: Path) -> None:
    ended, meter, told, act = visit(tmp_path)
    assert (ended.result, ended.problems) == ("done", ())
    assert set(results_of(ended).values()) == {"verified"}
    assert list(results_of(ended)) == ["dst_off", "clock", "schedule", "holidays"]
    assert ended.after is not None
    assert ended.after.dst is not None
    assert ended.after.dst.enabled is False
    assert ended.after.clock is not None
    assert ended.after.clock.error is not None
    assert abs(ended.after.clock.error.total_seconds()) < 1.5
    assert ended.after.holidays is not None
    assert ended.after.holidays.days == ((1, 1), (5, 9))
    schedule = ended.after.year_schedule
    assert schedule is not None
    assert schedule.tariff_at(datetime(2025, 7, 21, 3)) == 2
    assert meter.passwords_heard == 4
    assert act["result"] == "done"
    assert "37 37 37" not in repr(told)
    assert "777777" not in repr(told)


@pytest.mark.parametrize("model", ["ce301", "ce301by", "ce102m", "ce303"])
def test_schedule_holidays_and_clock_of_every_model_go_through(tmp_path: Path, model: str) -> None:
    """On these no write was ever recorded, so each step asks for the word experimental."""
    ended, meter, _, act = visit(
        tmp_path, model=model, actions=("read", "clock", "schedule", "holidays"), experimental=True
    )
    assert set(results_of(ended).values()) == {"verified"}
    assert act["result"] == "done"
    assert ended.after is not None
    assert ended.after.holidays is not None
    assert ended.after.holidays.days == ((1, 1), (5, 9))
    assert meter.passwords_heard == 3


def test_the_records_say_of_each_frame_of_a_series_what_it_is_about(tmp_path: Path) -> None:
    _, _, told, _ = visit(tmp_path, actions=("read", "schedule"))
    (intent,) = [record for record in told if record["type"] == "intent"]
    named = [frame["parameter"] for frame in intent["d"]["frames"]]
    assert named
    assert max(map(named.count, named)) > 1
    (outcomes,) = [len([one for one in told if one["type"] == "outcome"])]
    assert outcomes == len(named)


def test_a_small_error_is_corrected_softly(tmp_path: Path) -> None:
    ended, meter, _, _ = visit(tmp_path, actions=("read", "clock"), error_s=17)
    assert results_of(ended) == {"clock": "verified"}
    assert [raw[4:11] for raw in meter.writes] == [b"CTIME()"]


def test_a_wrong_password_ends_the_work_after_one_attempt(tmp_path: Path) -> None:
    ended, meter, _, _ = visit(tmp_path, password=b"111111", actions=("read", "dst_off", "schedule"))
    assert results_of(ended) == {"dst_off": "refused", "schedule": "not-sent"}
    assert meter.passwords_heard == 1
    assert not meter.writes


def test_a_button_that_nobody_pressed_ends_it_and_the_prompt_says_what_to_do(tmp_path: Path) -> None:
    ended, meter, _, _ = visit(tmp_path, behaviour=Behaviour(needs_button=True), actions=("read", "dst_off"))
    assert results_of(ended) == {"dst_off": "refused"}
    assert meter.memory.writes_done == 0
    (prompt,) = prompts_of([Action.DST_OFF, Action.SCHEDULE], library().get("ce6850m"))
    assert "ДСТП" in prompt


def test_a_model_of_which_no_write_was_ever_seen_needs_the_word_experimental(tmp_path: Path) -> None:
    with pytest.raises(ExperimentalError):
        visit(tmp_path / "a", model="ce303", actions=("read", "dst_off"))
    ended, _, _, _ = visit(tmp_path / "b", model="ce303", actions=("read", "dst_off"), experimental=True)
    assert results_of(ended) == {"dst_off": "verified"}
