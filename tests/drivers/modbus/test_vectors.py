"""Every published exchange of the family: bytes to message and back, through `decode`, and as values of the profiles.

The file's words are the measure: what a frame says is compared with them, never with what this driver makes of it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from meterlink.errors import RefusedError
from meterlink.flow import Flow, Reply, ask
from meterlink.testing import transcript
from meterlink.wire.framer import NEED_DATA, Damage, Damaged, Frame
from meterlink_modbus import DRIVER
from meterlink_modbus.errors import RegisterRefusedError
from meterlink_modbus.flows import read_clock
from meterlink_modbus.framing import AnswerFramer, Form
from meterlink_modbus.map_reader import map_of
from meterlink_modbus.messages import Call, call_to, write_call
from meterlink_modbus.pdu import READ_HOLDING, WRITE, WRITE_ONE, Answered, Asked
from meterlink_modbus.stored import tariffs_of
from meterlink_modbus.tables import ZONES, decode_list, decode_table, encode_list, encode_table, table_name
from meterlink_modbus.values import Number
from tests.cli.program import run
from tests.drivers.modbus.meters import target_of
from tests.shipped import library

FILE: Final = Path(__file__).parent / "vectors" / "modbus-meters.jsonl"
VECTORS: Final[list[dict[str, Any]]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
BY_NAME: Final = {vector["id"]: vector for vector in VECTORS}
MODELS: Final = {"orno3p": "or-we-517", "orno517": "or-we-517", "we517": "or-we-517", "we526": "or-we-526"}
FLOATS: Final = [vector for vector in VECTORS if vector["meaning"].get("type") == "float32 big-endian"]


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def frames(vector: dict[str, Any]) -> tuple[bytes, bytes]:
    return bytes.fromhex(vector["request_hex"]), bytes.fromhex(vector["response_hex"])


def asked_of(vector: dict[str, Any]) -> Asked:
    """The message that the file's words describe, made of those words alone; written bytes are those of the frame."""
    told, request = vector["meaning"], frames(vector)[0]
    if vector["id"] == "modbus-exc-address":
        return Asked(READ_HOLDING, 0x03FF, 2)
    register = int(told["register"], 16)
    if told["function"] == WRITE_ONE:
        return Asked(WRITE_ONE, register, 1, told["new_id"].to_bytes(2, "big"))
    data = request[7:-2] if told["function"] == WRITE else b""
    return Asked(told["function"], register, told["count"], data)


def model_of(vector: dict[str, Any]) -> str | None:
    return MODELS.get(vector["id"].split("-")[0])


def number_at(model: str, address: int) -> Number:
    """The number that the profile has at an address; KeyError where it has none."""
    return {number.address: number for _, number in map_of(library().get(model)).numbers()}[address]


def test_the_file_is_whole() -> None:
    assert len(VECTORS) == 34


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_a_request_goes_both_ways(vector: dict[str, Any]) -> None:
    request, _ = frames(vector)
    asked = asked_of(vector)
    assert Asked.decode(Form.RTU.pdu(request)) == asked
    assert Call(1, asked).encode() == request


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_a_reply_goes_both_ways(vector: dict[str, Any]) -> None:
    _, reply = frames(vector)
    answered = Answered.decode(Form.RTU.pdu(reply))
    assert Form.RTU.wrap(reply[0], answered.encode()) == reply
    answered.fits(asked_of(vector))
    assert answered.exception == vector["meaning"].get("exception")


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_framer_finds_the_answer_behind_junk_at_once(vector: dict[str, Any]) -> None:
    """Only the new unit id, acknowledged from there, is somebody else's frame; meterlink never asks for one."""
    framer, (_, reply) = AnswerFramer(), frames(vector)
    framer.expect(Call(1, asked_of(vector)))
    framer.receive_data(b"\x00\xff" + reply)
    if vector["id"] == "modbus-id-write":
        assert framer.next_event() is NEED_DATA
    else:
        assert framer.next_event() == Damaged(b"\x00\xff", Damage.JUNK)
        assert framer.next_event() == Frame(reply, answers=True)


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_an_exchange_decodes_from_its_bytes_alone(vector: dict[str, Any]) -> None:
    ended = run("decode", "modbus", vector["request_hex"], vector["response_hex"], "--json")
    refused = "exception" in vector["meaning"]
    assert ended.code == (5 if refused else 0)
    document = ended.document
    asked = asked_of(vector)
    assert document["request"]["checksum_ok"] is vector["crc_ok"]["request"]
    assert document["reply"]["checksum_ok"] is vector["crc_ok"]["response"]
    fields = document["request"]["fields"]
    assert (fields["address"], fields["register"], fields["count"]) == (1, f"{asked.address:04X}", asked.count)
    if refused:
        assert document["reply"]["status"] == "refused: exception 02, illegal data address"
    elif not asked.writes:
        assert bytes.fromhex(document["reply"]["fields"]["data"]) == frames(vector)[1][3:-2]


@pytest.mark.parametrize("vector", FLOATS, ids=name_of)
def test_a_published_measurement_is_what_its_source_states(vector: dict[str, Any]) -> None:
    model, asked = model_of(vector), asked_of(vector)
    data = frames(vector)[1][3:-2]
    number = Number(address=0, count=2, type="float32") if model is None else number_at(model, asked.address)
    assert float(number.decode(data)) == pytest.approx(vector["meaning"]["value"], abs=1e-5)
    assert number.encode(number.decode(data)) == data


