"""The program `meterlink`: its nouns, and the exit code of every outcome.

Imported are click and what is needed to find a noun; everything else comes with the noun that is used, because
`--version` and the completion of the shell must be quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import click

from meterlink.cli.grammar import Group
from meterlink.cli.options import meter_options
from meterlink.cli.streams import ReaderLeftError, begin, leave_quietly, reader_may_leave
from meterlink.cli.version import VERSION
from meterlink.interrupts import interrupts_may_wait, interrupts_put_off

PROGRAM: Final = "meterlink"

NOUNS: Final = (
    "demo",
    "visit",
    "plan",
    "apply",
    "act",
    "order",
    "secret",
    "meter",
    "energy",
    "instant",
    "clock",
    "dst",
    "tariff",
    "archive",
    "journal",
    "audit",
    "decode",
    "sim",
    "profiles",
    "drivers",
    "ports",
    "doctor",
)

_HELP: Final = """reads multi-tariff electricity meters, over serial lines, TCP gateways and in memory

Where a meter is may be said before the noun or behind the verb; `meterlink NOUN VERB --help` has examples
"""
_VERSION_HELP: Final = "show the version and leave"


class Program(Group):
    """The whole program: `main` ends with the documented exit code, whatever happened."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        words = list(sys.argv[1:] if args is None else args)
        how = {"standalone_mode": False, "windows_expand_args": windows_expand_args, **extra}
        begin()
        with interrupts_may_wait():
            try:
                result = super().main(words, PROGRAM, complete_var, **how)
                with reader_may_leave():
                    sys.stdout.flush()
            except ReaderLeftError:
                sys.exit(leave_quietly())
            except Exception as error:  # noqa: BLE001  # the outermost edge; bugs are raised again
                from meterlink.cli.outcome import tell

                with interrupts_put_off():
                    sys.exit(tell(error, words))
            sys.exit(result if isinstance(result, int) else 0)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with reader_may_leave():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with reader_may_leave():
            return super().invoke(ctx)


@click.group(cls=Program, name=PROGRAM, help=_HELP, nouns={noun: f"meterlink.cli.{noun}" for noun in NOUNS})
@meter_options
@click.version_option(VERSION, prog_name=PROGRAM, message="%(prog)s %(version)s", help=_VERSION_HELP)
def program() -> None:
    """The root; its options are kept for the verbs."""


def run() -> NoReturn:
    """The console's entry point."""
    program.main()
