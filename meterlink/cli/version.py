"""The version as a constant: asking the installed metadata takes longer than the rest of `meterlink --version`.

A test compares it with `pyproject.toml`.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0.dev0"
