"""Reading whole meters: the driver's flows against the family's own simulator, whole, chopped, noisy, with faults."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.context import PasswordAttempts, Traced
from meterlink.driver import SetDst, Target, Unliftable
from meterlink.errors import (
    BadDigitsError,
    BadReplyError,
    DamagedFrameError,
    LinkError,
    MeterlinkError,
    NoAnswerError,
    NotSupportedError,
    OtherModelError,
    RefusedError,
    WireError,
    WrongPasswordError,
)
from meterlink.link.aio import AsyncMemoryPort, run_async
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.model import Absent
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import FAULTS, parse_faults, wrap
from meterlink.sim.line import Burst
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.testing import START, Delivery, dialogue, pair
from meterlink.visit.secrets import Secret
from meterlink.wire.line import Line
from meterlink_energomera import DRIVER
from meterlink_energomera.errors import SeveralMetersError
from meterlink_energomera.schedule import joined
from meterlink_energomera.session import Session
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera, simulate
from tests.drivers.energomera.meters import (
    ADDRESS,
    CE102M,
    CE301,
    CE6850M,
    MODELS,
    SLOW,
    STILL,
    at_300,
    check,
    frames_heard,
    identification_of,
    met,
    target_of,
)
from tests.drivers.readings import Reading, has, readings, timeless
from tests.shipped import library

LONG = os.environ.get("METERLINK_LONG") == "1"
READINGS = readings(DRIVER, archived=4, records=5, journals=("power", "parametrisation"))


# --- what is read -----------------------------------------------------------------------------------------------------


def test_energy_is_what_the_meter_sent_digit_by_digit() -> None:
    talk, _ = met(CE301, Behaviour(answers={"ET0PE": ["10879.927572", "8032.5160368", "2847.4115352", "0.0", "0.0"]}))
    reading = talk.run(DRIVER.read_energy(CE301))
    assert [(value.register, value.amount, value.raw) for value in reading.registers] == [
        ("total", Decimal("10879.927572"), "10879.927572"),
        ("T1", Decimal("8032.5160368"), "8032.5160368"),
        ("T2", Decimal("2847.4115352"), "2847.4115352"),
        ("T3", Decimal("0.0"), "0.0"),
        ("T4", Decimal("0.0"), "0.0"),
    ]


def test_a_register_that_is_not_told_has_its_reason() -> None:
    talk, _ = met(CE301, Behaviour(answers={"ET0PE": ["5.0", "3.0", "2.0", "0.0", "0.0"]}))
    (missing,) = talk.run(DRIVER.read_energy(CE301)).absent
    assert missing == Absent(what="energy PE T5", reason="the meter told five registers")


def test_six_values_have_the_emergency_register() -> None:
    talk, _ = pair(DRIVER, CE102M, STILL)
    assert [value.register for value in talk.run(DRIVER.read_energy(CE102M)).registers][-1] == "T5"


def test_a_303_tells_four_directions() -> None:
    target = target_of("ce303")
    talk, _ = pair(DRIVER, target, STILL)
    registers = talk.run(DRIVER.read_energy(target)).registers
    assert [(each.quantity.value, each.direction.value) for each in registers[::6]] == [
        ("active", "import"),
        ("active", "export"),
        ("reactive", "import"),
        ("reactive", "export"),
    ]


@pytest.mark.parametrize("text", ["621,42", "621.", ".42", "", "62 1.42", "6.2.1", "+1.0", "1e3", "-5.0"])
def test_a_value_with_a_comma_or_missing_digits_is_no_number(text: str) -> None:
    talk, _ = met(CE301, Behaviour(answers={"ET0PE": [text, "0.0", "0.0", "0.0", "0.0", "0.0"]}))
    with pytest.raises(BadDigitsError):
        talk.run(DRIVER.read_energy(CE301))


@pytest.mark.parametrize("count", [1, 4, 7])
def test_another_number_of_registers_is_not_guessed_at(count: int) -> None:
    talk, _ = met(CE301, Behaviour(answers={"ET0PE": ["0.0"] * count}))
    with pytest.raises(BadReplyError, match="5 or 6"):
        talk.run(DRIVER.read_energy(CE301))


def test_the_model_is_what_the_meter_calls_itself() -> None:
    talk, _ = pair(DRIVER, CE301, STILL)
    identity = talk.run(DRIVER.identify(CE301))
    assert identity.facts == {"maker": "EKT", "identification": "CE301v11", "type": "CE301"}
    assert (identity.serial_number, identity.firmware) == ("008841083000505", "v11.8s4")
    assert library().match(identity.facts, "energomera") == CE301.profile


@pytest.mark.parametrize("model", MODELS)
def test_every_model_recognises_its_own_meter_and_no_other(model: str) -> None:
    for other in MODELS:
        target = target_of(model)
        talk, _ = met(target, Behaviour(ident=identification_of(other)))
        if other == model:
            assert talk.run(DRIVER.identify(target)).model == model
        else:
            with pytest.raises(OtherModelError):
                talk.run(DRIVER.identify(target))


def test_an_unknown_identification_is_asked_for_twice_and_then_told() -> None:
    talk, meter = met(CE301, Behaviour(ident="XY77v3"))
    with pytest.raises(OtherModelError, match="XY77v3"):
        talk.run(DRIVER.read_energy(CE301))
    assert frames_heard(meter).count(b"/?083000505!\r\n") == 2


def test_another_name_is_believed_when_it_comes_twice_the_same() -> None:
    """The identification has no check byte: a bit that flips twice makes two names, of no meter at all."""

    class Flipped(VirtualBus):
        def __init__(self, *names: bytes) -> None:
            super().__init__([simulate(CE301.profile, STILL)])
            self.names = list(names)

        def poll(self, now: float) -> list[Burst]:
            return [replace(burst, data=self._flipped(burst.data)) for burst in super().poll(now)]

        def _flipped(self, data: bytes) -> bytes:
            return data.replace(b"CE301v11", self.names.pop(0)) if data[:1] == b"/" and self.names else data

    talk = dialogue(DRIVER, CE301, Flipped(b"CE301v12", b"CE301v13"))
    assert talk.run(DRIVER.read_energy(CE301)).registers
    talk = dialogue(DRIVER, CE301, Flipped(b"CE301v12", b"CE301v13", b"CE301v14"))
    with pytest.raises(BadReplyError, match="another name"):
        talk.run(DRIVER.read_energy(CE301))


def test_a_6850_without_m_is_another_meter() -> None:
    """Of it only the sign-on and W1 TIME_ are documented."""
    talk, _ = met(CE6850M, Behaviour(ident="CE6850v6_3"))
    with pytest.raises(OtherModelError, match="CE6850"):
        talk.run(DRIVER.identify(CE6850M))


def test_a_meter_of_the_later_generation_is_named_and_not_driven() -> None:
    """The simulator calls itself EKT, so its answer is changed on the way."""

    class Later(VirtualBus):
        def poll(self, now: float) -> list[Burst]:
            own, later = b"/EKT5CE301v11", b"/EMR5CE3081.1"
            return [replace(burst, data=burst.data.replace(own, later)) for burst in super().poll(now)]

    talk = dialogue(DRIVER, CE301, Later([simulate(CE301.profile, STILL)]))
    with pytest.raises(OtherModelError, match="CE308 of the later generation"):
        talk.run(DRIVER.read_energy(CE301))


def test_the_clock_is_told_with_the_moments_around_it() -> None:
    for target in (CE301, CE102M):
        ahead = SimState(started_at=START, address=ADDRESS, clock_error=timedelta(hours=1, seconds=14))
        talk, _ = pair(DRIVER, target, ahead)
        time = talk.run(DRIVER.read_clock(target))
        true = datetime.fromtimestamp(time.asked_at.timestamp(), time.asked_at.tzinfo).replace(tzinfo=None)
        error = time.local - timedelta(hours=3) - true
        assert timedelta(hours=1, seconds=12) <= error <= timedelta(hours=1, seconds=15)
        assert time.weekday == 1


@pytest.mark.parametrize("before_s", [x / 10 for x in range(0, 40, 1 if LONG else 3)])
def test_date_and_time_are_of_one_day_also_at_midnight(before_s: float) -> None:
    """Two frames, and the day may change between them."""
    midnight = datetime(2026, 1, 1) - datetime(2025, 7, 21, 14, 5, 9)
    state = SimState(started_at=START, address=ADDRESS, clock_error=midnight - timedelta(seconds=before_s))
    talk, _ = pair(DRIVER, CE301, state)
    began = talk.now()
    time = talk.run(DRIVER.read_clock(CE301))
    took = timedelta(seconds=talk.now() - began)
    assert datetime(2026, 1, 1) - timedelta(seconds=before_s + 1) <= time.local <= datetime(2026, 1, 1) + took


def test_the_switch_is_told_as_what_the_meter_will_do() -> None:
    for enabled in (True, False):
        talk, _ = pair(DRIVER, CE6850M, replace(STILL, dst_enabled=enabled))
        dst = talk.run(DRIVER.read_dst(CE6850M))
        assert (dst.enabled, dst.begins) == (enabled, "last Sunday of month 3")
    talk, _ = met(CE301, Behaviour(answers={"TRSUM": ["2"]}))
    assert talk.run(DRIVER.read_dst(CE301)).enabled is None


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("count", [0, 1, 11, 13])
def test_a_graph_that_was_cut_short_is_not_taken_for_whole(model: str, count: int) -> None:
    target = target_of(model)
    talk, _ = met(target, Behaviour(answers={"GRF01": ["07:00:01", *["00:00:00"] * 12][:count]}))
    with pytest.raises(BadReplyError, match=f"GRF01 has {count} values, and 12 are expected"):
        talk.run(DRIVER.read_schedule(target))
    with pytest.raises(BadReplyError, match="12 are expected"):
        talk.run(DRIVER.read_stored(target, ["GRF01"]))


def test_a_6850m_is_asked_for_all_seasons_and_exception_days() -> None:
    """SESON(n.m), EXDAY(n.m): without numbers only the first might come."""
    talk, meter = met(CE6850M, Behaviour(), STILL)
    first, second = "05-04-01-01-01-01-01-01-01", "12-10-02-02-02-02-02-02-02"
    meter.memory.lists["GRF02"] = ["00:00:03", *["00:00:00"] * 11]
    meter.memory.lists |= {"SESON": [first, second], "EXDAY": ["01.01.01", "09.05.01"]}
    schedule = talk.run(DRIVER.read_schedule(CE6850M)).schedule
    assert [season.starts for season in schedule.seasons] == [(4, 5), (10, 12)]
    assert talk.run(DRIVER.read_holidays(CE6850M)).days == ((1, 1), (5, 9))
    assert talk.run(DRIVER.read_stored(CE6850M, ["SESON"])) == {"SESON": joined([first, second])}
    assert {raw[4:15] for raw in frames_heard(meter) if raw[4:9] in (b"SESON", b"EXDAY")} == {
        b"SESON(1.12)",
        b"EXDAY(1.32)",
    }


@pytest.mark.parametrize("model", MODELS)
def test_the_schedule_is_lifted_to_the_canonical_one(model: str) -> None:
    target = target_of(model)
    talk, _ = pair(DRIVER, target, STILL)
    reading = talk.run(DRIVER.read_schedule(target))
    assert reading.schedule == preset("ru-household-3").schedule
    assert len(reading.image) == 36 + 2


def test_a_meter_without_seasons_has_no_schedule_that_could_be_told() -> None:
    talk, _ = met(CE301, Behaviour(refuses={"SESON": 12}))
    reading = talk.run(DRIVER.read_schedule(CE301))
    assert isinstance(reading.schedule, Unliftable)
    assert "SESON" not in reading.image
    assert any("SESON" in note for note in reading.notes)


def test_the_tariff_of_the_moment_stands_in_the_state() -> None:
    talk, _ = pair(DRIVER, CE102M, replace(STILL, schedule=preset("ru-household-2").schedule))
    mode = talk.run(DRIVER.read_tariff_mode(CE102M))
    assert (mode.tariffs_in_force, mode.current_tariff) == (2, 1)


@pytest.mark.parametrize(
    "reading",
    [reading for reading in READINGS if reading.needs not in ("", "identity")],
    ids=lambda reading: reading.name,
)
def test_what_a_model_lacks_is_refused_before_any_byte(reading: Reading) -> None:
    support = replace(CE6850M.profile.supports[reading.needs], supported=False, note="cut off for this test")
    profile = replace(CE6850M.profile, supports={**CE6850M.profile.supports, reading.needs: support})
    lacking = Target(address=ADDRESS, profile=profile)
    traced: list[Traced] = []
    talk, _ = pair(DRIVER, lacking, observer=traced.append)
    with pytest.raises(NotSupportedError, match=f"ce6850m has no {reading.needs}: cut off"):
        talk.run(reading.flow(lacking))
    assert traced == []


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_parameter_that_the_firmware_lacks_is_told_as_lacking() -> None:
    talk, _ = met(CE301, Behaviour(refuses={"TRSUM": 12}))
    with pytest.raises(NotSupportedError, match="ERR12"):
        talk.run(DRIVER.read_dst(CE301))


@pytest.mark.parametrize("number", [11, 13, 14, 15, 16, 17, 18, 19, 22, 33, 99])
def test_a_refusal_keeps_its_number(number: int) -> None:
    talk, _ = met(CE301, Behaviour(refuses={"ET0PE": number}))
    with pytest.raises(RefusedError, match=f"ERR{number}") as caught:
        talk.run(DRIVER.read_energy(CE301))
    assert caught.value.code == f"ERR{number}"


# --- addresses --------------------------------------------------------------------------------------------------------


def test_of_many_meters_on_a_line_the_asked_one_answers() -> None:
    meters = [
        simulate(CE301.profile, replace(STILL, address=f"10{n}", energy_kwh=(Decimal(n),), seed=n)) for n in range(4)
    ]
    for n in range(4):
        target = target_of("ce301", f"10{n}")
        assert dialogue(DRIVER, target, VirtualBus(meters)).run(DRIVER.read_energy(target)).registers[1].amount == n


def test_several_meters_that_answer_an_empty_sign_on_are_damage_and_no_meter() -> None:
    meters = [simulate(CE301.profile, replace(STILL, address=f"10{n}", seed=n)) for n in range(3)]
    target = target_of("ce301", "*")
    with pytest.raises(SeveralMetersError, match="not one meter alone") as told:
        dialogue(DRIVER, target, VirtualBus(meters)).run(DRIVER.read_energy(target))
    assert "--address" in told.value.hint


def test_the_only_meter_answers_an_empty_sign_on() -> None:
    talk, _ = met(target_of("ce102m", "*"), Behaviour())
    identity = talk.run(DRIVER.identify(target_of("ce102m", "*")))
    assert (identity.serial_number, identity.address) == ("010748104609396", "083000505")
    talk, _ = met(target_of("ce301", "*"), Behaviour(refuses={"IDPAS": 12}))
    identity = talk.run(DRIVER.identify(target_of("ce301", "*")))
    assert (identity.address, [absent.what for absent in identity.absent]) == ("*", ["address"])


def test_an_operand_of_another_address_is_another_meter() -> None:
    """A meter that answers to somebody else's address by mistake is noticed by its operand."""

    class Misheard:
        def __init__(self, inner: VirtualBus) -> None:
            self.inner = inner
            self.due, self.poll = inner.due, inner.poll

        def receive(self, data: bytes, now: float, line: Line) -> None:
            self.inner.receive(data.replace(b"/?999!", b"/?083000505!"), now, line)

    target = target_of("ce102m", "999")
    bus = VirtualBus([simulate(CE102M.profile, STILL)])
    with pytest.raises(BadReplyError, match="083000505"):
        dialogue(DRIVER, target, Misheard(bus)).run(DRIVER.read_energy(target))


