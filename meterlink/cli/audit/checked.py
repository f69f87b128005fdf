"""A log that is checked whole: under which lock, against which heads, and which of them it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from meterlink.audit.chain import Chain, Head
from meterlink.audit.claims import cosigned_heads, cosigned_notes, office_keys
from meterlink.audit.condition import name_log
from meterlink.audit.folder import FolderBytes, torn_bytes
from meterlink.audit.note import Note, Vkey, true_signatures
from meterlink.audit.opening import first_record
from meterlink.audit.place import LogPlace
from meterlink.audit.policy import Policy
from meterlink.audit.scan import Signatures
from meterlink.audit.second_head import read_heads
from meterlink.audit.verify import Report, verify_log, worst_first
from meterlink.cli.audit.brought import Brought
from meterlink.cli.audit.common import crash_notes
from meterlink.errors import AuditNotWritableError, NotCosignedError, ProofError

_TEXT: Final = {
    "no lock": "the log was read without its lock ({error}); what another run was just writing may look torn",
    "no lock file": "there is no lock file",
    "quorum": "the policy's quorum cosigned the first {size} records",
    "policy": "the quorum {quorum} of your policy ({names})",
    "ended": "the log has ended: its last record says so, and nothing is recorded in it any more",
    "uncovered": "nobody whom you trust cosigned the records from {size} on",
    "anchor": "the anchor in record {record}",
}


@dataclass(slots=True, kw_only=True)
class Checked:
    """A log that was checked, and the heads it was held against."""

    place: LogPlace
    report: Report
    heads: list[Head]
    brought: Brought
    notes: list[str]
    cosigned: dict[Vkey, int | None] = field(default_factory=dict)
    """How far each witness of the asker saw this log grow; None for never."""

    @property
    def keys_signed(self) -> list[Vkey]:
        """The asker's keys of logs that signed in this one, as far as it was read."""
        chain = self.report.chain
        return [key for key in self.brought.trust.log_keys if key.name == chain.origin and key.public in chain.signed]

    @property
    def held_against_itself(self) -> bool:
        """Nothing that the asker brought vouches for this log."""
        return not self.brought.has_keys and not any(self.cosigned.values())


def check_log(place: LogPlace, brought: Brought, signatures: Signatures) -> Checked:
    """Read a log whole and hold it against all that is known about it."""
    notes: list[str] = []
    held: list[Head] = []

    outside = _heads_outside(place, brought)  # before the bytes: heads that another run leaves later are not missed

    def claims(chain: Chain) -> list[Head]:
        held.extend((*outside, *chain.anchors, *brought.heads_of(chain.origin)))
        return held

    report = verify_log(
        _fixed_bytes(place, notes),
        signatures=signatures,
        claims=claims,
        trusted=brought.trust.log_keys,
        torn_bytes=torn_bytes(place.files, place.folder),
    )
    checked = Checked(place=place, report=report, heads=held, brought=brought, notes=notes)
    _ask_witnesses(checked)
    for error in report.findings:
        name_log(error, place)
    notes.extend(crash_notes(report.chain))
    notes.extend([_TEXT["ended"]] if report.chain.ended else [])
    return checked


def _heads_outside(place: LogPlace, brought: Brought) -> list[Head]:
    """What this computer remembers of the log, and what those cosigned whom the log or the asker names."""
    first = first_record(place)
    if first is None:
        return []
    origin = str(first.fields["log"])
    office = first.d.get("office")
    accepted = [*office_keys(office if isinstance(office, list) else ()), *brought.witnesses]
    return [
        *read_heads(place.second_heads, origin),
        *cosigned_heads(place.files, place.folder, origin, accepted),
    ]


def _ask_witnesses(checked: Checked) -> None:
    """How far those whom the asker trusts saw the log grow; a finding for whoever never did."""
    report, brought, notes = checked.report, checked.brought, _cosigned_notes(checked)
    unseen, sizes = [], []
    for key in brought.witnesses:
        seen = [head for head, note in notes if true_signatures(note, key)]
        met = [head.size for head in seen if is_met(report, head) is not False]
        checked.cosigned[key] = max(met, default=None)
        if not seen and key in brought.trust.witnesses:
            unseen.append(f"{key.name}+{key.key_id.hex()}")
        elif key in brought.trust.witnesses:
            sizes += met
    policy = brought.quorum
    if policy is not None:
        enough = [head for head, note in notes if _is_enough(policy, note)]
        met = [head.size for head in enough if is_met(report, head) is not False]
        checked.notes.extend(_TEXT["quorum"].format(size=max(met)) for _ in met[:1])
        sizes += met
        if not enough:
            names = ", ".join(each.name for each in policy.witnesses)
            unseen.append(_TEXT["policy"].format(quorum=policy.quorum, names=names))
    if unseen:
        error = NotCosignedError(log=report.chain.origin, names=" and ".join(unseen))
        report.findings = worst_first([*report.findings, error])
    elif sizes and max(sizes) < report.chain.size:
        checked.notes.append(_TEXT["uncovered"].format(size=max(sizes)))


def _cosigned_notes(checked: Checked) -> list[tuple[Head, Note]]:
    """The heads of this log under which somebody may stand, in heads/ and brought."""
    files, folder, chain = checked.place.files, checked.place.folder, checked.report.chain
    witnesses = checked.brought.witnesses
    heads = cosigned_heads(files, folder, chain.origin, witnesses)
    notes = cosigned_notes(files, folder, chain.origin, witnesses)
    here = [(head, note) for head, (_, note) in zip(heads, notes, strict=False)]
    return here + [(head, note) for origin, head, note in checked.brought.heads if origin == chain.origin]


def _is_enough(policy: Policy, note: Note) -> bool:
    try:
        return policy.satisfied(policy.cosigners(note))
    except ProofError:
        return False


def _fixed_bytes(place: LogPlace, notes: list[str]) -> FolderBytes:
    """The segments as long as they are when nobody writes; where no lock can be had, as they are."""
    if place.files.size(place.folder.lock) is None:  # a copy; nothing is created in it
        notes.append(_TEXT["no lock"].format(error=_TEXT["no lock file"]))
        return place.bytes_now()
    try:
        with place.locked():
            return place.bytes_now()
    except AuditNotWritableError as error:
        notes.append(_TEXT["no lock"].format(error=error.why))
        return place.bytes_now()


def is_met(report: Report, head: Head) -> bool | None:
    """Whether the log has a head; None where the scan did not get there."""
    found = report.found
    if head.size > found.chain.size:
        return None if found.fault is not None else False
    return found.roots.get(head.size) == head.root


def held_facts(checked: Checked, head: Head) -> dict[str, Any]:
    """Whether the log has a head, null where the scan did not get there; and who signed one that was brought."""
    note = next((note for _, brought, note in checked.brought.heads if brought is head), None)
    chain = checked.report.chain
    accepted = [*office_keys(chain.office), *checked.brought.witnesses]
    return {
        "met": is_met(checked.report, head),
        "signed_by": None if note is None else _signers(note, chain, accepted),
    }


def source_of(head: Head) -> str:
    """Who says so, in words."""
    return head.source or _TEXT["anchor"].format(record=head.record)


def _signers(note: Note, chain: Chain, accepted: Sequence[Vkey]) -> list[str]:
    """Which keys of this log, of its office or of the asker truly signed a note."""
    own = [Vkey(name=chain.origin, public=public) for public in chain.used] if chain.origin else []
    return sorted({f"{key.name}+{key.key_id.hex()}" for key in (*own, *accepted) if true_signatures(note, key)})
