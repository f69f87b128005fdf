"""A profile as a whole, and what a version of the firmware makes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from meterlink.errors import NotSupportedError
from meterlink.model import Evidence
from meterlink.profiles import load_profiles
from meterlink.profiles.firmware import Condition, parse_version
from tests.house.profile_files import HEAD, META, NESTED, TABLES, lines, one, variant, write
from tests.shipped import library

# --- a profile as a whole -------------------------------------------------------------------------------------------


def test_every_table_arrives_typed(tmp_path: Path) -> None:
    profile = one(tmp_path)
    assert profile.match == {"code": (1, 2)}
    assert profile.timing.tries == 3
    assert profile.address.max == 247
    assert profile.access.levels == ("reader", "owner")
    assert profile.limits.max_power_kw == Decimal("14.5")
    assert profile.limits.seasons is None
    assert profile.supports["dst"].note == "it has no calendar"
    assert profile.driver_table == {"registers": (1, 2)}
    assert profile.caveats[0].text == "It hums."
    assert profile.origin == str(tmp_path / "acme" / "meter-1.toml")
    assert profile.sha256 == hashlib.sha256(Path(profile.origin).read_bytes()).hexdigest()


def test_the_optical_head_may_have_its_own_format(tmp_path: Path) -> None:
    line = one(tmp_path, HEAD + TABLES.replace('format = "8N1"', 'format = "8N1"\nformat_optical = "7e1"')).line
    assert (line.line.form, line.format_optical) == ("8N1", "7E1")


def test_the_evidence_of_a_table_is_that_of_its_weakest_fact(tmp_path: Path) -> None:
    profile = one(tmp_path)
    assert profile.limits.provenance.evidence is Evidence.GUESS
    assert profile.limits.provenance.source == "page 6; plate"
    assert profile.facts["limits.tariffs"].provenance.evidence is Evidence.DOCUMENT


def test_a_capability_that_is_not_mentioned_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="meter-1 has no clock: its profile does not say"):
        one(tmp_path).require("clock")


def test_why_a_model_lacks_something_is_told_in_the_words_of_its_profile() -> None:
    profile = library().get("ce102m")
    assert (profile.has("clock"), profile.why_not("clock")) == (True, None)
    assert (profile.has("dst"), profile.why_not("dst")) == (False, "what TRANS and HOURS mean is not known")
    assert (profile.has("telepathy"), profile.why_not("telepathy")) == (False, "its profile does not say that it has")
    with pytest.raises(NotSupportedError, match="ce102m has no dst: what TRANS and HOURS mean is not known"):
        profile.require("dst")


def test_a_profile_cannot_be_changed(tmp_path: Path) -> None:
    profile = one(tmp_path)
    for mapping in (profile.supports, profile.driver_table, profile.match, profile.facts):
        with pytest.raises(TypeError):
            mapping["x"] = 1  # type: ignore[index]
    assert hash(profile) == hash(one(tmp_path))


def test_a_file_from_a_windows_editor_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD + TABLES).replace("\n", "\r\n").encode())
    assert load_profiles([tmp_path]).get("meter-1").limits.tariffs == 4


# --- firmware -------------------------------------------------------------------------------------------------------

VERSIONS: Mapping[str, tuple[int, ...] | None] = {
    "7.1": (7, 1),
    "7.10": (7, 10),
    "7.1.0": (7, 1),
    "v6.4 (2009)": (6, 4),
    "0": (0,),
    "": None,
    "unknown": None,
}


@pytest.mark.parametrize(("text", "version"), VERSIONS.items())
def test_a_version_is_whole_numbers(text: str, version: tuple[int, ...] | None) -> None:
    assert parse_version(text) == version


CONDITIONS = [
    ("firmware >= 7.1", "7.1.0 7.10 8", "7.0.9 6.4"),
    ("firmware > 7.1", "7.1.1 7.2", "7.1 7.1.0 7"),
    ("firmware <= 7.1", "7.1 6", "7.1.1"),
    ("firmware < 7.10", "7.9 7.9.9", "7.10"),
    ("firmware == 7.1", "7.1 7.1.0", "7.1.1 7"),
    ("firmware>=6.4 and firmware<7.1", "6.4 7.0.9", "7.1 6.3"),
]


@pytest.mark.parametrize(("text", "inside", "outside"), CONDITIONS)
def test_a_condition_compares_by_numbers(text: str, inside: str, outside: str) -> None:
    condition = Condition.parse(text)
    assert all(condition.holds(parse_version(version) or ()) for version in inside.split())
    assert not any(condition.holds(parse_version(version) or ()) for version in outside.split())


RESOLVED = [("5.9", 4, None), ("6.4", 2, 12), ("7.5", 3, 12), ("8", 2, 12), (None, 4, None), ("?", 4, None)]


@pytest.mark.parametrize(("firmware", "tariffs", "seasons"), RESOLVED)
@pytest.mark.parametrize("turned", [False, True], ids=["wide first", "narrow first"])
def test_the_narrowest_variant_wins(
    firmware: str | None, tariffs: int, seasons: int | None, turned: bool, tmp_path: Path
) -> None:
    variants = NESTED.split("[[variant]]")[1:]
    text = "".join(f"[[variant]]{body}" for body in (reversed(variants) if turned else variants))
    resolved = one(tmp_path, HEAD + TABLES + text).for_firmware(firmware)
    assert (resolved.limits.tariffs, resolved.limits.seasons) == (tariffs, seasons)


def test_variants_that_quarrel_are_an_error_where_they_stand(tmp_path: Path) -> None:
    write(tmp_path, HEAD + TABLES + variant("firmware >= 6", 2) + variant("firmware < 8", 3))
    assert lines(tmp_path) == [
        'acme/meter-1.toml: limits.tariffs: is set by the variants "firmware >= 6" and "firmware < 8", '
        "which overlap and neither is the narrower one"
    ]


def test_variants_with_the_same_condition_quarrel(tmp_path: Path) -> None:
    write(tmp_path, HEAD + TABLES + variant("firmware >= 6", 2) + variant("firmware >= 6.0", 3))
    assert len(lines(tmp_path)) == 1


def test_variants_that_do_not_meet_or_set_other_keys_live_together(tmp_path: Path) -> None:
    apart = variant("firmware < 6", 2) + variant("firmware >= 6", 3)
    other = f'[[variant]]\nwhen = "firmware < 8"\n[variant.timing]\nreply_s = 2{META}'
    profile = one(tmp_path, HEAD + TABLES + apart + other).for_firmware("7")
    assert (profile.limits.tariffs, profile.timing.reply_s) == (3, 2.0)


def test_a_variant_can_take_a_capability_away(tmp_path: Path) -> None:
    lacks = "{ supported = false, evidence = 'guess', source = 'x', note = 'gone' }"
    text = f'[[variant]]\nwhen = "firmware < 2"\n[variant.supports]\nenergy = {lacks}'
    profile = one(tmp_path, HEAD + TABLES + text)
    assert profile.require("energy")
    with pytest.raises(NotSupportedError, match="gone"):
        profile.for_firmware("1.9").require("energy")


def test_the_result_of_a_variant_knows_its_source(tmp_path: Path) -> None:
    profile = one(tmp_path, HEAD + TABLES + variant("firmware >= 6", 2))
    assert profile.for_firmware("6").facts["limits.tariffs"].provenance.source == "note"
    assert profile.facts["limits.tariffs"].provenance.source == "page 6"
