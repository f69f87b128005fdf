"""Framers of the family: both sides go by the length of the command, then by silence."""

from __future__ import annotations

from meterlink.wire.checksums import crc16_modbus_ok
from meterlink.wire.framer import CommandFramer, ReplyFramer
from meterlink_mercury200.messages import OVERHEAD, request_size


def is_whole(frame: bytes) -> bool:
    """Long enough for address, command and checksum, and the checksum is right."""
    return len(frame) >= OVERHEAD and crc16_modbus_ok(frame)


def reply_framer() -> ReplyFramer:
    """For the asking side."""
    return ReplyFramer(is_whole)


def command_framer() -> CommandFramer:
    """For a simulated meter."""
    return CommandFramer(is_whole, request_size)
