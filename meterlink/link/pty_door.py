"""A pseudo-terminal as a door. Only for systems that have them; `doors.open_pty_door` guards it."""

from __future__ import annotations

import os
import selectors
import sys
import tty
from collections.abc import Callable

from meterlink.link.doors import CHUNK, Pump
from meterlink.sim.line import VirtualWire
from meterlink.wire.line import Line

assert sys.platform != "win32"  # so that the type checker skips the rest there


class PtyDoor:
    """pyserial opens the far end like any serial port; the system's terminals carry 8 bits without parity only."""

    def __init__(self, wire: VirtualWire, line: Line) -> None:
        self._pump = Pump(wire, line)
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._near, selectors.EVENT_READ)

    @property
    def url(self) -> str:
        return os.ttyname(self._far)

    def serve(self, stop: Callable[[], bool]) -> None:
        # The far end stays open here too, so that the near one does not fail while nobody has it open.
        while not stop():
            for _ in self._selector.select(self._pump.patience_s()):
                self._pump.hear(os.read(self._near, CHUNK))
            for data in self._pump.ready():
                os.write(self._near, data)

    def close(self) -> None:
        self._selector.close()
        os.close(self._near)
        os.close(self._far)
