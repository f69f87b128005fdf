"""Names of new files that only some systems take: refused on all of them, because an order made here is read there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from meterlink.errors import ConfigError

_WHY: Final = "{name} is a device on Windows, whatever ending it has, so no file can have that name there"
_ADVICE: Final = "Give another name, as flat-5{ending}."
_is_device: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE).fullmatch
"""Source: Microsoft, Naming Files, Paths, and Namespaces."""


def refuse_device(file: Path, setting: str | None = None) -> None:
    """ConfigError for the name of a device; what stands behind the first point or colon does not count."""
    name = re.split(r"[.:]", file.name)[0].strip()
    if _is_device(name):
        raise ConfigError(
            setting=setting or str(file), why=_WHY.format(name=name), advice=_ADVICE.format(ending=file.suffix)
        )
