"""Opens a port by its URL. Heavy libraries are imported only for the kind of port that needs them."""

from __future__ import annotations

from datetime import datetime

from meterlink.errors import PortUrlError
from meterlink.link.dialogue import MakeWire
from meterlink.link.parity import SoftParityPort
from meterlink.link.port import ParityMode, Port, PortKind, PortUrl, SteadyClock
from meterlink.wire.line import Line

_NOT_A_MOMENT = "at must be a moment from 1991 to 2088 with its zone, such as 2025-07-21T14:05:09+03:00"
_YEARS = range(1991, 2089)
"""Meters store two digits: 1990 to 2089. A year on both sides is left to clocks that are wrong."""


def _beginning(url: PortUrl) -> float:
    """When the simulated world begins: at the moment the URL names, else now."""
    if "at" not in url.options:
        return SteadyClock().now()
    try:
        moment = datetime.fromisoformat(url.options["at"])
    except ValueError:
        raise PortUrlError(setting=url.text, why=_NOT_A_MOMENT) from None
    if moment.tzinfo is None or moment.year not in _YEARS:
        raise PortUrlError(setting=url.text, why=_NOT_A_MOMENT)
    return moment.timestamp()


def open_port(url: PortUrl, usual: Line, make_wire: MakeWire) -> Port:
    """The open port. `usual` is the meter's line where the URL says nothing else; `make_wire` serves `sim:` URLs.

    With `parity=soft` the device is opened with eight bits and the parity of a seven-bit line is made here; with `auto`
    whoever opened tries the line's first, then `in_software`.
    """
    line = url.line(usual)
    if url.parity is ParityMode.SOFT and line.has_even_seven_bits:
        return SoftParityPort(_open(url, line.in_eight_bits, make_wire))
    return _open(url, line, make_wire)


def in_software(port: Port, line: Line) -> Port:
    """An open port of this line, with its parity made by software from now on."""
    port.set_line(line.in_eight_bits)
    return SoftParityPort(port)


def _open(url: PortUrl, line: Line, make_wire: MakeWire) -> Port:
    if url.kind is PortKind.SIM:
        from meterlink.link.memory import MemoryPort

        starts_at = _beginning(url)
        return MemoryPort(make_wire(url, line, starts_at), line, starts_at=starts_at, name=url.text)
    if url.kind is PortKind.TCP:
        from meterlink.link.tcp import open_tcp

        return open_tcp(url, line)
    from meterlink.link.serial_port import open_serial

    return open_serial(url, line)
