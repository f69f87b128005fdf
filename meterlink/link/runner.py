"""The blocking runner: carries out what Exchange says, and tells it what happened."""

from __future__ import annotations

from typing import TypeVar, cast

from meterlink.errors import LinkError
from meterlink.exchange import Done, Exchange
from meterlink.flow import Flow
from meterlink.interrupts import interrupts_heard, interrupts_put_off
from meterlink.link.port import Port

T = TypeVar("T")


def run(port: Port, exchange: Exchange, flow: Flow[T]) -> T:
    """Run one flow to its end. However it ends, announced writes that did not leave are recorded as such.

    Ctrl-C is heard at the port, never between a frame and its record.
    """
    at_the_port = interrupts_heard()
    with interrupts_put_off():
        try:
            action = exchange.start(flow, port.now())
            while not isinstance(action, Done):
                try:
                    with at_the_port:
                        result = action.do(port)
                except LinkError as error:
                    action = exchange.failed(error, port.now())
                else:
                    action = action.tell(exchange, result, port.now())
            return cast(T, action.value)
        finally:
            exchange.close()
