"""Reading a log from a known place to its end: what holds, and the first thing that does not.

Pure: bytes come from a `LogBytes`. A scan stops at the first fault, because after it nothing can be relied on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from meterlink.audit.chain import Chain
from meterlink.audit.record import Record
from meterlink.audit.segments import PAIR_LIMIT, SEGMENT_BYTES, LogBytes, first_index, is_torn, pairs, segment_name
from meterlink.errors import AuditError, AuditFormatError, ChainBrokenError, ProofError

Signatures = Literal["all", "last"]
"""`last` is a quick look: the last signature, and those by which one key hands over to the next."""

_WHY: Final = {
    "name": "the segment {name} begins with record {named} by its name, and record {due} is due",
    "size": "the segment {name} has {size} bytes, more than a segment can have",
    "full": "the segment {name} goes on where it was full",
    "rest": "{count} bytes after this place are no whole record",
    "empty": "it holds no record",
    "short": "the segment {name} is shorter than it was",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the files: `offset` is in bytes from the beginning of the segment."""

    segment: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What breaks the log: at which record, where in the files, and why."""

    record: int
    place: Place
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Torn:
    """Bytes that a crash left at the end. `record` is the index they would have had."""

    record: int
    place: Place
    data: bytes


@dataclass(slots=True)
class Scan:
    """A log read up to `end`. `last` is where its last whole pair begins."""

    chain: Chain = field(default_factory=Chain)
    end: Place | None = None
    last: Place | None = None
    fault: Fault | None = None
    torn: Torn | None = None
    roots: dict[int, bytes] = field(default_factory=dict)
    """By size, of the heads that were held against the log."""
    from_hint: bool = False
    """The scan began in the middle, where a hint said that it could."""


Seen = Callable[[Record, Place], None]


def scan(
    log: LogBytes,
    *,
    signatures: Signatures = "all",
    seen: Seen | None = None,
    go_on: Scan | None = None,
) -> Scan:
    """Read a log whole, or from the end of an earlier scan on; `seen` is told each record that holds."""
    found = go_on or Scan()
    names = log.names()
    if found.end is not None:
        names = [name for name in names if name >= found.end.segment]
        if found.end.segment not in names:
            found.fault = _fault(found, found.end, "short", name=found.end.segment)
    for name in names:
        if found.fault is not None:
            break
        _scan_segment(log, name, found, name == names[-1], signatures == "all", seen)
    if signatures == "last":
        _check_last(found)
    if not found.chain.size and found.fault is None and found.torn is None:
        found.fault = _fault(found, found.end or Place(segment=segment_name(0), offset=0), "empty")
    return found


def _scan_segment(log: LogBytes, name: str, found: Scan, is_last: bool, check: bool, seen: Seen | None) -> None:
    begins = 0
    if found.end is not None and found.end.segment == name:
        begins = found.end.offset
    elif first_index(name) != found.chain.size:
        place = Place(segment=name, offset=0)
        found.fault = _fault(found, place, "name", name=name, named=first_index(name), due=found.chain.size)
        return
    found.end = Place(segment=name, offset=begins)
    size = log.size(name)
    if size < begins:
        found.fault = _fault(found, Place(segment=name, offset=size), "short", name=name)
        return
    if size == begins:
        return
    if size > SEGMENT_BYTES + PAIR_LIMIT:
        found.fault = _fault(found, Place(segment=name, offset=size), "size", name=name, size=size)
        return
    _read_pairs(found, name, begins, log.read(name, begins), is_last=is_last, check=check, seen=seen)


def _read_pairs(
    found: Scan,
    name: str,
    begins: int,
    data: bytes,
    *,
    is_last: bool,
    check: bool,
    seen: Seen | None,
) -> None:
    chain, read = found.chain, 0
    for at, line, signature, end in pairs(data):
        try:
            record = chain.read(line, signature, check_signature=check)
        except (AuditFormatError, ProofError) as error:
            _stop(found, Place(segment=name, offset=begins + at), data[at:], is_last, _reason(error))
            return
        found.last = Place(segment=name, offset=begins + at)
        read = end
        if seen is not None:
            seen(record, found.last)
    found.end = Place(segment=name, offset=begins + read)
    if found.last is not None and found.last.segment == name and found.last.offset >= SEGMENT_BYTES:
        found.fault = _fault(found, found.last, "full", name=name)
        return
    if read < len(data):
        _stop(found, found.end, data[read:], is_last, _WHY["rest"].format(count=len(data) - read))


def _stop(found: Scan, place: Place, rest: bytes, is_last: bool, why: str) -> None:
    """Say what stands at a place where nothing right does: what a crash left behind, or a fault."""
    found.end = place
    # Nothing is ever appended to a log that has ended, so no crash can have cut it.
    if is_last and not found.chain.ended and is_torn(rest, place.offset, found.chain.prev):
        found.torn = Torn(record=found.chain.size, place=place, data=rest)
    else:
        found.fault = Fault(record=found.chain.size, place=place, why=why)


def _check_last(found: Scan) -> None:
    try:
        found.chain.check_last_signature()
    except ProofError as error:
        if found.fault is None and found.last is not None:
            found.fault = Fault(record=found.chain.size - 1, place=found.last, why=_reason(error))


def _fault(found: Scan, place: Place, why: str, **facts: object) -> Fault:
    return Fault(record=found.chain.size, place=place, why=_WHY[why].format(**facts))


def refuse_fault(found: Scan) -> None:
    """ChainBrokenError where a scan found a fault."""
    if found.fault is not None:
        raise broken_chain(found.chain.origin, found.fault)


def broken_chain(log: str, fault: Fault) -> ChainBrokenError:
    """A fault as the error that tells it."""
    place = fault.place
    return ChainBrokenError(log=log, record=fault.record, segment=place.segment, offset=place.offset, why=fault.why)


def _reason(error: AuditError) -> str:
    return str(error).removesuffix(".")
