"""Frames: both checksums, silences, any bytes at all; the decoder and the mask on them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.testing import START, from_hex
from meterlink.wire.framer import NEED_DATA, Damage, Damaged, Frame, Framer
from meterlink_micron import DRIVER, messages as m
from meterlink_micron.address import Address
from meterlink_micron.checksum import Check
from meterlink_micron.framing import command_framer, reply_framer
from meterlink_micron.memory_codec import MemoryPlace, MemoryWrite
from meterlink_micron.messages import Call, decode_call, readdressed
from meterlink_micron.parameters import Opening
from meterlink_micron.sim import SimulatedMicron, simulate
from tests.cli.program import run
from tests.drivers.micron.still import MODELS, STILL, read_by
from tests.drivers.micron.vectors_stated import MISPRINT, read_vectors
from tests.shipped import library

VECTORS = read_vectors()
LONG = os.environ.get("METERLINK_LONG") == "1"
REQUESTS: Final = [from_hex(vector["request_hex"]) for vector in VECTORS]
KS: Final = ("05 00 FA", "05 01 30 30 30 30 30 30 FB", "05 04 00 FE")
"""Examples of the one-byte checksum (docs/protocols/micron.md, 4.2)."""


def events(framer: Framer) -> list[Frame | Damaged]:
    found = []
    while (event := framer.next_event()) is not NEED_DATA:
        found.append(event)
    return found


# --- checksums --------------------------------------------------------------------------------------------------------


def test_the_check_value_of_the_page() -> None:
    assert Check.CRC.sealed(b"123456789")[-2:].hex().upper() == "374B"


@pytest.mark.parametrize("text", KS)
def test_the_old_checksum_is_one_byte(text: str) -> None:
    frame = from_hex(text)
    assert Check.KS.sealed(frame[:-1]) == frame
    assert Check.KS.holds(frame)
    call = decode_call(frame, Check.KS)
    assert call.encode() == frame


@given(data=st.binary(min_size=3, max_size=40), bit=st.integers(0, 7), check=st.sampled_from(Check))
def test_one_flipped_bit_is_noticed(data: bytes, bit: int, check: Check) -> None:
    frame = bytearray(check.sealed(data))
    assert check.holds(bytes(frame))
    frame[len(data) // 2] ^= 1 << bit
    assert not check.holds(bytes(frame))


# --- the asking side --------------------------------------------------------------------------------------------------


def test_an_answer_of_the_usual_size_is_a_frame_at_once_and_a_refusal_at_silence() -> None:
    call = Call(Address(5), m.READ_SERIAL)
    whole, refused = from_hex("050089A2610609021ED8"), Check.CRC.sealed(b"\x05\x05")
    framer = reply_framer(Check.CRC)
    framer.expect(call)
    framer.receive_data(b"\x00\xff" + whole)
    assert events(framer) == [Damaged(b"\x00\xff", Damage.JUNK), Frame(whole, answers=True)]
    framer.expect(call)
    framer.receive_data(refused)
    assert events(framer) == []
    framer.silence()
    assert events(framer) == [Frame(refused, answers=True)]


@settings(max_examples=60)
@given(vector=st.sampled_from([each for each in VECTORS if each["response_hex"]]), data=st.data())
def test_any_split_of_the_bytes_gives_the_same_events(vector: dict[str, str], data: st.DataObject) -> None:
    call, raw = decode_call(from_hex(vector["request_hex"])), from_hex(vector["response_hex"])
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1), max_size=4)))
    framer = reply_framer(Check.CRC)
    framer.expect(call)
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        framer.receive_data(raw[start:end])
    framer.silence()
    assert events(framer) == [Frame(raw, answers=True)]


@settings(max_examples=60)
@given(junk=st.binary(max_size=60), request=st.sampled_from(REQUESTS))
def test_any_bytes_at_all_end_in_events(junk: bytes, request: bytes) -> None:
    for check in Check:
        client, meter = reply_framer(check), command_framer(check)
        client.expect(decode_call(request))
        for framer in (client, meter):
            framer.receive_data(junk)
            framer.silence()
            assert b"".join(event.raw for event in events(framer)) == junk
            assert not framer.pending


@pytest.mark.parametrize(("baud", "most_ms"), [(9600, 8), (4800, 14), (2400, 26), (1200, 50)])
def test_a_frame_ends_with_the_silence_of_its_speed(baud: int, most_ms: float) -> None:
    """As long as the maker's text has it at least, and a character or two more; SET-4TM.01 keeps 20 ms at any speed."""
    line = replace(library().get(MODELS[0]).line.line, baud=baud)
    for model in MODELS:
        timing = library().get(model).timing
        silence_ms = 1000 * line.silence_s(timing.quiet_chars, timing.quiet_s)
        least_ms = max(most_ms, 20) if model == "set-4tm.01" else most_ms
        assert least_ms <= silence_ms <= least_ms + 2 * 1000 * line.char_s, model


