"""Mercury 200 family (Incotex Mercury 200.0x, 201.8, 203.2T, 206): the protocol with the 4-byte address."""

from __future__ import annotations

from meterlink_mercury200.driver import Mercury200

DRIVER = Mercury200()
