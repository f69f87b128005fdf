"""`secret set`, `secret list`, `secret forget`: passwords of meters, kept in the key ring of the system.

A password comes from a hidden prompt or from a line on stdin, never from an option, and is never printed. Key rings
cannot be listed everywhere, so the names of what is kept there stand in `secrets.json` in the user's folder; nothing
else stands in it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from meterlink.cli import output
from meterlink.cli.connect import surroundings
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.errors import (
    ConfigError,
    SecretFormError,
    SecretMissingError,
    SecretNameError,
    SecretNotKeptError,
    told_os_error,
)
from meterlink.visit.secrets import (
    Secret,
    SecretForm,
    check_reference,
    read_secret,
    references_in,
    variable_of,
    written_secret,
)

T = TypeVar("T")

INDEX: Final = "secrets.json"

_HELP: Final = "passwords of meters, by the names that orders give them"
_SET_HELP: Final = """keep a password under the reference REF in the key ring of the system

It asks twice, hidden; where stdin is no terminal it takes one line from there. A password in the form hex:313131 is
bytes, any other is printable ASCII; --form says it beforehand
"""
_SET_SHORT: Final = "keep a password in the key ring of the system"
_LIST_HELP: Final = "show the references and where their passwords come from, never a password"
_FORGET_HELP: Final = "take the password of the reference REF out of the key ring"
_SET_EXAMPLES: Final = ("meterlink secret set flat-5", "meterlink secret set flat-5 --form hex")
_LIST_EXAMPLES: Final = ("meterlink secret list", "meterlink secret list --json")
_FORGET_EXAMPLES: Final = ("meterlink secret forget flat-5", "meterlink secret forget flat-5 --json")
_FORM_HELP: Final = "ascii (characters as they are) or hex (bytes)"
_SERVICE: Final = "meterlink"
_ENTRY: Final = "password/{reference}"
_MOST_LINE: Final = 4096
_SPEC: Final = 1
_KEY_RING: Final = "key ring"
_VARIABLE: Final = "variable"
_TEXT: Final = {
    "prompt": "Password {reference}",
    "again": "Once more",
    "kept": "the password {reference} is kept in the key ring of this user",
    "shadows": "the variable {variable} is set, too; the key ring is stronger",
    "forgotten": "the password {reference} is no longer in the key ring",
    "not there": "there was no password {reference} in the key ring",
    "still": "the variable {variable} still holds one",
    "nothing": "no passwords are known: neither in the key ring nor in variables {example}",
    "gone": "nowhere: the key ring does not hold it (any more)",
    "no ring": "there is no key ring that works; the passwords of variables are all there is",
}
_WHY: Final = {
    "no ring": "there is none that works (the package keyring, with a key ring of the desktop behind it)",
    "refused": "it refused with {kind}",
    "no line": "no line came on stdin",
    "differ": "the two entries differ",
    "bytes": "it holds bytes that are no UTF-8",
    "argument": "there is more than the reference on the command line; a password never stands there",
    "nowhere": "neither the key ring nor the variable {variable} has it, and there is no terminal to ask at",
    "index": "it is no list of references: {error}",
    "unreadable": "it cannot be read: {error}",
    "unwritable": "it cannot be written: {error}",
}
_ADVICE: Final = {
    "index": "Remove that file: it holds only names. Then `meterlink secret set REF` for each of them.",
    "unwritable": "See to the rights on that folder.",
    "argument": "Give the reference alone: meterlink asks for the password, or takes it from stdin. If it was the "
    "password, the history of this shell has it now.",
}
_COLUMNS: Final = ("reference", "comes from", "variable")


# --- key ring and index ---------------------------------------------------------------------------------------------


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
        """Take it out; whether it was there."""
        if self.find(reference) is None:
            return False
        self._do(reference, lambda: self._ring.delete_password(_SERVICE, _entry(reference)))
        return True

    def _do(self, reference: str, work: Callable[[], object]) -> None:
        _, kind = _of_ring(work)
        if kind is not None:
            raise _not_kept(reference, "refused", kind=kind)


def working_key_ring() -> KeyRing | None:
    """The key ring of this user, where there is one that works."""
    ring, _ = _of_ring(_usual_ring)
    return ring


def _usual_ring() -> KeyRing | None:
    ring = import_module("keyring").get_keyring()
    return KeyRing(ring) if ring.priority >= 1 else None


def _entry(reference: str) -> str:
    return _ENTRY.format(reference=reference)


def _not_kept(reference: str, why: str, **facts: object) -> SecretNotKeptError:
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


def _index() -> Index:
    return Index(surroundings().home() / INDEX)


# --- for other commands ---------------------------------------------------------------------------------------------


def resolve_secret(reference: str, environ: Mapping[str, str] = os.environ) -> Secret:
    """The password: of the key ring, else of its variable, else asked for at the terminal; SecretMissingError."""
    reference, variable = check_reference(reference), variable_of(reference)
    ring = working_key_ring()
    found = None if ring is None else ring.find(reference)
    if found is not None:
        return found
    if environ.get(variable):
        return read_secret(reference, environ[variable])
    if not _at_terminal():
        raise SecretMissingError(reference=reference, why=_WHY["nowhere"].format(variable=variable), variable=variable)
    return read_secret(reference, _asked(_TEXT["prompt"].format(reference=reference)))


def _at_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _asked(prompt: str) -> str:
    """What is typed, hidden."""
    output.Progress.vanish()
    text: str = click.prompt(prompt, hide_input=True, err=True)
    return text


# --- set ------------------------------------------------------------------------------------------------------------


@click.group(cls=Group, help=_HELP)
def secret() -> None:
    """The noun."""


@secret.command(name="set", help=_SET_HELP, short_help=_SET_SHORT, examples=_SET_EXAMPLES)
@click.argument("reference", metavar="REF")
@click.argument("more", metavar="", nargs=-1)
@click.option("--form", type=click.Choice([form.value for form in SecretForm]), help=_FORM_HELP)
@json_option
@pass_given
def set_secret(given: Given, /, reference: str, more: tuple[str, ...], form: str | None) -> None:
    if more:  # click would repeat them, and one of them is most likely the password
        raise ConfigError(setting="secret set", why=_WHY["argument"], advice=_ADVICE["argument"])
    check_reference(reference)
    ring = working_key_ring()
    if ring is None:
        raise _not_kept(reference, "no ring")
    index = _index()
    index.read()  # what is wrong with it is told before anything is typed
    ring.keep(read_secret(reference, _given(reference), None if form is None else SecretForm(form)))
    index.add(reference)
    facts = {"reference": reference, "kept_in": _KEY_RING, "variable_set": _is_set(reference)}
    output.present(given.as_json, "secret-set", facts, lambda: _show_set(reference))


def _given(reference: str) -> str:
    """The password from the terminal, twice, or from one line of stdin."""
    if _at_terminal():
        text = _asked(_TEXT["prompt"].format(reference=reference))
        if _asked(_TEXT["again"]) != text:
            raise SecretFormError(reference=reference, why=_WHY["differ"])
        return text
    line = _line()
    if not line:
        raise SecretFormError(reference=reference, why=_WHY["no line" if line == "" else "bytes"])
    return line.rstrip("\r\n")


def _line() -> str | None:
    """One line of stdin; None where it is no text."""
    try:
        return sys.stdin.readline(_MOST_LINE)
    except UnicodeDecodeError:  # it holds the bytes, so nothing is raised from it
        return None


def _is_set(reference: str) -> bool:
    return bool(os.environ.get(variable_of(reference)))


def _show_set(reference: str) -> None:
    output.line(_TEXT["kept"].format(reference=reference))
    if _is_set(reference):
        output.notes([_TEXT["shadows"].format(variable=variable_of(reference))])


# --- list -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A reference, and where its password comes from, the stronger first."""

    reference: str
    variable: str
    sources: tuple[str, ...]


