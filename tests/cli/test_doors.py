"""The program as processes of their own: the same read in memory, over TCP and over a pseudo-terminal."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing

import pytest
from pytest_mock import MockerFixture

from meterlink.cli.simulated import simulate
from meterlink.errors import PortBusyError, PortError
from meterlink.link.doors import TcpDoor, tcp_url
from meterlink.link.port import parse_port
from meterlink.registry import load_driver
from tests.cli.program import SIM, run, run_apart, simulated, start, without_time
from tests.shipped import library

LONG = os.environ.get("METERLINK_LONG") == "1"
METER = ("--model", "mercury-200.02", "--address", "925646", "--json")
READS = (("energy", "read"), ("instant", "read"), ("dst", "show"))


def test_the_same_read_over_tcp_is_the_same_document() -> None:
    with simulated("mercury-200.02") as ready:
        assert ready["url"].startswith("tcp://127.0.0.1:")
        assert (ready["address"], ready["serial_number"]) == ("925646", "06925646")
        for read in READS:
            over_tcp = run_apart(*read, "--port", ready["url"], *METER)
            assert (over_tcp.code, over_tcp.err) == (0, "")
            in_memory = run(*read, "--port", SIM, "--json")
            assert without_time(over_tcp.document) == without_time(in_memory.document)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_the_same_read_over_a_pseudo_terminal_is_the_same_document() -> None:
    with simulated("mercury-200.02", "--pty") as ready:
        for read in READS:
            over_pty = run(*read, "--port", ready["url"], *METER)
            in_memory = run(*read, "--port", SIM, "--json")
            assert without_time(over_pty.document) == without_time(in_memory.document)


def test_a_whole_schedule_over_tcp() -> None:
    with simulated("mercury-200.02", "--schedule", "ru-household-3") as ready:
        over_tcp = run("tariff", "show", "--port", ready["url"], *METER)
    in_memory = run("tariff", "show", "--port", f"{SIM}?schedule=ru-household-3", "--json")
    assert without_time(over_tcp.document) == without_time(in_memory.document)


def test_a_clock_that_is_wrong_over_tcp() -> None:
    with simulated("mercury-200.02", "--clock-error", "-7200", "--dst", "on", "--utc", "+05:00") as ready:
        clock = run("clock", "show", "--port", ready["url"], *METER, "--tz", "+05:00").document
        assert run("dst", "show", "--port", ready["url"], *METER).document["enabled"] is True
    assert abs(float(clock["error_s"]) + 7200) <= float(clock["uncertainty_s"]) + 0.1


def test_several_meters_on_one_line() -> None:
    with simulated("mercury-206", "--meters", "3", "--seed", "5") as ready:
        for meter in ready["meters"]:
            words = ("--model", "mercury-206", "--address", meter["address"], "--json")
            document = run("energy", "read", "--port", ready["url"], *words).document
            assert document["meter"]["serial_number"] == meter["serial_number"]
    assert [meter["serial_number"] for meter in ready["meters"]] == ["43096744", "43096745", "43096746"]


def test_several_meters_whose_factory_address_is_the_same_count_on_from_it() -> None:
    profile = library().get("or-we-517")
    simulation = simulate(load_driver("modbus"), profile, {}, started_at=0.0, count=3)
    assert simulation.meters == (("1", "20210123"), ("2", "20210124"), ("3", "20210125"))


def test_several_meters_have_each_their_own_chance(mocker: MockerFixture) -> None:
    profile = library().get("mercury-206")
    driver = load_driver(profile.driver)
    made = mocker.spy(type(driver), "simulate")
    simulate(driver, profile, {"seed": "5"}, started_at=0.0, count=3)
    assert [call.args[2].seed for call in made.call_args_list] == [5, 6, 7]


def test_the_registers_of_a_simulated_meter_may_be_said() -> None:
    with simulated("mercury-200.02", "--energy-kwh", "5621.42,8.34") as ready:
        registers = run("energy", "read", "--port", ready["url"], *METER).document["registers"]
    assert [each["kwh"] for each in registers[:2]] == ["5621.42", "8.34"]


def test_faults_of_the_line_are_overcome_over_tcp() -> None:
    with simulated("mercury-200.02", "--fault", "split,pause=0.01", "--fault", "echo") as ready:
        assert run("energy", "read", "--port", ready["url"], *METER).document["registers"][0]["kwh"] == "621.42"


def test_the_line_that_says_ready() -> None:
    with start("sim", "run", "mercury-200.02") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        process.communicate(timeout=30)
    assert line.startswith("ready tcp://127.0.0.1:")


def test_ctrl_c_is_the_normal_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("meterlink.cli.sim.signal.signal", lambda *_args: None)
    monkeypatch.setattr("meterlink.link.doors.TcpDoor.serve", interrupt)
    ended = run("sim", "run", "mercury-200.02", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.document["model"] == "mercury-200.02"


def door(host: str = "127.0.0.1") -> TcpDoor:
    profile = library().get("mercury-200.02")
    wire = simulate(load_driver(profile.driver), profile, {}, started_at=0.0).wire
    return TcpDoor(wire, profile.line.line, host)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this computer has no IPv6")
def test_a_door_of_ipv6_has_brackets_in_its_url() -> None:
    url = tcp_url("::1", 4001)
    assert url == "tcp://[::1]:4001"
    assert parse_port(url).place == "[::1]:4001"


@pytest.mark.parametrize(
    ("error", "kind", "why"),
    [
        (OSError(errno.EADDRINUSE, "Address already in use"), PortBusyError, "somebody listens there already"),
        (OSError(errno.EACCES, "Permission denied"), PortError, "this user may not listen there"),
        (socket.gaierror(-2, "Name or service not known"), PortError, "nobody knows that host"),
        (OSError(errno.EIO, "Input/output error"), PortError, "input/output error"),
    ],
)
def test_a_door_that_does_not_open_says_why(
    error: OSError, kind: type[PortError], why: str, mocker: MockerFixture
) -> None:
    mocker.patch("meterlink.link.doors.socket.create_server", side_effect=error)
    with pytest.raises(PortError) as caught:
        door()
    assert (type(caught.value), caught.value.why) == (kind, why)


def test_a_guest_that_is_gone_before_it_is_let_in_ends_nothing(mocker: MockerFixture) -> None:
    guest = mocker.Mock(spec=socket.socket)
    guest.setsockopt.side_effect = OSError(errno.EINVAL, "Invalid argument")
    opened = door()
    with closing(opened):
        accept = mocker.patch("meterlink.link.doors.socket.socket.accept", side_effect=ConnectionAbortedError())
        opened._welcome()
        assert opened._guest is None
        accept.side_effect = [(guest, None)]
        mocker.patch.object(opened._selector, "register")
        mocker.patch.object(opened._selector, "unregister")
        opened._welcome()
        assert opened._guest is guest


def test_a_door_that_is_taken() -> None:
    with simulated("mercury-200.02") as ready:
        place = ready["url"].removeprefix("tcp://")
        ended = run("sim", "run", "mercury-200.02", "--listen", place, "--json")
    assert (ended.code, ended.document["error"]["kind"]) == (3, "PortBusyError")


def test_the_demo_as_a_process() -> None:
    ended = run_apart("demo", "--folder", "demo")
    assert ended.code == 0
    assert all(line.startswith("writing: ") for line in ended.err.splitlines())
    assert "meter is 1 h 00 min 14 s ahead" in ended.out
    assert "work DEMO-1/1: done" in ended.out


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "latin-1", "ascii"] if LONG else ["cp866", "ascii"])
def test_a_console_that_lacks_characters_ends_nothing(encoding: str) -> None:
    environ = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    for words in (("tariff", "show", "--port", SIM), ("profiles", "list"), ("profiles", "list", "--json")):
        command = [sys.executable, "-m", "meterlink", *words]
        ended = subprocess.run(command, capture_output=True, env=environ, check=False)
        assert (ended.returncode, ended.stderr) == (0, b"")
        if "--json" in words and encoding != "cp866":
            assert ended.stdout.isascii()


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe of Windows is closed otherwise")
def test_a_reader_that_leaves_is_no_trouble() -> None:
    with start("profiles", "show", "mercury-206") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(timeout=30)) == ("", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent Ctrl-C alone there")
def test_ctrl_c_in_a_terminal_ends_a_simulation_well() -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from meterlink.cli.main import run; run()"
    )
    words = [sys.executable, "-c", code, "sim", "run", "mercury-200.02"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready ")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err
