"""The serial ports of this computer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPortInfo:
    """A port as the system describes it."""

    device: str
    description: str
    hwid: str


def serial_ports() -> list[SerialPortInfo]:
    """What the system lists, by device; nothing is opened."""
    from serial.tools.list_ports import comports

    found = sorted(comports(), key=lambda port: port.device)
    return [SerialPortInfo(device=port.device, description=port.description, hwid=port.hwid) for port in found]