@pytest.mark.parametrize(
    ("plate", "answered", "same"),
    [
        ("0800001", "0800001", True),
        ("№ 800001", "0800001", True),
        ("0800001234567890", "0800001234567890", True),
        ("104609396", "010748104609396", True),
        ("010748104609396", "10748104609396", True),
        ("0800001", "010748100800001", False),
        ("0800002", "0800001", False),
        ("000000", "", False),
        ("010748104609396", "009114135064195", False),
    ],
)
def test_a_serial_number_of_any_length_is_the_same_as_itself(plate: str, answered: str, same: bool) -> None:
    """The last nine digits stand for the number where it has fifteen."""
    assert DRIVER.same_serial(plate, answered) is same


def test_no_meter_at_the_address_is_told_with_the_address() -> None:
    stranger = target_of("ce301", "111111")
    with pytest.raises(NoAnswerError, match="address 111111"):
        dialogue(DRIVER, stranger, VirtualBus([simulate(CE301.profile, STILL)])).run(DRIVER.read_energy(stranger))


# --- speeds -----------------------------------------------------------------------------------------------------------


def test_an_optical_head_begins_at_300_and_goes_on_at_9600() -> None:
    talk, meter, target = at_300(CE6850M, Behaviour())
    first = talk.run(DRIVER.read_energy(target))
    began = talk.now()
    again = talk.run(DRIVER.read_energy(target))
    assert timeless(first) == timeless(again)
    assert talk.now() - began < 6  # at 300 baud the registers alone would take longer
    assert [raw for raw in frames_heard(meter) if raw[:1] == b"\x06"] == [b"\x06051\r\n"] * 2
    assert meter.line.baud == 300


