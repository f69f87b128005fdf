"""One TOML document of a profile folder, checked by itself: a model's file or a family's `family.toml`.

A sheet is a flat set of facts by dotted key (`timing.reply_s`), so that laying one sheet over another is laying one
mapping over another. What a whole profile must hold is asked in `profile.py`, after the sheets were laid together. No
file is opened here; every problem is collected, none stops the reading.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from meterlink.meant import did_you_mean
from meterlink.profiles import checks
from meterlink.profiles.firmware import Condition
from meterlink.profiles.parts import CAPABILITIES, DRIVER_TABLE, PARTS, Caveat, Fact, Provenance, Support, Variant
from meterlink.profiles.problems import Problem

SPEC = 1

_SYNTAX = "is not TOML: {error}"
_NOT_UTF8 = "is not text in UTF-8: {error}"
_SPEC = "is {spec!r}, this meterlink reads only spec = {known}"
_UNKNOWN = "is not a known key"
_UNKNOWN_CAPABILITY = "is not a known capability"
_MISSING = "is missing"
_NO_TABLE = "must be a table"
_NO_TABLES = "must be written as [[{key}]]"
_SECRET = "a profile never holds passwords or other secrets: remove it"
_NO_REASON = "is missing: supported = false needs the reason in words"
_NOT_STATED = "names a key that this table does not state"
_EMPTY_VARIANT = "changes nothing: give it a table such as [variant.limits]"

_FREE_TABLES: Mapping[str, Callable[[object], object]] = {"match": checks.fact_values, DRIVER_TABLE: checks.frozen}
_PROVENANCE_KEYS = ("source", "evidence", "own_source")
_VARIANT_TABLES = (*PARTS, "supports", DRIVER_TABLE)
_MODEL_TABLES = ("match", *_VARIANT_TABLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The keys above the tables. `model` is empty in a family's sheet."""

    spec: int = field(metadata=checks.whole(SPEC, SPEC))
    driver: str = field(metadata=checks.slug("_"))
    model: str = field(default="", metadata=checks.slug(".-"))
    names: tuple[str, ...] = field(default=(), metadata=checks.NAMES)
    overrides: bool = field(default=False, metadata=checks.FLAG)


