"""The words of the family for the act: whole, and none that it never gives."""

from __future__ import annotations

import re

from meterlink_mercury200 import DRIVER, flows
from meterlink_mercury200.calendar import CoverEvent, PowerEvent
from meterlink_mercury200.models import _NOT_IN_PROFILE, CAPABILITY_OF
from meterlink_mercury200.values import Display
from tests.drivers.mercury200.meters import library
from tests.drivers.words_given import never_given, not_russian, notes_of, without_word


def given() -> set[tuple[str, str]]:
    found = {("family", DRIVER.family)}
    found |= {("journal", name) for name in flows.JOURNALS}
    found |= {("event", word) for kind in (PowerEvent, CoverEvent) for word in kind.words.values()}
    found |= {("event", "settings written"), ("event", "code 05h")}
    found |= {("status name", fact.name) for fact in flows._STATUS}
    found |= {("status unit", fact.unit) for fact in flows._STATUS if fact.unit}
    found |= {("told", word) for word in (*Display.words, *Display(0).shown, *flows._OUTPUTS, flows._output(9))}
    found |= {("part", "total"), ("part", "reactive energy")}
    reasons = {flows._NO_TOTAL, flows._NEVER_WRITTEN, _NOT_IN_PROFILE}
    asked = {*CAPABILITY_OF.values(), "dst", "tariff_count", "schedule", "holidays"} - {"reactive_archive"}
    return found | {("reason", why) for why in reasons | notes_of(library().by_family(DRIVER.family), asked)}


def test_every_phrase_has_a_russian_word() -> None:
    assert sorted(without_word(DRIVER, given())) == []
    assert not_russian(DRIVER.words) == []


def test_every_word_is_of_a_phrase_that_is_given() -> None:
    assert never_given(DRIVER, given()) == []


def test_an_english_act_tells_the_phrases_as_they_are() -> None:
    assert all(re.search("[A-Za-z]", phrase) for _, phrase in given())