def test_a_port_that_cannot_follow_stays_at_300() -> None:
    talk, meter, target = at_300(CE6850M, Behaviour(), fixed=True)
    assert len(talk.run(DRIVER.read_clock(target)).local.isoformat()) == 19
    assert b"\x06001\r\n" in frames_heard(meter)


def test_a_meter_that_answers_at_the_old_speed_is_asked_again_there() -> None:
    talk, meter, target = at_300(CE6850M, Behaviour(follows_speed=False))
    assert talk.run(DRIVER.identify(target)).serial_number == "000000000800001"
    selected = [raw for raw in frames_heard(meter) if raw[:1] == b"\x06"]
    assert selected == [b"\x06051\r\n", b"\x06001\r\n"]


@pytest.mark.parametrize("active_s", [4, 10, 30])
def test_a_meter_that_followed_and_was_not_heard_is_let_go_at_its_new_speed(active_s: float) -> None:
    """Only its operand was lost: it sits in a session at 9600 and would hear nothing at 300."""

    class Lossy(VirtualBus):
        lost = False

        def poll(self, now: float) -> list[Burst]:
            bursts = super().poll(now)
            kept = [burst for burst in bursts if self.lost or not burst.data.startswith(b"\x01P0")]
            self.lost = self.lost or len(kept) < len(bursts)
            return kept

    slow = replace(CE6850M, line=SLOW)
    meter = simulate(CE6850M.profile, STILL, Behaviour(first_baud=300, active_s=active_s))
    port = MemoryPort(Lossy([meter]), SLOW, starts_at=START)
    talk = Dialogue(port, exchange_for(DRIVER, slow, line=SLOW, port_name="memory"))
    assert talk.run(DRIVER.read_energy(slow)).registers
    assert [raw for raw in frames_heard(meter) if raw[:1] == b"\x06"] == [b"\x06051\r\n", b"\x06001\r\n"]


