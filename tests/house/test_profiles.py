"""Profiles: the shipped ones are right, mistakes are named by file and key, folders lie over each other in order."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import (
    AmbiguousModelError,
    ConfigError,
    DriverError,
    MeterlinkError,
    NotSupportedError,
    ProfileError,
    UnknownModelError,
)
from meterlink.model import Evidence
from meterlink.profiles import (
    CAPABILITIES,
    Profile,
    ProfileFolder,
    ProfileLibrary,
    default_folder,
    files,
    lint,
    load_profiles,
    profile_folders,
)
from meterlink.profiles.firmware import Condition, parse_version
from meterlink.profiles.library import SourceFile
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

HEAD = """
spec = 1
model = "meter-1"
names = ["Meter 1"]
driver = "acme"
"""

TABLES = """
[match]
code = [1, 2]
evidence = "document"
source = "page 1"

[line]
baud = 9600
format = "8N1"
evidence = "document"
source = "page 2"

[timing]
reply_s = 0.5
quiet_chars = 3.5
evidence = "guess"
source = "page 3"

[address]
digits = 3
default = "1"
rule = "a number from 1 to 247"
min = 1
max = 247
evidence = "document"
source = "page 4"

[access]
levels = ["reader", "owner"]
reading_needs = "reader"
evidence = "document"
source = "page 5"

[limits]
tariffs = 4
max_power_kw = 14.5
evidence = "document"
source = "page 6"
own_source.max_power_kw = { evidence = "guess", source = "plate" }

[supports]
energy = { supported = true, evidence = "capture", source = "page 7" }
dst = { supported = false, evidence = "document", source = "page 8", note = "it has no calendar" }

[driver_table]
registers = [1, 2]
evidence = "document"
source = "page 9"

