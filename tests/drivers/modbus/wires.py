"""Wires between the driver and a simulated meter: one that strikes an exchange, one that puts exceptions in answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from meterlink.driver import Unliftable
from meterlink.sim.line import Burst
from meterlink.tariff import YearSchedule
from meterlink.wire.line import Line
from meterlink_modbus.framing import form_of, readdressed
from meterlink_modbus.pdu import Answered, Asked
from meterlink_modbus.sim import SimulatedModbus
from tests.drivers import struck
from tests.wires import Passing


def asked_in(frame: bytes) -> Asked:
    form = form_of(frame)
    return Asked.decode(form.pdu(frame))


def is_write(frame: bytes) -> bool:
    """Whether a frame can change the meter."""
    return asked_in(frame).writes


@dataclass
class Struck(struck.Struck):
    """Strikes one write, remembers every request, and looks at the meter whenever a write was answered."""

    meter: SimulatedModbus = field(kw_only=True)
    asked: list[Asked] = field(default_factory=list)
    seen: list[YearSchedule | Unliftable | None] = field(default_factory=list)

    @property
    def written(self) -> list[Asked]:
        return [one for one in self.asked if one.writes]

    def is_write(self, frame: bytes) -> bool:
        return is_write(frame)

    def readdressed(self, frame: bytes) -> bytes:
        return readdressed(frame)

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.asked.append(asked_in(data))
        super().receive(data, now, line)

    def poll(self, now: float) -> list[Burst]:
        heard = super().poll(now)
        if heard and self.asked[-1].writes:
            self.seen.append(self.meter.memory.schedule)
        return heard


@dataclass
class Excepting(Passing):
    """From the write of this number on, from 0, the meter hears, and an exception comes in place of its answers.

    Of its answers to writes, to readings, or to both.
    """

    code: int
    number: int = 0
    to_writes: bool = True
    to_reads: bool = True
    _writes: int = 0
    _spoils: bool = False

    def receive(self, data: bytes, now: float, line: Line) -> None:
        writes = is_write(data)
        self._writes += writes
        self._spoils = self._writes > self.number and (self.to_writes if writes else self.to_reads)
        self.inner.receive(data, now, line)

    def poll(self, now: float) -> list[Burst]:
        heard = self.inner.poll(now)
        return [replace(burst, data=self._exception_to(burst.data)) for burst in heard] if self._spoils else heard

    def _exception_to(self, reply: bytes) -> bytes:
        """The answer that says no, in place of one that says yes."""
        form = form_of(reply)
        pdu = Answered(form.pdu(reply)[0], exception=self.code).encode()
        return form.wrap(form.unit(reply), pdu, form.transaction(reply))