# --- the meter's side -------------------------------------------------------------------------------------------------


def test_every_published_request_is_heard_whole_byte_by_byte() -> None:
    for raw in REQUESTS:
        framer = command_framer(Check.CRC)
        for byte in raw:
            framer.receive_data(bytes([byte]))
        framer.silence()
        assert events(framer) == [Frame(raw)], raw.hex()


def test_a_block_for_the_memory_tells_its_own_length() -> None:
    frame = Call(Address(5), m.WRITE_MEMORY, MemoryWrite(2, 0x0440, bytes(range(16)))).encode()
    framer = command_framer(Check.CRC)
    framer.receive_data(frame + frame)
    assert events(framer) == [Frame(frame), Frame(frame)]


@cache
def meter_of(model: str) -> SimulatedMicron:
    return simulate(read_by(model).profile, STILL)


LATER = (START + 30 * number for number in count(1))


@settings(max_examples=500 if LONG else 40, deadline=None)
@given(model=st.sampled_from(MODELS), data=st.binary(max_size=40), known=st.sampled_from(REQUESTS), whole=st.booleans())
def test_a_simulated_meter_bears_any_bytes(model: str, data: bytes, known: bytes, whole: bool) -> None:
    """Also whole frames with senseless parameters behind a known code."""
    meter, now = meter_of(model), next(LATER)
    head = m.head_of(Address.read(known[:-2])[1])
    check = Check(str(read_by(model).profile.driver_table["check"]))
    heard = len(meter.log)
    meter.receive(check.sealed(bytes([meter.inside.short]) + head + data) if whole else data, now)
    while (due := meter.due()) is not None and due < now + 2:
        meter.poll(due)
    assert len(meter.log) > heard or not (whole or data) or heard == 2000


# --- the decoder ------------------------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(
    request=st.one_of(st.binary(max_size=40), st.sampled_from(REQUESTS)),
    reply=st.one_of(st.none(), st.binary(max_size=40), st.binary(max_size=20).map(Check.CRC.sealed)),
    model=st.sampled_from([None, *MODELS]),
)
def test_any_bytes_give_a_description(request: bytes, reply: bytes | None, model: str | None) -> None:
    told = DRIVER.describe(request, reply, None if model is None else library().get(model))
    assert told.request.status
    assert (told.reply is None) == (reply is None)
    json.dumps(told.request.fields)
    json.dumps(None if told.reply is None else told.reply.fields)


def test_counts_are_not_scaled_without_the_constant() -> None:
    request, reply = (from_hex(_ENERGY[key]) for key in ("request_hex", "response_hex"))
    told = DRIVER.describe(request, reply, None)
    assert told.reply is not None
    assert not [name for name in told.reply.fields if "kwh" in name]
    assert any("half pulses" in note for note in told.notes)
    scaled = DRIVER.describe(request, reply, library().get("seb-1tm.02"))
    assert scaled.reply is not None
    assert scaled.reply.fields["kwh_or_kvarh_without_ratios"] == ["10.001", "0.000", "5.001", "0.101"]


_ENERGY = next(each for each in VECTORS if each["id"] == "vd-0a-00-02")


