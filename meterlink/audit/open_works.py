"""Works that were opened and not closed. One that announced a write may have left its meter half written.

Nothing need be in doubt for that: a run that ended between two records of a table knows what became of each frame, and
the table is a mixed one all the same. Until such a work is gone on with, taken back or closed as it stands, no other
work writes to that meter.

Pure: it is fed records in their order, as `doubt.Doubts` is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from meterlink.audit.record import Record, table_in, text_in
from meterlink.errors import WorkOpenError

_UNKNOWN: Final = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """One work. `record` is the index of its work.open, `opened_at` that record's moment, `order` the number of its
    order and `order_sha256` that of its bytes, `serial_number` the meter that answered, `wrote` whether a frame that
    can change it was ever announced."""

    work: str
    record: int
    opened_at: str
    order: str | None = None
    order_sha256: str | None = None
    serial_number: str | None = None
    wrote: bool = False

    def facts(self) -> dict[str, object]:
        """For JSON."""
        return {name: fact for name, fact in asdict(self).items() if name != "order_sha256"}

    def error(self) -> WorkOpenError:
        """Why nobody else writes to its meter."""
        return WorkOpenError(
            serial_number=self.serial_number or _UNKNOWN,
            work=self.work,
            order_no=self.order or _UNKNOWN,
            record=self.record,
        )


class OpenWorks:
    """The works that are open after the records read so far, in the order in which they were opened."""

    def __init__(self, works: Sequence[OpenWork] = ()) -> None:
        self._open = {work.work: work for work in works}

    def __iter__(self) -> Iterator[OpenWork]:
        return iter(self._open.values())

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, work: object) -> bool:
        return work in self._open

    def read(self, record: Record) -> None:
        """Take the next record in."""
        kind = record.type
        if kind == "intent":
            self._write(record)
        elif kind == "work.open" and record.work is not None:
            self._open.setdefault(record.work, _opened(record, record.work))
        elif kind == "work.close" and record.work is not None:
            self._open.pop(record.work, None)

    def of_meter(self, serial_number: str) -> list[OpenWork]:
        """Those at one meter; a work that names no meter may be at any."""
        return [work for work in self if work.serial_number in (serial_number, None)]

    def barring(self, serial_number: str, works: Collection[str | None]) -> list[OpenWork]:
        """Those that keep these works from writing to this meter: others that wrote to it."""
        return [each for each in self.of_meter(serial_number) if each.wrote and each.work not in works]

    def _write(self, record: Record) -> None:
        found = self._open.get(record.work or "")
        if found is not None and not found.wrote:
            serial_number = found.serial_number or text_in(table_in(record.d, "meter"), "serial_number")
            self._open[found.work] = replace(found, wrote=True, serial_number=serial_number)


def _opened(record: Record, work: str) -> OpenWork:
    order = table_in(record.d, "order")
    return OpenWork(
        work=work,
        record=record.n,
        opened_at=record.fields["t"],
        order=text_in(order, "number"),
        order_sha256=text_in(order, "sha256"),
        serial_number=text_in(table_in(record.d, "meter"), "answered"),
    )
