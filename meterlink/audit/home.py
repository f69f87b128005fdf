"""Where the sealed logs of this user lie, and which one is in use.

<base>/<8 hex>      a log, named by the last part of its origin
<base>/current      one line: the name of the log in use; written only after that log has its first record
<base>/init.lock    empty; keeps apart two programs that would make a log at once

METERLINK_HOME moves everything: the logs to `<home>/audit`, what remembers their heads to `<home>/state`. Without it
logs lie in the user's data folder, and heads in the key ring, or in the user's state folder where there is none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from meterlink.audit.condition import name_log, telling_unreadable
from meterlink.audit.folder import LogFolder
from meterlink.audit.folder_rules import refuse_folder
from meterlink.audit.fsio import Disk, Files, write_new_file
from meterlink.audit.place import LOCK_TIMEOUT_S, LogPlace, holding
from meterlink.audit.refusals import Refusals
from meterlink.audit.run import Run
from meterlink.audit.second_head import HeadFile, SecondHead, working_key_ring
from meterlink.audit.segments import PAIR_LIMIT
from meterlink.audit.store import SealedLog, create_log
from meterlink.errors import (
    AuditError,
    LogGoneError,
    LogUnnamedError,
    MeterBusyError,
    NoLogError,
    StateFolderError,
    told_os_error,
)

POINTER: Final = "current"
INIT_LOCK: Final = "init.lock"

_PROGRAM: Final = "meterlink"
_NONE: Final = "none"
_WHY: Final = {
    "making": "another meterlink is just making a log there",
    "disk": "{folder}: {error}",
}
_ADVICE: Final = {
    "making": "Wait until it is done, then look with `meterlink audit status`.",
    "disk": "See to the rights on that folder, and to the room and the health of that disk.",
}
_refused: Final = Refusals(_WHY, _ADVICE)
_is_log: Final = re.compile(r"[0-9a-f]{8}").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHome:
    """The logs of one user. `state` is where heads are remembered that no key ring holds."""

    files: Files
    base: Path
    state: Path
    second_heads: Sequence[SecondHead] = ()
    lock_timeout_s: float = LOCK_TIMEOUT_S

    def place(self, name: str) -> LogPlace:
        """A log by the name of its folder, whether it is there or not."""
        return self.at(self.base / name)

    def at(self, folder: Path) -> LogPlace:
        """A log in any folder; the same places remember its head."""
        return LogPlace(
            files=self.files,
            folder=LogFolder(folder),
            second_heads=self.second_heads,
            lock_timeout_s=self.lock_timeout_s,
        )

    def logs(self) -> list[str]:
        """The names of all logs here."""
        return [name for name in self.files.names(self.base) if _is_log(name) and self._has_records(name)]

    def current(self) -> LogPlace:
        """The log in use, for reading. NoLogError where there is none, LogGoneError where its records are gone."""
        with telling_unreadable(self.base):
            return self._current()

    def _current(self) -> LogPlace:
        name = self._named()
        if name is not None:
            place = self.place(name)
            if not self._has_records(name):
                others = ", ".join(self.logs()) or _NONE
                pointer = str(self.base / POINTER)
                raise LogGoneError(log=name, folder=str(place.folder.path), pointer=pointer, others=others)
            return place
        logs = self.logs()
        if not logs:
            raise NoLogError(folder=str(self.base))
        if len(logs) > 1:
            raise LogUnnamedError(folder=str(self.base), count=len(logs), names=", ".join(logs))
        return self.place(logs[0])  # a crash came between the log and its name, or the name was removed

    def refuse_place(self) -> None:
        """AuditNotWritableError where no log may be written."""
        refuse_folder(self.base)

    def open(self, run: Run) -> SealedLog:
        """The log in use, for writing; what is refused: see SealedLog.open and folder_rules."""
        place = self.current()
        self.refuse_place()
        try:
            with telling_unreadable(place.folder.path):
                return SealedLog.open(place, run)
        except AuditError as error:
            name_log(error, place)
            raise

    @contextmanager
    def making(self) -> Iterator[None]:
        """Alone in the making of logs, from looking for an old one until the new one is in use."""
        with holding(
            lambda: self._lock(self.base, INIT_LOCK, self.lock_timeout_s),
            busy=lambda: _refused(str(self.base), "making"),
            failed=lambda why: _refused(str(self.base), "disk", folder=self.base, error=why),
        ):
            yield

    @contextmanager
    def alone_with(self, serial_number: str) -> Iterator[None]:
        """Alone in a work at this meter, whatever port it is reached by; MeterBusyError where another run is there."""
        name = hashlib.sha256(serial_number.encode()).hexdigest()[:16]
        with holding(
            lambda: self._lock(self.state, f"{name}.work", 0),
            busy=lambda: MeterBusyError(serial_number=serial_number),
            failed=lambda why: StateFolderError(folder=str(self.state), why=why),
        ):
            yield

    def _lock(self, folder: Path, name: str, timeout_s: float) -> AbstractContextManager[object]:
        self.files.make_folder(folder)
        return self.files.lock(folder / name, timeout_s)

    def create(self, run: Run, domain: str, facts: dict[str, Any]) -> SealedLog:
        """A new log, which is from then on the one in use. Whether it may replace another is the caller's question."""
        self.refuse_place()
        log = create_log(self.at(self.base), run, domain, facts)
        name = log.origin.rpartition("/")[2]
        try:
            write_new_file(self.files, self.base / POINTER, f"{name}\n".encode())
        except OSError as error:
            raise _refused(log.origin, "disk", folder=self.base / POINTER, error=told_os_error(error)) from error
        return log

    def _named(self) -> str | None:
        pointer = self.base / POINTER
        if self.files.size(pointer) is None:
            return None
        name = self.files.read(pointer).decode("utf-8", "replace").strip()
        return name if _is_log(name) else None

    def _has_records(self, name: str) -> bool:
        """Whether there is more than the half record of a crash while the log was made."""
        log = self.place(name).bytes()
        with telling_unreadable(self.place(name).folder.path):
            return any(log.size(each) > PAIR_LIMIT or log.read(each).count(b"\n") > 1 for each in log.names())


def find_home(chosen: Path | None) -> AuditHome:
    """The logs of this user; `chosen` is METERLINK_HOME."""
    files = Disk()
    if chosen is not None:
        chosen = chosen.absolute()
        state = chosen / "state"
        heads: list[SecondHead] = [HeadFile(files, state)]
        base = chosen / "audit"
    else:
        import platformdirs

        base = platformdirs.user_data_path(_PROGRAM, appauthor=False, roaming=False) / "audit"
        state = platformdirs.user_state_path(_PROGRAM, appauthor=False) / "heads"
        heads = [working_key_ring() or HeadFile(files, state)]
    return AuditHome(files=files, base=base, state=state, second_heads=heads, lock_timeout_s=LOCK_TIMEOUT_S)