def test_a_meter_of_the_other_check_byte_is_spoken_to_with_it() -> None:
    """`check = "xor"` of a profile counts both ways, up to the B0 that ends the session."""
    table = {**CE301.profile.driver_table, "check": "xor"}
    target = replace(CE301, profile=replace(CE301.profile, driver_table=table), secret=Secret("meter", b"314159"))
    traced: list[Traced] = []

    def talk_with(password: bytes) -> tuple[Dialogue, SimulatedEnergomera]:
        meter = simulate(target.profile, STILL, Behaviour(password=password))
        port = MemoryPort(VirtualBus([meter]), target.opened_at, starts_at=START)
        exchange = exchange_for(
            DRIVER,
            target,
            line=target.opened_at,
            port_name="memory",
            gate=lambda entry: None,
            observer=traced.append,
            passwords=PasswordAttempts(),
        )
        return Dialogue(port, exchange), meter

    talk, meter = talk_with(b"314159")
    assert talk.run(DRIVER.read_energy(target)).registers
    assert talk.run(DRIVER.read_instant(target)).absent == ()
    changes = DRIVER.changes(SetDst(enabled=True), {"TRSUM": joined(["0"])}, target.profile)
    assert talk.run(DRIVER.write(target, "test", changes)).failure is None
    assert frames_heard(meter)[0] == frames_heard(meter)[-1] == b"\x01B0\x03\x71"
    refusing, _ = talk_with(b"another")
    refused = refusing.run(DRIVER.write(target, "test", changes))
    assert isinstance(refused.failure, WrongPasswordError)
    assert "33 31 34" not in " ".join(each.frame for each in traced)


