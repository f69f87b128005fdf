"""The blocking runner: carries out what Exchange says, and tells it what happened."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar, cast

from meterlink.errors import LinkError
from meterlink.exchange import Action, Done, Exchange, Listen, Send
from meterlink.flow import Flow
from meterlink.link.port import Port

T = TypeVar("T")
Tell = Callable[[float], Action]


def run(port: Port, exchange: Exchange, flow: Flow[T]) -> T:
    """Run one flow to its end. However it ends, announced writes that did not leave are recorded as such."""
    try:
        action = exchange.start(flow, port.now())
        while not isinstance(action, Done):
            try:
                tell = _carry_out(port, exchange, action)
            except LinkError as error:
                action = exchange.failed(error, port.now())
            else:
                action = tell(port.now())
        return cast(T, action.value)
    finally:
        exchange.close()


def _carry_out(port: Port, exchange: Exchange, action: Action) -> Tell:
    """The IO of one action; what it brought is told outside, so that only the line's failures are taken for such."""
    if isinstance(action, Listen):
        return partial(exchange.received, port.read(action.until))
    if isinstance(action, Send):
        return partial(_told_sent, exchange, port.write(action.data))
    assert not isinstance(action, Done)
    port.set_line(action.line)
    return exchange.line_changed


def _told_sent(exchange: Exchange, at: float, _now: float) -> Action:
    return exchange.sent(at)
