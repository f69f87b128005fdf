"""A key ring in memory, in the place of the package `keyring`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest


class FakeRing:
    """What `keyring.get_keyring()` gives; `broken` is raised by everything that is asked of it."""

    priority = 5

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken: Exception | None = None

    def _work(self) -> None:
        if self.broken is not None:
            raise self.broken

    def get_password(self, service: str, name: str) -> str | None:
        self._work()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self._work()
        self.kept[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        self._work()
        del self.kept[service, name]


def install(monkeypatch: pytest.MonkeyPatch) -> FakeRing:
    """From now on this is the key ring of the user."""
    ring = FakeRing()
    module: Any = ModuleType("keyring")
    module.get_keyring = lambda: ring
    monkeypatch.setitem(sys.modules, "keyring", module)
    return ring


def remove(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on there is none; no test touches that of the person who runs it."""
    monkeypatch.setitem(sys.modules, "keyring", None)
