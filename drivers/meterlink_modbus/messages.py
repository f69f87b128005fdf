"""One request to one meter: a message of `pdu` in a frame of `framing`, behind the house's `Request`."""

from __future__ import annotations

from dataclasses import dataclass

from meterlink.driver import Target
from meterlink.wire.request import ReplySizes, Request
from meterlink_modbus.errors import refusal
from meterlink_modbus.framing import Form
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
        usual, refused = self.asked.reply_size() + self.form.overhead, 2 + self.form.overhead
        return ReplySizes(usual, (usual, refused))

    def encode(self) -> bytes:
        return self.form.wrap(self.unit, self.asked.encode())

    def accepts(self, frame: bytes) -> bool:
        if not self.same_meter(frame) or self.form.transaction(frame) != self.form.transaction(self.encode()):
            return False
        code, refused = self.form.pdu(frame)[0], len(frame) == 2 + self.form.overhead
        return code == (self.asked.function | 0x80 if refused else self.asked.function)

    def same_meter(self, frame: bytes) -> bool:
        return len(frame) > self.form.overhead and self.form.unit(frame) == self.unit

    def decode_reply(self, frame: bytes) -> bytes:
        answered = Answered.decode(self.form.pdu(frame))
        answered.fits(self.asked)
        if answered.exception is not None:
            raise refusal(self.name, answered.exception)
        return answered.data


def call_to(target: Target, asked: Asked) -> Call:
    """A message to the meter of a target, in the form in which the way to it takes frames."""
    return Call(int(target.address), asked, Form.RTU if target.framing is None else Form(target.framing))


def write_call(target: Target, address: int, data: bytes) -> Call:
    """The write of a block of registers in one frame."""
    return call_to(target, Asked(WRITE, address, len(data) // 2, data))
