"""Mistakes in profiles are named by file and key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import DriverError, ProfileError
from meterlink.profiles import Profile, ProfileFolder, ProfileLibrary, lint
from meterlink.profiles.library import SourceFile
from tests.house.profile_files import HEAD, META, NESTED, TABLES, lines, one, second, write

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
    assert lint([tmp_path], lambda profile: ["driver_table.registers: must be three"]) == [
        f"{path}: driver_table.registers: must be three"
    ]


def test_the_driver_is_asked_about_variants_too(tmp_path: Path) -> None:
    variant = f'[[variant]]\nwhen = "firmware >= 7"\n[variant.driver_table]\nregisters = []{META}'
    path = write(tmp_path, HEAD + TABLES + variant)

    def check(profile: Profile) -> list[str]:
        return [] if profile.driver_table["registers"] else ["driver_table.registers: is empty"]

    assert lint([tmp_path], check) == [f"{path}: driver_table.registers: is empty"]


def test_a_driver_that_cannot_be_loaded_is_a_line(tmp_path: Path) -> None:
    write(tmp_path, HEAD + TABLES)

    def check(profile: Profile) -> list[str]:
        raise DriverError(family=profile.driver, origin="acme 1.0", why="it is broken")

    assert "acme 1.0 cannot be used: it is broken" in lint([tmp_path], check)[0]
