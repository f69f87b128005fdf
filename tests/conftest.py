"""For every test: no verdict hangs on the speed of the machine, and Ctrl-C reaches the programs under test.

What takes long and is no matter of the test is left out in the processes of the tests themselves, not in those they
start. What is read out of the bytes of a profile is remembered: the program reads all profiles in each of its runs, and
there are some thousand runs in one process here. No disk is waited for: that the log waits is proved on simulated disks
(tests/audit/test_power_loss.py), by tests/audit/test_fsio.py, and with the system calls of processes of their own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from meterlink.audit import fsio
from meterlink.profiles import library

settings.register_profile("house", deadline=None)
settings.load_profile("house")

if sys.dont_write_bytecode:  # each worker and each program under test would compile everything
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background of a shell begins like that
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def quick() -> Iterator[None]:
    """The files of the profiles are still looked for, and read, each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "_read", cache(library._read))
        patch.setattr(fsio, "durable", lambda descriptor: None)
        yield


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests with real processes and real lines wait more than they reckon."""
    return (os.cpu_count() or 1) + 1
