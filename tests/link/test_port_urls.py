"""Ports as people write them."""

from __future__ import annotations

import pytest

from meterlink.context import EchoMode
from meterlink.errors import PortUrlError
from meterlink.link.port import PORT_TIMING, PortKind, parse_port
from meterlink.wire.line import Line

GOOD = [
    ("COM3", PortKind.SERIAL, "COM3", "9600 8N1"),
    ("com12?baud=1200", PortKind.SERIAL, "com12", "1200 8N1"),
    (r"\\.\COM12", PortKind.SERIAL, r"\\.\COM12", "9600 8N1"),
    ("/dev/ttyUSB0", PortKind.SERIAL, "/dev/ttyUSB0", "9600 8N1"),
    ("/dev/ttyUSB0?baud=300&format=7e1", PortKind.SERIAL, "/dev/ttyUSB0", "300 7E1"),
    ("/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0", PortKind.SERIAL, None, "9600 8N1"),
    ("tcp://192.168.1.5:4001", PortKind.TCP, "192.168.1.5:4001", "9600 8N1"),
    ("tcp://[::1]:4001", PortKind.TCP, "[::1]:4001", "9600 8N1"),
    ("rfc2217://gateway:2217?format=8O1", PortKind.RFC2217, "gateway:2217", "9600 8O1"),
    ("sim:mercury-200.02", PortKind.SIM, "mercury-200.02", "9600 8N1"),
    ("SIM:mercury-206?seed=7", PortKind.SIM, "mercury-206", "9600 8N1"),
]

BAD = [
    ("", "it is empty"),
    ("?baud=9600", "it is empty"),
    ("usb://3", "the kind 'usb' is not known"),
    ("tcp://", "it needs a host and a port number"),
    ("tcp://host", "it needs a host and a port number"),
    ("tcp://host:99999", "it needs a host and a port number"),
    ("COM3?speed=9600", "the option 'speed' is not known; known are baud, format, echo, latency_s"),
    ("COM3?seed=7", "the option 'seed' is not known"),
    ("COM3?baud=fast", "baud must be a whole number"),
    ("COM3?baud=0", "0 baud is not a speed"),
    ("COM3?baud=1", "1 baud is not a speed"),
    ("COM3?baud=9600&baud=300", "the option 'baud' stands twice"),
    ("COM3?format=9N1", "'9N1' is not a character format"),
    ("COM3?echo=maybe", "echo is auto or off"),
    ("COM3?framing=modbus-tcp", "here frames go as they are"),
    ("rfc2217://host:4001?framing=modbus-tcp", "here frames go as they are"),
    ("COM3?latency_s=-1", "latency_s must be seconds between 0 and 60"),
    ("COM3?latency_s=nan", "latency_s must be seconds between 0 and 60"),
]


@pytest.mark.parametrize(("text", "kind", "place", "line"), GOOD, ids=[text for text, *_ in GOOD])
def test_a_port_is_understood(text: str, kind: PortKind, place: str | None, line: str) -> None:
    url = parse_port(text)
    assert (url.kind, url.place, str(url.line(Line()))) == (kind, place or text, line)


@pytest.mark.parametrize(("text", "why"), BAD, ids=[text for text, _ in BAD])
def test_what_is_no_port_says_why_and_how_ports_are_written(text: str, why: str) -> None:
    with pytest.raises(PortUrlError) as caught:
        parse_port(text)
    assert why in str(caught.value)
    assert caught.value.exit_code == 2
    assert "tcp://host:port" in caught.value.hint


def test_options_say_how_the_line_is() -> None:
    url = parse_port("tcp://gsm:4001?echo=off&latency_s=4.5")
    assert url.echo is EchoMode.OFF
    assert (url.timing.latency_s, url.timing.gap_s) == (4.5, PORT_TIMING[PortKind.TCP].gap_s)


def test_several_faults_of_a_simulated_line_are_kept() -> None:
    url = parse_port("sim:mercury-200.02?fault=echo&fault=late:0.2,delay=0.8&at=2025-07-21T14:05:09+03:00")
    assert url.options == {"fault": "echo;late:0.2,delay=0.8", "at": "2025-07-21T14:05:09+03:00"}


@pytest.mark.parametrize("text", ["tcp://user:secret@host:4001", "rfc2217://user:secret@host", "tcp://secret@host:x"])
def test_a_password_in_a_port_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(PortUrlError, match="holds a user or a password") as caught:
        parse_port(text)
    assert "secret" not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_a_port_says_how_frames_are_wrapped_and_nothing_else_is_told_by_it() -> None:
    assert parse_port("tcp://192.168.1.5:502?framing=modbus-tcp").framing == "modbus-tcp"
    assert parse_port("sim:or-we-517?framing=modbus-tcp&seed=7").options == {"seed": "7"}
    assert parse_port("tcp://192.168.1.5:502").framing is None
