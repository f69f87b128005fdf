"""New files: names that every system takes, nothing overwritten, and what the disk says when it takes none.

A name that only some systems take is refused on all of them, because an order made here is read there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from meterlink.errors import ConfigError, told_os_error

_WHY: Final = {
    "device": "{name} is a device on Windows, whatever ending it has, so no file can have that name there",
    "there": "there is such a file already",
    "disk": "it cannot be written: {error}",
}
_ADVICE: Final = {
    "device": "Give another name, as flat-5{ending}.",
    "disk": "Give a file in a folder that you may write, on a disk with room.",
}
_is_device: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE).fullmatch
"""Source: Microsoft, Naming Files, Paths, and Namespaces."""


def refuse_device(file: Path, setting: str | None = None) -> None:
    """ConfigError for the name of a device; what stands behind the first point or colon does not count."""
    name = re.split(r"[.:]", file.name)[0].strip()
    if _is_device(name):
        why, advice = _WHY["device"].format(name=name), _ADVICE["device"].format(ending=file.suffix)
        raise ConfigError(setting=setting or str(file), why=why, advice=advice)


def refuse_existing(files: Iterable[Path], advice: str, setting: str | None = None) -> None:
    """ConfigError for a file that is there; `advice` says what to do about one of this kind."""
    for file in files:
        if file.exists():
            raise _there(file, advice, setting)


def write_new(file: Path, content: bytes, advice: str, setting: str | None = None) -> None:
    """Write a file that is not there; ConfigError where it is, also where it came meanwhile, or the disk takes none."""
    try:
        with file.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        raise _there(file, advice, setting) from None
    except OSError as error:
        why = _WHY["disk"].format(error=told_os_error(error))
        raise ConfigError(setting=setting or str(file), why=why, advice=_ADVICE["disk"]) from error


def _there(file: Path, advice: str, setting: str | None) -> ConfigError:
    return ConfigError(setting=setting or str(file), why=_WHY["there"], advice=advice)
