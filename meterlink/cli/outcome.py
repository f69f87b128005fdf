"""How failures are told: a sentence and a hint on stderr, with `--json` also one document on stdout, and the exit code.

Loaded only when something failed. What is not in this table is a bug and ends with a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from meterlink.cli import output, streams
from meterlink.cli.options import json_by_variable
from meterlink.errors import MeterlinkError

EXIT_BUG: Final = 1
EXIT_USAGE: Final = 2
EXIT_NOT_CONFIRMED: Final = 9
EXIT_INTERRUPTED: Final = 130

_USAGE_HINT: Final = "`{command} --help` shows how it is called."
_BUG_HINT: Final = "This is a bug; please report it with the output of `meterlink doctor` and the traceback."
_ABORT: Final = {
    EXIT_INTERRUPTED: ("Interrupted", "Stopped from the keyboard.", "Run the same command again."),
    EXIT_NOT_CONFIRMED: (
        "NotConfirmed",
        "The input ended before the question was answered.",
        "Run the same command again.",
    ),
}


def tell(error: Exception, words: Sequence[str]) -> int:
    """Tell about a failure; returns the exit code. What is a bug is raised again."""
    as_json = wants_json(words)
    if isinstance(error, MeterlinkError):
        output.failure(str(error), error.hint)
        _document(as_json, type(error).__name__, str(error), error.hint, error.exit_code, error.facts())
        return error.exit_code
    if isinstance(error, click.Abort):
        code = EXIT_NOT_CONFIRMED if isinstance(error.__cause__, EOFError) else EXIT_INTERRUPTED
        kind, message, hint = _ABORT[code]
        _document(as_json, kind, message, hint, code)
        return code
    if isinstance(error, click.ClickException):
        error.show()
        _document(as_json, "UsageError", _first_line(error), _usage_hint(error), EXIT_USAGE)
        return EXIT_USAGE
    _document(as_json, type(error).__name__, str(error), _BUG_HINT, EXIT_BUG)
    raise error


def wants_json(words: Sequence[str]) -> bool:
    """Whether a document was asked for, also where the rest of the command line is wrong."""
    own = words[: words.index("--")] if "--" in words else words
    return "--json" in own or json_by_variable()


def _document(
    as_json: bool, kind: str, message: str, hint: str, code: int, facts: dict[str, object] | None = None
) -> None:
    if as_json and not streams.document_was_printed():
        error = {"kind": kind, "message": message, "hint": hint, "exit_code": code} | (facts or {})
        output.document("error", {"error": error})


def _first_line(error: click.ClickException) -> str:
    # click's error for a noun without verb is the whole help text
    return error.format_message().strip().partition("\n")[0]


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return _USAGE_HINT.format(command="meterlink" if context is None else context.command_path)