def test_a_damaged_frame_shows_no_value() -> None:
    told = DRIVER.describe(from_hex("05 08 00 66 02"), from_hex("05 00 89 A2 61 06 09 02 1E D9"), None)
    assert told.reply is not None
    for frame in (told.request, told.reply):
        assert (frame.checksum_ok, frame.status) == (False, "wrong checksum")
        assert set(frame.fields) == {"raw"}


def test_what_does_not_belong_together_is_noted() -> None:
    request = Call(Address(5), m.READ_MEMORY, MemoryPlace(2, 0x2000, 4)).encode()
    other = m.encode_answer(Address(6), b"\x01\x02\x03\x04")
    (note,) = DRIVER.describe(request, other, None).notes
    assert note == "the reply comes from address 6 and the request went to 5"
    assert any("echo" in note for note in DRIVER.describe(request, request, None).notes)


def test_an_old_frame_is_known_by_its_checksum() -> None:
    told = DRIVER.describe(from_hex(KS[2]), None, None)
    assert (told.request.name, told.request.checksum_ok) == ("read journal", True)
    assert told.notes == ("the request has the one-byte checksum of the oldest meters",)


def test_decode_prints_every_published_exchange() -> None:
    for vector in VECTORS:
        frames = [vector["request_hex"], *([vector["response_hex"]] if vector["response_hex"] else [])]
        ended = run("decode", "micron", *frames, "--json")
        document = json.loads(ended.out)
        code = 5 if vector["id"] == MISPRINT else 0
        assert (ended.code, document["request"]["status"]) == (code, "ok"), vector["id"]
        assert ("reply" in document) == (vector["response_hex"] is not None)


# --- secrets ----------------------------------------------------------------------------------------------------------

PASSWORD = b"\x47\x11\x08\x15\x42\x07"
OPENED = Call(Address(5), m.OPEN, Opening(PASSWORD))


@pytest.mark.parametrize("address", [Address(5), Address(805181783, True)])
@pytest.mark.parametrize("check", list(Check))
def test_a_password_is_masked_with_its_checksum(address: Address, check: Check) -> None:
    call = Call(address, m.OPEN, Opening(PASSWORD), check)
    shown = DRIVER.mask(call.encode())
    assert shown == address.encode().hex(" ").upper() + " 01" + " **" * (6 + check.size)
    if check is Check.CRC:
        assert shown == call.masked()


def test_the_change_of_a_password_hides_both() -> None:
    frame = next(raw for raw in REQUESTS if raw[1:3] == b"\x03\x1f")
    assert DRIVER.mask(frame).split()[:4] == ["05", "03", "1F", "**"]
    assert set(DRIVER.mask(frame).split()[3:]) == {"**"}


@given(bit=st.integers(0, 8 * len(OPENED.encode()) - 1))
def test_a_damaged_frame_of_a_password_shows_none_of_it(bit: int) -> None:
    frame = bytearray(OPENED.encode())
    frame[bit // 8] ^= 1 << bit % 8
    told = DRIVER.describe(bytes(frame), None, None)
    for shown in (DRIVER.mask(bytes(frame)), json.dumps(told.request.fields)):
        assert "11 08" not in shown
        assert "08 15" not in shown


def test_the_decoder_hides_passwords() -> None:
    told = DRIVER.describe(OPENED.encode(), None, None)
    assert told.request.fields["password"] == "**"
    answer = m.encode_answer(Address(5), b"471108")
    read = DRIVER.describe(from_hex("05082501 5A7A"), answer, None)
    assert read.reply is not None
    assert read.reply.fields["password"] == "**"
    assert "34 37 31" not in json.dumps(read.reply.fields)


def test_an_answer_from_the_neighbour_is_a_whole_frame() -> None:
    for check in Check:
        for address in (Address(4), Address(804, True)):
            frame = m.encode_answer(address, b"\x00\x17", check)
            moved = readdressed(frame)
            assert check.holds(moved)
            assert Address.read(moved)[0] == Address(address.number ^ 1, address.is_extended)
    assert readdressed(b"\x05") == b"\x05"
