"""Energomera CE301, CE303, CE102M, CE6850M (IEC 61107 mode C): a text protocol with sign-on, session and password."""

from __future__ import annotations

from meterlink_energomera.driver import Energomera

DRIVER = Energomera()
