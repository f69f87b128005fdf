"""Runs the program, in this process and as one of its own, and checks its documents against their schemas."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from meterlink.cli.main import program

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "json"
SIM = "sim:mercury-200.02"
AT = f"{SIM}?at=2025-07-21T14:05:09+03:00"
"""A Monday; virtual time begins there, so that every value is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one document on stdout, which fits its schema."""
        document: dict[str, Any] = json.loads(self.out)
        check(document)
        return document


def run(*words: str, stdin: str = "") -> Ended:
    """In this process. A bug is raised."""
    result = CliRunner().invoke(program, words, input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(code=result.exit_code, out=result.stdout, err=result.stderr)


def check(document: Mapping[str, Any]) -> None:
    """Raise where a document does not fit the schema that it names."""
    validator(document["schema"]).validate(document)


@cache
def validator(schema: str) -> Draft202012Validator:
    resources = [(file.name, Resource.from_contents(_schema(file), DRAFT202012)) for file in SCHEMAS.glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(resources)
    name, _, version = schema.removeprefix("meterlink.").partition("/")
    return Draft202012Validator(_schema(SCHEMAS / f"{name}-{version}.json"), registry=registry)


def _schema(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def start(*words: str) -> subprocess.Popen[str]:
    """As a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "meterlink", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )


def run_apart(*words: str) -> Ended:
    """As a process of its own, to its end."""
    with start(*words) as process:
        out, err = process.communicate(timeout=120)
    return Ended(code=process.returncode, out=out, err=err)


@contextmanager
def simulated(*words: str) -> Iterator[dict[str, Any]]:
    """`sim run` as a process of its own; gives the document it prints when it listens."""
    with start("sim", "run", *words, "--json") as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            assert line, process.stderr.read()
            document: dict[str, Any] = json.loads(line)
            check(document)
            yield document
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=30)
    assert code == 0 or sys.platform == "win32"


def without_time(document: dict[str, Any]) -> dict[str, Any]:
    """A document without the moment of its making."""
    return {key: value for key, value in document.items() if key != "read_at"}
