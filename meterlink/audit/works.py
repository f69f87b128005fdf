"""The works of a log: which there are, which are still open, and the records of one of them. Read, never written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from meterlink.audit.open_works import OpenWork
from meterlink.audit.opening import read_known
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Record
from meterlink.audit.scan import Place, Scan, refuse_fault, scan
from meterlink.audit.strict_text import encode_base64
from meterlink.audit.tree import Frontier, leaf_hash
from meterlink.errors import NoWorkError


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSeen:
    """One work: its first record, and whether it was closed."""

    id: str
    opened: Record
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorksSeen:
    """Every work that was opened, in the order of the log.

    `read` is the reading that found them. One may go on with it (`WorkRecords`), and has it alone from then on.
    """

    works: tuple[WorkSeen, ...]
    read: Scan


def works_of(place: LogPlace) -> WorksSeen:
    """ChainBrokenError where the log does not hold."""
    opened: dict[str, Record] = {}

    def take(record: Record) -> None:
        if record.work is not None and record.type == "work.open":
            opened.setdefault(record.work, record)

    found = _read(place, take)
    still_open = found.chain.works
    works = (WorkSeen(id=work, opened=record, closed=work not in still_open) for work, record in opened.items())
    return WorksSeen(works=tuple(works), read=found)


def open_works(place: LogPlace) -> list[OpenWork]:
    """Those that are not closed, read from where the hint names; ChainBrokenError where the log does not hold."""
    found = read_known(place)
    refuse_fault(found)
    return list(found.chain.works)


class WorkRecords:
    """The records of one work, while others may still come: a long log is read once, and then only what is new."""

    def __init__(self, place: LogPlace, work: str, read: Scan | None = None) -> None:
        """`read` is a reading up to a place before the first record of the work."""
        self._place = place
        self._work = work
        self._read = Scan() if read is None else read
        self._records: list[Record] = []

    def now(self) -> list[Record]:
        """In order; NoWorkError where there is none, ChainBrokenError where the log does not hold."""
        found = scan(self._place.bytes(), signatures="last", seen=self._take, go_on=self._read)
        refuse_fault(found)
        if not self._records:
            raise NoWorkError(log=found.chain.origin, work=self._work)
        return list(self._records)

    def _take(self, record: Record, _place: Place) -> None:
        if record.work == self._work:
            self._records.append(record)


def records_of(place: LogPlace, work: str) -> list[Record]:
    """The records of one work in order; NoWorkError where there is none."""
    return WorkRecords(place, work).now()


def records_of_each(place: LogPlace, works: Collection[str]) -> dict[str, list[Record]]:
    """The records of several works, by work."""
    found: dict[str, list[Record]] = {work: [] for work in works}

    def take(record: Record) -> None:
        if record.work in found:
            found[record.work].append(record)

    if found:
        _read(place, take)
    return found


def records_at(place: LogPlace, indexes: Collection[int]) -> dict[int, Record]:
    """Records by their indexes."""
    found: dict[int, Record] = {}

    def take(record: Record) -> None:
        if record.n in indexes:
            found[record.n] = record

    if indexes:
        _read(place, take)
    return found


def closing_facts(records: Sequence[Record]) -> dict[str, Any]:
    """What work.close says of the records before it: their indexes, and the root over their leaf hashes."""
    tree = Frontier()
    for record in records:
        tree.push(leaf_hash(record.line))
    return {"records": [record.n for record in records], "root": encode_base64(tree.root())}


def _read(place: LogPlace, take: Callable[[Record], None]) -> Scan:
    found = scan(place.bytes(), signatures="last", seen=lambda record, _place: take(record))
    refuse_fault(found)
    return found
