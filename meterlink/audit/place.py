"""Where a log is and what it may use: its folder, the disk below it, the lock, the places that remember its head."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import Files
from meterlink.audit.refusals import Refusals
from meterlink.audit.second_head import SecondHead
from meterlink.audit.segments import SEGMENT_BYTES
from meterlink.errors import MeterlinkError, told_os_error

LOCK_TIMEOUT_S: Final = 10.0

_WHY: Final = {
    "lock": "another meterlink has held its lock for {seconds:.0f} s{who}",
    "who": " (the last record is of run {run})",
    "no lock": "its folder cannot be locked: {error}",
    "disk": "its disk does not do what it should: {error}",
}
_ADVICE: Final = {
    "disk": "See to the rights and the health of that disk, then run the same command again.",
    "lock": "Wait until the other run is done, or end it, then run the same command again.",
    "no lock": "See to the rights on that folder; a log lies on a disk of this computer, never on a network share.",
}
_refused: Final = Refusals(_WHY, _ADVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """Tests give smaller segments and another disk."""

    files: Files
    folder: LogFolder
    second_heads: Sequence[SecondHead] = ()
    segment_bytes: int = SEGMENT_BYTES
    lock_timeout_s: float = LOCK_TIMEOUT_S

    def bytes(self) -> FolderBytes:
        """The segments, as they are whenever they are read."""
        return FolderBytes(self.files, self.folder)

    def bytes_now(self) -> FolderBytes:
        """The segments as long as they are now, whatever is appended while they are read."""
        now = self.bytes()
        return FolderBytes(self.files, self.folder, {name: now.size(name) for name in now.names()})

    def forget_hint(self) -> None:
        """Make the next opening read the log whole; a folder that may not be written keeps its hint."""
        with suppress(OSError):
            self.files.remove(self.folder.cache)

    def within(self, folder: LogFolder) -> LogPlace:
        """The same for another folder."""
        return replace(self, folder=folder)

    @contextmanager
    def locked(self, last_run: str = "") -> Iterator[None]:
        """Alone with the log; AuditNotWritableError when another process does not let go."""
        name = str(self.folder.path)
        who = _WHY["who"].format(run=last_run) if last_run else ""
        try:
            with holding(
                lambda: self.files.lock(self.folder.lock, self.lock_timeout_s),
                busy=lambda: _refused(name, "lock", seconds=self.lock_timeout_s, who=who),
                failed=lambda why: _refused(name, "no lock", error=why),
            ):
                yield
        except OSError as error:
            raise _refused(name, "disk", error=told_os_error(error)) from error


@contextmanager
def holding(
    take: Callable[[], AbstractContextManager[object]],
    *,
    busy: Callable[[], MeterlinkError],
    failed: Callable[[str], MeterlinkError],
) -> Iterator[None]:
    """Alone while a lock is held. `busy` is raised where another run holds it, `failed` with the reason where there can
    be no lock."""
    with ExitStack() as stack:
        try:
            stack.enter_context(take())
        except TimeoutError as error:
            raise busy() from error
        except (OSError, NotImplementedError) as error:
            raise failed(_reason(error)) from error
        yield


def _reason(error: OSError | NotImplementedError) -> str:
    return told_os_error(error) if isinstance(error, OSError) else str(error)
