"""Checksums of meter protocols, over crcmod."""

from __future__ import annotations

from collections.abc import Callable

import crcmod

crc16_modbus: Callable[[bytes], int] = crcmod.mkCrcFun(0x18005, initCrc=0xFFFF, rev=True, xorOut=0)
"""CRC-16/MODBUS; `crc16_modbus(b"123456789") == 0x4B37`."""


def with_crc16_modbus(body: bytes) -> bytes:
    """`body` and its CRC-16/MODBUS, low byte first."""
    return body + crc16_modbus(body).to_bytes(2, "little")


def crc16_modbus_ok(frame: bytes) -> bool:
    """Whether the last two bytes are the CRC-16/MODBUS of the others, low byte first."""
    return len(frame) > 2 and crc16_modbus(frame) == 0
