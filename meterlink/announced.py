"""The writes of one announcement and what became of each: the gate is asked first, and told after every frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from meterlink.errors import LocalProtocolError
from meterlink.flow import Announce, Announcement, Fate, Gate, Outcome
from meterlink.wire.request import Request

_INTERRUPTED = "interrupted while waiting for the answer"


class Announced:
    """At most one announcement is open. Every frame of it ends in exactly one outcome that the gate has taken."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._requests: list[Request[Any]] = []
        self._outcomes: list[Outcome] = []  # of the same frames; each begins as "not sent"

    def open(self, step: Announce) -> None:
        """Make an announcement durable; what an earlier one left over is recorded first."""
        self.close()
        if not all(request.changes_meter for request in step.requests):
            raise LocalProtocolError(why=f"{step.operation!r} announces a request that changes nothing")
        if step.changes and len(step.changes) != len(step.requests):
            raise LocalProtocolError(why=f"{step.operation!r} does not say of each frame what it is about")
        frames = tuple(request.masked() for request in step.requests)
        self._gate(Announcement(operation=step.operation, frames=frames, changes=step.changes))
        self._requests = list(step.requests)
        self._outcomes = [
            Outcome(operation=step.operation, index=index, frame=frame, fate=Fate.NOT_SENT)
            for index, frame in enumerate(frames)
        ]

    def is_next(self, request: Request[Any]) -> bool:
        """Whether this write may leave now."""
        return bool(self._requests) and self._requests[0] == request

    def leaves(self) -> None:
        """The next frame is on its way; until its outcome is known its fate is not."""
        self._outcomes[0] = replace(self._outcomes[0], fate=Fate.NO_ANSWER, detail=_INTERRUPTED)

    def settle(self, fate: Fate, reply: str | None, detail: str) -> None:
        """The fate of the frame that left, or that was to leave."""
        self._outcomes[0] = replace(self._outcomes[0], fate=fate, reply=reply, detail=detail)
        self._hand_over()

    def close(self) -> None:
        """Record what is still open; the first failure of the gate is raised, after the others had their turn.

        A gate that fails twice running is asked no more, as each time it may wait long: the rest is in doubt.
        """
        failure: Exception | None = None
        failed_before = False
        while self._outcomes:
            try:
                self._hand_over()
                failed_before = False
            except Exception as error:  # noqa: BLE001  # raised below
                failure = failure or error
                if failed_before:
                    self._outcomes, self._requests = [], []
                    break
                failed_before = True
                self._forget_head()
        if failure is not None:
            raise failure

    def _hand_over(self) -> None:
        # An outcome leaves the list only after the gate has taken it: a failed gate is asked again on close.
        self._gate(self._outcomes[0])
        self._forget_head()

    def _forget_head(self) -> None:
        del self._outcomes[0], self._requests[0]
