"""Conditions on a firmware version, as in `[[variant]] when = "firmware >= 6.4 and firmware < 7.1"`.

A version is a row of whole numbers: 7.10 is later than 7.9, and 7.1 is the same as 7.1.0. A condition is one unbroken
range of versions, so that two of them can be compared: one lies within the other, or they overlap, or they do not
meet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

Version = tuple[int, ...]

_TERM = re.compile(r"firmware\s*(?P<operator>>=|<=|==|>|<)\s*(?P<version>\d+(?:\.\d+)*)")
_NO_CONDITION = 'is {text!r}, must be like "firmware >= 7.1" with >= > <= < == and whole numbers, joined by "and"'
_EMPTY = "is {text!r}, which no firmware can meet"


def parse_version(text: str) -> Version | None:
    """The version in a text such as `7.1` or `v7.1.0`, without trailing zeros; None when it holds no number."""
    found = re.search(r"\d+(?:\.\d+)*", text)
    if found is None:
        return None
    numbers = [int(part) for part in found[0].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A range of versions. A bound that is None is open; `*_included` tells whether the bound itself belongs to it."""

    lowest: Version | None = None
    lowest_included: bool = False
    highest: Version | None = None
    highest_included: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """The range that a text describes; ValueError says what is wrong."""
        condition = cls()
        for part in text.split(" and "):
            term = _TERM.fullmatch(part.strip())
            version = parse_version(term["version"]) if term else None
            if term is None or version is None:
                raise ValueError(_NO_CONDITION.format(text=text))
            condition = condition.meet(cls._of(term["operator"], version))
        if condition.empty:
            raise ValueError(_EMPTY.format(text=text))
        return condition

    @classmethod
    def _of(cls, operator: str, version: Version) -> Self:
        lower, upper = operator in (">", ">=", "=="), operator in ("<", "<=", "==")
        included = "=" in operator
        return cls(
            lowest=version if lower else None,
            lowest_included=lower and included,
            highest=version if upper else None,
            highest_included=upper and included,
        )

    def holds(self, version: Version) -> bool:
        """Whether the version is in the range."""
        return not self.meet(self._of("==", version)).empty

    @property
    def empty(self) -> bool:
        if self.lowest is None or self.highest is None:
            return False
        if self.lowest == self.highest:
            return not (self.lowest_included and self.highest_included)
        return self.lowest > self.highest

    def meet(self, other: Self) -> Self:
        """The versions that are in both ranges."""
        low = max(self, other, key=Condition._low_key)
        high = min(self, other, key=Condition._high_key)
        return type(self)(
            lowest=low.lowest,
            lowest_included=low.lowest_included,
            highest=high.highest,
            highest_included=high.highest_included,
        )

    def lies_within(self, other: Self) -> bool:
        """Whether every version of this range is in the other."""
        return self.meet(other) == self

    def narrower_than(self, other: Self) -> bool:
        """Whether this range lies within the other and is not the same."""
        return self != other and self.lies_within(other)

    def _low_key(self) -> tuple[bool, Version, bool]:
        return self.lowest is not None, self.lowest or (), not self.lowest_included

    def _high_key(self) -> tuple[bool, Version, bool]:
        return self.highest is None, self.highest or (), self.highest_included
