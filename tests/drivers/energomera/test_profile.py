"""What profiles of the family may say, and what may be read and written by name on their strength."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meterlink.errors import ConfigError, NotSupportedError
from meterlink.model import Action
from meterlink_energomera import DRIVER
from meterlink_energomera.sim import Behaviour
from meterlink_energomera.stored import SWITCH, require_writing
from tests.drivers.energomera.meters import CE102M, CE301, MODELS, met
from tests.shipped import library

WRITTEN = (Action.DST_OFF, Action.DST_ON, Action.SCHEDULE, Action.HOLIDAYS)


@pytest.mark.parametrize("model", MODELS)
def test_the_shipped_tables_hold(model: str) -> None:
    assert DRIVER.check_profile(library().get(model)) == []


def test_the_switch_has_one_name_on_every_model_and_no_profile_may_give_another() -> None:
    profile = CE301.profile
    other = replace(profile, driver_table={**profile.driver_table, "dst": "AUTOS"})
    assert DRIVER.check_profile(other) == ["dst: is not a key of this family"]
    assert DRIVER.stored_names(Action.DST_OFF, profile) == (SWITCH,)


@pytest.mark.parametrize("model", MODELS)
def test_what_an_action_is_about_may_be_written_value_by_value(model: str) -> None:
    profile = library().get(model)
    for action in WRITTEN:
        for name in DRIVER.stored_names(action, profile):
            require_writing(name, profile)
    assert DRIVER.stored_names(Action.CLOCK, profile) == ()


def test_the_switch_of_a_model_without_one_is_neither_read_nor_written() -> None:
    assert DRIVER.stored_names(Action.DST_OFF, CE102M.profile) == ()
    with pytest.raises(NotSupportedError, match="what TRANS and HOURS mean is not known"):
        require_writing(SWITCH, CE102M.profile)
    talk, meter = met(CE102M, Behaviour())
    with pytest.raises(NotSupportedError):
        talk.run(DRIVER.read_stored(CE102M, [SWITCH]))
    assert meter.log == []


def test_nothing_else_is_stored_under_any_name() -> None:
    with pytest.raises(ConfigError, match="no such value that could be written"):
        require_writing("PASSW", CE301.profile)
