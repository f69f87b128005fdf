"""A gate that lets everything through and keeps what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterlink.flow import Announcement, Fate, Outcome


@dataclass
class Book:
    """A gate that keeps what it was told."""

    entries: list[Announcement | Outcome] = field(default_factory=list)

    def __call__(self, entry: Announcement | Outcome) -> None:
        self.entries.append(entry)

    @property
    def announced(self) -> list[Announcement]:
        return [entry for entry in self.entries if isinstance(entry, Announcement)]

    @property
    def outcomes(self) -> list[Outcome]:
        return [entry for entry in self.entries if isinstance(entry, Outcome)]

    @property
    def fates(self) -> list[Fate]:
        return [outcome.fate for outcome in self.outcomes]
