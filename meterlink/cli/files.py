"""Files that a command is given: names that can be shown and recorded, and a reader that takes no endless file.

New files: `new_files`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from meterlink.errors import ConfigError, told_os_error

_MOST_BYTES: Final = 64 * 2**20
"""More than anything that is read here has; what has a limit of its own says so itself."""
_WHY: Final = {
    "unreadable": "it cannot be read: {error}",
    "large": "it is larger than {most} bytes",
    "name": "its name holds bytes that are no UTF-8",
}
_ADVICE: Final = {
    "file": "Give a file that is there and that you may read.",
    "rename": "Give that file or folder another name.",
}


class PathType(click.Path):
    """A file or folder that can be looked at, whose name can be shown and written into a record or a bundle."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        hint = "PATH" if param is None else param.get_error_hint(ctx or click.get_current_context()).strip("'[]")
        try:
            str(value).encode()
            with suppress(FileNotFoundError, NotADirectoryError):
                os.stat(value)
        except UnicodeEncodeError as error:
            raise ConfigError(setting=hint, why=_WHY["name"], advice=_ADVICE["rename"]) from error
        except OSError as error:
            why = _WHY["unreadable"].format(error=told_os_error(error))
            raise ConfigError(setting=f"{hint} {value}", why=why, advice=_ADVICE["file"]) from error
        return super().convert(value, param, ctx)


PATH: Final = PathType(path_type=Path)


def read_given(setting: str, path: Path, *, most: int = _MOST_BYTES, advice: str = _ADVICE["file"]) -> bytes:
    """The bytes of a file; ConfigError where it cannot be read, or is larger than that. `setting` names the option."""

    def refuse(why: str, **facts: object) -> NoReturn:
        raise ConfigError(setting=f"{setting} {path}".strip(), why=_WHY[why].format(**facts), advice=advice) from None

    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        refuse("unreadable", error=told_os_error(error))
    except ValueError as error:  # a name that no file system takes
        refuse("unreadable", error=error)
    if len(raw) > most:
        refuse("large", most=most)
    return raw
