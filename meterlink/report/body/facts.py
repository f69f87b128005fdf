"""The records of one work, and the objects in them: what is missing is said, what is of another kind is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from meterlink.audit.record import VERSION, Record
from meterlink.errors import ActError
from meterlink.visit.facts import NOT_STATED as NOT_STATED
from meterlink.visit.history import state_record

NONE: Final = "none"
NOT_READ: Final = "not-read"
READ: Final = "read"
UNLIFTABLE: Final = "unliftable"
YES: Final = "yes"
NO: Final = "no"

_LAST_TYPES: Final = ("work.close", "act.issued")
_WHY: Final = {
    "empty": "there are none",
    "no work": "none of them belongs to a work",
    "works": "they belong to two works, {one!r} and {other!r}",
    "version": "record {n} is of a later version of the log",
    "moment": "record {n} is of {value!r}, which no calendar has",
    "kind": "record {n}: {key} is {value!r}, which is not {wanted}",
}


def of_one_work(records: Sequence[Record]) -> tuple[str, list[Record]]:
    """The work they belong to, and those of them before its end."""
    if not records:
        _refuse("empty")
    counted: list[Record] = []
    work: str | None = None
    for record in records:
        if record.fields["v"] != VERSION:
            _refuse("version", n=record.n)
        if not _is_moment(record.fields["t"]):
            _refuse("moment", n=record.n, value=record.fields["t"])
        if record.work is None:
            continue
        if work not in (None, record.work):
            _refuse("works", one=work, other=record.work)
        work = record.work
        if record.type in _LAST_TYPES:
            break
        counted.append(record)
    if work is None or not counted:
        _refuse("no work")
    return work, counted


def _is_moment(text: str) -> bool:
    """Whether the calendar has it; the log itself looks at the form only."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """An object of a record: what is missing is said, what is of another kind than it should be is an error."""

    values: Mapping[str, Any]
    n: int

    @classmethod
    def of(cls, record: Record) -> Facts:
        return cls(values=record.d, n=record.n)

    def text(self, key: str, otherwise: str = NOT_STATED) -> str:
        return str(self._get(key, str, "a text") or otherwise)

    def texts_of(self, *keys: str) -> dict[str, Any]:
        return {key: self.text(key) for key in keys}

    def number(self, key: str) -> int | str:
        """An integer, or that nobody stated it."""
        found: int | None = self._get(key, int, "a whole number")
        return NOT_STATED if found is None else found

    def flag(self, key: str) -> str:
        found = self._get(key, bool, "true or false")
        return NOT_STATED if found is None else YES if found else NO

    def table(self, key: str) -> Facts:
        return Facts(values=self._get(key, dict, "an object") or {}, n=self.n)

    def tables(self, key: str) -> list[Facts]:
        found = self._list(key)
        if not all(type(each) is dict for each in found):
            self.wrong(key, found, "a list of objects")
        return [Facts(values=each, n=self.n) for each in found]

    def texts(self, key: str) -> list[str]:
        found = self._list(key)
        if not all(type(each) is str for each in found):
            self.wrong(key, found, "a list of texts")
        return list(found)

    def _list(self, key: str) -> list[Any]:
        return self._get(key, list, "a list") or []

    def _get(self, key: str, kind: type, wanted: str) -> Any:
        found = self.values.get(key)
        if found is not None and type(found) is not kind:
            self.wrong(key, found, wanted)
        return found

    def wrong(self, key: str, value: object, wanted: str) -> NoReturn:
        """ActError: this is of another kind than it should be."""
        _refuse("kind", n=self.n, key=key, value=value, wanted=wanted)


def snapshot(records: Sequence[Record], purpose: str) -> Facts | None:
    """The last state of this purpose, with the number of its record."""
    found = state_record(records, purpose)
    return None if found is None else Facts.of(found).table("snapshot")


def plans(records: Iterable[Record]) -> list[Facts]:
    """What was shown and confirmed, in order; a work that was resumed has several."""
    return [Facts.of(record) for record in records if record.type == "work.plan"]


def _refuse(why: str, **facts: object) -> NoReturn:
    raise ActError(why=_WHY[why].format(**facts))
