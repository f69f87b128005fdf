"""The words of the family for the act: whole, and none that it never gives."""

from __future__ import annotations

from meterlink.model import Absent
from meterlink_micron import DRIVER, asking, clock, energy, flows, journals, status
from meterlink_micron.models import JOURNALS, table_of
from meterlink_micron.state_codec import RELAY
from tests.drivers.words_given import never_given, not_russian, notes_of, without_word
from tests.shipped import library

PROFILES = library().by_family("micron")
TABLES = [table_of(profile) for profile in PROFILES]


def parts(*phrases: str) -> set[str]:
    return {part for phrase in phrases for part in phrase.split(", ")}


def given() -> set[tuple[str, str]]:
    errors = {name for table in TABLES for name in table.state_bits.values()} | {status.NO_BIT, "E-39"}
    events = {*journals.SINGLES.values(), *parts(*(each for pair in journals.PAIRS.values() for each in pair))}
    events |= parts(*(text.format(count=3) for text in journals.COUNTERS.values())) | errors
    told = parts(*status.WORDS_TOLD, "unknown code 5h") | errors
    assert {*clock.CORRECTION_STATES.values(), *RELAY.values()} <= set(status.WORDS_TOLD)
    found = {("family", DRIVER.family)} | {("journal", name) for name in JOURNALS}
    found |= {("event", event) for event in events} | {("told", word) for word in told}
    found |= {("status name", name) for name in status.NAMES} | {("status unit", unit) for unit in status.UNITS}
    found |= {("season", season) for season in clock.SEASONS.values()}
    moments = [clock.SwitchMoment(2, weekday, 3) for weekday in range(1, 8)]
    found |= {("dst date", flows.moment_words(moment)) for moment in moments}
    found |= {("part", energy._TEXT["constant"]), ("part", asking.RATIOS), ("part", asking.VARIANT)}
    counts = [(energy.Scale(None), 5), (energy.Scale(500, kn=0, kt=3), 5), (energy.Scale(500), 2**32 - 1)]
    untold = [scale.value("A+", 1, count) for scale, count in counts]
    reasons = {
        asking.LACKS,
        *(value.reason for value in untold if isinstance(value, Absent)),
        energy._TEXT["other constant"].format(told=5000, used=500),
    }
    asked = ("tariff_count",)
    reasons |= notes_of([profile for profile in PROFILES if profile.match], asked)
    return found | {("reason", why) for why in reasons}


def test_every_phrase_has_a_russian_word() -> None:
    assert sorted(without_word(DRIVER, given())) == []
    assert not_russian(DRIVER.words) == []


def test_every_word_is_of_a_phrase_that_is_given() -> None:
    assert never_given(DRIVER, given()) == []
