"""Drivers by entry points: found without importing, loaded with care, and installed as the project says."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distribution
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from meterlink.driver import Driver
from meterlink.errors import DriverError, UnknownFamilyError
from meterlink.registry import _PROMISED, GROUP, DriverOrigin, driver_names, installed, load_driver

ROOT = Path(__file__).parents[2]
INSTALL_AGAIN = "the installed entry points are stale: run `pip install -e '.[dev]'` again"


class StubDistribution(Distribution):
    """A distribution that exists only by name."""

    def __init__(self, name: str, version: str) -> None:
        self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return Path(path)


def point(family: str, value: str = "stub_driver:DRIVER", *, by: str = "stub-package") -> EntryPoint:
    entry = EntryPoint(name=family, value=value, group=GROUP)
    vars(entry)["dist"] = StubDistribution(by, "1.2")
    return entry


def stub_driver(family: str) -> Mock:
    driver = Mock(spec=Driver)
    driver.family = family
    driver.capabilities = frozenset[str]()
    return driver


@pytest.fixture
def stub_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("stub_driver")
    monkeypatch.setitem(sys.modules, "stub_driver", module)
    return module


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_installed_entry_points_are_those_of_the_project_file() -> None:
    wanted = project()["project"]["entry-points"][GROUP]
    found = {entry.name: entry.value for entry in distribution("meterlink").entry_points if entry.group == GROUP}
    assert found == wanted, INSTALL_AGAIN


def test_every_driver_folder_is_packed_into_the_wheel() -> None:
    packed = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    folders = {f"drivers/{path.parent.name}" for path in (ROOT / "drivers").glob("*/__init__.py")}
    assert {package for package in packed if package.startswith("drivers/")} == folders


def test_every_driver_folder_has_an_entry_point_and_profiles() -> None:
    modules = {value.partition(":")[0]: family for family, value in project()["project"]["entry-points"][GROUP].items()}
    folders = {path.parent.name for path in (ROOT / "drivers").glob("*/__init__.py")}
    assert set(modules) == folders
    assert set(modules.values()) == {path.name for path in (ROOT / "firmware_profiles").iterdir() if path.is_dir()}


def test_our_own_drivers_come_through_the_same_door() -> None:
    ours = [origin for origin in installed() if origin.distribution == "meterlink"]
    assert [(origin.family, origin.module) for origin in ours] == sorted(
        project()["project"]["entry-points"][GROUP].items()
    )
    assert "mercury200" in driver_names()


def test_listing_imports_no_driver() -> None:
    points = [point("beta", "no_such_module:DRIVER"), point("alpha", by="other")]
    assert installed(points) == [
        DriverOrigin(family="alpha", distribution="other", version="1.2", module="stub_driver:DRIVER"),
        DriverOrigin(family="beta", distribution="stub-package", version="1.2", module="no_such_module:DRIVER"),
    ]
    assert driver_names(points) == ("alpha", "beta")


def test_a_driver_without_distribution_is_listed() -> None:
    bare = EntryPoint(name="alpha", value="stub_driver:DRIVER", group=GROUP)
    assert installed([bare])[0].distribution == "an unknown package"


def test_loading_gives_the_driver(stub_module: ModuleType) -> None:
    driver = stub_driver("alpha")
    vars(stub_module)["DRIVER"] = driver
    assert load_driver("alpha", [point("alpha")]) is driver


def test_an_unknown_family_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownFamilyError) as caught:
        load_driver("mercury20", [point("mercury200"), point("modbus")])
    assert caught.value.hint.startswith("Did you mean mercury200? ")


def test_an_unknown_family_far_from_all_has_no_suggestion() -> None:
    with pytest.raises(UnknownFamilyError) as caught:
        load_driver("xyz", [point("mercury200")])
    assert caught.value.suggestion == ""


def test_two_packages_that_claim_one_family_are_both_named() -> None:
    with pytest.raises(DriverError) as caught:
        load_driver("alpha", [point("alpha", by="one"), point("alpha", by="two"), point("beta")])
    assert caught.value.origin == "one 1.2 and two 1.2"
    assert "claim" in caught.value.why


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDriver:
    name: str
    value: str = "stub_driver:DRIVER"
    loaded: object = None
    why: str


BAD_DRIVERS = [
    BadDriver(name="no module", value="no_such_module:DRIVER", why="ModuleNotFoundError"),
    BadDriver(name="no object", value="stub_driver:OTHER", why="AttributeError"),
    BadDriver(name="an empty object", loaded=None, why=f"it has no {', '.join(_PROMISED)}"),
    BadDriver(name="an object that is no driver", loaded=SimpleNamespace(family="alpha"), why="it has no capabilities"),
    BadDriver(name="a driver of another family", loaded=stub_driver("beta"), why="calls itself 'beta'"),
]


@pytest.mark.parametrize("case", BAD_DRIVERS, ids=lambda case: case.name)
def test_a_driver_that_cannot_be_used_says_why(case: BadDriver, stub_module: ModuleType) -> None:
    vars(stub_module)["DRIVER"] = case.loaded
    with pytest.raises(DriverError) as caught:
        load_driver("alpha", [point("alpha", case.value)])
    assert case.why in str(caught.value)
    assert "stub-package 1.2" in str(caught.value)


def test_a_driver_that_breaks_while_it_is_imported_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_driver.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DriverError) as caught:
        load_driver("alpha", [point("alpha", "broken_driver:DRIVER")])
    assert "ZeroDivisionError" in caught.value.why
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_what_is_asked_of_an_object_is_part_of_the_promise() -> None:
    assert set(_PROMISED) <= set(dir(Driver))
