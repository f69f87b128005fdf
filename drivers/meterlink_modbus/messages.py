"""One request to one meter: a message of `pdu` in a frame of `framing`, behind the house's `Request`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from meterlink.driver import Target
from meterlink.wire.request import ReplySizes, Request
from meterlink_modbus.errors import refusal
from meterlink_modbus.framing import REFUSAL, Form
from meterlink_modbus.pdu import WRITE, Answered, Asked


@dataclass(frozen=True, slots=True)
class Call(Request[bytes]):
    """A message to one unit; its answer is the data of the registers, nothing for a write."""

    unit: int
    asked: Asked
    form: Form = Form.RTU

    @property
    def name(self) -> str:
        return self.asked.name

    @property
    def repeatable(self) -> bool:
        return not self.asked.writes

    @property
    def changes_meter(self) -> bool:
        return self.asked.writes

    @property
    def reply_sizes(self) -> ReplySizes:
        return _reply_sizes(self.asked.reply_size(), self.form.overhead)

    def encode(self) -> bytes:
        return _encoded(self)

    def accepts(self, frame: bytes) -> bool:
        if not self.same_meter(frame):
            return False
        form = self.form
        if form is Form.MBAP and form.transaction(frame) != form.transaction(self.encode()):
            return False
        refused = len(frame) == REFUSAL + form.overhead
        return form.pdu(frame)[0] == (self.asked.function | 0x80 if refused else self.asked.function)

    def same_meter(self, frame: bytes) -> bool:
        return len(frame) > self.form.overhead and self.form.unit(frame) == self.unit

    def decode_reply(self, frame: bytes) -> bytes:
        answered = Answered.decode(self.form.pdu(frame))
        answered.fits(self.asked)
        if answered.exception is not None:
            raise refusal(self.unit, self.name, answered.exception, writes=self.asked.writes)
        return answered.data


@lru_cache(maxsize=64)
def _encoded(call: Call) -> bytes:
    """One call is encoded for the announcement, the wire, the trace and each look at an answer."""
    return call.form.wrap(call.unit, call.asked.encode())


@lru_cache(maxsize=64)
def _reply_sizes(size: int, overhead: int) -> ReplySizes:
    return ReplySizes(size + overhead, (size + overhead, REFUSAL + overhead))


def call_to(target: Target, asked: Asked) -> Call:
    """A message to the meter of a target, in the form in which the way to it takes frames."""
    return Call(int(target.address), asked, Form.RTU if target.framing is None else Form(target.framing))


def write_call(target: Target, address: int, data: bytes) -> Call:
    """The write of a block of registers in one frame."""
    return call_to(target, Asked(WRITE, address, len(data) // 2, data))
