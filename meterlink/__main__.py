"""`python -m meterlink`: the same as the program `meterlink`."""

from __future__ import annotations

from meterlink.cli.main import run

if __name__ == "__main__":
    run()
