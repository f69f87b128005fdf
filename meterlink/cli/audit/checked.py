"""A log that is checked whole: under which lock, against which heads, and which of them it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from meterlink.audit.chain import Chain, Head
from meterlink.audit.claims import cosigned_heads, head_of_note, office_keys
from meterlink.audit.folder import FolderBytes, torn_bytes
from meterlink.audit.note import Note, Vkey, verify_signature
from meterlink.audit.place import LogPlace
from meterlink.audit.policy import Policy
from meterlink.audit.scan import Signatures
from meterlink.audit.second_head import read_heads
from meterlink.audit.verify import Report, verify_log
from meterlink.cli.audit.brought import Brought
from meterlink.errors import AuditError, AuditNotWritableError, ProofError

_TEXT: Final = {
    "no lock": "the log was read without its lock ({error}); what another run was just writing may look torn",
    "no lock file": "there is no lock file",
    "quorum": "the policy's quorum cosigned the first {size} records",
    "no quorum": "no head in heads/ has the quorum that the policy asks for",
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


def check_log(place: LogPlace, brought: Brought, signatures: Signatures) -> Checked:
    """Read a log whole and hold it against all that is known about it."""
    notes: list[str] = []
    held: list[Head] = []

    def claims(chain: Chain) -> list[Head]:
        accepted = [*office_keys(chain.office), *brought.witnesses]
        held.extend(
            (
                *read_heads(place.second_heads, chain.origin),
                *cosigned_heads(place.files, place.folder, chain.origin, accepted),
                *chain.anchors,
                *brought.heads_of(chain.origin),
            )
        )
        return held

    report = verify_log(
        _fixed_bytes(place, notes),
        signatures=signatures,
        claims=claims,
        trusted=brought.trust.log_keys,
        torn_bytes=torn_bytes(place.files, place.folder),
    )
    if brought.trust.policy is not None and brought.trust.policy.witnesses:
        notes.append(_quorum(place, report.chain, brought.trust.policy))
    return Checked(place=place, report=report, heads=held, brought=brought, notes=notes)


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


def _quorum(place: LogPlace, chain: Chain, policy: Policy) -> str:
    """How far the witnesses that the policy asks for have seen the log grow."""
    sizes = []
    for name in place.files.names(place.folder.heads):
        try:
            raw = place.files.read(place.folder.heads / name)
            origin, head = head_of_note(raw, name)
            if origin == chain.origin and policy.satisfied(policy.cosigners(Note.parse(raw))):
                sizes.append(head.size)
        except AuditError:
            continue
    return _TEXT["quorum"].format(size=max(sizes)) if sizes else _TEXT["no quorum"]


def held_facts(checked: Checked, head: Head) -> dict[str, Any]:
    """Whether the log has a head, null where the scan did not get there; and who signed one that was brought."""
    failed = any(
        error.state in ("behind", "fork")
        and error.facts().get("seen") == head.size
        and error.facts()["source"] in (head.source, source_of(head))
        for error in checked.report.findings
    )
    reached = head.size <= checked.report.chain.size
    note = next((note for _, brought, note in checked.brought.heads if brought is head), None)
    chain = checked.report.chain
    accepted = [*office_keys(chain.office), *checked.brought.witnesses]
    return {
        "met": False if failed else True if reached else None,
        "signed_by": None if note is None else _signers(note, chain, accepted),
    }


def source_of(head: Head) -> str:
    """Who says so, in words."""
    return head.source or _TEXT["anchor"].format(record=head.record)


def _signers(note: Note, chain: Chain, accepted: Sequence[Vkey]) -> list[str]:
    """Which keys of this log, of its office or of the asker truly signed a note."""
    own = [Vkey(name=chain.origin, public=public) for public in chain.used] if chain.origin else []
    names = []
    for key in (*own, *accepted):
        for line in note.signatures:
            if line.is_by(key):
                try:
                    verify_signature(key, line, note.text)
                except ProofError:
                    continue
                names.append(f"{key.name}+{key.key_id.hex()}")
    return sorted(set(names))
