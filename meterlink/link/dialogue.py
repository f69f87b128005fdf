"""A dialogue with one meter: port, driver and profile put together, so that flows can be run."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from meterlink.context import EchoMode, Observer, PasswordAttempts, Timing
from meterlink.driver import Driver, Target
from meterlink.exchange import Exchange
from meterlink.flow import Flow, Gate, closed_gate
from meterlink.link.port import PORT_TIMING, Port, PortKind, PortTiming, PortUrl
from meterlink.link.runner import run
from meterlink.profiles import Profile
from meterlink.sim.line import VirtualWire
from meterlink.wire.line import Line

T = TypeVar("T")

MakeWire = Callable[[PortUrl, Line, float], VirtualWire]
"""Makes the simulated wire of a `sim:` URL; the time is that of its beginning, in seconds since 1970 UTC."""


_OF_THIS_RUN = PasswordAttempts()
"""One process is one run, however many dialogues it opens."""


def timing_of(profile: Profile, port: PortTiming) -> Timing:
    """What the profile says of the meter and the kind of port adds."""
    timing = profile.timing
    return Timing(
        reply_s=timing.reply_s,
        quiet_s=timing.quiet_s,
        quiet_chars=timing.quiet_chars,
        after_write_s=timing.pause_after_write_s,
        tries=timing.tries,
        gap_s=max(port.gap_s, timing.gap_s),
        latency_s=port.latency_s,
    )


def exchange_for(
    driver: Driver,
    target: Target,
    *,
    line: Line,
    port_name: str,
    port_timing: PortTiming = PORT_TIMING[PortKind.SIM],
    gate: Gate = closed_gate,
    observer: Observer | None = None,
    passwords: PasswordAttempts | None = None,
    echo: EchoMode = EchoMode.AUTO,
) -> Exchange:
    """The Exchange of one meter on one port; both runners take it. `passwords` are counted over the whole run."""
    return Exchange(
        framer=driver.framer(target.profile),
        timing=timing_of(target.profile, port_timing),
        line=line,
        address=target.address,
        port=port_name,
        gate=gate,
        observer=observer,
        passwords=_OF_THIS_RUN if passwords is None else passwords,
        echo=echo,
    )


class Dialogue:
    """Runs flows with one meter, one after another; closes the port at the end."""

    def __init__(self, port: Port, exchange: Exchange) -> None:
        self._port = port
        self._exchange = exchange

    def run(self, flow: Flow[T]) -> T:
        return run(self._port, self._exchange, flow)

    def now(self) -> float:
        """Seconds since 1970 UTC on the port's clock."""
        return self._port.now()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._port.close()
