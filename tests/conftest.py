"""For every test: no verdict hangs on the speed of the machine, and Ctrl-C reaches the programs under test."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background of a shell begins like that
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests with real processes and real lines wait more than they reckon."""
    return (os.cpu_count() or 1) + 1
