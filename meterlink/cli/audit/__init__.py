"""`audit`: the sealed log of this user. Each verb stands in a module of its own, loaded when it is used."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli.grammar import Group

VERBS: Final = ("init", "status", "verify", "show", "export", "recover", "rotate", "resolve", "abandon")

_HELP: Final = """the sealed log: what was done to meters, so that nobody can quietly change it later

Each record is sealed by a signature over all before it; whoever has the log's first key can check the whole
"""
_SHORT: Final = "the sealed log of what was done to meters"


@click.group(cls=Group, help=_HELP, short_help=_SHORT, nouns={verb: f"{__name__}.{verb}" for verb in VERBS})
def audit() -> None:
    """The noun."""
