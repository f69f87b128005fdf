"""What a port is to the runners, and how a port is written as a URL."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

from meterlink.context import EchoMode
from meterlink.errors import PortUrlError
from meterlink.wire.line import Line

C = TypeVar("C")


class Port(Protocol):
    """A port owns its clock: `now` is in seconds since 1970 UTC and never goes back while the port is open.

    Every call may raise LinkLostError.
    """

    @property
    def name(self) -> str: ...

    def now(self) -> float: ...

    def write(self, data: bytes) -> float:
        """Send; returns the moment at which the last byte is out, which may be a little ahead."""

    def read(self, until: float) -> bytes:
        """What is there, as soon as anything is; b"" when nothing came until `until`."""

    def set_line(self, line: Line) -> None:
        """New speed and format, from the moment the bytes written so far are out."""

    def close(self) -> None: ...


class PortKind(StrEnum):
    SERIAL = "serial"
    TCP = "tcp"
    RFC2217 = "rfc2217"
    SIM = "sim"


class ParityMode(StrEnum):
    """Who makes the even parity of a meter of seven bits: the line, software over eight bits, or whichever works."""

    LINE = "line"
    SOFT = "soft"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortTiming:
    """What a kind of port does to frames: the longest pause inside one, and the delay it adds to every reply."""

    gap_s: float
    latency_s: float


PORT_TIMING: Final[Mapping[PortKind, PortTiming]] = {
    # A USB adapter hands bytes on every 16 ms and may stall once; a gateway may split a frame at any place.
    PortKind.SERIAL: PortTiming(gap_s=0.05, latency_s=0.05),
    PortKind.SIM: PortTiming(gap_s=0.05, latency_s=0.05),
    PortKind.TCP: PortTiming(gap_s=1.0, latency_s=1.0),
    PortKind.RFC2217: PortTiming(gap_s=1.0, latency_s=1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortUrl:
    """A port as people write it. `place` is the device, `host:port` or the simulated model.

    `framing` is how a gateway wants frames wrapped; which there are depends on the family.
    """

    text: str
    kind: PortKind
    place: str
    baud: int | None = None
    form: str | None = None
    echo: EchoMode = EchoMode.AUTO
    latency_s: float | None = None
    parity: ParityMode = ParityMode.LINE
    framing: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def line(self, usual: Line) -> Line:
        """The meter's usual line, with what the URL says instead."""
        return Line.parse(self.baud or usual.baud, self.form or usual.form)

    @property
    def timing(self) -> PortTiming:
        usual = PORT_TIMING[self.kind]
        return usual if self.latency_s is None else replace(usual, latency_s=self.latency_s)


_WHY: Final = {
    "empty": "it is empty",
    "scheme": "the kind {scheme!r} is not known",
    "option": "the option {key!r} is not known; known are {known}",
    "twice": "the option {key!r} stands twice",
    "baud": "baud must be a whole number",
    "latency_s": "latency_s must be seconds between 0 and 60",
    "echo": "echo is auto or off",
    "parity": "parity is line, soft or auto",
    "framing": "framing is for tcp: and sim: ports; here frames go as they are",
    "secret": "it holds a user or a password, which no port here needs",
    "host": "it needs a host and a port number, as in tcp://192.168.1.5:4001",
}

_LINE_OPTIONS: Final = ("baud", "format", "echo", "latency_s", "parity", "framing")
_SIM_OPTIONS: Final = (
    "at",
    "address",
    "clock_error_s",
    "dst",
    "energy_kwh",
    "fault",
    "load_w",
    "schedule",
    "seed",
    "serial",
    "utc",
)
_SCHEMES: Final = {"tcp": PortKind.TCP, "rfc2217": PortKind.RFC2217, "sim": PortKind.SIM}


def parse_port(text: str) -> PortUrl:
    """`COM3`, `/dev/ttyUSB0?baud=1200`, `tcp://host:port`, `rfc2217://host:port`, `sim:MODEL?seed=7`."""
    place, _, query = text.partition("?")
    if not place.strip():
        raise _bad(text, "empty")
    kind, place = _kind_and_place(text, place)
    options = _options(text, query, _LINE_OPTIONS + (_SIM_OPTIONS if kind is PortKind.SIM else ()))
    if "framing" in options and kind in (PortKind.SERIAL, PortKind.RFC2217):
        raise _bad(text, "framing")
    baud = _converted(text, options, "baud", int)
    form = options.get("format")
    try:
        Line.parse(9600 if baud is None else baud, form or "8N1")
    except ValueError as error:
        raise PortUrlError(setting=text, why=str(error)) from None
    rest = {key: value for key, value in options.items() if key not in _LINE_OPTIONS}
    return PortUrl(
        text=text,
        kind=kind,
        place=place,
        baud=baud,
        form=form,
        echo=_converted(text, options, "echo", EchoMode) or EchoMode.AUTO,
        latency_s=_converted(text, options, "latency_s", _latency),
        parity=_converted(text, options, "parity", ParityMode) or ParityMode.LINE,
        framing=options.get("framing"),
        options=rest,
    )


def _latency(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 60:
        raise ValueError(text)
    return seconds


def _converted(text: str, options: Mapping[str, str], key: str, convert: Callable[[str], C]) -> C | None:
    try:
        return convert(options[key]) if key in options else None
    except ValueError:
        raise _bad(text, key) from None


def _kind_and_place(text: str, place: str) -> tuple[PortKind, str]:
    url = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]+):(.*)", place)
    if url is None:  # a device; the names of some hold colons
        return PortKind.SERIAL, place
    scheme, rest = url.groups()
    kind = _SCHEMES.get(scheme.lower())
    if kind is None:
        raise _bad(text, "scheme", scheme=scheme)
    if kind is PortKind.SIM:
        return kind, rest.removeprefix("//")
    try:
        parts = urlsplit(place)
        host, number = parts.hostname, parts.port
        secret = parts.username is not None or parts.password is not None
    except ValueError:
        host, number, secret = None, None, "@" in place
    if secret:
        raise _bad(f"{scheme}://***", "secret")
    if not host or number is None:
        raise _bad(text, "host")
    return kind, f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


def _options(text: str, query: str, known: tuple[str, ...]) -> dict[str, str]:
    options: dict[str, str] = {}
    for key, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True):
        if key not in known:
            raise _bad(text, "option", key=key, known=", ".join(known))
        if key in options and key != "fault":
            raise _bad(text, "twice", key=key)
        options[key] = f"{options[key]};{value}" if key in options else value
    return options


def _bad(text: str, why: str, **facts: str) -> PortUrlError:
    return PortUrlError(setting=text, why=_WHY[why].format(**facts))


class RealPort:
    """What every port in real time has: its name, and a clock of its own that starts when it is opened."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._clock = SteadyClock()

    @property
    def name(self) -> str:
        return self._name

    def now(self) -> float:
        return self._clock.now()


class SteadyClock:
    """Seconds since 1970 UTC that never go back: the computer's clock at the start, a monotonic one from then on."""

    def __init__(self) -> None:
        self._offset = time.time() - time.perf_counter()

    def now(self) -> float:
        return time.perf_counter() + self._offset