def test_a_speed_that_nobody_explained_is_not_followed() -> None:
    table = {**CE6850M.profile.driver_table, "speed_char": "7"}
    target = replace(CE6850M, profile=replace(CE6850M.profile, driver_table=table))
    talk, meter = met(target, Behaviour(), STILL)
    assert talk.run(DRIVER.read_energy(target)).registers
    assert b"\x06001\r\n" in frames_heard(meter)


@pytest.mark.parametrize(("target", "mode"), [(CE301, "0"), (CE102M, "0"), (CE102M, "6")], ids=str)
def test_a_whole_readout_is_taken_apart(target: Target, mode: str) -> None:
    talk, _ = pair(DRIVER, target, STILL)
    block = talk.run(Session(target).read_out(mode)).value
    names = {item.name for item in block.items}
    assert names >= {"SNUMB", "TIME_", "DATE_"}
    assert all(item.value for item in block.items)


# --- deliveries, worlds, faults ---------------------------------------------------------------------------------------


EVERYTHING = [
    pytest.param(model, reading, id=f"{model}-{reading.name}")
    for model in MODELS
    for reading in READINGS
    if has(target_of(model), reading)
]
OF_TWO = [case for case in EVERYTHING if case.values[0] in ("ce102m", "ce6850m")]
OF_102M = [reading for reading in READINGS[:6] if has(CE102M, reading)]


