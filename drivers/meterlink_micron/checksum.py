"""The two checksums of the family: CRC-16/MODBUS, and the one byte KS of meters older than it.

KS  FFh xor every byte; a frame with it is one byte shorter. SET-4TM.01, and SET-4TM.02 below V23.
Source: docs/protocols/micron.md, 4.1 and 4.2.
"""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from operator import xor

from meterlink.wire.checksums import crc16_modbus_ok, with_crc16_modbus


class Check(StrEnum):
    """How a frame ends."""

    CRC = "crc"
    KS = "ks"

    @property
    def size(self) -> int:
        return 2 if self is Check.CRC else 1

    def sealed(self, body: bytes) -> bytes:
        """The frame of a body."""
        return with_crc16_modbus(body) if self is Check.CRC else body + bytes([_ks(body)])

    def holds(self, frame: bytes) -> bool:
        """Whether the frame has something to check, and its checksum is right."""
        if self is Check.CRC:
            return crc16_modbus_ok(frame)
        return len(frame) > 1 and _ks(frame[:-1]) == frame[-1]


def _ks(body: bytes) -> int:
    return reduce(xor, body, 0xFF)