[[caveat]]
text = "It hums."
source = "page 10"
"""

JUNK = (
    "= []",
    "{}",
    "[[limits]]",
    "[limits]",
    "[variant]",
    "= 1979-05-27",
    "[supports.energy]",
    ".x = 1",
    "= [[1], {}]",
)

META = '\nevidence = "document"\nsource = "note"\n'


def write(folder: Path, text: str, name: str = "acme/meter-1.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def one(folder: Path, text: str = HEAD + TABLES) -> Profile:
    write(folder, text)
    return load_profiles([folder]).get("meter-1")


def second(model: str, tables: str = TABLES) -> str:
    return HEAD.replace("meter-1", model) + tables


def lines(folder: Path) -> list[str]:
    """What lint says, with the folder left out of the names."""
    return [line.removeprefix(f"{folder}{os.sep}").replace(os.sep, "/") for line in lint([folder])]


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


# --- mistakes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    name: str
    old: str = ""
    new: str = ""
    add: str = ""
    says: str
    """the line after the name of the file"""


MISTAKES = [
    Mistake(name="not TOML", old="spec = 1", new="spec 1", says="file: is not TOML: "),
    Mistake(name="a later spec", old="spec = 1", new="spec = 2", says="spec: is 2, this meterlink reads only spec = 1"),
    Mistake(name="no spec", old="spec = 1", says="spec: is missing"),
    Mistake(name="spec is a flag", old="spec = 1", new="spec = true", says="spec: is True, must be a whole number"),
    Mistake(name="no model", old='model = "meter-1"', says="model: is missing"),
    Mistake(name="no names", old='names = ["Meter 1"]', says="names: is missing"),
    Mistake(name="empty names", old='["Meter 1"]', new="[]", says="names: is [], must be a list with at least one"),
    Mistake(name="no driver", old='driver = "acme"', says="driver: is missing"),
    Mistake(name="model in capitals", old='"meter-1"', new='"Meter-1"', says="model: is 'Meter-1', must be small"),
    Mistake(
        name="model unlike file", old='"meter-1"', new='"meter-2"', says="model: is 'meter-2', must be as the name"
    ),
    Mistake(name="driver unlike folder", old='"acme"', new='"acne"', says="driver: is 'acne', must be as the name of"),
    Mistake(
        name="unknown head key", old="spec = 1", new="spec = 1\nnmaes = 1", says="nmaes: is not a known key, did you"
    ),
    Mistake(name="unknown table", add=f"[timming]{META}", says="timming: is not a known key, did you mean timing?"),
    Mistake(name="the driver as a table", old='driver = "acme"', new="", add="[driver]", says="driver: is {}, must be"),
    Mistake(name="line no table", old="[line]", new="[lines]", says="lines: is not a known key, did you mean line?"),
    Mistake(
        name="unknown key", old="baud", new="baudrate", says="line.baudrate: is not a known key, did you mean baud?"
    ),
    Mistake(name="missing key", old="baud = 9600", says="line.baud: is missing"),
    Mistake(name="missing table", old="[access]", new="[driver_table.x]", says="access.reading_needs: is missing"),
    Mistake(name="wrong type", old="9600", new='"9600"', says="line.baud: is '9600', must be a whole number from 50"),
    Mistake(name="flag for number", old="tariffs = 4", new="tariffs = true", says="limits.tariffs: is True, must be"),
    Mistake(
        name="out of range", old="9600", new="9", says="line.baud: is 9, must be a whole number from 50 to 4000000"
    ),
    Mistake(name="bad format", old="8N1", new="9N1", says="line.format: '9N1' is not a character format"),
    Mistake(name="bad time", old="0.5", new="-1", says="timing.reply_s: is -1, must be a number from 0.01 to 60"),
    Mistake(name="endless time", old="0.5", new="inf", says="timing.reply_s: is inf, must be a number from 0.01 to 60"),
    Mistake(name="no number", old="14.5", new="nan", says="limits.max_power_kw: is nan, must be a number from 0 to"),
    Mistake(name="empty text", old='"a number from 1 to 247"', new='" "', says="address.rule: is ' ', must be a text"),
    Mistake(name="bounds", old="max = 247", new="max = 0", says="address.min: is 1, above address.max = 0"),
    Mistake(
        name="level", old='needs = "reader"', new='needs = "boss"', says="access.reading_needs: is 'boss', which is"
    ),
    Mistake(name="level none", old='"owner"', new='"none"', says='access.levels: holds "none", which means that no'),
    Mistake(
        name="levels", old='["reader", "owner"]', new='"reader"', says="access.levels: is 'reader', must be a list"
    ),
    Mistake(name="match", old="[1, 2]\nevid", new="[1.5]\nevid", says="match.code: is [1.5], must be a text, a whole"),
    Mistake(name="no source", old='source = "page 2"', says="line.source: is missing"),
    Mistake(name="no evidence", old='evidence = "guess"\n', says="timing.evidence: is missing"),
    Mistake(name="no source of a match", old='source = "page 1"', says="match.source: is missing"),
    Mistake(name="no source for the driver", old='source = "page 9"', says="driver_table.source: is missing"),
    Mistake(
        name="bad evidence", old='"guess"\nsource', new='"gues"\nsource', says="timing.evidence: is 'gues', must be one"
    ),
    Mistake(
        name="own source", old="own_source.max_power_kw", new="own_source.max_power", says="limits.own_source.max_power"
    ),
    Mistake(
        name="own source halved", old=', source = "plate"', says="limits.own_source.max_power_kw.source: is missing"
    ),
    Mistake(
        name="capability", old="energy =", new="enrgy =", says="supports.enrgy: is not a known capability, did you mean"
    ),
    Mistake(name="capability source", old=', source = "page 7"', says="supports.energy.source: is missing"),
    Mistake(
        name="capability flag", old="= true", new='= "yes"', says="supports.energy.supported: is 'yes', must be true or"
    ),
    Mistake(
        name="no reason", old=', note = "it has no calendar"', says="supports.dst.note: is missing: supported = false"
    ),
    Mistake(
        name="capability no table", old="[supports]", new="[supports]\nclock = 1", says="supports.clock: must be a"
    ),
    Mistake(name="caveat source", old='source = "page 10"', says="caveat[1].source: is missing"),
    Mistake(name="caveat no array", old="[[caveat]]", new="[caveat]", says="caveat: must be written as [[caveat]]"),
    Mistake(
        name="password",
        old="digits = 3",
        new='digits = 3\npassword = "777777"',
        says="address.password: a profile never",
    ),
    Mistake(
        name="password deep",
        old="registers",
        new="x.user_pwd = 1\nregisters",
        says="driver_table.x.user_pwd: a profile",
    ),
    Mistake(name="password head", old="spec = 1", new="spec = 1\npin = 1", says="pin: a profile never holds passwords"),
    Mistake(
        name="when",
        add='[[variant]]\nwhen = "firmware ~ 7"\n[variant.limits]\ntariffs = 1' + META,
        says="variant[1].when:",
    ),
    Mistake(
        name="no when", add=f"[[variant]]\n[variant.limits]\ntariffs = 1{META}", says="variant[1].when: is missing"
    ),
    Mistake(
        name="when no text", add=f"[[variant]]\nwhen = 7\n[variant.limits]{META}", says="variant[1].when: is '7', must"
    ),
    Mistake(name="empty variant", add='[[variant]]\nwhen = "firmware > 1"', says="variant[1]: changes nothing"),
    Mistake(
        name="impossible when",
        add=f'[[variant]]\nwhen = "firmware > 2 and firmware < 2"\n[variant.limits]{META}',
        says="variant[1].when: is 'firmware > 2 and firmware < 2', which no firmware can meet",
    ),
    Mistake(
        name="variant key",
        add=f'[[variant]]\nwhen = "firmware > 1"\n[variant.limits]\ntarifs = 1{META}',
        says="variant[1].limits.tarifs: is not a known key, did you mean tariffs?",
    ),
    Mistake(
        name="variant table",
        add=f'[[variant]]\nwhen = "firmware > 1"\n[variant.match]\ncode = 1{META}',
        says="variant[1].match: is not a known key",
    ),
    Mistake(
        name="variant rule",
        add=f'[[variant]]\nwhen = "firmware > 1"\n[variant.address]\nmax = 0{META}',
        says="address.min: is 1, above address.max = 0",
    ),
    Mistake(
        name="overrides nothing", old="spec = 1", new="spec = 1\noverrides = true", says="overrides: is true, but no"
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_named_by_file_and_key(mistake: Mistake, tmp_path: Path) -> None:
    text = HEAD + TABLES + mistake.add
    assert mistake.old in text
    write(tmp_path, text.replace(mistake.old, mistake.new, 1) if mistake.old else text)
    said = lines(tmp_path)
    assert [line for line in said if line.startswith(f"acme/meter-1.toml: {mistake.says}")], said


def test_asking_for_a_broken_model_names_file_key_and_reason(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        one(tmp_path, (HEAD + TABLES).replace("9600", "9"))
    assert caught.value.file == str(tmp_path / "acme" / "meter-1.toml")
    assert caught.value.key == "line.baud"
    assert caught.value.why == "is 9, must be a whole number from 50 to 4000000"


def test_a_password_is_never_repeated(tmp_path: Path) -> None:
    write(tmp_path, (HEAD + TABLES).replace("digits = 3", 'digits = 3\npassword = "777777"'))
    assert "777777" not in "".join(lint([tmp_path]))


def test_lint_names_every_mistake_of_every_file(tmp_path: Path) -> None:
    write(tmp_path, (HEAD + TABLES).replace("9600", "9").replace("tariffs = 4", "tariffs = 0"))
    write(tmp_path, "spec 1", "acme/meter-2.toml")
    write(tmp_path, second("meter-3").replace("tariffs = 4", ""), "acme/meter-3.toml")
    write(tmp_path, second("meter-4"), "acme/meter-4.toml")
    assert [line.rpartition(": ")[0].split(":")[0:2] for line in lines(tmp_path)] == [
        ["acme/meter-1.toml", " line.baud"],
        ["acme/meter-1.toml", " limits.tariffs"],
        ["acme/meter-2.toml", " file"],
        ["acme/meter-3.toml", " limits.tariffs"],
    ]


def test_a_missing_source_is_one_line_and_not_one_for_each_key(tmp_path: Path) -> None:
    write(tmp_path, (HEAD + TABLES).replace('source = "page 2"', ""))
    assert lines(tmp_path) == ["acme/meter-1.toml: line.source: is missing"]


@given(
    cut=st.integers(0, len(HEAD + TABLES)), length=st.integers(0, 30), put=st.text(max_size=12) | st.sampled_from(JUNK)
)
def test_a_mangled_file_is_a_profile_or_a_named_mistake(cut: int, length: int, put: str) -> None:
    text = HEAD + TABLES + NESTED
    data = (text[:cut] + put + text[cut + length :]).encode(errors="replace")
    file = SourceFile(path="acme/meter-1.toml", folder="acme", stem="meter-1", data=data)
    library = ProfileLibrary([ProfileFolder(path=".", sha256="", files=(file,))])
    assert library.all() or library.problems
    assert bool(library.all()) is not bool(library.problems)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    write(tmp_path, "").write_bytes("spec = 1 # проверка".encode("cp1251"))
    assert lines(tmp_path)[0].startswith("acme/meter-1.toml: file: is not text in UTF-8")


def test_a_name_that_is_a_folder_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "acme" / "meter-1.toml").mkdir(parents=True)
    assert lines(tmp_path)[0].startswith("acme/meter-1.toml: file: cannot be read: ")


# --- what the driver says -------------------------------------------------------------------------------------------


def test_what_the_driver_says_about_its_table_is_in_the_list(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + TABLES)
    assert lint([tmp_path], lambda profile: ["registers: must be three"]) == [
        f"{path}: driver_table.registers: must be three"
    ]


def test_the_driver_is_asked_about_variants_too(tmp_path: Path) -> None:
    variant = f'[[variant]]\nwhen = "firmware >= 7"\n[variant.driver_table]\nregisters = []{META}'
    path = write(tmp_path, HEAD + TABLES + variant)

    def check(profile: Profile) -> list[str]:
        return [] if profile.driver_table["registers"] else ["registers: is empty"]

    assert lint([tmp_path], check) == [f"{path}: driver_table.registers: is empty"]


def test_a_driver_that_cannot_be_loaded_is_a_line(tmp_path: Path) -> None:
    write(tmp_path, HEAD + TABLES)

    def check(profile: Profile) -> list[str]:
        raise DriverError(family=profile.driver, origin="acme 1.0", why="it is broken")

    assert "acme 1.0 cannot be used: it is broken" in lint([tmp_path], check)[0]


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


def variant(when: str, tariffs: int, more: str = "") -> str:
    return f'[[variant]]\nwhen = "{when}"\n[variant.limits]\ntariffs = {tariffs}\n{more}{META}'


NESTED = variant("firmware >= 6", 2, "seasons = 12") + variant("firmware >= 7 and firmware < 8", 3)
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


# --- families and folders -------------------------------------------------------------------------------------------

FAMILY = 'spec = 1\ndriver = "acme"\n' + TABLES


def test_a_model_lies_over_its_family_key_by_key(tmp_path: Path) -> None:
    write(tmp_path, FAMILY, "acme/family.toml")
    profile = one(tmp_path, HEAD + f"[limits]\ntariffs = 8{META}\n[[caveat]]\ntext = 'B'\nsource = 'b'")
    assert (profile.limits.tariffs, profile.limits.max_power_kw) == (8, Decimal("14.5"))
    assert profile.facts["limits.max_power_kw"].file.endswith("family.toml")
    assert [caveat.text for caveat in profile.caveats] == ["It hums.", "B"]
    data = [(tmp_path / "acme" / name).read_bytes() for name in ("family.toml", "meter-1.toml")]
    assert profile.sha256 == hashlib.sha256(b"".join(data)).hexdigest()


def test_a_capability_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path, FAMILY, "acme/family.toml")
    yes = "{ supported = true, evidence = 'capture', source = 'seen' }"
    assert one(tmp_path, f"{HEAD}[supports]\ndst = {yes}").supports["dst"].note is None


def test_what_a_model_says_is_stronger_than_a_variant_of_its_family(tmp_path: Path) -> None:
    write(tmp_path, FAMILY + variant("firmware >= 1", 2, "seasons = 4"), "acme/family.toml")
    resolved = one(tmp_path, HEAD + f"[limits]\ntariffs = 8{META}").for_firmware("1")
    assert (resolved.limits.tariffs, resolved.limits.seasons) == (8, 4)


def test_a_family_has_no_model(tmp_path: Path) -> None:
    write(tmp_path, FAMILY.replace("spec = 1", 'spec = 1\nmodel = "x"'), "acme/family.toml")
    write(tmp_path, HEAD)
    assert lines(tmp_path) == ["acme/family.toml: model: is not a known key"]


def test_a_broken_family_is_said_once_and_hurts_its_models(tmp_path: Path) -> None:
    write(tmp_path, FAMILY.replace("9600", "9"), "acme/family.toml")
    write(tmp_path, HEAD)
    write(tmp_path, second("meter-2", ""), "acme/meter-2.toml")
    assert len(lines(tmp_path)) == 1
    with pytest.raises(ProfileError, match=r"family\.toml"):
        load_profiles([tmp_path]).get("meter-2")


def test_an_added_folder_brings_a_model_that_uses_the_shipped_family(tmp_path: Path) -> None:
    write(
        tmp_path,
        'spec = 1\nmodel = "mercury-207"\nnames = ["Mercury 207"]\ndriver = "mercury200"\n',
        "mercury200/mercury-207.toml",
    )
    library = load_profiles(profile_folders({"METERLINK_PROFILES": str(tmp_path)}))
    assert library.get("mercury-207").limits.points_per_day == 8
    assert [folder.path for folder in library.folders] == [str(default_folder()), str(tmp_path)]


def test_a_family_in_an_added_folder_leaves_shipped_models_alone(tmp_path: Path) -> None:
    (tmp_path / "mercury200").mkdir()
    text = (default_folder() / "mercury200" / "family.toml").read_text(encoding="utf-8")
    write(tmp_path, text.replace("reply_s = 0.5", "reply_s = 5"), "mercury200/family.toml")
    library = load_profiles([default_folder(), tmp_path])
    assert library.get("mercury-206").timing.reply_s == 0.5


OVERRIDE = 'spec = 1\nmodel = "mercury-206"\ndriver = "mercury200"\n'
SLOWER = f"[timing]\nreply_s = 2{META}"


def test_the_same_model_twice_is_an_error_of_that_model_only(tmp_path: Path) -> None:
    write(tmp_path, OVERRIDE + SLOWER, "mercury200/mercury-206.toml")
    library = load_profiles([default_folder(), tmp_path])
    with pytest.raises(ProfileError, match=r"say `overrides = true`"):
        library.get("mercury-206")
    assert library.get("mercury-200.02")


def test_a_file_that_overrides_lies_over_the_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, OVERRIDE + "overrides = true\n" + SLOWER, "mercury200/mercury-206.toml")
    shipped, changed = library(), load_profiles([default_folder(), tmp_path])
    profile = changed.get("mercury-206")
    assert (profile.timing.reply_s, profile.timing.tries) == (2.0, 3)
    assert profile.facts["timing.reply_s"].file == str(tmp_path / "mercury200" / "mercury-206.toml")
    assert profile.names == shipped.get("mercury-206").names
    assert profile.sha256 != shipped.get("mercury-206").sha256
    assert changed.problems == ()


def test_a_file_cannot_override_a_model_of_another_family(tmp_path: Path) -> None:
    write(tmp_path, (OVERRIDE + "overrides = true\n" + SLOWER).replace("mercury200", "acme"), "acme/mercury-206.toml")
    with pytest.raises(ProfileError, match="whose driver is 'mercury200'"):
        load_profiles([default_folder(), tmp_path]).get("mercury-206")


def test_one_broken_file_leaves_every_other_model_usable(tmp_path: Path) -> None:
    write(tmp_path, "[[[", "mercury200/mercury-99.toml")
    library = load_profiles([default_folder(), tmp_path])
    assert tuple(profile.model for profile in library.by_family("mercury200")) == MODELS
    assert library.match({"model_code": 8}, "mercury200") == library.get("mercury-206")
    with pytest.raises(ProfileError, match=r"mercury-99\.toml"):
        library.get("mercury-99")


def test_a_broken_file_of_a_shipped_model_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "[[[", "mercury200/mercury-206.toml")
    with pytest.raises(ProfileError):
        load_profiles([default_folder(), tmp_path]).get("mercury-206")


def test_a_file_beside_the_family_folders_is_named(tmp_path: Path) -> None:
    write(tmp_path, HEAD + TABLES, "meter-1.toml")
    assert lines(tmp_path) == ["meter-1.toml: file: stands outside a folder of a family: put it into acme/"]


def test_a_folder_without_profiles_is_named(tmp_path: Path) -> None:
    write(tmp_path, "hello", "README.md")
    assert lint([tmp_path]) == [f"{tmp_path}: folder: holds no <family>/<model>.toml"]


def test_the_variable_adds_folders_in_order_and_each_once(tmp_path: Path) -> None:
    one_, two = tmp_path / "one", tmp_path / "two"
    one_.mkdir()
    two.mkdir()
    added = os.pathsep.join(map(str, (two, "", one_, two / ".." / "two", default_folder())))
    assert profile_folders({"METERLINK_PROFILES": added}) == (default_folder(), two, one_)


def test_the_folder_inside_the_wheel_comes_before_the_one_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "__file__", str(tmp_path / "meterlink" / "profiles" / "files.py"))
    with pytest.raises(ConfigError, match="install meterlink again"):
        default_folder()
    checkout, wheel = tmp_path / "firmware_profiles", tmp_path / "meterlink" / "firmware_profiles"
    checkout.mkdir()
    assert default_folder() == checkout.resolve()
    wheel.mkdir(parents=True)
    assert default_folder() == wheel.resolve()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="METERLINK_PROFILES: there is no folder"):
        profile_folders({"METERLINK_PROFILES": str(tmp_path / "none")})
    with pytest.raises(ConfigError, match="there is no folder"):
        load_profiles([tmp_path / "none"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    name: str
    do: Callable[[Path], object] = field(repr=False)
    seen: bool


CHANGES = [
    Change(name="nothing", do=lambda folder: None, seen=False),
    Change(name="a note beside it", do=lambda folder: write(folder, "x", "README.md"), seen=False),
    Change(name="a byte", do=lambda folder: write(folder, HEAD + TABLES + "#"), seen=True),
    Change(name="a new file", do=lambda folder: write(folder, second("meter-2"), "acme/meter-2.toml"), seen=True),
    Change(name="a new name", do=lambda folder: (folder / "acme").rename(folder / "acne"), seen=True),
    Change(name="a lost file", do=lambda folder: (folder / "acme" / "meter-1.toml").unlink(), seen=True),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_the_hash_of_a_folder_tells_its_content(change: Change, tmp_path: Path) -> None:
    first, copy = tmp_path / "first", tmp_path / "copy"
    write(first, HEAD + TABLES)
    shutil.copytree(first, copy)
    change.do(copy)
    before, after = (load_profiles([folder]).folders[0].sha256 for folder in (first, copy))
    assert (before != after) is change.seen


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
