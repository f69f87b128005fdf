"""Serial ports over pyserial, local and RFC 2217."""

from __future__ import annotations

import errno
import sys
import time
from typing import Final

import serial

from meterlink.errors import LinkLostError, PortAccessError, PortBusyError, PortError, PortMissingError
from meterlink.link.cause import cause
from meterlink.link.port import PortKind, PortUrl, RealPort
from meterlink.wire.line import Line

_POLL_S: Final = 0.001
"""Asking the driver what has come costs little; its own timed reads cannot be changed per call on every platform."""

_WRITE_TIMEOUT_S: Final = 5.0

_CUT: Final = "only {written} of {size} bytes were taken"


class SerialPort(RealPort):
    """An open serial port. Times come from a steady clock; the end of a write is computed from the speed."""

    def __init__(self, device: serial.Serial, line: Line, name: str) -> None:
        super().__init__(name)
        self._device = device
        self._line = line
        self._out_at = 0.0

    def write(self, data: bytes) -> float:
        begins = max(self.now(), self._out_at)
        try:
            written = self._device.write(data)
        except (OSError, serial.SerialException) as error:
            raise self._lost(error) from error
        if written is not None and written < len(data):  # Windows tells so when a write was broken off
            raise LinkLostError(port=self._name, why=_CUT.format(written=written, size=len(data)))
        self._out_at = max(self.now(), begins + len(data) * self._line.char_s)
        return self._out_at

    def read(self, until: float) -> bytes:
        try:
            while not (waiting := self._device.in_waiting):
                left_s = until - self.now()
                if left_s <= 0:
                    return b""
                time.sleep(min(_POLL_S, left_s))
            return bytes(self._device.read(waiting))
        except (OSError, serial.SerialException) as error:
            raise self._lost(error) from error

    def set_line(self, line: Line) -> None:
        time.sleep(max(0.0, self._out_at - self.now()))
        try:
            self._device.apply_settings(_settings(line))
        except (OSError, ValueError, serial.SerialException) as error:
            raise PortError(port=self._name, why=f"it cannot be set to {line}: {error}") from error
        self._line = line

    def close(self) -> None:
        self._device.close()

    def _lost(self, error: Exception) -> LinkLostError:
        return LinkLostError(port=self._name, why=cause(error))


def open_serial(url: PortUrl, line: Line) -> SerialPort:
    """Open for ourselves alone; PortMissingError, PortBusyError, PortAccessError or PortError otherwise."""
    remote = url.kind is PortKind.RFC2217
    try:
        device = serial.serial_for_url(f"rfc2217://{url.place}" if remote else url.place, do_not_open=True)
        device.apply_settings(_settings(line))
        device.timeout = 0
        if not remote:  # a connection is ours alone anyway, and pyserial's has no time-out for writing
            device.exclusive = True
            device.write_timeout = _WRITE_TIMEOUT_S
        device.open()
    except (OSError, ValueError, serial.SerialException) as error:
        raise _why_not_open(url.text, error) from error
    return SerialPort(device, line, url.text)


def _settings(line: Line) -> dict[str, object]:
    return {
        "baudrate": line.baud,
        "bytesize": line.data_bits,
        "parity": line.parity,
        "stopbits": line.stop_bits,
    }


_MISSING: Final = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT}
_BUSY: Final = {errno.EBUSY, errno.EAGAIN}


def _why_not_open(port: str, error: Exception) -> PortError:
    """pyserial tells the cause in errno, in the exception behind its own, or on Windows only in that one's words."""
    words = str(error)
    numbers = {getattr(error, "errno", None), getattr(error.__context__, "errno", None)}
    if numbers & _MISSING or "FileNotFoundError" in words:
        return PortMissingError(port=port, why=cause(error))
    if numbers & _BUSY or "Could not exclusively lock" in words:
        return PortBusyError(port=port, why=cause(error))
    if errno.EACCES in numbers or "PermissionError" in words:
        # Windows has no rights on ports: "access denied" means that another program holds it.
        return (PortBusyError if sys.platform == "win32" else PortAccessError)(port=port, why=cause(error))
    return PortError(port=port, why=cause(error))
