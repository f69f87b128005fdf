"""A simulated Mercury 200 on a quiet line, driven with bytes and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from meterlink.profiles import Profile
from meterlink.sim.line import Burst
from meterlink.sim.state import SimState
from meterlink.wire.checksums import crc16_modbus_ok
from meterlink_mercury200 import messages
from meterlink_mercury200.messages import Command, encode_frame
from meterlink_mercury200.payload import NOTHING, Payload
from meterlink_mercury200.sim import Behaviour, Verdict, simulate
from tests.shipped import library

A = TypeVar("A", bound=Payload)

OLD, NEW = "mercury-200.02", "mercury-206"
MODELS = [OLD, "mercury-200.04", "mercury-201", "mercury-203.2t", NEW]

START = datetime(2025, 7, 21, 12, 0, tzinfo=UTC).timestamp()
"""Monday, 15:00 by the meter's clock."""

STATE = SimState(started_at=START, address="123456")
TWO_ZONES = bytes.fromhex("0700 6300" + "FFFF" * 6)


def profile(model: str = NEW) -> Profile:
    return library().get(model)


class Bench:
    """One meter on a quiet line; each request is asked some time after the answer before."""

    def __init__(self, model: str = NEW, state: SimState = STATE, behaviour: Behaviour | None = None) -> None:
        self.meter = simulate(profile(model), state, behaviour)
        self.now = state.started_at

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span).total_seconds()

    def wait_until(self, local: datetime, utc_offset: timedelta = STATE.utc_offset) -> None:
        self.now = (local.replace(tzinfo=UTC) - utc_offset).timestamp()

    def send(self, frame: bytes) -> list[Burst]:
        """Every answer to these bytes."""
        self.now += 0.1 + len(frame) * self.meter.line.char_s
        self.meter.receive(frame, self.now)
        return self.answers()

    def answers(self) -> list[Burst]:
        bursts: list[Burst] = []
        while (due := self.meter.due()) is not None:
            assert due >= self.now, "what is due lies ahead"
            self.now = due
            bursts += self.meter.poll(due)
        self.now = max([self.now, *(burst.ends_at for burst in bursts)])
        return bursts

    def raw(self, frame: str | bytes) -> str | None:
        """The one answer in hexadecimal, or None for silence."""
        bursts = self.send(bytes.fromhex(frame) if isinstance(frame, str) else frame)
        assert len(bursts) <= 1
        return bursts[0].data.hex(" ").upper() if bursts else None

    def ask(self, command: Command[Any, Any] | int, data: bytes | Payload = b"") -> bytes | None:
        """The data of the answer, or None for silence."""
        code = command if isinstance(command, int) else command.code
        request = encode_frame(self.meter.address, code, data if isinstance(data, bytes) else data.encode())
        bursts = self.send(request)
        if not bursts:
            return None
        [burst] = bursts
        assert crc16_modbus_ok(burst.data)
        assert burst.data[:5] == encode_frame(self.meter.address, code)[:5]
        return burst.data[5:-2]

    def value(self, command: Command[Any, A], asked: Payload = NOTHING) -> A:
        data = self.ask(command, asked)
        assert data is not None, f"{command.name}: no answer"
        return command.reply.read(data)

    def energies(self) -> list[Decimal]:
        return list(self.value(messages.READ_ENERGY).amounts)

    def local(self) -> datetime:
        return self.value(messages.READ_CLOCK).local

    def verdict(self) -> Verdict:
        return self.meter.log[-1].verdict


READ_SERIAL = encode_frame(123456, 0x2F)