@secret.command(name="list", help=_LIST_HELP, examples=_LIST_EXAMPLES)
@json_option
@pass_given
def list_secrets(given: Given) -> None:
    ring = working_key_ring()
    known = _known(ring)
    facts = {
        "key_ring": ring is not None,
        "references": [
            {"reference": each.reference, "sources": each.sources, "variable": each.variable} for each in known
        ],
    }
    output.present(given.as_json, "secrets", facts, lambda: _show_list(known, ring))


def _known(ring: KeyRing | None) -> list[_Known]:
    kept = _index().read()
    variables = references_in([name for name, value in os.environ.items() if value], kept)
    return [
        _Known(
            reference=reference,
            variable=variable_of(reference),
            sources=(
                *((_KEY_RING,) if ring is not None and reference in kept and ring.find(reference) else ()),
                *((_VARIABLE,) if reference in variables else ()),
            ),
        )
        for reference in sorted({*kept, *variables})
    ]


def _show_list(known: list[_Known], ring: KeyRing | None) -> None:
    if known:
        rows = [(each.reference, ", ".join(each.sources) or _TEXT["gone"], each.variable) for each in known]
        output.table(_COLUMNS, rows)
    else:
        output.line(_TEXT["nothing"].format(example=variable_of("REF")))
    if ring is None:
        output.notes([_TEXT["no ring"]])


# --- forget ---------------------------------------------------------------------------------------------------------


@secret.command(name="forget", help=_FORGET_HELP, examples=_FORGET_EXAMPLES)
@click.argument("reference", metavar="REF")
@json_option
@pass_given
def forget_secret(given: Given, /, reference: str) -> None:
    check_reference(reference)
    ring = working_key_ring()
    index = _index()
    known = reference in index.read()
    if ring is None and known:
        raise _not_kept(reference, "no ring")
    was_there = ring is not None and ring.forget(reference)
    index.remove(reference)
    facts = {"reference": reference, "was_there": was_there, "variable_set": _is_set(reference)}
    output.present(given.as_json, "secret-forget", facts, lambda: _show_forgotten(reference, was_there))


def _show_forgotten(reference: str, was_there: bool) -> None:
    output.line(_TEXT["forgotten" if was_there else "not there"].format(reference=reference))
    if _is_set(reference):
        output.notes([_TEXT["still"].format(variable=variable_of(reference))])
