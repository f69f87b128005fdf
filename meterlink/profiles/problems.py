"""What is wrong in a profile, as a value. Knows no key and no file format."""

from __future__ import annotations

from dataclasses import dataclass

from meterlink.errors import ProfileError


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One wrong place of one file, ready to be printed as `file: key: what is wrong`."""

    file: str
    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.why}"

    def error(self) -> ProfileError:
        return ProfileError(file=self.file, key=self.key, why=self.why)
