"""One request to one meter: a message of `pdu` in a frame of `framing`, behind the house's `Request`."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterlink.driver import Target
from meterlink.wire.request import ReplySizes, Request
from meterlink_modbus.errors import refusal
from meterlink_modbus.framing import REFUSAL, Form
from meterlink_modbus.pdu import WRITE, Answered, Asked


@dataclass(frozen=True, slots=True)
class Call(Request[bytes]):
    """A message to one unit; its answer is the data of the registers, nothing for a write.

    What one exchange asks for many times is made once, with the call: the frame, what may answer it, whether it writes.
    """

    unit: int
    asked: Asked
    form: Form = Form.RTU
    frame: bytes = field(init=False, repr=False, compare=False)
    reply_sizes: ReplySizes = field(init=False, repr=False, compare=False)
    changes_meter: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        usual, refused = (self.form.overhead + size for size in (self.asked.reply_size(), REFUSAL))
        object.__setattr__(self, "frame", self.form.wrap(self.unit, self.asked.encode()))
        object.__setattr__(self, "reply_sizes", ReplySizes(usual, (usual, refused)))
        object.__setattr__(self, "changes_meter", self.asked.writes)

    @property
    def name(self) -> str:
        return self.asked.name

    @property
    def repeatable(self) -> bool:
        return not self.changes_meter

    def encode(self) -> bytes:
        return self.frame

    def accepts(self, frame: bytes) -> bool:
        if not self.same_meter(frame):
            return False
        form = self.form
        if form is Form.MBAP and form.transaction(frame) != form.transaction(self.frame):
            return False
        refused = len(frame) == form.overhead + REFUSAL
        return form.pdu(frame)[0] == (self.asked.function | 0x80 if refused else self.asked.function)

    def same_meter(self, frame: bytes) -> bool:
        return len(frame) > self.form.overhead and self.form.unit(frame) == self.unit

    def decode_reply(self, frame: bytes) -> bytes:
        answered = Answered.decode(self.form.pdu(frame))
        answered.fits(self.asked)
        if answered.exception is not None:
            raise refusal(self.unit, self.name, answered.exception, writes=self.changes_meter)
        return answered.data


def call_to(target: Target, asked: Asked) -> Call:
    """A message to the meter of a target, in the form in which the way to it takes frames."""
    return Call(int(target.address), asked, Form.RTU if target.framing is None else Form(target.framing))


def write_call(target: Target, address: int, data: bytes) -> Call:
    """The write of a block of registers in one frame."""
    return call_to(target, Asked(WRITE, address, len(data) // 2, data))
