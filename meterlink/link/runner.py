"""The blocking runner: carries out what Exchange says, and tells it what happened."""

from __future__ import annotations

from typing import TypeVar, cast

from meterlink.errors import LinkError
from meterlink.exchange import Action, Change, Done, Exchange, Listen, Send
from meterlink.flow import Flow
from meterlink.link.port import Port

T = TypeVar("T")


def run(port: Port, exchange: Exchange, flow: Flow[T]) -> T:
    """Run one flow to its end. However it ends, announced writes that did not leave are recorded as such."""
    try:
        action = exchange.start(flow, port.now())
        while not isinstance(action, Done):
            action = _step(port, exchange, action)
        return cast(T, action.value)
    finally:
        exchange.close()


def _step(port: Port, exchange: Exchange, action: Send | Listen | Change) -> Action:
    """Do what was asked, then tell what happened: apart, so that only the line's own failures are taken for such."""
    heard, sent_at = b"", 0.0
    try:
        if isinstance(action, Listen):
            heard = port.read(action.until)
        elif isinstance(action, Send):
            sent_at = port.write(action.data)
        else:
            port.set_line(action.line)
    except LinkError as error:
        return exchange.failed(error, port.now())
    return told(exchange, action, heard, sent_at, port.now())


def told(exchange: Exchange, action: Send | Listen | Change, heard: bytes, sent_at: float, now: float) -> Action:
    """Tell Exchange what became of an action; both runners do it alike."""
    if isinstance(action, Listen):
        return exchange.received(heard, now)
    if isinstance(action, Send):
        return exchange.sent(sent_at)
    return exchange.line_changed(now)
