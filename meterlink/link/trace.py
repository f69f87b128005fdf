"""The trace file: one JSON line per frame, secrets masked before they come here."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from meterlink.context import Traced
from meterlink.errors import ConfigError
from meterlink.flow import instant


class TraceFile:
    """An observer that appends `{"at", "direction", "frame", "note"}`, line by line, so that a crash loses nothing."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a", encoding="utf-8", newline="\n", buffering=1)
        except OSError as error:
            raise ConfigError(setting=f"--trace {path}", why=str(error)) from error

    def __call__(self, frame: Traced) -> None:
        record = {
            "at": instant(frame.at).isoformat(timespec="microseconds"),
            "direction": "out" if frame.outgoing else "in",
            "frame": frame.frame,
            "note": frame.note.value,
        }
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
