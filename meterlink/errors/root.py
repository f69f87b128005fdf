"""The root of the tree, and what every error carries."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar


def told_os_error(error: OSError) -> str:
    """What the system says, without number and file name."""
    return error.strerror or str(error)


@dataclass(eq=False, kw_only=True)
class MeterlinkError(Exception):
    """Root of all errors that are not bugs of ours in Python's sense."""

    exit_code: ClassVar[int] = 1
    text: ClassVar[str] = "Something went wrong."
    hint_text: ClassVar[str] = ""

    def __str__(self) -> str:
        return self.text.format(**self.facts(), **self.words())

    @property
    def hint(self) -> str:
        """What the person should do next."""
        return self.hint_text.format(**self.facts(), **self.words()).strip()

    def facts(self) -> dict[str, object]:
        """The attributes that tell what happened, for JSON and for the sentences."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def words(self) -> dict[str, str]:
        """What the sentences need besides: forms of words that go with a number; no facts of their own."""
        return {}


@dataclass(eq=False, kw_only=True)
class AdvisedError(MeterlinkError):
    """An error whose next step may be known better where it is raised than its class knows it."""

    advice: str = ""
    """What to do next; no fact of its own, for it is the hint."""

    @property
    def hint(self) -> str:
        return self.advice or super().hint

    def facts(self) -> dict[str, object]:
        return {name: fact for name, fact in super().facts().items() if name != "advice"}