_FAMILY_HEAD = ("spec", "driver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A document that was read. `head` is None when it is unusable; `problems` tells why."""

    file: str
    head: Head | None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_sheet(data: bytes, file: str, *, family: bool) -> Sheet:
    """The sheet in the bytes of `file`; `family` for a `family.toml`. Raises nothing: see `Sheet.problems`."""
    try:
        raw = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _unreadable(file, _NOT_UTF8.format(error=error))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return _unreadable(file, _SYNTAX.format(error=error))
    if raw.get("spec", SPEC) != SPEC:
        why = _SPEC.format(spec=raw["spec"], known=SPEC)
        return Sheet(file=file, head=None, problems=(Problem(file=file, key="spec", why=why),))
    return _Reader(file).sheet(raw, family=family)


def _unreadable(file: str, why: str) -> Sheet:
    return Sheet(file=file, head=None, problems=(Problem(file=file, key="file", why=why),))


def checked_keys(kind: type[Any]) -> dict[str, Callable[[object], object]]:
    """The keys that a described dataclass has in TOML, each with its check."""
    return {one.name: one.metadata["check"] for one in fields(kind) if "check" in one.metadata}


def needed_keys(kind: type[Any]) -> list[str]:
    """Those of them that have no default."""
    return [one.name for one in fields(kind) if "check" in one.metadata and one.default is MISSING]


class _Reader:
    """Reads one document and collects what is wrong in it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def sheet(self, raw: Mapping[str, object], *, family: bool) -> Sheet:
        self._find_secrets(raw, "")
        head = self._head(raw, family=family)
        facts = self._tables(raw, _MODEL_TABLES, "")
        return Sheet(
            file=self.file,
            head=head,
            facts=facts,
            variants=tuple(self._variants(raw)),
            caveats=tuple(self._caveats(raw)),
            problems=tuple(self.problems),
        )

    def _add(self, key: str, *why: str) -> None:
        self.problems.append(Problem(file=self.file, key=key, why=", ".join(filter(None, why))))

    def _find_secrets(self, raw: object, where: str) -> None:
        if isinstance(raw, list):
            for index, item in enumerate(raw, 1):
                self._find_secrets(item, f"{where}[{index}]")
        elif isinstance(raw, dict):
            for key, value in raw.items():
                if checks.looks_secret(key):
                    self._add(_dotted(where, key), _SECRET)
                self._find_secrets(value, _dotted(where, key))

    # --- head --------------------------------------------------------------------------------------------------------

    def _head(self, raw: Mapping[str, object], *, family: bool) -> Head | None:
        permitted = _FAMILY_HEAD if family else tuple(checked_keys(Head))
        known = (*permitted, *_MODEL_TABLES, "variant", "caveat")
        self._report_unknown(raw, known, "")
        given = {key: value for key, value in raw.items() if key in permitted}
        needed = _FAMILY_HEAD if family else (*_FAMILY_HEAD, "model")
        values = self._values(given, Head, "")
        self._report_missing(given, needed, "")
        return Head(**values) if set(needed) <= set(values) else None

    # --- keys of a described dataclass -------------------------------------------------------------------------------

    def _report_unknown(self, raw: Mapping[str, object], known: Collection[str], where: str) -> None:
        for key in raw:
            if key not in known and not checks.looks_secret(key):
                self._add(_dotted(where, key), _UNKNOWN, did_you_mean(key, known))

    def _report_missing(self, raw: Mapping[str, object], needed: Collection[str], where: str) -> None:
        for key in needed:
            if key not in raw:
                self._add(_dotted(where, key), _MISSING)

    def _values(self, raw: Mapping[str, object], kind: type[Any], where: str) -> dict[str, Any]:
        known = checked_keys(kind)
        checked = ((key, self._value(known[key], raw[key], _dotted(where, key))) for key in raw if key in known)
        return {key: value for key, value in checked if value is not MISSING}

    def _value(self, check: Callable[[object], object], value: object, where: str) -> object:
        try:
            return check(value)
        except ValueError as error:
            self._add(where, str(error))
            return MISSING

    def _whole(self, raw: object, kind: type[Any], where: str) -> Any:
        """A dataclass all of whose keys stand in this one table; None when it cannot be made."""
        table = self._table(raw, where)
        if table is None:
            return None
        self._report_unknown(table, tuple(checked_keys(kind)), where)
        self._report_missing(table, needed_keys(kind), where)
        values = self._values(table, kind, where)
        return kind(**values) if set(needed_keys(kind)) <= set(values) else None

    def _table(self, raw: object, where: str) -> Mapping[str, object] | None:
        if isinstance(raw, dict):
            return raw
        self._add(where, _NO_TABLE)
        return None

    # --- tables ------------------------------------------------------------------------------------------------------

    def _tables(self, raw: Mapping[str, object], names: Collection[str], where: str) -> dict[str, Fact]:
        facts: dict[str, Fact] = {}
        for name in names:
            if name in raw and (table := self._table(raw[name], _dotted(where, name))) is not None:
                read = self._supports if name == "supports" else self._stated
                facts.update(read(table, name, _dotted(where, name)))
        return facts

    def _stated(self, table: Mapping[str, object], name: str, where: str) -> dict[str, Fact]:
        """The facts of one table, each with the provenance of the table or its own."""
        given = {key: value for key, value in table.items() if key not in _PROVENANCE_KEYS}
        common = self._whole({key: table[key] for key in ("source", "evidence") if key in table}, Provenance, where)
        own = self._own_sources(table.get("own_source", {}), given, _dotted(where, "own_source"))
        values = (
            self._free_values(given, name, where) if name in _FREE_TABLES else self._part_values(given, name, where)
        )
        return {
            f"{name}.{key}": Fact(value=value, provenance=provenance, file=self.file)
            for key, value in values.items()
            if (provenance := own.get(key) or common) is not None
        }

    def _part_values(self, given: Mapping[str, object], name: str, where: str) -> dict[str, Any]:
        known = (*checked_keys(PARTS[name]), *_PROVENANCE_KEYS)
        self._report_unknown(given, known, where)
        return self._values(given, PARTS[name], where)

    def _free_values(self, given: Mapping[str, object], name: str, where: str) -> dict[str, Any]:
        check = _FREE_TABLES[name]
        checked = {key: self._value(check, value, _dotted(where, key)) for key, value in given.items()}
        return {key: value for key, value in checked.items() if value is not MISSING}

    def _own_sources(self, raw: object, given: Collection[str], where: str) -> dict[str, Provenance]:
        own: dict[str, Provenance] = {}
        for key, value in (self._table(raw, where) or {}).items():
            if key not in given:
                self._add(_dotted(where, key), _NOT_STATED, did_you_mean(key, given))
            provenance = self._whole(value, Provenance, _dotted(where, key))
            if provenance is not None:
                own[key] = provenance
        return own

    def _supports(self, table: Mapping[str, object], name: str, where: str) -> dict[str, Fact]:
        facts: dict[str, Fact] = {}
        for capability, raw in table.items():
            key = _dotted(where, capability)
            if capability not in CAPABILITIES:
                self._add(key, _UNKNOWN_CAPABILITY, did_you_mean(capability, CAPABILITIES))
            support = self._whole(raw, Support, key)
            if support is None:
                continue
            if not support.supported and support.note is None:
                self._add(_dotted(key, "note"), _NO_REASON)
            provenance = Provenance(evidence=support.evidence, source=support.source)
            facts[f"{name}.{capability}"] = Fact(value=support, provenance=provenance, file=self.file)
        return facts

    # --- arrays of tables --------------------------------------------------------------------------------------------

    def _items(self, raw: Mapping[str, object], key: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        items = raw.get(key, [])
        if not isinstance(items, list):
            self._add(key, _NO_TABLES.format(key=key))
            return
        for index, item in enumerate(items, 1):
            table = self._table(item, f"{key}[{index}]")
            if table is not None:
                yield f"{key}[{index}]", table

    def _caveats(self, raw: Mapping[str, object]) -> Iterator[Caveat]:
        for where, table in self._items(raw, "caveat"):
            caveat = self._whole(table, Caveat, where)
            if caveat is not None:
                yield caveat

    def _variants(self, raw: Mapping[str, object]) -> Iterator[Variant]:
        for where, table in self._items(raw, "variant"):
            self._report_unknown(table, ("when", *_VARIANT_TABLES), where)
            self._report_missing(table, ("when",), where)
            facts = self._tables(table, _VARIANT_TABLES, where)
            if not any(name in table for name in _VARIANT_TABLES):
                self._add(where, _EMPTY_VARIANT)
            condition = self._value(_condition, table.get("when"), f"{where}.when") if "when" in table else None
            if isinstance(condition, Condition):
                yield Variant(when=str(table["when"]), condition=condition, facts=facts, file=self.file)


def _condition(value: object) -> Condition:
    return Condition.parse(value if isinstance(value, str) else repr(value))


def _dotted(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
