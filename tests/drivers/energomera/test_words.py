"""The words of the family for the act: whole, and none that it never gives."""

from __future__ import annotations

from functools import cache

from meterlink.language import Language
from meterlink.report.act_words import ActWords
from meterlink.visit.snapshot import Snapshot, take_snapshot
from meterlink_energomera import DRIVER, flows, journals, messages, status
from meterlink_energomera.errors import WHY
from meterlink_energomera.models import DIRECTIONS, table_of
from meterlink_energomera.schedule import is_graph
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera
from tests.drivers.energomera.meters import MODELS, frames_heard, met, target_of
from tests.drivers.words_given import never_given, not_russian, phrases_of, without_word
from tests.shipped import library

PROFILES = [library().get(model) for model in MODELS]
TABLES = [table_of(profile) for profile in PROFILES]
MUST_BE_THERE = {"SNUMB", "ET0PE"}
"""Without them there is no state."""


def parts(phrase: str) -> list[str]:
    return phrase.split(", ")


def state_of(model: str, behaviour: Behaviour) -> tuple[Snapshot, SimulatedEnergomera]:
    """What a snapshot tells of a meter that behaves so."""
    target = target_of(model)
    talk, meter = met(target, behaviour)
    return talk.run(take_snapshot(DRIVER, target, None)), meter


def parameters_asked(meter: SimulatedEnergomera) -> set[str]:
    """Of the day graphs one, as all are treated alike."""
    names = {frame[4 : frame.index(b"(")].decode() for frame in frames_heard(meter) if frame[1:3] == b"R1"}
    graphs = sorted(name for name in names if is_graph(name))
    return names.difference(graphs[1:])


@cache
def given_by_meters() -> frozenset[tuple[str, str]]:
    """By each model as it is, and where it refuses one of the parameters that it is asked for."""
    found: set[tuple[str, str]] = set()
    for model in MODELS:
        state, meter = state_of(model, Behaviour())
        found |= set(phrases_of(state))
        for name in parameters_asked(meter) - MUST_BE_THERE:
            found |= set(phrases_of(state_of(model, Behaviour(refuses={name: 12}))[0]))
    for number in (*WHY, max(WHY) + 1):
        found |= set(phrases_of(state_of("ce301", Behaviour(refuses={"TRSUM": number}))[0]))
    five = {f"ET0{way}": ["1.00"] * 5 for way in DIRECTIONS}
    nothing: dict[str, list[str]] = {"ET0QE": [], "ET0QI": []}
    for answers in (five, nothing):
        found |= set(phrases_of(state_of("ce6850m", Behaviour(answers=answers))[0]))
    return frozenset(found)


def given() -> set[tuple[str, str]]:
    """By meters that were read, and out of the tables what they give in other states only."""
    found = {*given_by_meters(), *(("event", part) for events in journal_events() for part in parts(events))}
    found |= {("status name", status._name(parameter)) for table in TABLES for parameter in table.status}
    found.add(("status name", status._FIRST_STATE))
    found |= {("status unit", unit) for unit in status._UNITS.values()}
    found |= {("told", status.state_words(bits, table)) for table in TABLES for bits in (1 << 31, 0)}
    bits = [name for table in TABLES for name in (*table.status_bits.values(), *table.flag_bits.values())]
    found |= {("told", part) for name in bits for part in parts(name)}
    found |= {("dst date", flows.last_sunday(str(month))) for month in range(1, 13)}
    found |= {("prompt", support.prompt) for each in PROFILES for support in each.supports.values() if support.prompt}
    reasons = {status._TEXT["cleared"], status._TEXT["not listed"], messages._TEXT["closed"]}
    return found | {("reason", why) for why in reasons}


def journal_events() -> set[str]:
    """What each journal says of each bit, of none and of all."""
    words = [1 << bit for bit in range(14)] + [0, 0x1FFF]
    told = {journals._WORDS[kind](word, table) for kind in ("ACCES", "PHASE") for word in words for table in TABLES}
    told |= {name for table in TABLES for name in table.status_bits.values()}
    return told | {status.state_words(0, TABLES[0]), "bit 31", journals._corrected(-12, TABLES[0])}


def test_every_phrase_has_a_russian_word() -> None:
    assert sorted(without_word(DRIVER, given())) == []
    assert not_russian(DRIVER.words) == []


def test_what_a_refusing_meter_says_is_told_in_russian() -> None:
    state, _ = state_of("ce6850m", Behaviour(refuses={"TRSUM": 12, "ET0QE": 15}))
    told = [(each.what, each.reason) for each in (*state.absent, *state.energy.absent)]
    assert ("DST", "the meter knows no such parameter (TRSUM, ERR12)") in told
    assert ("energy QE", "this password, or none, does not permit it (ERR15)") in told
    words = ActWords(Language.RU, DRIVER.words)
    assert words.code("reason", told[0][1]) == "прибор не знает такого параметра (TRSUM, ERR12)"
    assert words.code("part", "energy QE T5") == "реактивная энергия, приём, T5"


def test_every_word_is_of_a_phrase_that_is_given() -> None:
    assert never_given(DRIVER, given()) == []


def test_every_alarm_is_a_bit_of_some_model() -> None:
    names = {name for table in TABLES for name in table.status_bits.values()}
    assert sorted(status.ALARMS - names) == []
