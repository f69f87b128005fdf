"""Real ports that are faked: busy, forbidden, unplugged in the middle of the work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import serial
from pytest_mock import MockerFixture

from tests.cli.program import Ended, run

READ = ("energy", "read", "--port", "/dev/ttyUSB0", "--model", "mercury-200.02", "--address", "925646", "--json")
SERIAL_NUMBER = bytes.fromhex("000E1FCE2F0069AD4E8CED")


class Device:
    """A serial device that answers once and is then unplugged."""

    def __init__(self, opening: Exception | None = None) -> None:
        self._opening = opening
        self._answers = [SERIAL_NUMBER]
        self._waiting = b""

    def apply_settings(self, _settings: object) -> None: ...

    def open(self) -> None:
        if self._opening is not None:
            raise self._opening

    def write(self, _data: bytes) -> None:
        if not self._answers:
            raise serial.SerialException("device reports readiness to read but returned no data")
        self._waiting = self._answers.pop()

    @property
    def in_waiting(self) -> int:
        return len(self._waiting)

    def read(self, _size: int) -> bytes:
        data, self._waiting = self._waiting, b""
        return data

    def close(self) -> None: ...


def read_from(device: Device, mocker: MockerFixture) -> Ended:
    mocker.patch("meterlink.link.serial_port.serial.serial_for_url", return_value=device)
    return run(*READ)


@pytest.mark.parametrize(
    ("opening", "kind"),
    [
        (serial.SerialException(2, "could not open port: No such file or directory"), "PortMissingError"),
        (serial.SerialException(11, "Could not exclusively lock port"), "PortBusyError"),
        (serial.SerialException(5, "Input/output error"), "PortError"),
    ],
    ids=["missing", "busy", "broken"],
)
def test_a_port_that_does_not_open(opening: Exception, kind: str, mocker: MockerFixture) -> None:
    ended = read_from(Device(opening), mocker)
    error = ended.document["error"]
    assert (ended.code, error["kind"], error["port"]) == (3, kind, "/dev/ttyUSB0")


def test_a_port_that_goes_away_in_the_middle_gives_no_value(mocker: MockerFixture) -> None:
    ended = read_from(Device(), mocker)
    error = ended.document["error"]
    assert (ended.code, error["kind"]) == (3, "LinkLostError")
    assert "06925646" not in ended.out
    assert "run the same command again" in error["hint"]


def test_the_trace_has_one_line_per_frame(mocker: MockerFixture) -> None:
    mocker.patch("meterlink.link.serial_port.serial.serial_for_url", return_value=Device())
    assert run(*READ, "--trace", "trace.jsonl").code == 3
    lines = [json.loads(line) for line in Path("trace.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["direction"], line["note"]) for line in lines] == [("out", "request"), ("in", "reply")]
    assert lines[1]["frame"] == SERIAL_NUMBER.hex(" ").upper()


def test_ports_are_listed(mocker: MockerFixture) -> None:
    port = mocker.Mock(device="COM3", description="USB to RS485", hwid="USB VID:PID=1A86:7523")
    mocker.patch("serial.tools.list_ports.comports", return_value=[port])
    ended = run("ports")
    assert "COM3  USB to RS485  USB VID:PID=1A86:7523" in ended.out
    assert "--port" in ended.err
    mocker.patch("serial.tools.list_ports.comports", return_value=[])
    assert "no serial port" in run("ports").out
    assert run("ports", "--json").document["ports"] == []


def test_a_framing_that_the_model_does_not_know_is_refused_before_anything_is_sent() -> None:
    error = run("energy", "read", "--port", "sim:mercury-200.02?framing=modbus-tcp", "--json").document["error"]
    assert error["kind"] == "PortUrlError"
    assert "mercury-200.02 knows no framing 'modbus-tcp'; it has its own alone" in error["message"]
    error = run("energy", "read", "--port", "sim:or-we-517?framing=ascii", "--json").document["error"]
    assert "or-we-517 knows no framing 'ascii'; it knows modbus-tcp" in error["message"]
