"""The words of the family for the act: whole, and none that it never gives."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain

from meterlink.sim.bus import VirtualBus
from meterlink.sim.state import SimState
from meterlink.testing import START, dialogue
from meterlink.visit.snapshot import Snapshot, take_snapshot
from meterlink_mercury200 import DRIVER, flows
from meterlink_mercury200.calendar import CoverEvent, PowerEvent
from meterlink_mercury200.models import _NOT_IN_PROFILE, CAPABILITY_OF
from meterlink_mercury200.sim import Behaviour, simulate
from meterlink_mercury200.values import Display
from tests.drivers.mercury200.meters import target_of
from tests.drivers.words_given import never_given, not_russian, notes_of, phrases_of, without_word
from tests.shipped import library


def state_of(model: str, behaviour: Behaviour) -> Snapshot:
    """What a snapshot tells of a meter that behaves so."""
    target = target_of(model, "411486")
    meter = simulate(target.profile, SimState(started_at=START, address=target.address), behaviour)
    return dialogue(DRIVER, target, VirtualBus([meter])).run(take_snapshot(DRIVER, target, None))


@cache
def given_by_meters() -> frozenset[tuple[str, str]]:
    """By each model as it is, and one whose battery is worn. A meter of this family refuses nothing in words."""
    models = [profile.model for profile in library().by_family(DRIVER.family)]
    states = [state_of(model, Behaviour(battery_low=low)) for model in models for low in (False, True)]
    return frozenset(chain.from_iterable(map(phrases_of, states)))


def given() -> set[tuple[str, str]]:
    """By meters that were read, and out of the tables what they give in other states only."""
    found = set(given_by_meters())
    found |= {("event", word) for kind in (PowerEvent, CoverEvent) for word in kind.words.values()}
    found |= {("event", "settings written"), ("event", "code 05h")}
    found |= {("status name", fact.name) for fact in flows._STATUS}
    found |= {("status unit", fact.unit) for fact in flows._STATUS if fact.unit}
    found |= {("told", word) for word in (*Display.words, *Display(0).shown, *flows._OUTPUTS, flows._output(9))}
    found.add(("part", "reactive energy"))
    reasons = {flows._NO_TOTAL, flows._NEVER_WRITTEN, _NOT_IN_PROFILE}
    asked = {*CAPABILITY_OF.values(), "dst", "tariff_count", "schedule", "holidays"} - {"reactive_archive"}
    return found | {("reason", why) for why in reasons | notes_of(library().by_family(DRIVER.family), asked)}


def test_every_phrase_has_a_russian_word() -> None:
    assert sorted(without_word(DRIVER, given())) == []
    assert not_russian(DRIVER.words) == []


def test_every_word_is_of_a_phrase_that_is_given() -> None:
    assert never_given(DRIVER, given()) == []


def test_an_english_act_tells_the_phrases_as_they_are() -> None:
    own = [phrase for kind, phrase in given() if kind != "told" and phrase]
    assert all(re.search("[A-Za-z]", phrase) for phrase in own)
