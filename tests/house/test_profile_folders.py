"""Folders of profiles: models lie over their family, and folders over each other, in order."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from meterlink.errors import ConfigError, ProfileError
from meterlink.profiles import default_folder, files, lint, load_profiles, profile_folders
from tests.house.profile_files import HEAD, META, TABLES, lines, one, second, variant, write
from tests.shipped import library

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
    shipped, broken = library(), load_profiles([default_folder(), tmp_path])
    assert broken.by_family("mercury200") == shipped.by_family("mercury200") != ()
    assert broken.match({"model_code": 8}, "mercury200") == broken.get("mercury-206")
    with pytest.raises(ProfileError, match=r"mercury-99\.toml"):
        broken.get("mercury-99")


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
