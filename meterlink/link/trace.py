"""The trace file: one JSON line per frame, secrets masked before they come here.

A trace that cannot be written never disturbs the work: it ends, and complains once.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from meterlink.context import Traced
from meterlink.errors import ConfigError
from meterlink.flow import instant
from meterlink.link.cause import cause

_TEXT: Final = {
    "empty": "it is empty",
    "ended": "the trace {path} ends here, the work goes on: {why}",
    "advice": "Name a file that can be written, or leave --trace out.",
}


class TraceFile:
    """An observer that appends `{"at", "direction", "frame", "note"}`, line by line, so that a crash loses nothing.

    ConfigError where the file cannot be opened; what goes wrong later goes to `complain`, once.
    """

    def __init__(self, path: str, complain: Callable[[str], None]) -> None:
        self._path = path
        self._complain = complain
        if not path.strip():
            raise ConfigError(setting="--trace", why=_TEXT["empty"], advice=_TEXT["advice"])
        try:
            self._file: TextIO | None = _open(path)
        except (OSError, ValueError) as error:
            raise ConfigError(setting=f"--trace {path}", why=cause(error), advice=_TEXT["advice"]) from error

    def __call__(self, frame: Traced) -> None:
        record = {
            "at": instant(frame.at).isoformat(timespec="microseconds"),
            "direction": "out" if frame.outgoing else "in",
            "frame": frame.frame,
            "note": frame.note.value,
        }
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        except OSError as error:
            self._end(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError as failure:
                self._end(failure)

    def _end(self, error: OSError) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # what waits to be written fails once more
                file.close()
        self._complain(_TEXT["ended"].format(path=self._path, why=cause(error)))


def _open(path: str) -> TextIO:
    return Path(path).open("a", encoding="utf-8", newline="\n", buffering=1)
