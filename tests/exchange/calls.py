"""Questions to a Mercury 200, and its answers."""

from __future__ import annotations

from decimal import Decimal

from meterlink.flow import Flow, ask
from meterlink_mercury200 import messages as m
from meterlink_mercury200.messages import Call, encode_frame
from meterlink_mercury200.values import DstFlag, Energies
from tests.exchange.made_up import ADDRESS

ASK_ENERGY = Call(ADDRESS, m.READ_ENERGY)
ENERGY = Energies((Decimal("621.42"), Decimal("208.34"), Decimal("111.11"), Decimal("222.22")))
ENERGY_REPLY = encode_frame(ADDRESS, 0x27, ENERGY.encode())
READ_DST = Call(ADDRESS, m.READ_DST)
DST_OFF = Call(ADDRESS, m.SET_DST, DstFlag(0))
DST_REPLY = encode_frame(ADDRESS, 0x24, b"\x00")


def read_energy() -> Flow[Energies]:
    reply = yield from ask(ASK_ENERGY)
    return reply.value
