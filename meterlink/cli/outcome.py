"""How failures are told: a sentence and a hint on stderr, with `--json` also one document on stdout, and the exit code.

Loaded only when something failed. What is not in this table is a bug and ends with a traceback. User and password of a
port's URL are never repeated, whatever sentence they came into.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

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
        "The question was not answered with yes, so nothing was done.",
        "Run the same command again and confirm.",
    ),
}
_CLOSED_HINT: Final = (
    "Its work is closed; where its act is not there yet, `meterlink act print --work {work}` prints it."
)
_USER_INFO: Final = re.compile(r"(//|tcp:|rfc2217:)[^/\s@'\"]+@", re.IGNORECASE)
_MASKED: Final = r"\1***@"


def tell(error: Exception, words: Sequence[str]) -> int:
    """Tell about a failure; returns the exit code. What is a bug is raised again."""
    as_json = wants_json(words)
    if isinstance(error, MeterlinkError):
        return _told(as_json, type(error).__name__, str(error), error.hint, error.exit_code, error.facts())
    if isinstance(error, click.Abort):
        code = EXIT_INTERRUPTED if _from_keyboard(error) else EXIT_NOT_CONFIRMED
        kind, message, hint = _ABORT[code]
        return _told(as_json, kind, message, _closed_hint() or hint, code)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # a noun without its verb
        error.show()
        _document(as_json, "UsageError", _first_line(error), _usage_hint(error), EXIT_USAGE)
        return EXIT_USAGE
    if isinstance(error, click.ClickException):
        return _told(as_json, "UsageError", _first_line(error), _usage_hint(error), EXIT_USAGE)
    _document(as_json, type(error).__name__, str(error), _BUG_HINT, EXIT_BUG)
    raise error


def _closed_hint() -> str | None:
    """What to do where the work of this run is closed by now."""
    begun = streams.begun()
    return _CLOSED_HINT.format(work=begun["work"]) if begun.get("work_open") is False else None


def wants_json(words: Sequence[str]) -> bool:
    """Whether a document was asked for, also where the rest of the command line is wrong."""
    own = words[: words.index("--")] if "--" in words else words
    return any(word == "--json" or word.startswith("--json=") for word in own) or json_by_variable()


def without_user(text: str) -> str:
    """A text in which no URL tells user and password."""
    return _USER_INFO.sub(_MASKED, text)


def _without_users(value: Any) -> Any:
    """The same with no user in any text of it."""
    match value:
        case str():
            return without_user(value)
        case Mapping():
            return {key: _without_users(each) for key, each in value.items()}
        case list():
            return [_without_users(each) for each in value]
        case _:
            return value


def _from_keyboard(error: click.Abort) -> bool:
    # click hides the cause of what it raises for Ctrl-C at a question; a plain Abort is a "no"
    return isinstance(error.__cause__ or error.__context__, KeyboardInterrupt)


def _told(
    as_json: bool, kind: str, message: str, hint: str, code: int, facts: Mapping[str, object] | None = None
) -> int:
    output.failure(without_user(message), without_user(hint))
    _document(as_json, kind, message, hint, code, facts)
    return code


def _document(
    as_json: bool, kind: str, message: str, hint: str, code: int, facts: Mapping[str, object] | None = None
) -> None:
    if as_json and not streams.document_was_printed():
        error = {"kind": kind, "message": message, "hint": hint, "exit_code": code} | dict(facts or {})
        document: dict[str, object] = _without_users({"error": error, **streams.begun()})
        output.document("error", document)


def _first_line(error: click.ClickException) -> str:
    # click's error for a noun without verb is the whole help text
    return error.format_message().strip().partition("\n")[0]


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return _USAGE_HINT.format(command="meterlink" if context is None else context.command_path)
