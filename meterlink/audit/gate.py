"""The log's side of the gate: no frame that can change a meter leaves before the record announcing it is durable.

`LogGate` is handed to the link as the gate of one piece of work (`flow.py`). An announcement becomes intent records of
at most 64 frames, all of them durable before the first frame; each outcome becomes one record before the flow goes on.
While an earlier write to the same meter is in doubt, nothing new is announced.

Frames come masked from the Exchange; passwords and their checksums never reach this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meterlink.audit.canonical import encode_canonical, in_record
from meterlink.audit.record import FRAMES_PER_RECORD, Entry
from meterlink.audit.store import SealedLog
from meterlink.errors import LocalProtocolError
from meterlink.flow import Announcement, Change, Fate, Outcome

RESULTS: Final[Mapping[Fate, str]] = {
    Fate.ANSWERED: "ok",
    Fate.REFUSED: "refused",
    Fate.NO_ANSWER: "no-answer",
    Fate.DAMAGED: "damaged",
    Fate.NOT_SENT: "not-sent",
}
_PART_BYTES: Final = 24_000
"""Of a record, for its frames; the rest is room for its other fields."""
_LONGEST_TEXT: Final = 1_000
"""Characters of one text beside a frame."""
_WHY: Final = "an outcome came for frame {index} of {operation!r}, which was never announced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Whose work at which meter the announcements belong to, and why they may be made."""

    family: str
    serial_number: str
    why: str
    confirmed_by: str
    confirmed_how: str
    work: str | None = None
    actor: str | None = None


class LogGate:
    """A gate that makes announcements and outcomes durable in a log; raises what the log raises."""

    def __init__(self, log: SealedLog, errand: Errand) -> None:
        self._log = log
        self._errand = errand
        self._intents: list[int] = []
        """For each frame announced last, the record that lists it."""

    def __call__(self, entry: Announcement | Outcome) -> None:
        if isinstance(entry, Announcement):
            self._announce(entry)
        else:
            self._tell(entry)

    def verified(self, found: Mapping[int, tuple[str, bool]]) -> None:
        """Record what the meter holds after the announcement: by frame, what was found and whether it is what was
        wanted. A record of frames that all stand as wanted is one record."""
        for of in dict.fromkeys(self._intents):
            listed = [i for i, intent in enumerate(self._intents) if intent == of]
            if all(found.get(i, ("", False))[1] for i in listed):
                d = {"of": of, "found": _told("; ".join(dict.fromkeys(found[i][0] for i in listed))), "same": True}
                self._log.append(self._entry("verify", d))
                continue
            for i in listed:
                if i in found:
                    d = {"of": of, "i": i, "found": _told(found[i][0]), "same": found[i][1]}
                    self._log.append(self._entry("verify", d))

    def _announce(self, announcement: Announcement) -> None:
        self._intents = []
        parts = frames_in_parts(self._frames(announcement))
        intents = [
            self._entry("intent", self._intent(announcement, number, len(parts), frames))
            for number, frames in enumerate(parts, 1)
        ]
        indexes = self._log.announce(intents, self._errand.serial_number)
        self._intents = [index for index, frames in zip(indexes, parts, strict=True) for _ in frames]

    def _intent(
        self, announcement: Announcement, part: int, parts: int, frames: list[dict[str, Any]]
    ) -> dict[str, Any]:
        errand = self._errand
        return {
            "operation": announcement.operation,
            "why": errand.why,
            "meter": {"family": errand.family, "serial_number": errand.serial_number},
            "part": part,
            "parts": parts,
            "confirmed": {"by": errand.confirmed_by, "how": errand.confirmed_how},
            "frames": frames,
        }

    def _frames(self, announcement: Announcement) -> list[dict[str, Any]]:
        about = announcement.changes or (None,) * len(announcement.frames)
        return [
            {"i": i, "bytes": frame} | ({} if change is None else _facts(change))
            for i, (frame, change) in enumerate(zip(announcement.frames, about, strict=True))
        ]

    def _tell(self, outcome: Outcome) -> None:
        if outcome.index >= len(self._intents):
            raise LocalProtocolError(why=_WHY.format(index=outcome.index, operation=outcome.operation))
        d: dict[str, Any] = {"of": self._intents[outcome.index], "i": outcome.index, "result": RESULTS[outcome.fate]}
        d |= {"reply": outcome.reply} if outcome.reply is not None else {}
        d |= {"detail": _told(outcome.detail)} if outcome.detail else {}
        self._log.append(self._entry("outcome", d))

    def _entry(self, type_: str, d: Mapping[str, Any]) -> Entry:
        return Entry(type=type_, d=d, work=self._errand.work, actor=self._errand.actor)


def _facts(change: Change) -> dict[str, str]:
    """For the record: what is not known is left out."""
    found = {"parameter": change.parameter, "old": change.old, "new": change.new}
    return {key: _told(value) for key, value in found.items() if value is not None}


def frames_in_parts(frames: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Frames, as many together as one record holds; one empty part where there are none."""
    parts: list[list[dict[str, Any]]] = [[]]
    room = _PART_BYTES
    for frame in frames:
        need = len(encode_canonical(frame)) + 1
        if len(parts[-1]) == FRAMES_PER_RECORD or (parts[-1] and need > room):
            parts.append([])
            room = _PART_BYTES
        parts[-1].append(frame)
        room -= need
    return parts


def _told(text: str) -> str:
    """A text of the system or of the meter as a record may hold it: an outcome is never lost for its words."""
    return in_record(text)[:_LONGEST_TEXT]
