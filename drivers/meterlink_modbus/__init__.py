"""Modbus meters with a register map: ORNO OR-WE-517, OR-WE-526, OR-WE-515, and whatever a profile describes."""

from __future__ import annotations

from meterlink_modbus.driver import Modbus

DRIVER = Modbus()
"""The driver object of the family."""
