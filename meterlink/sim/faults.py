"""Faults of the line between the asking side and the meters, as wires round a wire.

A fault strikes an exchange (one request and what the meters send until the next one) with its probability, and draws
what it needs from its own random numbers, so that one seed gives one run. It knows no family: bytes go in, other bytes
come out. What a meter itself does wrong (busy, low battery, stopped clock) belongs to the family's simulator.

The text form, for URLs and the command line: ``NAME[:PROBABILITY][,OPTION=NUMBER]...``, several joined by ``;``, as in
``lost-reply``, ``lost-reply:0.3``, ``late:0.2,delay=0.8``.

Their usual numbers (30 ms, 0.6 to 2 s, 16 ms) are guesses, but for the 16 ms in which a common USB adapter hands on
what it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from meterlink.errors import ConfigError
from meterlink.meant import aside
from meterlink.sim.line import Burst, VirtualWire
from meterlink.wire.line import Line

Readdress = Callable[[bytes], bytes]
"""Makes a frame of one meter a right frame of another address; given by the family."""

_WHY: Final = {
    "unknown": "there is no fault {name!r}{meant}; known are {known}",
    "probability": "the probability must be a number from 0 to 1, not {text!r}",
    "option": "{name} has no option {option!r}; it has {known}",
    "no options": "none",
    "range": "{option} may be {least:g} to {most:g}, not {value:g}",
    "twice": "the option {option!r} stands twice",
    "form": "{text!r} is not OPTION=NUMBER; several faults are joined by ';'",
    "readdress": "the answers of this family carry no address",
}


# --- what a fault is given ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What the asking side sent; the last byte ended at `ended_at`."""

    data: bytes
    ended_at: float
    line: Line

    def echo(self, delay_s: float = 0.0) -> Burst:
        """The same bytes as the adapter hears them."""
        return Burst(self.ended_at - len(self.data) * self.line.char_s + delay_s, self.data, self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One exchange that the fault strikes.

    `share` is drawn once for the exchange, from 0 to 1; `reply_before` is the last reply the wire carried, b"" if none.
    """

    rng: Random
    share: float
    options: Mapping[str, float]
    reply_before: bytes
    readdress: Readdress | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Struck:
    """What became of a request: what the asking side hears of it, and whether the meters heard it."""

    heard: tuple[Burst, ...] = ()
    passed_on: bool = True


OnRequest = Callable[[_Request, _Turn], _Struck]
OnReply = Callable[[Burst, _Turn], list[Burst]]


# --- the request ----------------------------------------------------------------------------------------------------


def _pass_on(_request: _Request, _turn: _Turn) -> _Struck:
    return _Struck()


def _lose_request(_request: _Request, _turn: _Turn) -> _Struck:
    return _Struck(passed_on=False)


def _echo(request: _Request, _turn: _Turn) -> _Struck:
    return _Struck(heard=(request.echo(),))


def _echo_partly(request: _Request, turn: _Turn) -> _Struck:
    whole = request.echo()
    if len(whole.data) < 2:
        return _Struck()
    cut = turn.rng.randrange(1, len(whole.data))
    tail = turn.rng.random() < 0.5
    return _Struck(heard=(_split_at(whole, cut, pause_s=0.0)[tail],))


def _echo_late(request: _Request, turn: _Turn) -> _Struck:
    return _Struck(heard=(request.echo(delay_s=len(request.data) * request.line.char_s + turn.options["delay"]),))


# --- the reply ------------------------------------------------------------------------------------------------------


def _keep(burst: Burst, _turn: _Turn) -> list[Burst]:
    return [burst]


def _lose(_burst: Burst, _turn: _Turn) -> list[Burst]:
    return []


def _delay(burst: Burst, turn: _Turn) -> list[Burst]:
    drawn = _LATE_S[0] + turn.share * (_LATE_S[1] - _LATE_S[0])
    return [replace(burst, at=burst.at + turn.options.get("delay", drawn))]


def _split(burst: Burst, turn: _Turn) -> list[Burst]:
    if len(burst.data) < 2:
        return [burst]
    return list(_split_at(burst, turn.rng.randrange(1, len(burst.data)), pause_s=turn.options["pause"]))


def _glue(burst: Burst, turn: _Turn) -> list[Burst]:
    other = turn.reply_before or burst.data
    tail = other[turn.rng.randrange(1, len(other)) if len(other) > 1 else 0 :]  # a whole one would be a second reply
    return [replace(burst, data=_beside(burst.data, tail, before=turn.rng.random() < 0.5))]


def _add_junk_before(burst: Burst, turn: _Turn) -> list[Burst]:
    return [replace(burst, data=_beside(burst.data, _junk(burst, turn), before=True))]


def _add_junk_after(burst: Burst, turn: _Turn) -> list[Burst]:
    return [replace(burst, data=_beside(burst.data, _junk(burst, turn), before=False))]


def _flip_bit(burst: Burst, turn: _Turn) -> list[Burst]:
    bit = 1 << turn.rng.randrange(burst.line.data_bits)
    return [_changed(burst, turn.rng.randrange(len(burst.data)), bit)]


def _spoil_checksum(burst: Burst, turn: _Turn) -> list[Burst]:
    return [_changed(burst, len(burst.data) - 1, turn.rng.randrange(1, 1 << burst.line.data_bits))]


def _readdress(burst: Burst, turn: _Turn) -> list[Burst]:
    return [burst if turn.readdress is None else replace(burst, data=turn.readdress(burst.data))]


def _truncate(burst: Burst, turn: _Turn) -> list[Burst]:
    kept = turn.rng.randrange(1, len(burst.data)) if len(burst.data) > 1 else 0
    return [replace(burst, data=burst.data[:kept])]


def _split_at(burst: Burst, place: int, pause_s: float) -> tuple[Burst, Burst]:
    head = replace(burst, data=burst.data[:place])
    return head, replace(burst, at=head.ends_at + pause_s, data=burst.data[place:])


def _beside(data: bytes, extra: bytes, *, before: bool) -> bytes:
    return extra + data if before else data + extra


def _junk(burst: Burst, turn: _Turn) -> bytes:
    size = int(turn.options.get("bytes", turn.rng.randint(1, _MOST_JUNK_BYTES)))
    return bytes(turn.rng.randrange(1 << burst.line.data_bits) for _ in range(size))


def _changed(burst: Burst, place: int, bits: int) -> Burst:
    data = bytearray(burst.data)
    data[place] ^= bits
    return replace(burst, data=bytes(data))


# --- the table ------------------------------------------------------------------------------------------------------

_LATE_S: Final = (0.6, 2.0)
_MOST_JUNK_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    """A number that a fault may be given; `usual` None = drawn anew for each exchange."""

    usual: float | None
    least: float = 0.0
    most: float = 3600.0
    whole: bool = False

    def permits(self, value: float) -> bool:
        return self.least <= value <= self.most and not (self.whole and value % 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One fault. `at_adapter`: it happens at the asking side's own plug, so other faults do not touch what it adds."""

    about: str
    on_request: OnRequest = _pass_on
    on_reply: OnReply = _keep
    options: Mapping[str, _Option] = field(default_factory=dict)
    at_adapter: bool = False


_JUNK_OPTIONS: Final = {"bytes": _Option(usual=None, least=1, most=256, whole=True)}

_KINDS: Final[Mapping[str, _Kind]] = {
    "echo": _Kind(about="the request comes back whole, as it is sent", on_request=_echo, at_adapter=True),
    "echo-partial": _Kind(
        about="the request comes back without its head or its tail", on_request=_echo_partly, at_adapter=True
    ),
    "echo-late": _Kind(
        about="the request comes back `delay` seconds after it is out (0.03)",
        on_request=_echo_late,
        options={"delay": _Option(usual=0.03)},
        at_adapter=True,
    ),
    "lost-request": _Kind(about="no meter hears the request", on_request=_lose_request),
    "lost-reply": _Kind(about="the meter hears and acts, its reply does not arrive", on_reply=_lose),
    "late": _Kind(
        about="the reply comes `delay` seconds late (0.6 to 2, drawn anew)",
        on_reply=_delay,
        options={"delay": _Option(usual=None)},
    ),
    "split": _Kind(
        about="the reply has a pause of `pause` seconds inside (0.016)",
        on_reply=_split,
        options={"pause": _Option(usual=0.016)},
    ),
    "glued": _Kind(
        about="the end of the reply before, at first of the same reply, is glued to one side of the reply",
        on_reply=_glue,
    ),
    "junk-before": _Kind(
        about="`bytes` random bytes (1 to 8, drawn anew) stand before the reply without a pause",
        on_reply=_add_junk_before,
        options=_JUNK_OPTIONS,
    ),
    "junk-after": _Kind(
        about="`bytes` random bytes (1 to 8, drawn anew) stand behind the reply without a pause",
        on_reply=_add_junk_after,
        options=_JUNK_OPTIONS,
    ),
    "flipped-bit": _Kind(about="one bit of the reply is wrong", on_reply=_flip_bit),
    "wrong-address": _Kind(about="the reply is whole and comes from another address", on_reply=_readdress),
    "wrong-checksum": _Kind(
        about="the last byte of the reply, part of the checksum, is wrong", on_reply=_spoil_checksum
    ),
    "truncated": _Kind(about="the reply stops early; a reply of one byte is lost", on_reply=_truncate),
}

FAULTS: Final[Mapping[str, str]] = {name: kind.about for name, kind in _KINDS.items()}
"""Every fault of the line with a line about it."""


# --- as people write them -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSpec:
    """A fault with its probability per exchange and its options; ConfigError when there is no such fault or option."""

    name: str
    probability: float = 1.0
    options: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind = _KINDS.get(self.name)
        if kind is None:
            raise _unknown(self.name)
        if not 0 <= self.probability <= 1:
            raise _bad(self.name, "probability", text=str(self.probability))
        for option, value in self.options.items():
            _check_option(self.name, kind, option, value)

    def __str__(self) -> str:
        probability = "" if self.probability == 1 else f":{self.probability!r}"
        return self.name + probability + "".join(f",{option}={value!r}" for option, value in self.options.items())


def parse_faults(text: str | Sequence[str]) -> list[FaultSpec]:
    """Faults from their text form, in the order given; none from an empty text."""
    texts = [text] if isinstance(text, str) else text
    return [_parse(part.strip()) for one in texts for part in one.split(";") if part.strip()]


def _parse(text: str) -> FaultSpec:
    head, *options = text.split(",")
    name, colon, probability = head.partition(":")
    if name.strip() not in _KINDS:
        raise _unknown(name.strip())
    return FaultSpec(
        name=name.strip(),
        probability=_probability(text, probability) if colon else 1.0,
        options=_options(text, options),
    )


def _probability(text: str, written: str) -> float:
    try:
        return float(written)
    except ValueError:
        raise _bad(text, "probability", text=written) from None


def _options(text: str, written: Sequence[str]) -> dict[str, float]:
    options: dict[str, float] = {}
    for one in written:
        option, equals, value = (part.strip() for part in one.partition("="))
        try:
            number = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise _bad(text, "form", text=one)
        if option in options:
            raise _bad(text, "twice", option=option)
        options[option] = number
    return options


def _check_option(name: str, kind: _Kind, option: str, value: float) -> None:
    known = kind.options.get(option)
    if known is None:
        raise _bad(name, "option", name=name, option=option, known=", ".join(kind.options) or _WHY["no options"])
    if not known.permits(value):
        raise _bad(name, "range", option=option, least=known.least, most=known.most, value=value)


def _unknown(name: str) -> ConfigError:
    return _bad(name, "unknown", name=name, meant=aside(name, _KINDS), known=", ".join(_KINDS))


def _bad(setting: str, why: str, **facts: object) -> ConfigError:
    return ConfigError(setting=f"fault {setting!r}", why=_WHY[why].format(**facts))


# --- the wire -------------------------------------------------------------------------------------------------------


class FaultyWire:
    """A `VirtualWire` with one fault. Bursts never overlap behind it: the later one waits for the end of the other."""

    def __init__(self, wire: VirtualWire, spec: FaultSpec, rng: Random, readdress: Readdress | None = None) -> None:
        self._wire = wire
        self._spec = spec
        self._kind = _KINDS[spec.name]
        self._rng = rng
        self._readdress = readdress
        self._options = {name: option.usual for name, option in self._kind.options.items() if option.usual is not None}
        self._options |= spec.options
        self._turn: _Turn | None = None
        self._reply = b""
        self._waiting: list[Burst] = []
        self._free_at = -math.inf

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self._turn = self._next_turn()
        struck = _Struck()
        if self._turn is not None:
            struck = self._kind.on_request(_Request(data=data, ended_at=now, line=line), self._turn)
        self._wait_for(struck.heard)
        if struck.passed_on:
            self._wire.receive(data, now, line)

    def due(self) -> float | None:
        dues = [self._wire.due(), *(burst.at for burst in self._waiting)]
        return min((due for due in dues if due is not None), default=None)

    def poll(self, now: float) -> list[Burst]:
        for burst in filter(_has_data, self._wire.poll(now)):
            self._wait_for([burst] if self._turn is None else self._kind.on_reply(burst, self._turn))
            self._reply = burst.data
        heard = []
        while self._waiting and self._waiting[0].at <= now:
            burst = self._waiting.pop(0)
            if burst.at < self._free_at:
                self._wait_for([replace(burst, at=self._free_at)])
            else:
                self._free_at = burst.ends_at
                heard.append(burst)
        return heard

    def _next_turn(self) -> _Turn | None:
        rng = self._rng
        share, strikes = rng.random(), rng.random() < self._spec.probability
        if not strikes:
            return None
        return _Turn(rng=rng, share=share, options=self._options, reply_before=self._reply, readdress=self._readdress)

    def _wait_for(self, bursts: Sequence[Burst]) -> None:
        self._waiting += filter(_has_data, bursts)
        self._waiting.sort(key=lambda burst: burst.at)  # stable: what was there first goes first


def _has_data(burst: Burst) -> bool:
    return bool(burst.data)


def wrap(wire: VirtualWire, specs: Sequence[FaultSpec], seed: int, readdress: Readdress | None = None) -> VirtualWire:
    """The wire with these faults: the first nearest to the meters, echoes outermost. One seed gives one run."""
    for index, spec in enumerate(sorted(specs, key=lambda spec: _KINDS[spec.name].at_adapter)):
        if _KINDS[spec.name].on_reply is _readdress and readdress is None:
            raise _bad(spec.name, "readdress")
        wire = FaultyWire(wire, spec, Random(f"{seed}/{index}/{spec.name}"), readdress)
    return wire
