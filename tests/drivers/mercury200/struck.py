"""A wire on which one named exchange with a Mercury 200 goes wrong."""

from __future__ import annotations

from meterlink_mercury200.messages import COMMANDS, readdressed
from tests.drivers import struck
from tests.drivers.struck import HEARD, Blow

__all__ = ["HEARD", "Blow", "Struck", "is_write"]


def is_write(frame: bytes) -> bool:
    """Whether a frame can change the meter."""
    return len(frame) > 4 and COMMANDS[frame[4]].writes


class Struck(struck.Struck):
    """Strikes the write of this number, from 0, or the read that comes next after it."""

    def is_write(self, frame: bytes) -> bool:
        return is_write(frame)

    def readdressed(self, frame: bytes) -> bytes:
        return readdressed(frame)
