"""The work: what stops it, and what it leaves in doubt."""

from __future__ import annotations

from dataclasses import dataclass

from meterlink.errors.root import MeterlinkError


@dataclass(eq=False, kw_only=True)
class NotConfirmedError(MeterlinkError):
    """Nobody confirmed the work, so nothing was written."""

    exit_code = 9
    text = "The work at meter {serial_number} was not confirmed: {why}."
    hint_text = (
        "Nothing was written. Run the same command in a terminal and type the serial number of the meter, or give "
        "--yes where a script does so on somebody's behalf."
    )
    serial_number: str
    why: str


@dataclass(eq=False, kw_only=True)
class NotAbandonedError(MeterlinkError):
    """Nobody confirmed that a work is given up, so it stays open."""

    exit_code = 9
    text = "That the work {work} is given up was not confirmed: {why}."
    hint_text = (
        "Nothing was recorded. Run the same command in a terminal and type the id of the work, or give --yes where a "
        "script does so on somebody's behalf."
    )
    work: str
    why: str


@dataclass(eq=False, kw_only=True)
class VerifyError(MeterlinkError):
    """What was read after a write is not what should be there."""

    exit_code = 7


@dataclass(eq=False, kw_only=True)
class ReadBackError(VerifyError):
    """A value that was written does not stand in the meter."""

    text = "Meter {serial_number} does not hold what was written: {item} should be {wanted}, and reads {found}."
    hint_text = (
        "The log says so, and the act says that it is not confirmed. Nothing more was written. Read the meter again, "
        "then plan anew or restore the state before."
    )
    serial_number: str
    item: str
    wanted: str
    found: str


@dataclass(eq=False, kw_only=True)
class NotStoredError(VerifyError):
    """A meter acknowledged a write, and something else stands there: an answer is no proof."""

    text = "The meter at address {address} acknowledged {item}, and holds {found} instead of {wanted}."
    hint_text = (
        "Nothing more was written. Read the meter again: it may hold fewer tariffs, or ignore this setting without a "
        "word, which its profile should then say."
    )
    address: str
    item: str
    wanted: str
    found: str


@dataclass(eq=False, kw_only=True)
class EnergyMovedError(VerifyError):
    """Energy registers before and after differ by more, or by less, than can be."""

    text = "The energy registers of meter {serial_number} moved as they cannot: {why}."
    hint_text = (
        "meterlink never writes energy. Do not leave the meter like this: read it again, note both readings on the "
        "act, and tell the office."
    )
    serial_number: str
    why: str


@dataclass(eq=False, kw_only=True)
class InDoubtError(MeterlinkError):
    """A frame may have changed the meter, and the meter could not be read afterwards."""

    exit_code = 11
    text = "It is not known what became of {item} in meter {serial_number}: {why}."
    hint_text = (
        "The log keeps the work open. See to the line, then run the same command again: it reads the meter before it "
        "writes anything; `meterlink audit resolve` does only the reading."
    )
    serial_number: str
    item: str
    why: str
    work: str | None = None


@dataclass(eq=False, kw_only=True)
class WorkIncompleteError(VerifyError):
    """A work was closed, and not all of it stands."""

    text = "The work {work} was closed, and not all of it stands: {result}."
    hint_text = "Its act says what stands and what does not. Plan the rest anew from the same order."
    work: str
    result: str


@dataclass(eq=False, kw_only=True)
class WorkClosedError(MeterlinkError):
    """A work that is to be closed is closed already. `result` is its last record's word."""

    exit_code = 8
    text = "The work {work} is closed already: {result}."
    hint_text = "Nothing was recorded. `meterlink act print --work {work}` prints its act."
    work: str
    result: str


@dataclass(eq=False, kw_only=True)
class MeterBusyError(MeterlinkError):
    """Another run of the program has a work at the same meter in hand."""

    exit_code = 8
    text = "Another meterlink is at work on meter {serial_number}."
    hint_text = "Finish that one first, or end it; then run this command again."
    serial_number: str


@dataclass(eq=False, kw_only=True)
class StaleClockError(MeterlinkError):
    """The port's clock no longer is the computer's: the computer slept, or its clock was set."""

    exit_code = 8
    text = "The computer's clock moved by {moved_s:.1f} s while the port was open."
    hint_text = "No clock was set by it. Let the computer find the right time, then run the command again."
    moved_s: float
