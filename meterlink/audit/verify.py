"""Whether a log is what was sealed: every rule, every signature, every claim about its head, in one report.

Pure but for the bytes it asks for; it changes nothing and holds no lock. Findings are the errors that would refuse the
log for writing, so their words, their places and what to do stand in one place (`errors/sealed_log.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from meterlink.audit.chain import Chain, Head
from meterlink.audit.claims import broken_claims
from meterlink.audit.doubt import Doubts
from meterlink.audit.note import Vkey
from meterlink.audit.scan import Scan, Seen, Signatures, broken_chain, scan
from meterlink.audit.segments import LogBytes
from meterlink.errors import AuditError, LogTornError, TornBytesLostError, WrongKeyError

OK: Final = "ok"
_WORST_FIRST: Final = ("tampered", "fork", "behind", "key-lost", "not-writable", "torn", "in-doubt", "work-open")

_WHY: Final = {"missing": "that file is not there", "changed": "its bytes are others"}
"""About torn bytes."""

TornBytes = Callable[[str], bytes | None]
"""The bytes kept under a name in `torn/`; None where there are none."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What was found. `findings` stand worst first; an empty log has no origin and no key."""

    found: Scan
    signatures: Signatures
    findings: list[AuditError] = field(default_factory=list)
    segments: int = 0
    first_key: Vkey | None = None

    @property
    def chain(self) -> Chain:
        return self.found.chain

    @property
    def state(self) -> str:
        """One word for all of it, as `--json` tells it."""
        return state_of(self.findings)


def state_of(findings: Sequence[AuditError]) -> str:
    """One word for all that was found, worst first."""
    return findings[0].state if findings else OK


def verify_log(
    log: LogBytes,
    *,
    signatures: Signatures = "all",
    claims: Callable[[Chain], Sequence[Head]] = lambda chain: chain.anchors,
    trusted: Sequence[Vkey] = (),
    torn_bytes: TornBytes | None = None,
    seen: Seen | None = None,
) -> Report:
    """Read a log whole. `claims` tells, once the log's name is known, what others say about its head; `trusted` are
    keys of this log that the asker has from elsewhere, one of which must have signed in it."""
    found = scan(log, signatures=signatures, seen=seen)
    report = Report(found=found, signatures=signatures, segments=len(log.names()), first_key=found.chain.first_key)
    findings = [
        *own_faults(found),
        *_wrong_key(found.chain, trusted),
        *broken_claims(found, claims(found.chain), log),
        *(lost_torn_bytes(found.chain, torn_bytes) if torn_bytes is not None else ()),
        *doubts_of(found.chain.doubts),
    ]
    report.findings = worst_first(findings)
    return report


def worst_first(findings: Sequence[AuditError]) -> list[AuditError]:
    """The finding that decides what the log is good for stands first."""
    return sorted(findings, key=lambda error: _WORST_FIRST.index(error.state))


def own_faults(found: Scan) -> list[AuditError]:
    """What a scan stumbled over, or where it ended."""
    origin, torn = found.chain.origin, found.torn
    if found.fault is not None:
        return [broken_chain(origin, found.fault)]
    if torn is None:
        return []
    place = torn.place
    return [
        LogTornError(log=origin, record=torn.record, segment=place.segment, offset=place.offset, count=len(torn.data))
    ]


def _wrong_key(chain: Chain, trusted: Sequence[Vkey]) -> list[AuditError]:
    if not trusted or any(key.name == chain.origin and key.public in chain.signed for key in trusted):
        return []
    return [WrongKeyError(log=chain.origin, keys=tuple(key.text for key in trusted))]


def lost_torn_bytes(chain: Chain, torn_bytes: TornBytes) -> list[AuditError]:
    """What the log says it kept of crashes, and is not there as it was."""
    errors: list[AuditError] = []
    for each in chain.recovered:
        data = torn_bytes(each.file)
        if data is None or hashlib.sha256(data).hexdigest() != each.sha256:
            why = _WHY["missing" if data is None else "changed"]
            errors.append(TornBytesLostError(log=chain.origin, record=each.record, file=each.file, why=why))
    return errors


def doubts_of(doubts: Doubts) -> list[AuditError]:
    """Each frame in doubt."""
    return [doubt.error() for doubt in doubts]
