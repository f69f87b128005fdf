"""What is wrong in a profile, as a value. Knows no key and no file format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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


def table_problems(table: Mapping[str, Any], checks: Mapping[str, tuple[Callable[[Any], bool], str]]) -> list[str]:
    """What is wrong with a family's own table, as `key: why`. `checks` are its keys, all of them needed, each with what
    tells a good value and what such a value is, in words."""
    problems = [f"{key}: is not a key of this family" for key in table if key not in checks]
    for key, (is_good, wanted) in checks.items():
        if key not in table:
            problems.append(f"{key}: is missing")
        elif not is_good(table[key]):
            problems.append(f"{key}: must be {wanted}")
    return problems
