"""Every published exchange of the family: bytes to message and back, the reply to what its source states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from meterlink.errors import RefusedError
from meterlink.flow import Flow, Reply, ask
from meterlink.testing import transcript
from meterlink.wire.framer import Frame
from meterlink.wire.request import Request
from meterlink_energomera import DRIVER
from meterlink_energomera.energy import registers_of
from meterlink_energomera.errors import WHY, UnknownParameterError
from meterlink_energomera.framing import asking_framer
from meterlink_energomera.messages import (
    End,
    FastGroup,
    Identification,
    PresentPassword,
    Read,
    SelectReadout,
    SelectSession,
    SignOn,
    Write,
)
from meterlink_energomera.models import table_of
from meterlink_energomera.momentary import QUANTITIES
from meterlink_energomera.text import Block, Item, command, data_block, is_whole, number, with_parity, without_parity
from meterlink_energomera.times import read_date, read_time, read_watch
from tests.cli.program import run
from tests.drivers.energomera.meters import target_of

FILE = Path(__file__).parent / "vectors" / "energomera.jsonl"
ALL: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
VECTORS = [vector for vector in ALL if not vector["id"].startswith("ceb-")]
ANSWERED = [vector for vector in VECTORS if vector["response_hex"]]
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
    return FastGroup(meaning["address"], tuple((name, int(each["mask"], 16)) for name, each in meaning["ids"].items()))


CHECKED = {
    *("command", "step", "name", "args", "value", "values", "raw", "decoded", "address", "password", "ids", "mask"),
    *("protocol_char", "baud_char", "mode_char", "manufacturer", "identification", "p0_operand", "fields"),
    *("error", "error_meaning", "quantity", "unit", "units", "names_repeated"),
}
"""What the file states of an exchange, and a test below compares."""
REMARKS = {"effect", "reply", "form", "meaning"}
"""Words about an exchange that nothing in its bytes can show."""


def test_every_line_of_the_file_and_every_word_of_it_is_used() -> None:
    assert len(ALL) == len(VECTORS) + len(BINARY) == 63
    assert len({name_of(vector) for vector in ALL}) == 63
    assert {key for vector in VECTORS for key in vector["meaning"]} <= CHECKED | REMARKS


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_words_of_the_file_make_its_bytes(vector: dict[str, Any]) -> None:
    raw = plain(vector["request_hex"])
    assert request_of(vector).encode() == raw
    if vector["bcc"]["request"]:
        start = raw.index(1)
        assert is_whole(raw[start:])
        assert f"{raw[-1]:02x}" == vector["bcc"]["request"]["computed"]


@pytest.mark.parametrize("vector", ANSWERED, ids=name_of)
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
    elif isinstance(request, FastGroup):
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


def _check_group(group: Mapping[str, tuple[Item, ...]], wanted: dict[str, Any]) -> None:
    assert list(group) == list(wanted)
    for name, each in wanted.items():
        told = group[name]
        stated = list(each["values"].values()) if "values" in each else [each["value"]]
        for item, value in zip(told, stated, strict=True):
            if item.error is None:
                assert item.value == str(value)
            else:
                assert str(value).startswith(f"E{item.error}")


REGISTERS = [v for v in VECTORS if "total" in v["meaning"].get("values", {})]
PHASES = [v for v in VECTORS if "values" in v["meaning"] and v not in REGISTERS]
SINGLE = [v for v in VECTORS if "value" in v["meaning"] and v["meaning"]["command"] == "R1"]


@pytest.mark.parametrize("vector", REGISTERS, ids=name_of)
def test_registers_are_the_stated_numbers_digit_by_digit(vector: dict[str, Any]) -> None:
    meaning = vector["meaning"]
    registers = registers_of("PE", tuple(meaning["raw"]))
    assert [value.raw for value in registers] == meaning["raw"]
    names = {"T5_reserve": "T5"}
    assert {names.get(key, key): value for key, value in meaning["values"].items()} == {
        value.register: float(value.amount) for value in registers
    }
    assert {value.unit for value in registers} == {meaning["unit"]}


@pytest.mark.parametrize("vector", PHASES, ids=name_of)
def test_phases_are_the_stated_numbers_in_the_stated_order(vector: dict[str, Any]) -> None:
    meaning = vector["meaning"]
    assert [float(number(text)) for text in meaning["raw"]] == list(meaning["values"].values())
    table = table_of(target_of("ce301").profile)
    assert list(table.instant[meaning["name"]]) == list(meaning["values"])
    assert QUANTITIES[meaning["name"]][1] == meaning["unit"]


@pytest.mark.parametrize("vector", SINGLE, ids=name_of)
def test_one_value_is_the_stated_number_in_the_stated_unit(vector: dict[str, Any]) -> None:
    meaning = vector["meaning"]
    (text,) = request_of(vector).decode_reply(plain(vector["response_hex"]))
    assert float(number(text)) == meaning["value"]
    assert QUANTITIES[meaning["name"]][1] == meaning["unit"]


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


@pytest.mark.parametrize("vector", ANSWERED, ids=name_of)
def test_the_framer_finds_the_reply_and_the_echo(vector: dict[str, Any]) -> None:
    request = request_of(vector)
    framer = asking_framer()
    sent = framer.send(request.encode())
    framer.expect(request)
    framer.receive_data(sent + plain(vector["response_hex"]))
    framer.silence()
    echo, reply = framer.next_event(), framer.next_event()
    assert isinstance(echo, Frame)
    assert isinstance(reply, Frame)
    assert (echo.raw, reply.raw) == (sent, plain(vector["response_hex"]))
    assert (echo.answers, reply.answers) == (False, True)


@pytest.mark.parametrize("vector", [v for v in ANSWERED if v["id"] != WRITE], ids=name_of)
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


MODES = {"0": "general readout", "1": "session", "6": "short readout"}


def asked_in_words(vector: dict[str, Any]) -> dict[str, Any]:
    """The fields of a request, of what the file states alone."""
    meaning = vector["meaning"]
    command, step = meaning.get("command"), meaning.get("step", "")
    if step == "sign-on":
        return {"address": meaning.get("address")}
    if step.startswith("option select"):
        protocol, speed, mode = list(plain(vector["request_hex"]).decode())[1:4]
        assert meaning.get("protocol_char", protocol) == protocol
        assert meaning.get("baud_char", speed) == speed
        assert meaning.get("mode_char", mode) == mode
        return {"protocol_char": protocol, "baud_char": speed, "mode_char": mode, "mode": MODES[mode]}
    if step:
        args = "".join(f"{name}({each['mask']})" for name, each in meaning["ids"].items())
        return {"address": meaning["address"], "command": "R1", "name": "GROUP", "args": args}
    if command == "P1":
        return {"command": "P1", "password": "**"}
    if command == "B0":
        return {"command": "B0"}
    told = {"command": command, "name": meaning["name"]}
    return told | ({"args": meaning.get("args", "")} if command == "R1" else {"value": meaning["value"]})


def told_in_words(vector: dict[str, Any]) -> dict[str, Any]:
    """The fields of a reply, of what the file states alone."""
    meaning = vector["meaning"]
    if "identification" in meaning:
        return {key: meaning[key] for key in ("manufacturer", "baud_char", "identification")}
    if "p0_operand" in meaning:
        return {"command": "P0", "p0_operand": meaning["p0_operand"]}
    if "error" in meaning:
        return {"name": meaning["name"], "error": meaning["error"], "error_meaning": WHY[int(meaning["error"][3:])]}
    if "fields" in meaning:
        names: list[str] = list(
            accumulate((name for name, _ in meaning["fields"]), lambda before, name: name or before)
        )
        told = [f"{name}={value}" for name, (_, value) in zip(names, meaning["fields"], strict=True)]
        return {"fields": told, "readout": True}
    if "ids" in meaning:
        values = [
            f"{name}={str(value).split()[0]}"
            for name, each in meaning["ids"].items()
            for value in (each["values"].values() if "values" in each else [each["value"]])
        ]
        return {"fields": values, "readout": False}
    if meaning["command"] == "R1":
        return {"name": meaning["name"], "raw": meaning.get("raw") or [str(meaning["value"])]}
    return {"reply": "ACK"}


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_decode_tells_all_that_the_file_states_and_no_password(vector: dict[str, Any]) -> None:
    frames = [vector[key] for key in ("request_hex", "response_hex") if vector[key]]
    ended = run("decode", "energomera", *frames, "--json")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    wanted = {"request": asked_in_words(vector)} | ({"reply": told_in_words(vector)} if vector["response_hex"] else {})
    for side, fields in wanted.items():
        assert document[side]["fields"] == fields
        assert (document[side]["checksum_ok"], document[side]["status"]) == (True, "ok")
    assert (document.get("reply") is None) is (not vector["response_hex"])
    assert vector["meaning"].get("password", "no password") not in ended.out


@pytest.mark.parametrize(
    ("ident", "name"),
    [("CE3081.1", "CE308"), ("\\2CE2089.1", "CE208"), ("CE3076.10", "CE307 R34"), ("CE2071", "CE207")],
)
def test_decode_names_each_meter_of_the_later_generation_and_stops(ident: str, name: str) -> None:
    ended = run("decode", "energomera", "2f3f210d0a", f"/EMR5{ident}\r\n".encode().hex(), "--json")
    assert any(name in note and "not driven" in note for note in json.loads(ended.out)["notes"])


def test_decode_names_later_meters_and_dlms() -> None:
    (vector,) = [v for v in VECTORS if v["id"] == "ce307-signon"]
    notes = json.loads(run("decode", "energomera", vector["request_hex"], vector["response_hex"], "--json").out)[
        "notes"
    ]
    assert any("CE307 R34 of the later generation" in note and "not driven" in note for note in notes)
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
