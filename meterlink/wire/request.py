"""What a request carries: its bytes, which replies it permits, and how careful one must be with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import ClassVar, Final, Generic, TypeVar

from meterlink.wire.line import Line
from meterlink.wire.payload import hexadecimal

R = TypeVar("R")

MASKED: Final = "**"
"""Stands for a byte that may not be told."""


@dataclass(frozen=True, slots=True)
class ReplySizes:
    """Permitted sizes of a whole reply frame in bytes; `usual` is None where nobody knows it."""

    usual: int | None
    permitted: Collection[int]
    most: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "most", max(self.permitted))

    @classmethod
    def only(cls, size: int) -> ReplySizes:
        return cls(size, (size,))


class Request(ABC, Generic[R]):
    """One question or order to a meter. Subclasses are frozen values.

    `repeatable`       a lost reply may be answered by sending it again
    `changes_meter`    needs an announcement that was made durable first
    `presents_password` counts as the one attempt of a run; never repeated
    `line_after`       line settings from the moment its last byte is out, before listening
    `quiet_before_s`   silence before it, where it needs more than the family's
    `secret_places`    (start, end) of the secret bytes in `encode()`
    `checksum_size`    trailing bytes that would betray the secret bytes
    """

    checksum_size: ClassVar[int] = 2

    __slots__ = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """What it does, in the trade's words: "read energy"."""

    @property
    @abstractmethod
    def reply_sizes(self) -> ReplySizes:
        """Permitted sizes of the reply frame."""

    @abstractmethod
    def encode(self) -> bytes:
        """The whole frame."""

    @abstractmethod
    def accepts(self, frame: bytes) -> bool:
        """Whether this frame can be the answer, by address and code alone."""

    def same_meter(self, frame: bytes) -> bool:
        """Whether a frame that is no answer comes from the meter that was asked, where its address tells."""
        return False

    @abstractmethod
    def decode_reply(self, frame: bytes) -> R:
        """The value of an accepted frame; PayloadError when it makes no sense, RefusedError when the meter says no."""

    @property
    def repeatable(self) -> bool:
        return True

    @property
    def changes_meter(self) -> bool:
        return False

    @property
    def expects_reply(self) -> bool:
        return True

    @property
    def presents_password(self) -> bool:
        return False

    @property
    def line_after(self) -> Line | None:
        return None

    @property
    def quiet_before_s(self) -> float:
        return 0.0

    @property
    def secret_places(self) -> tuple[tuple[int, int], ...]:
        return ()

    def masked(self) -> str:
        """The frame in hexadecimal, secret bytes and then also the checksum as `**`."""
        return mask(self.encode(), self.secret_places, self.checksum_size)


def mask(frame: bytes, secret_places: Collection[tuple[int, int]], checksum_size: int) -> str:
    """A frame in spaced hexadecimal with `**` for secret bytes; the checksum goes too, as it would betray them."""
    if not secret_places:
        return hexadecimal(frame)
    hidden = {i for start, end in secret_places for i in range(start, end)}
    hidden |= set(range(len(frame) - checksum_size, len(frame)))
    return " ".join(MASKED if i in hidden else f"{byte:02X}" for i, byte in enumerate(frame))


def mask_whole(frame: bytes) -> str:
    """For bytes that may hold pieces of a secret at unknown places."""
    return " ".join([MASKED] * len(frame))
