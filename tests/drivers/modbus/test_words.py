"""The words of the family for the act: whole, and none that it never gives."""

from __future__ import annotations

from meterlink.profiles import Profile
from meterlink_modbus import DRIVER
from meterlink_modbus.map_reader import map_of
from meterlink_modbus.maps import COMBINED
from tests.drivers.modbus.generic import own_models
from tests.drivers.modbus.meters import MODELS
from tests.drivers.words_given import never_given, not_russian, notes_of, without_word
from tests.shipped import library

ASKED = ("clock", "dst", "tariff_count", "schedule", "holidays")


def profiles() -> list[Profile]:
    """Those that came with meterlink, and those that a user describes."""
    return [*(library().get(model) for model in MODELS), *own_models()]


def given() -> set[tuple[str, str]]:
    found = {("family", DRIVER.family)}
    for profile in profiles():
        read = map_of(profile)
        found |= {("status name", fact.name) for fact in read.status}
        found |= {("status unit", fact.unit) for fact in read.status}
        found |= {("told", words) for fact in read.status for words in fact.words.values()}
        for row in read.energy:
            kind = "status name" if row.name.startswith(COMBINED) else "part"
            found |= {(kind, row.name), ("status unit", "kWh")}
    return found | {("reason", why) for why in notes_of(profiles(), ASKED)}


def test_every_phrase_has_a_russian_word() -> None:
    assert sorted(without_word(DRIVER, given())) == []
    assert not_russian(DRIVER.words) == []


def test_every_word_is_of_a_phrase_that_is_given() -> None:
    assert never_given(DRIVER, given()) == []
