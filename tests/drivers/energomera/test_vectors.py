"""Every published exchange of the family: bytes to message and back, the reply to what its source states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from meterlink.errors import RefusedError
from meterlink.flow import Flow, Reply, ask
from meterlink.testing import transcript
from meterlink.wire.request import Request
from meterlink_energomera import DRIVER
from meterlink_energomera.errors import UnknownParameterError
from meterlink_energomera.flows import registers_of
from meterlink_energomera.framing import asking_framer
from meterlink_energomera.messages import (
    End,
    FastRead,
    Identification,
    PresentPassword,
    Read,
    SelectReadout,
    SelectSession,
    SignOn,
    Write,
)
from meterlink_energomera.text import Block, command, data_block, is_whole, with_parity, without_parity
from meterlink_energomera.times import read_date, read_time, read_watch
from tests.cli.program import run
from tests.drivers.energomera.meters import target_of

FILE = Path(__file__).parent / "vectors" / "energomera.jsonl"
ALL: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
VECTORS = [vector for vector in ALL if not vector["id"].startswith("ceb-")]
WRITE = "ce6850-w1-time"
BINARY = [vector for vector in ALL if vector["id"].startswith("ceb-")]


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def plain(text: str) -> bytes:
    """The seven-bit characters of a frame of the file."""
    data = without_parity(bytes.fromhex(text))
    assert data is not None
    return data


def request_of(vector: dict[str, Any]) -> Request[Any]:
    """The message that the file's words describe, made of those words alone."""
    meaning = vector["meaning"]
    step, code = meaning.get("step", ""), meaning.get("command")
    if code == "R1":
        return Read(meaning["name"], meaning.get("args", ""))
    if code == "W1":
        return Write(meaning["name"], meaning["value"])
    if code == "P1":
        return PresentPassword(meaning["password"].encode())
    if code == "B0":
        return End()
    if step == "sign-on":
        return SignOn(meaning.get("address") or "")
    if step.startswith("option select"):
        text = plain(vector["request_hex"]).decode()
        speed, mode = text[2], text[3]
        return SelectSession(speed) if mode == "1" else SelectReadout(speed, mode)
    asked = "".join(f"{name}({each['mask']})" for name, each in meaning["ids"].items())
    return FastRead(meaning["address"], "GROUP", asked)


def test_the_whole_file_is_used() -> None:
    assert (len(VECTORS), len(BINARY)) == (57, 6)


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_words_of_the_file_make_its_bytes(vector: dict[str, Any]) -> None:
    raw = plain(vector["request_hex"])
    assert request_of(vector).encode() == raw
    if vector["bcc"]["request"]:
        start = raw.index(1)
        assert is_whole(raw[start:])
        assert f"{raw[-1]:02x}" == vector["bcc"]["request"]["computed"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["response_hex"]], ids=name_of)
def test_the_reply_means_what_the_file_states(vector: dict[str, Any]) -> None:
    request, raw, meaning = request_of(vector), plain(vector["response_hex"]), vector["meaning"]
    assert request.accepts(raw)
    if meaning.get("error"):
        with pytest.raises(UnknownParameterError, match=meaning["error"]):
            request.decode_reply(raw)
        return
    value = request.decode_reply(raw)
    if isinstance(request, SignOn):
        assert isinstance(value, Identification)
        assert value.encode() == raw
        told = {
            "manufacturer": value.maker,
            "baud_char": value.speed,
            "identification": value.flags + value.ident,
        }
        assert told.items() <= meaning.items()
    elif isinstance(request, SelectSession):
        assert value == meaning["p0_operand"]
        assert command("P0", f"({value})") == raw
    elif isinstance(request, SelectReadout):
        assert isinstance(value, Block)
        _check_readout(value, meaning["fields"])
    elif isinstance(request, FastRead):
        _check_group(value, meaning["ids"])
    elif isinstance(request, Read):
        wanted = meaning.get("raw") or [str(meaning["value"])]
        assert list(value) == wanted
        repeated = meaning.get("names_repeated", True)
        lines = "".join(f"{request.parameter if repeated or not i else ''}({one})\r\n" for i, one in enumerate(value))
        assert data_block(lines) == raw
    else:
        assert value is None
        assert raw == b"\x06"


def _check_readout(block: Block, fields: list[list[str]]) -> None:
    told, name = [], ""
    for key, value in fields:
        name = key or name
        told.append((name, value))
    assert [(item.name, item.value) for item in block.items] == told


def _check_group(block: Block, wanted: dict[str, Any]) -> None:
    for name, each in wanted.items():
        told = [item for item in block.items if item.name == name]
        stated = list(each["values"].values()) if "values" in each else [each["value"]]
        for item, value in zip(told, stated, strict=True):
            if item.error is None:
                assert item.value == str(value)
            else:
                assert str(value).startswith(f"E{item.error}")