@pytest.mark.parametrize("how", [how for how in Delivery if how is not Delivery.WHOLE])
@pytest.mark.parametrize(("model", "reading"), EVERYTHING if LONG else OF_TWO)
def test_every_reading_survives_every_delivery(model: str, reading: Reading, how: Delivery) -> None:
    target = target_of(model)
    whole, _ = pair(DRIVER, target, STILL)
    talk, _ = pair(DRIVER, target, STILL, how=how)
    assert timeless(talk.run(reading.flow(target))) == timeless(whole.run(reading.flow(target)))


@pytest.mark.parametrize("seed", range(5 if LONG else 2))
def test_replies_may_pause_behind_their_first_bytes(seed: int) -> None:
    whole, _ = pair(DRIVER, CE301, STILL)
    talk, _ = met(CE301, Behaviour(split_s=0.13), replace(STILL, seed=seed))
    for reading in READINGS[:3]:
        assert timeless(talk.run(reading.flow(CE301))) == timeless(whole.run(reading.flow(CE301)))


@pytest.mark.parametrize("reading", OF_102M, ids=lambda reading: reading.name)
def test_asyncio_reads_the_same(reading: Reading) -> None:
    target = CE102M
    blocking, _ = pair(DRIVER, target, STILL)
    port = MemoryPort(VirtualBus([simulate(target.profile, STILL)]), target.profile.line.line, starts_at=START)
    exchange = exchange_for(DRIVER, target, line=target.profile.line.line, port_name=port.name)
    value = asyncio.run(run_async(AsyncMemoryPort(port), exchange, reading.flow(target)))
    assert value == blocking.run(reading.flow(target))


