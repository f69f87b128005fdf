"""pymodbus is loaded by whoever makes a Modbus frame, and by nobody else."""

from __future__ import annotations

import subprocess
import sys

_EVERYBODY_ELSE = """
import sys, pkgutil, importlib, meterlink
from meterlink.registry import driver_names, load_driver
for module in pkgutil.walk_packages(meterlink.__path__, "meterlink."):
    if not module.name.endswith(("__main__", "pty_door")) and ".standalone" not in module.name:
        importlib.import_module(module.name)
drivers = {name: load_driver(name) for name in driver_names()}
assert "modbus" in drivers
assert "pymodbus" not in sys.modules
"""
_A_FRAME = """
from meterlink_modbus.pdu import Asked
Asked(3, 0, 2).encode()
assert "pymodbus" in sys.modules
"""


def test_nobody_waits_for_pymodbus_before_the_first_modbus_frame() -> None:
    program = [sys.executable, "-c", _EVERYBODY_ELSE + _A_FRAME]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
