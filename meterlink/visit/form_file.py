"""The form of a visit as a TOML file, for scripts: what people at the meter would otherwise be asked.

presence = "absent"                     # present, absent, refused, not-stated
representative = "..."                  # a personal datum
seal_reason = "the terminals of the interface are under the cover"
remarks = ["..."]

[[seals_found]]                         # the same keys in seals_removed and seals_installed, without state
number = "00417725"
place = "terminal cover"
state = "whole"                         # whole, damaged, missing, not-stated
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from meterlink.errors import ConfigError
from meterlink.profiles.problems import did_you_mean
from meterlink.visit.form import NOT_STATED, Form, Presence, SealFound
from meterlink.visit.order import Seal, SealState

_KEYS: Final = (
    "presence",
    "representative",
    "seal_reason",
    "remarks",
    "seals_found",
    "seals_removed",
    "seals_installed",
)
_SEAL_KEYS: Final = ("number", "place", "kind", "owner")
STATES: Final = (*(state.value for state in SealState), NOT_STATED)
_WHY: Final = {
    "toml": "it is not TOML: {error}",
    "key": "the key {key!r} is not known; {meant}known are {known}",
    "text": "{key} must be text in quotes",
    "list": "{key} must be a list of {what}",
    "word": "{key} is {found!r}, and must be one of {known}",
    "missing": "a seal of {key} has no {part}",
}
_ADVICE: Final = "docs/visit.md shows a form."


def read_form(raw: bytes, setting: str) -> Form:
    """The form of a file; ConfigError names what is wrong in it."""
    try:
        table = tomllib.loads(raw.decode("utf-8"))
    except ValueError as error:
        _refuse(setting, "toml", error=error)
    _check_keys(setting, table, _KEYS)
    found = [_seal_found(setting, each) for each in _tables(setting, table, "seals_found")]
    return Form(
        seals_found=tuple(found),
        seals_removed=_seals(setting, table, "seals_removed"),
        seals_installed=_seals(setting, table, "seals_installed"),
        seal_reason=_text(setting, table, "seal_reason"),
        presence=Presence(_word(setting, table, "presence", tuple(Presence)) or Presence.NOT_STATED),
        representative=_text(setting, table, "representative"),
        remarks=_remarks(setting, table),
    )


def _remarks(setting: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    remarks = table.get("remarks", [])
    if not isinstance(remarks, list) or not all(isinstance(each, str) for each in remarks):
        _refuse(setting, "list", key="remarks", what="texts")
    return tuple(remarks)


def _seals(setting: str, table: Mapping[str, Any], key: str) -> tuple[Seal, ...]:
    return tuple(_seal(setting, each, key, _SEAL_KEYS) for each in _tables(setting, table, key))


def _seal_found(setting: str, table: Mapping[str, Any]) -> SealFound:
    seal = _seal(setting, table, "seals_found", (*_SEAL_KEYS, "state"))
    return SealFound(seal=seal, state=_word(setting, table, "state", STATES) or NOT_STATED)


def _seal(setting: str, table: Mapping[str, Any], key: str, keys: tuple[str, ...]) -> Seal:
    _check_keys(setting, table, keys)
    for part in ("number", "place"):
        if not _text(setting, table, part):
            _refuse(setting, "missing", key=key, part=part)
    return Seal(**{part: _text(setting, table, part) for part in _SEAL_KEYS})  # type: ignore[arg-type]


def _tables(setting: str, table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    tables = table.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        _refuse(setting, "list", key=key, what="tables")
    return tables


def _text(setting: str, table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        _refuse(setting, "text", key=key)
    return value or None


def _word(setting: str, table: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str | None:
    value = _text(setting, table, key)
    if value is not None and value not in known:
        _refuse(setting, "word", key=key, found=value, known=", ".join(known))
    return value


def _check_keys(setting: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            question = did_you_mean(key, known)
            _refuse(setting, "key", key=key, meant=f"{question} " if question else "", known=", ".join(known))


def _refuse(setting: str, why: str, **facts: object) -> NoReturn:
    raise ConfigError(setting=setting, why=_WHY[why].format(**facts), advice=_ADVICE)