HARMLESS = ("echo", "echo-late", "split", "glued")


@pytest.mark.parametrize("fault", HARMLESS)
@pytest.mark.parametrize("reading", OF_102M, ids=lambda reading: reading.name)
def test_a_harmless_fault_changes_nothing(fault: str, reading: Reading) -> None:
    whole, _ = pair(DRIVER, CE102M, STILL)
    wire = wrap(VirtualBus([simulate(CE102M.profile, STILL)]), parse_faults(fault), 7)
    talk = dialogue(DRIVER, CE102M, wire)
    assert timeless(talk.run(reading.flow(CE102M))) == timeless(whole.run(reading.flow(CE102M)))


WITHOUT_ADDRESS = sorted(set(FAULTS) - {"wrong-address"})


@settings(max_examples=400 if LONG else 40, deadline=None)
@given(
    model=st.sampled_from(MODELS),
    fault=st.sampled_from(WITHOUT_ADDRESS),
    seed=st.integers(0, 10_000),
    chance=st.sampled_from([0.05, 0.2, 0.5, 1.0]),
)
def test_under_every_fault_a_right_value_or_our_error(model: str, fault: str, seed: int, chance: float) -> None:
    target = target_of(model)
    truth, _ = pair(DRIVER, target, STILL)
    wire = wrap(VirtualBus([simulate(target.profile, STILL)]), parse_faults(f"{fault}:{chance}"), seed)
    talk = dialogue(DRIVER, target, wire)
    with suppress(LinkError, WireError, RefusedError, OtherModelError):
        energy, true = talk.run(DRIVER.read_energy(target)), truth.run(DRIVER.read_energy(target))
        check(energy.registers, energy.absent, true.registers)
        now = talk.run(DRIVER.read_instant(target))
        check(now.values, now.absent, truth.run(DRIVER.read_instant(target)).values)
        status = talk.run(DRIVER.read_status(target))
        check(status.values, status.absent, truth.run(DRIVER.read_status(target)).values)
    assert talk.now() < START + 900


@pytest.mark.parametrize("seed", range(2 if LONG else 1))
@pytest.mark.parametrize("fault", [*(f"{fault}:0.1" for fault in WITHOUT_ADDRESS), "late:0.3,delay=1.9", "late:0.2"])
def test_a_whole_schedule_is_right_under_faults_or_not_told_at_all(fault: str, seed: int) -> None:
    truth, _ = pair(DRIVER, CE301, STILL)
    wanted = truth.run(DRIVER.read_schedule(CE301))
    wire = wrap(VirtualBus([simulate(CE301.profile, STILL)]), parse_faults(fault), seed)
    with suppress(LinkError, WireError, RefusedError, OtherModelError):
        assert dialogue(DRIVER, CE301, wire).run(DRIVER.read_schedule(CE301)) == wanted


def test_light_damage_is_overcome_by_a_new_session() -> None:
    truth, _ = pair(DRIVER, CE301, STILL)
    wanted = timeless(truth.run(DRIVER.read_schedule(CE301)))
    came = 0
    for seed in range(10):
        wire = wrap(VirtualBus([simulate(CE301.profile, STILL)]), parse_faults("flipped-bit:0.03"), seed)
        with suppress(MeterlinkError):
            assert timeless(dialogue(DRIVER, CE301, wire).run(DRIVER.read_schedule(CE301))) == wanted
            came += 1
    assert came >= 8


def test_a_meter_that_falls_asleep_between_two_questions_is_signed_on_again() -> None:
    talk, meter = met(CE301, Behaviour(active_s=0.01), STILL)
    with pytest.raises((NoAnswerError, DamagedFrameError)):
        talk.run(DRIVER.read_energy(CE301))
    assert frames_heard(meter).count(b"/?083000505!\r\n") == 3


def test_wrong_check_bytes_are_told_as_such() -> None:
    wire = wrap(VirtualBus([simulate(CE301.profile, STILL)]), parse_faults("wrong-checksum"), 1)
    with pytest.raises(WireError):
        dialogue(DRIVER, CE301, wire).run(DRIVER.read_energy(CE301))
