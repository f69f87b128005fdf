"""The words of the family for the act: whole, and none that it never gives."""

from __future__ import annotations

from meterlink_energomera import DRIVER, asking, energy, flows, journals, status
from meterlink_energomera.models import table_of
from tests.drivers.energomera.meters import MODELS, library
from tests.drivers.words_given import never_given, not_russian, notes_of, without_word

PROFILES = [library().get(model) for model in MODELS]
TABLES = [table_of(profile) for profile in PROFILES]


def parts(phrase: str) -> list[str]:
    return phrase.split(", ")


def given() -> set[tuple[str, str]]:
    found = {("family", DRIVER.family)}
    found |= {("journal", name) for name in journals.JOURNALS}
    found |= {("event", part) for events in journal_events() for part in parts(events)}
    found |= {("status name", status._name(parameter)) for table in TABLES for parameter in table.status}
    found.add(("status name", status._FIRST_STATE))
    found |= {("status unit", unit) for unit in status._UNITS.values()}
    found |= {("told", status.state_words(bits, table)) for table in TABLES for bits in (1 << 31, 0)}
    bits = [name for table in TABLES for name in (*table.status_bits.values(), *table.flag_bits.values())]
    found |= {("told", part) for name in bits for part in parts(name)}
    found |= {("dst date", flows._last_sunday(str(month)) or "") for month in range(1, 13)}
    reasons = {
        energy._NO_T5,
        status._TEXT["cleared"],
        asking._TEXT["empty"],
        status._TEXT["not listed"],
        journals._TEXT["none"],
    }
    asked = ("dst", "tariff_count", "schedule", "holidays", *(f"journal_{name}" for name in journals.JOURNALS))
    return found | {("reason", why) for why in reasons | notes_of(PROFILES, asked)}


def journal_events() -> set[str]:
    """What each journal says of each bit, of none and of all."""
    words = [1 << bit for bit in range(14)] + [0, 0x1FFF]
    told = {journals._WORDS[kind](word, table) for kind in ("ACCES", "PHASE") for word in words for table in TABLES}
    told |= {name for table in TABLES for name in table.status_bits.values()}
    return told | {status.state_words(0, TABLES[0]), "bit 31", journals._corrected(-12, TABLES[0])}


def test_every_phrase_has_a_russian_word() -> None:
    assert sorted(without_word(DRIVER, given())) == []
    assert not_russian(DRIVER.words) == []


def test_every_word_is_of_a_phrase_that_is_given() -> None:
    assert never_given(DRIVER, given()) == []


def test_every_alarm_is_a_bit_of_some_model() -> None:
    names = {name for table in TABLES for name in table.status_bits.values()}
    assert sorted(status.ALARMS - names) == []