@pytest.mark.parametrize(("name", "address"), [("total", 0x100), ("T1", 0x130), ("T2", 0x13C), ("T4", 0x154)])
def test_published_energy_of_the_or_we_517(name: str, address: int) -> None:
    vector = BY_NAME[f"we517-syn-energy-{name}"]
    row = next(row for row in map_of(library().get("or-we-517")).energy if row.number.address == address)
    assert (row.register, row.direction) == (name, None)
    assert row.number.decode(frames(vector)[1][3:-2]) == Decimal(str(vector["meaning"]["kWh"]))


def test_published_energy_of_the_or_we_526() -> None:
    vector = BY_NAME["we526-energy"]
    data = frames(vector)[1][3:-2]
    told = {
        (key, register): Decimal(str(value))
        for key in ("forward_kWh", "reverse_kWh")
        for register, value in vector["meaning"][key].items()
    }
    ways = {"import": "forward_kWh", "export": "reverse_kWh"}
    found = {}
    for row in map_of(library().get("or-we-526")).energy:
        begins = 2 * (row.number.address - 0x10E)
        if row.direction is not None and begins < 40:
            found[ways[row.direction], row.register] = row.number.decode(data[begins : begins + 4])
    assert found == told


def test_published_momentary_values_of_the_or_we_526_which_are_absurd_on_purpose() -> None:
    told, data = BY_NAME["we526-inst"]["meaning"], frames(BY_NAME["we526-inst"])[1][3:-2]
    rows = {row.quantity: row.number for row in map_of(library().get("or-we-526")).instant}
    found = {
        quantity: replace(number, least=None, most=None).decode(
            data[2 * (number.address - 0x100) : 2 * (number.end - 0x100)]
        )
        for quantity, number in rows.items()
    }
    assert found["voltage"] == Decimal(str(told["U_V"]))
    assert found["current"] == Decimal(str(told["I_A"]))
    assert found["active power"] == told["P_W"]
    assert found["apparent power"] == told["S_VA"]
    assert found["reactive power"] == told["Q_var"]
    assert found["frequency"] == Decimal(str(told["f_Hz"]))
    assert found["power factor"] == Decimal("-19.858")  # B26E as a signed number, as mbmd has it


def test_the_published_serial_number_has_all_its_digits() -> None:
    assert number_at("or-we-526", 0x1000).digits(frames(BY_NAME["we526-serial"])[1][3:-2]) == "012345678910"


@pytest.mark.parametrize("name", ["we526-clock-read", "we517-syn-clock-read"])
def test_a_published_clock_is_read_by_the_flow(name: str) -> None:
    vector = BY_NAME[name]
    target = target_of(MODELS[name.split("-")[0]])
    with transcript(DRIVER, target, [(vector["request_hex"], vector["response_hex"])]) as meter:
        time = meter.run(read_clock(target))
    assert time.local == datetime.fromisoformat(vector["meaning"]["clock"])
    assert time.weekday == vector["meaning"]["weekday_byte"]


@pytest.mark.parametrize("name", ["we526-clock-write", "we517-syn-clock-write"])
def test_a_published_clock_write_is_what_is_sent(name: str) -> None:
    vector = BY_NAME[name]
    target = target_of(MODELS[name.split("-")[0]])
    form = map_of(target.profile).clock
    assert form is not None
    data = form.encode(datetime.fromisoformat(vector["meaning"]["clock"]))
    assert write_call(target, form.address, data).encode() == frames(vector)[0]


def test_the_published_tables_go_both_ways() -> None:
    target = target_of("or-we-517")
    vector = BY_NAME["we517-syn-table1-write"]
    points = [(int(at[:2]) * 60 + int(at[3:]), tariff) for at, tariff in vector["meaning"]["rows"]]
    raw = encode_table(table_name(1), points, 8)
    assert list(decode_table(table_name(1), raw)) == points
    assert write_call(target, 0x0300, raw).encode() == frames(vector)[0]
    vector = BY_NAME["we517-syn-zones-write"]
    zones = [((int(at[:2]), int(at[3:])), table) for at, table in vector["meaning"]["rows"]]
    raw = encode_list(zones, 8)
    assert list(decode_list(raw)) == zones
    assert write_call(target, tariffs_of(target.profile).places[ZONES][0], raw).encode() == frames(vector)[0]


def test_the_published_refusal_is_a_typed_one() -> None:
    vector = BY_NAME["modbus-exc-address"]
    target = target_of("or-we-517")

    def flow() -> Flow[Reply[bytes]]:
        return (yield from ask(call_to(target, asked_of(vector))))

    with (
        transcript(DRIVER, target, [(vector["request_hex"], vector["response_hex"])]) as meter,
        pytest.raises(RegisterRefusedError) as caught,
    ):
        meter.run(flow())
    assert isinstance(caught.value, RefusedError)
    assert (caught.value.code, caught.value.why) == ("02", "illegal data address")


def test_the_answer_to_a_new_unit_id_comes_from_there_and_is_no_mismatch() -> None:
    vector = BY_NAME["modbus-id-write"]
    document = run("decode", "modbus", vector["request_hex"], vector["response_hex"], "--json").document
    assert document["reply"]["fields"]["address"] == vector["meaning"]["new_id"]
    assert not any("unit" in note for note in document["notes"])


def test_with_the_model_registers_have_their_names() -> None:
    vector = BY_NAME["we526-energy"]
    document = run(
        "decode", "modbus", vector["request_hex"], vector["response_hex"], "--model", "or-we-526", "--json"
    ).document
    assert document["reply"]["fields"]["active_import_t1_kwh"] == "2345.67"
    assert document["notes"] == []
