"""What every simulated meter does on the wire, whatever its family: silences, deafness, appointments, the log."""

from __future__ import annotations

import pytest

from meterlink.sim.hearing import Appointment, HearingMeter, Verdict
from meterlink.wire.framer import CommandFramer
from meterlink.wire.line import Line

LINE = Line(baud=9600)
CHAR_S = LINE.char_s
GAP_S = 0.05
LATENCY_S = 0.01
FORGETS_S = 2.0


def ends_well(frame: bytes) -> bool:
    return frame.endswith(b"!")


class Parrot(HearingMeter):
    """A family of one meter: repeats a frame of any length that ends with `!`, and forgets it after a while."""

    def __init__(self, *, gap_s: float | None = None, deaf_while_sending: bool = True) -> None:
        framer = CommandFramer(ends_well, lambda _: None)
        super().__init__(framer, gap_s=gap_s, deaf_while_sending=deaf_while_sending)
        self.remembers: list[bytes] = []
        self.forgot_at: list[float] = []

    @property
    def line(self) -> Line:
        return LINE

    @property
    def _own_gap_s(self) -> float:
        return GAP_S

    def _hear(self, frame: bytes, now: float) -> None:
        self.remembers.append(frame)
        self._speak(frame, now + LATENCY_S)
        self._note(now, Verdict.ANSWERED, frame)

    def _appointment(self) -> Appointment | None:
        return Appointment(self._last_byte_at + FORGETS_S, self._forget) if self.remembers else None

    def _forget(self, now: float) -> None:
        self.remembers.clear()
        self.forgot_at.append(now)


def verdicts(meter: HearingMeter) -> list[Verdict]:
    return [heard.verdict for heard in meter.log]


@pytest.mark.parametrize("given", [None, 0.4], ids=["its own", "that of the place"])
def test_a_silence_ends_a_frame_and_the_answer_counts_from_its_last_byte(given: float | None) -> None:
    meter, gap_s = Parrot(gap_s=given), given or GAP_S
    meter.receive(b"a", 10.0)
    meter.receive(b"b!", 10.03)
    assert meter.due() == 10.03 + gap_s
    assert meter.poll(10.03 + gap_s - 0.001) == []
    (answer,) = meter.poll(10.03 + gap_s)
    assert (answer.at, answer.data, answer.line) == (10.03 + LATENCY_S, b"ab!", LINE)


def test_bytes_after_a_silence_begin_another_frame() -> None:
    meter = Parrot()
    meter.receive(b"a", 10.0)
    meter.receive(b"b!", 11.0)
    meter.poll(12.0)
    assert [(heard.verdict, heard.raw) for heard in meter.log] == [
        (Verdict.DAMAGED, b"a"),
        (Verdict.ANSWERED, b"b!"),
    ]


@pytest.mark.parametrize("deaf", [True, False])
def test_what_comes_while_it_sends_is_lost_unless_the_family_says_otherwise(deaf: bool) -> None:
    meter = Parrot(deaf_while_sending=deaf)
    meter.receive(b"0123456789!", 10.0)
    (answer,) = meter.poll(10.0 + GAP_S)
    meter.receive(b"x!", answer.ends_at)  # its first byte came before the last one of the answer was out
    meter.poll(11.0)
    assert verdicts(meter) == [Verdict.ANSWERED, Verdict.DEAF if deaf else Verdict.ANSWERED]


def test_bytes_right_behind_the_answer_are_heard() -> None:
    meter = Parrot()
    meter.receive(b"a!", 10.0)
    (answer,) = meter.poll(10.0 + GAP_S)
    meter.receive(b"b!", answer.ends_at + GAP_S)
    meter.poll(11.0)
    assert verdicts(meter) == [Verdict.ANSWERED, Verdict.ANSWERED]


def test_what_a_meter_does_by_itself_happens_at_its_time_however_late_it_is_asked() -> None:
    meter = Parrot()
    meter.receive(b"a!", 10.0)
    meter.poll(10.0 + GAP_S)
    assert meter.due() == 10.0 + FORGETS_S
    meter.receive(b"b!", 100.0)
    assert meter.forgot_at == [12.0]
    meter.poll(100.0 + GAP_S)
    assert meter.remembers == [b"b!"]


def test_a_meter_that_only_waits_is_not_due() -> None:
    meter = Parrot()
    assert meter.due() is None
    meter.receive(b"", 10.0)
    assert meter.due() is None


def test_noise_and_answers_that_nobody_takes_do_not_pile_up() -> None:
    meter = Parrot()
    meter.receive(bytes(100_000), 200.0)
    for i in range(3000):
        meter.receive(b"x!", 201.0 + i)
    assert len(meter.log) == 2000
    assert len(meter.poll(10_000.0)) == 64
    meter = Parrot()
    meter.receive(bytes(100_000), 200.0)
    meter.poll(201.0)
    assert max(len(heard.raw) for heard in meter.log) == 256
