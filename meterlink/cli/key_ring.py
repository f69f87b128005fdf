"""Where passwords of meters are kept: the key ring of the system, with the names of what is in it beside it.

Key rings cannot be listed everywhere, so those names stand in `secrets.json` in the user's folder; nothing else stands
in it. A password comes from the ring, else from a variable, else from whoever sits there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

from meterlink.cli.asking import ask_hidden, can_ask
from meterlink.cli.settings import surroundings
from meterlink.errors import (
    ConfigError,
    SecretFormError,
    SecretMissingError,
    SecretNameError,
    SecretNotKeptError,
    told_os_error,
)
from meterlink.visit.secrets import Secret, check_reference, read_secret, variable_of, written_secret

T = TypeVar("T")

INDEX: Final = "secrets.json"

_SERVICE: Final = "meterlink"
_ENTRY: Final = "password/{reference}"
_SPEC: Final = 1
_PROMPT: Final = "Password {reference}"
_WHY: Final = {
    "no ring": "there is none that works (the package keyring, with a key ring of the desktop behind it)",
    "refused": "it refused with {kind}",
    "nowhere": "neither the key ring nor the variable {variable} has it, and there is no terminal to ask at",
    "index": "it is no list of references: {error}",
    "unreadable": "it cannot be read: {error}",
    "unwritable": "it cannot be written: {error}",
}
_ADVICE: Final = {
    "index": "Remove that file: it holds only names. Then `meterlink secret set REF` for each of them.",
    "unwritable": "See to the rights on that folder.",
}


def _of_ring(work: Callable[[], T]) -> tuple[T | None, str | None]:
    """What the key ring says, or the kind of whatever it raised and nothing else of it.

    No list of its exceptions would do: each key ring is another package behind `keyring`, and not all keep to
    `keyring.errors.KeyringError`. In keyring 25.7 `backends/Windows.py` raises `pywintypes.error` again (a plain
    Exception), `backends/libsecret.py` does so with `GLib.Error`, and the import of one that the user chose may fail in
    any way. What escaped here would show its text, and with it perhaps a password, in a traceback.
    """
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001  # see above
        return None, type(error).__name__


class KeyRing:
    """The key ring of this user, through the package `keyring`."""

    def __init__(self, ring: Any) -> None:
        self._ring = ring

    def find(self, reference: str) -> Secret | None:
        """The password; None where there is none, or none that can be read now: the ring may be locked."""
        text, _ = _of_ring(lambda: self._ring.get_password(_SERVICE, _entry(reference)))
        try:
            return None if text is None else read_secret(reference, text)
        except SecretFormError:
            return None

    def keep(self, secret: Secret) -> None:
        entry = _entry(secret.reference)
        self._do(secret.reference, lambda: self._ring.set_password(_SERVICE, entry, written_secret(secret)))

    def forget(self, reference: str) -> bool:
        """Take it out, in whatever form it is there; whether it was there."""
        text, kind = _of_ring(lambda: self._ring.get_password(_SERVICE, _entry(reference)))
        if kind is not None:
            raise not_kept(reference, "refused", kind=kind)
        if text is None:
            return False
        self._do(reference, lambda: self._ring.delete_password(_SERVICE, _entry(reference)))
        return True

    def _do(self, reference: str, work: Callable[[], object]) -> None:
        _, kind = _of_ring(work)
        if kind is not None:
            raise not_kept(reference, "refused", kind=kind)


def working_key_ring() -> KeyRing | None:
    """The key ring of this user, where there is one that works."""
    ring, _ = _of_ring(_usual_ring)
    return ring


def _usual_ring() -> KeyRing | None:
    ring = import_module("keyring").get_keyring()
    return KeyRing(ring) if ring.priority >= 1 else None


def _entry(reference: str) -> str:
    return _ENTRY.format(reference=reference)


def not_kept(reference: str, why: str, **facts: object) -> SecretNotKeptError:
    return SecretNotKeptError(reference=reference, why=_WHY[why].format(**facts), variable=variable_of(reference))


@dataclass(frozen=True, slots=True)
class Index:
    """The references whose passwords were put into the key ring."""

    path: Path

    def read(self) -> list[str]:
        try:
            table = json.loads(self.path.read_text(encoding="utf-8"))
            return sorted({check_reference(name) for name in table["references"]})
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._error("unreadable", error=told_os_error(error)) from error
        except (ValueError, TypeError, KeyError, RecursionError, SecretNameError) as error:
            raise self._error("index", error=type(error).__name__) from None

    def add(self, reference: str) -> None:
        self._write({*self.read(), reference})

    def remove(self, reference: str) -> None:
        known = self.read()
        if reference in known:
            self._write(set(known) - {reference})

    def _write(self, references: set[str]) -> None:
        text = json.dumps({"spec": _SPEC, "references": sorted(references)}, indent=2) + "\n"
        new = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(text, encoding="utf-8")
            new.replace(self.path)
        except OSError as error:
            raise self._error("unwritable", error=told_os_error(error)) from error

    def _error(self, why: str, **facts: object) -> ConfigError:
        advice = _ADVICE["index" if why == "index" else "unwritable"]
        return ConfigError(setting=str(self.path), why=_WHY[why].format(**facts), advice=advice)


def index_of_user() -> Index:
    """The one of whoever runs the program."""
    return Index(surroundings().home() / INDEX)


# --- where a password comes from ------------------------------------------------------------------------------------


def resolve_secret(reference: str) -> Secret:
    """The password: of the key ring, else of its variable, else asked for at the terminal; SecretMissingError."""
    reference, variable = check_reference(reference), variable_of(reference)
    ring = working_key_ring()
    found = None if ring is None else ring.find(reference)
    if found is not None:
        return found
    told = os.environ.get(variable)
    if told:
        return read_secret(reference, told)
    if not can_ask():
        raise SecretMissingError(reference=reference, why=_WHY["nowhere"].format(variable=variable), variable=variable)
    return read_secret(reference, ask_secret(reference))


def ask_secret(reference: str) -> str:
    """What is typed, hidden."""
    return ask_hidden(_PROMPT.format(reference=reference))
