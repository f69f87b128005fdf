"""Passwords of meters as values: the names they go by, and the text a person or a variable gives for them.

An order names a password, `password_ref = "flat-5"`; the password itself stands in no order, plan, log or trace.
Where passwords are kept is not decided here; nothing is read here, neither key ring nor environment.

    111111          printable ASCII characters, as they are
    hex:010101      bytes
    ascii:hex:1     characters that begin like one of the two forms
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NoReturn

from meterlink.errors import SecretFormError, SecretNameError

VARIABLE_PREFIX: Final = "METERLINK_PASSWORD_"

_MOST_NAME: Final = 64
_MOST_BYTES: Final = 256
_REFERENCE: Final = re.compile(r"[a-z0-9_-]+", re.ASCII)
_VARIABLE: Final = re.compile(rf"{VARIABLE_PREFIX}([A-Z0-9_]+)", re.ASCII)
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_PRINTABLE: Final = re.compile(r"[\x20-\x7E]+", re.ASCII)
_SHOWN: Final = "Secret({reference!r})"
_WHY: Final = {
    "no text": "it is not text",
    "name": "it may hold small Latin letters, digits, - and _, and nothing else",
    "long name": "it is longer than {most} characters",
    "empty": "it is empty",
    "long": "it is longer than {most} bytes",
    "ascii": "it holds a character that is not printable ASCII",
    "hex": "it is not pairs of the digits 0-9 and A-F",
    "copied": "a password is not written into a file or sent anywhere by copying its value",
}


class SecretForm(StrEnum):
    """How the characters that were given mean bytes."""

    ASCII = "ascii"
    HEX = "hex"


class Secret:
    """The bytes of a password. Nothing that prints, compares or copies it shows them; `reveal` does."""

    __slots__ = ("_raw", "_reference")

    def __init__(self, reference: str, raw: bytes) -> None:
        self._reference = reference
        self._raw = raw

    @property
    def reference(self) -> str:
        return self._reference

    def reveal(self) -> bytes:
        """The bytes, for the frame that carries them."""
        return self._raw

    def __repr__(self) -> str:
        return _SHOWN.format(reference=self._reference)

    def __reduce__(self) -> NoReturn:
        raise TypeError(_WHY["copied"])


def check_reference(name: object) -> str:
    """The name as it is; SecretNameError, which never repeats it, where it is none."""
    if not isinstance(name, str):
        raise SecretNameError(why=_WHY["no text"])
    if not _REFERENCE.fullmatch(name):
        raise SecretNameError(why=_WHY["name"])
    if len(name) > _MOST_NAME:
        raise SecretNameError(why=_WHY["long name"].format(most=_MOST_NAME))
    return name


def variable_of(reference: str) -> str:
    """The variable that may hold this password; - and _ are one there."""
    return VARIABLE_PREFIX + reference.upper().replace("-", "_")


def is_variable(name: str) -> bool:
    """Whether a variable may hold a password of ours."""
    return _VARIABLE.fullmatch(name) is not None


def references_in(variables: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """The references that variables stand for, with the variable; one that is not known is told with hyphens."""
    names = {variable for variable in variables if is_variable(variable)}
    told = {reference: variable_of(reference) for reference in known if variable_of(reference) in names}
    for variable in names - set(told.values()):
        told[variable.removeprefix(VARIABLE_PREFIX).lower().replace("_", "-")] = variable
    return told


def read_secret(reference: str, text: str, form: SecretForm | None = None) -> Secret:
    """The password that a text means; without `form` the text may say it itself, as `hex:`."""
    if form is None:
        prefix, colon, rest = text.partition(":")
        if colon and prefix in tuple(SecretForm):
            form, text = SecretForm(prefix), rest
    raw = _bytes(reference, text, form or SecretForm.ASCII)
    if len(raw) > _MOST_BYTES:
        raise SecretFormError(reference=reference, why=_WHY["long"].format(most=_MOST_BYTES))
    return Secret(reference, raw)


def written_secret(secret: Secret) -> str:
    """The text that `read_secret` reads again, for the one place that keeps passwords."""
    return f"{SecretForm.HEX}:{secret.reveal().hex()}"


def _bytes(reference: str, text: str, form: SecretForm) -> bytes:
    if not text:
        raise SecretFormError(reference=reference, why=_WHY["empty"])
    pattern = _HEX if form is SecretForm.HEX else _PRINTABLE
    if not pattern.fullmatch(text):
        raise SecretFormError(reference=reference, why=_WHY[form])
    return bytes.fromhex(text) if form is SecretForm.HEX else text.encode("ascii")
