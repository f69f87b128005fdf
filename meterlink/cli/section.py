"""What one reading command found: as a document, and to people.

When something could not be read, one rule holds for every command. What was read is told, and what was not is `absent`
with the reason. The exit code is 0 while the main thing of the command was read; where it was not, its error is told
on stderr too and gives the exit code (3 or 5). Where nothing was read there is only the error. What the model lacks by
its profile is a failure only where nothing else was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meterlink.cli import output
from meterlink.cli.connect import Meter
from meterlink.errors import MeterlinkError, NotSupportedError
from meterlink.model import Absent
from meterlink.visit.parts import absent_part

_HEAD: Final = "{model}{given}, {serial}, address {address}, {at:%Y-%m-%d %H:%M:%S %Z}"
_SERIAL: Final = "serial number {serial_number}"
_NO_SERIAL: Final = "serial number not told"
_GIVEN: Final = " (as given)"
"""The meter did not prove its model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`name` is the document's, `facts` are its own keys, `show` prints the same; `read_at` is the one moment of both.

    `failure` is the error that kept the main thing away.
    """

    name: str
    meter: Meter
    read_at: datetime
    facts: Mapping[str, object]
    show: Callable[[], None]
    absent: Sequence[Absent] = ()
    notes: Sequence[str] = ()
    failure: MeterlinkError | None = None

    def document(self) -> dict[str, object]:
        """The document, without its schema key."""
        who = self.meter.identity
        names = {"family": who.family, "model": who.model, "serial_number": who.serial_number, "address": who.address}
        return {
            "meter": names,
            "read_at": told_moment(self.meter.moment(self.read_at)),
            **self.facts,
            "absent": output.absent_facts(self.absent),
            "notes": [*self.meter.notes, *self.notes],
        }

    def show_whole(self) -> None:
        """The result of a command."""
        who = self.meter.identity
        at = self.meter.moment(self.read_at)
        given = _GIVEN if self.meter.notes else ""
        serial = _SERIAL.format(serial_number=who.serial_number) if who.serial_number else _NO_SERIAL
        words = {"model": who.model, "serial": serial, "address": who.address}
        output.line(_HEAD.format(**words, given=given, at=at))
        output.line()
        self.show()
        output.absent(self.absent)
        output.notes(self.notes)


def present(as_json: bool, section: Section) -> None:
    """The result; then the error that kept its main thing away."""
    output.present(as_json, section.name, section.document(), section.show_whole)
    if section.failure is not None:
        raise section.failure


def told_moment(at: datetime) -> str:
    """A moment in documents: whole milliseconds, with offset."""
    return at.isoformat(timespec="milliseconds")


def absent_parts(missing: Mapping[str, MeterlinkError]) -> tuple[Absent, ...]:
    """Parts that could not be read, with the reason."""
    return tuple(absent_part(what, error) for what, error in missing.items())


def first_failure(missing: Mapping[str, MeterlinkError]) -> MeterlinkError:
    """The error to tell where nothing was read: one of the line or the meter, before what the model lacks."""
    return next((error for error in missing.values() if _is_failure(error)), next(iter(missing.values())))


def main_failure(missing: Mapping[str, MeterlinkError], main: str) -> MeterlinkError | None:
    """The error that kept the main thing away."""
    error = missing.get(main)
    return error if error is not None and _is_failure(error) else None


def _is_failure(error: MeterlinkError) -> bool:
    return not isinstance(error, NotSupportedError)
