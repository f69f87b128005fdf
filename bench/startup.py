"""Start-up of the program beside the import of its largest everyday dependency."""

from __future__ import annotations

import subprocess
import sys
import time

RUNS = 15


def version_over_click() -> tuple[float, str]:
    ours = [sys.executable, "-m", "meterlink", "--version"]
    bare = [sys.executable, "-c", "import click"]
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(RUNS):  # by turns, so that a busy machine slows both
        times["ours"].append(_seconds(ours))
        times["bare"].append(_seconds(bare))
    ours_s, bare_s = min(times["ours"]), min(times["bare"])
    return ours_s / bare_s, f"best of {RUNS}: {ours_s * 1000:.0f} ms over {bare_s * 1000:.0f} ms"


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began
