"""Programs of others that check what the sealed log wrote."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import pytest

SOURCE: Final = Path(__file__).parent / "stranger" / "main.go"
GO_PACKAGES: Final = Path("/usr/share/gocode")
"""Where Debian's golang-golang-x-mod-dev lies."""


def go_stranger() -> Path:
    """The program of stranger/main.go, built once a session; skips the test where it cannot be built."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed (Debian: golang-go)")
    if not (GO_PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("the source of golang.org/x/mod is not installed (Debian: golang-golang-x-mod-dev)")
    return _built()


@cache
def _built() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="meterlink-stranger-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = folder / "stranger"
    settings = {"GO111MODULE": "off", "GOPATH": str(GO_PACKAGES), "GOFLAGS": ""}
    # HOME is not always there where tests run, and go wants to keep what it has compiled.
    cached = {} if "HOME" in os.environ or "GOCACHE" in os.environ else {"GOCACHE": str(folder / "cache")}
    subprocess.run(["go", "build", "-o", program, SOURCE], env={**os.environ, **settings, **cached}, check=True)
    return program


def ask_go(*args: str | Path) -> str:
    """What the Go program prints, be it good or bad."""
    ended = subprocess.run([go_stranger(), *args], capture_output=True, text=True, encoding="utf-8", check=False)
    assert ended.returncode in (0, 1), ended.stderr
    assert (ended.returncode == 1) is ended.stdout.startswith("bad: "), ended.stdout
    return ended.stdout
