"""Framers of the family: both sides go by the length of the command, then by silence."""

from __future__ import annotations

from meterlink.wire.framer import CommandFramer, ReplyFramer
from meterlink_micron.checksum import Check
from meterlink_micron.messages import request_sizes


def reply_framer(check: Check) -> ReplyFramer:
    """For the asking side."""
    return ReplyFramer(check.holds)


def command_framer(check: Check) -> CommandFramer:
    """For a simulated meter. Where a command has several lengths a silence decides."""

    def size_of(begin: bytes) -> int | None:
        sizes = tuple(request_sizes(begin, check))
        return sizes[0] if len(sizes) == 1 else None

    return CommandFramer(check.holds, size_of)