@pytest.mark.parametrize("vector", [v for v in VECTORS if "values" in v["meaning"]], ids=name_of)
def test_registers_are_the_stated_numbers_digit_by_digit(vector: dict[str, Any]) -> None:
    meaning = vector["meaning"]
    if "total" not in meaning["values"]:
        return
    registers = registers_of("PE", tuple(meaning["raw"]))
    assert [value.raw for value in registers] == meaning["raw"]
    names = {"T5_reserve": "T5"}
    assert {names.get(key, key): value for key, value in meaning["values"].items()} == {
        value.register: float(value.amount) for value in registers
    }


@pytest.mark.parametrize("vector", [v for v in VECTORS if "decoded" in v["meaning"]], ids=name_of)
def test_dates_and_times_are_the_stated_ones(vector: dict[str, Any]) -> None:
    meaning = vector["meaning"]
    decoded, (raw,) = meaning["decoded"], meaning["raw"]
    if meaning["name"] == "DATE_":
        weekday, on = read_date(raw)
        assert (weekday, on.isoformat()) == (decoded["weekday"], decoded["date"])
        assert weekday == on.isoweekday() % 7
    elif meaning["name"] == "WATCH":
        weekday, local = read_watch(raw)
        assert (weekday, f"{local:%H:%M:%S}", f"{local:%d.%m.%y}") == (
            decoded["weekday"],
            decoded["time"],
            decoded["date_dd.mm.yy"],
        )
    elif meaning["name"] == "TIME_":
        assert f"{read_time(read_date('01.24.10.16')[1], raw):%H:%M:%S}" == decoded["time"]
    else:
        assert raw == decoded["serial"]


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_framer_finds_the_reply_and_the_echo(vector: dict[str, Any]) -> None:
    request = request_of(vector)
    if not vector["response_hex"]:
        return
    framer = asking_framer()
    sent = framer.send(request.encode())
    framer.expect(request)
    framer.receive_data(sent + plain(vector["response_hex"]))
    framer.silence()
    echo, reply = framer.next_event(), framer.next_event()
    assert (echo.raw, reply.raw) == (sent, plain(vector["response_hex"]))  # type: ignore[union-attr]
    assert (echo.answers, reply.answers) == (False, True)  # type: ignore[union-attr]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["response_hex"] and v["id"] != WRITE], ids=name_of)
def test_the_exchange_goes_through_as_it_was_published(vector: dict[str, Any]) -> None:
    request = request_of(vector)

    def flow() -> Flow[Reply[Any] | None]:
        try:
            return (yield from ask(request))
        except RefusedError:
            return None

    out, back = plain(vector["request_hex"]).hex(), plain(vector["response_hex"]).hex()
    with transcript(DRIVER, target_of("ce301"), [(out, back)]) as meter:
        reply = meter.run(flow())
    assert (reply is None) is bool(vector["meaning"].get("error"))


# --- decode -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_decode_tells_both_frames_and_no_password(vector: dict[str, Any]) -> None:
    frames = [vector[key] for key in ("request_hex", "response_hex") if vector[key]]
    ended = run("decode", "energomera", *frames, "--json")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    meaning, asked = vector["meaning"], document["request"]["fields"]
    assert document["request"]["checksum_ok"] is True
    assert document["request"]["status"] == "ok"
    for key in ("command", "name", "args", "mode_char"):
        if key in asked and key in meaning:
            assert asked[key] == meaning[key]
    if "password" in meaning:
        assert meaning["password"] not in ended.out
        assert asked["password"] == "**"
    if not vector["response_hex"]:
        return
    told = document["reply"]["fields"]
    assert document["reply"]["status"] == "ok"
    for key in ("manufacturer", "baud_char", "identification", "p0_operand", "name", "raw", "error"):
        if key in told and key in meaning:
            assert told[key] == meaning[key]
    assert set(told) & {"identification", "p0_operand", "raw", "fields", "error", "reply"}


def test_decode_names_later_meters_and_dlms() -> None:
    (vector,) = [v for v in VECTORS if v["id"] == "ce307-signon"]
    notes = json.loads(run("decode", "energomera", vector["request_hex"], vector["response_hex"], "--json").out)[
        "notes"
    ]
    assert any("later generation" in note for note in notes)
    assert any("DLMS" in note for note in notes)
    assert any("parity" in note for note in notes)


@pytest.mark.parametrize("vector", BINARY, ids=name_of)
def test_decode_names_the_binary_protocol_and_stops(vector: dict[str, Any]) -> None:
    frames = [vector[key] for key in ("request_hex", "response_hex") if vector[key]]
    ended = run("decode", "energomera", *frames, "--json")
    assert ended.code == 5
    asked = json.loads(ended.out)["request"]
    assert (asked["name"], asked["checksum_ok"]) == ("CE binary", True)
    assert "not decoded here" in asked["status"]


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_even_parity_is_put_on_and_taken_off(vector: dict[str, Any]) -> None:
    data = plain(vector["request_hex"])
    assert without_parity(with_parity(data)) == data
    if vector["parity"].startswith("even"):
        assert with_parity(data).hex() == vector["request_hex"]
