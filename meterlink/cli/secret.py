"""`secret set`, `secret list`, `secret forget`: passwords of meters, kept in the key ring of the system.

A password comes from a hidden prompt or from a line on stdin, never from an option, and is never printed.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.asking import ask_hidden, can_ask
from meterlink.cli.grammar import Group
from meterlink.cli.key_ring import (
    KeyRing,
    ask_secret,
    index_of_user,
    not_kept,
    working_key_ring,
)
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.errors import (
    ConfigError,
    SecretFormError,
)
from meterlink.visit.secrets import (
    SecretForm,
    check_reference,
    read_secret,
    references_in,
    variable_of,
)

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
_MOST_LINE: Final = 4096
_KEY_RING: Final = "key ring"
_VARIABLE: Final = "variable"
_TEXT: Final = {
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
    "no line": "no line came on stdin",
    "differ": "the two entries differ",
    "bytes": "it holds bytes that are no UTF-8",
    "argument": "there is more than the reference on the command line; a password never stands there",
}
_ADVICE: Final = {
    "argument": "Give the reference alone: meterlink asks for the password, or takes it from stdin. If it was the "
    "password, the history of this shell has it now.",
}
_COLUMNS: Final = ("reference", "comes from", "variable")


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
        raise not_kept(reference, "no ring")
    index = index_of_user()
    index.read()  # what is wrong with it is told before anything is typed
    ring.keep(read_secret(reference, _given(reference), None if form is None else SecretForm(form)))
    index.add(reference)
    facts = {"reference": reference, "kept_in": _KEY_RING, "variable_set": _is_set(reference)}
    output.present(given.as_json, "secret-set", facts, lambda: _show_set(reference))


def _given(reference: str) -> str:
    """The password from the terminal, twice, or from one line of stdin."""
    if can_ask():
        text = ask_secret(reference)
        if ask_hidden(_TEXT["again"]) != text:
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
    kept = index_of_user().read()
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
    index = index_of_user()
    known = reference in index.read()
    if ring is None and known:
        raise not_kept(reference, "no ring")
    was_there = ring is not None and ring.forget(reference)
    index.remove(reference)
    facts = {"reference": reference, "was_there": was_there, "variable_set": _is_set(reference)}
    output.present(given.as_json, "secret-forget", facts, lambda: _show_forgotten(reference, was_there))


def _show_forgotten(reference: str, was_there: bool) -> None:
    output.line(_TEXT["forgotten" if was_there else "not there"].format(reference=reference))
    if _is_set(reference):
        output.notes([_TEXT["still"].format(variable=variable_of(reference))])
