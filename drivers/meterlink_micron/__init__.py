"""SEB-1TM, SET-4TM, PSCH-3TM/4TM ("Mikron"): a binary protocol with sessions, passwords and a schedule in memory."""

from __future__ import annotations

from meterlink_micron.driver import Micron

DRIVER = Micron()
