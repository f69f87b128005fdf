"""Facts as records, plan files and documents hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

NOT_STATED: Final = "not-stated"
"""What nobody said."""


def known(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not known: a record has no key for that."""
    return {name: fact for name, fact in facts.items() if fact is not None}
