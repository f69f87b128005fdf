"""The profiles that come with meterlink: right, whole, and told apart."""

from __future__ import annotations

import pytest

from meterlink.errors import AmbiguousModelError, MeterlinkError, NotSupportedError, UnknownModelError
from meterlink.model import Evidence
from meterlink.profiles import CAPABILITIES, default_folder, lint, load_profiles, profile_folders
from meterlink.wire.line import Line
from tests.shipped import library

MODELS = ("mercury-200.02", "mercury-200.04", "mercury-201", "mercury-203.2t", "mercury-206")
MODBUS = ("or-we-515", "or-we-517", "or-we-526")
ENERGOMERA = ("ce102m", "ce301", "ce301by", "ce303", "ce6850m")
MICRON = (
    *("psch-3tm.05", "psch-3tm.05d", "psch-3tm.05m", "psch-3tm.05mk"),
    *("psch-4tm.05", "psch-4tm.05d", "psch-4tm.05m", "psch-4tm.05md", "psch-4tm.05mk", "psch-4tm.05mn"),
    *("seb-1tm.01", "seb-1tm.02", "seb-1tm.02d", "seb-1tm.02m", "seb-1tm.03", "seb-2a"),
    *("set-4tm.01", "set-4tm.02", "set-4tm.02m", "set-4tm.03", "set-4tm.03m"),
)


# --- the profiles that come with meterlink --------------------------------------------------------------------------


def test_the_shipped_profiles_have_no_mistakes() -> None:
    assert lint([default_folder()]) == []


@pytest.mark.parametrize("model", MODELS)
def test_a_shipped_profile_says_about_every_capability_whether_the_model_has_it(model: str) -> None:
    profile = library().get(model)
    assert set(profile.supports) == CAPABILITIES
    assert profile.driver == "mercury200"
    assert profile.access.reading_needs is None
    assert profile.line.line == Line(baud=9600)
    assert profile.caveats


def test_the_shipped_models_are_these() -> None:
    library = load_profiles(profile_folders({}))
    assert tuple(profile.model for profile in library.all()) == (*ENERGOMERA, *MODELS, *MICRON, *MODBUS)
    assert tuple(profile.model for profile in library.by_family("mercury200")) == MODELS
    assert tuple(profile.model for profile in library.by_family("energomera")) == ENERGOMERA
    assert tuple(profile.model for profile in library.by_family("micron")) == MICRON
    assert tuple(profile.model for profile in library.by_family("modbus")) == MODBUS
    assert library.by_family("mercury230") == ()


DIGITS = {"mercury-200.02": 6, "mercury-200.04": 6, "mercury-201": 8, "mercury-203.2t": 8, "mercury-206": 8}


@pytest.mark.parametrize(("model", "digits"), DIGITS.items())
def test_the_old_200_has_an_address_of_six_digits_and_the_others_of_eight(model: str, digits: int) -> None:
    assert library().get(model).address.digits == digits


def test_a_number_beside_guesses_keeps_its_own_evidence() -> None:
    profile = library().get("mercury-206")
    assert profile.timing.provenance.evidence is Evidence.GUESS
    assert profile.facts["timing.quiet_chars"].provenance.evidence is Evidence.DOCUMENT
    assert profile.facts["timing.reply_s"].provenance.evidence is Evidence.GUESS


LACKING = [
    ("mercury-200.02", "reactive_energy"),
    ("mercury-200.04", "frequency"),
    ("mercury-200.02", "last_parametrisation"),
    ("mercury-203.2t", "reactive_archive"),
]


@pytest.mark.parametrize(("model", "capability"), LACKING)
def test_what_a_model_lacks_is_refused_with_a_reason(model: str, capability: str) -> None:
    profile = library().get(model)
    with pytest.raises(NotSupportedError) as caught:
        profile.require(capability)
    assert caught.value.why == profile.supports[capability].note


def test_the_206_has_what_the_200_lacks() -> None:
    profile = library().get("mercury-206")
    assert profile.require("reactive_energy").evidence is Evidence.DOCUMENT
    assert profile.require("reactive_power").evidence is Evidence.CAPTURE


def test_nobody_has_written_to_a_201() -> None:
    profile = library().get("mercury-201")
    writes = {name: support for name, support in profile.supports.items() if name.startswith("set_")}
    assert {support.evidence for support in writes.values()} == {Evidence.GUESS}


MATCHES = [(4, "mercury-203.2t"), (6, "mercury-203.2t"), (8, "mercury-206"), (10, "mercury-201"), (99, None)]


@pytest.mark.parametrize(("code", "model"), MATCHES)
def test_a_model_code_tells_the_model(code: int, model: str | None) -> None:
    found = library().match({"model_code": code, "option": 1}, "mercury200")
    assert (found and found.model) == model


def test_the_two_200s_answer_alike_and_only_the_plate_tells() -> None:
    assert [profile.model for profile in library().candidates({"model_code": 2}, "mercury200")] == list(MODELS[:2])
    with pytest.raises(AmbiguousModelError) as caught:
        library().match({"model_code": 2}, "mercury200")
    assert caught.value.models == MODELS[:2]
    assert "--model" in caught.value.hint


def test_a_meter_that_told_nothing_matches_nothing() -> None:
    assert library().match({}, "mercury200") is None
    assert library().match({"model_code": 8}, "modbus") is None


# --- unknown models -------------------------------------------------------------------------------------------------

SLIPS = {
    "mercury-207": "mercury-206",
    "Mercury 206": "mercury-206",
    "меркурий 203.2t": "mercury-203.2t",
    "200.04": "mercury-200.04",
}


@pytest.mark.parametrize(("typed", "meant"), SLIPS.items())
def test_an_unknown_model_is_refused_with_a_suggestion(typed: str, meant: str) -> None:
    with pytest.raises(UnknownModelError) as caught:
        library().get(typed)
    assert caught.value.hint.startswith(f"Did you mean {meant}? ")


def test_a_model_like_no_other_has_no_suggestion() -> None:
    with pytest.raises(UnknownModelError) as caught:
        library().get("zz")
    assert caught.value.hint.startswith("`meterlink profiles list`")


def test_the_tie_is_one_of_our_errors() -> None:
    assert issubclass(AmbiguousModelError, MeterlinkError)
    assert AmbiguousModelError(models=("a", "b"), why="a and b answer alike").exit_code == 6
