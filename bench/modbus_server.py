"""A Modbus TCP server on loopback with a handful of registers; prints its port when it listens."""

from __future__ import annotations

import asyncio
import socket

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def serve() -> None:
    port = free_port()
    registers = [SimData(0, values=list(range(8)), datatype=DataType.REGISTERS)]
    server = ModbusTcpServer(SimDevice(1, simdata=registers), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
