"""What somebody brings from elsewhere to hold a log against: keys, a policy, heads. Only that can prove anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meterlink.audit.bundle_check import Trust
from meterlink.audit.chain import Head
from meterlink.audit.claims import head_of_note
from meterlink.audit.note import Note, Vkey
from meterlink.audit.policy import NONE, Policy
from meterlink.cli.files import read_given
from meterlink.errors import AuditFormatError, ConfigError

_WHY: Final = {
    "key": "it is no verifier key: {reason}",
    "policy": "it is no policy: {reason}",
    "head": "it is no signed checkpoint: {reason}",
    "origin": "it is of the log {found}, and this is {log}",
}
_ADVICE: Final = {
    "key": "Copy the whole key from paper or from the office's order: name+8 digits+base64.",
    "file": "Ask whoever gave you that file for it again, byte for byte.",
    "origin": "Give the head of this very log.",
}
_SOURCE: Final = "the head in {file}"


@dataclass(slots=True, kw_only=True)
class Brought:
    """What the asker has from elsewhere."""

    trust: Trust
    heads: list[tuple[str, Head, Note]] = field(default_factory=list)
    """Origin, head and the note it stands in."""

    @property
    def has_keys(self) -> bool:
        return bool(self.trust.log_keys)

    @property
    def quorum(self) -> Policy | None:
        """The policy, if it asks for cosignatures."""
        policy = self.trust.policy
        return policy if policy is not None and policy.quorum != NONE else None

    @property
    def proves_something(self) -> bool:
        """Whether anything can be held against what was brought."""
        return self.has_keys or bool(self.trust.witnesses) or self.quorum is not None

    @property
    def witnesses(self) -> list[Vkey]:
        """Each once, given alone or in the policy."""
        policy = self.trust.policy
        named = [each.vkey for each in policy.witnesses] if policy is not None else []
        return list(dict.fromkeys((*self.trust.witnesses, *named)))

    def heads_of(self, origin: str) -> list[Head]:
        """The heads, if they are of this log; ConfigError for one that is not."""
        for found, head, _ in self.heads:
            if origin and found != origin:
                why = _WHY["origin"].format(found=found, log=origin)
                raise ConfigError(setting=f"--head ({head.source})", why=why, advice=_ADVICE["origin"])
        return [head for _, head, _ in self.heads]


def read_brought(keys: Sequence[str], policy: Path | None, heads: Sequence[Path]) -> Brought:
    """Out of options; ConfigError for what cannot be used."""
    found: list[Vkey] = []
    for text in keys:
        try:
            found.append(Vkey.parse(text.strip()))
        except AuditFormatError as error:
            raise _wrong("--key", "key", "key", error) from error
    trusted = None
    if policy is not None:
        raw = read_given("--policy", policy)
        try:
            trusted = Policy.parse(raw)
        except AuditFormatError as error:
            raise _wrong(f"--policy {policy}", "policy", "file", error) from error
    brought = Brought(trust=Trust(keys=found, policy=trusted))
    for file in heads:
        raw = read_given("--head", file)
        try:
            origin, head = head_of_note(raw, _SOURCE.format(file=file))
            brought.heads.append((origin, head, Note.parse(raw)))
        except AuditFormatError as error:
            raise _wrong(f"--head {file}", "head", "file", error) from error
    return brought


def _wrong(setting: str, why: str, advice: str, error: AuditFormatError) -> ConfigError:
    return ConfigError(setting=setting, why=_WHY[why].format(reason=error.why), advice=_ADVICE[advice])
