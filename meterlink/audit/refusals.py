"""How a module of the log tells that nothing can be written: its own sentences, each with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meterlink.errors import AuditNotWritableError


@dataclass(frozen=True, slots=True)
class Refusals:
    """Sentences and advice by one key; the error's own advice where a key has none."""

    why: Mapping[str, str] = field(hash=False)
    advice: Mapping[str, str] = field(hash=False)

    def __call__(self, log: str, key: str, **facts: object) -> AuditNotWritableError:
        return AuditNotWritableError(log=log, why=self.why[key].format(**facts), advice=self.advice.get(key, ""))
