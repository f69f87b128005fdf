"""`decode`: frames in words, from bytes alone; no meter, no port."""

from __future__ import annotations

from string import hexdigits
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import library
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, model_option, pass_given
from meterlink.cli.settings import resolve, surroundings
from meterlink.driver import Described, Description
from meterlink.errors import ConfigError, HexError
from meterlink.profiles import Profile
from meterlink.registry import load_driver

_HELP: Final = """decode a REQUEST of a FAMILY of meters, and the REPLY to it, given as hexadecimal digits

FAMILY is one of those that `meterlink drivers` lists; spaces between the bytes may be left out. The exit code is 5 when
a checksum is wrong or a frame makes no sense; what can be told of it is shown all the same
"""
_SHORT: Final = "frames in words, from bytes alone"
_EXAMPLES: Final = (
    'meterlink decode mercury200 "00 06 47 5E 27 EC E7"',
    "meterlink decode mercury200 0006475E63ECD4 0006475E632358026400058845C6 --json",
)
_TEXT: Final = {
    "empty": "it is empty",
    "digit": "{character!r} is no hexadecimal digit",
    "odd": "it has {count} digits, and a byte has two",
    "long": "it has {count} bytes",
    "family": "the model {model} ({origin}) is of the family {other}, and the frames are of {family}",
    "right": "checksum right",
    "wrong": "checksum WRONG",
}
MOST_BYTES: Final = 1024
EXIT_SENSELESS: Final = 5
_OK: Final = "ok"
_ADVICE: Final = "Give the family of that model, or leave the model out."


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.argument("family")
@click.argument("request_hex", metavar="REQUEST")
@click.argument("reply_hex", metavar="[REPLY]", required=False)
@model_option
@json_option
@pass_given
@click.pass_context
def decode(context: click.Context, given: Given, /, family: str, request_hex: str, reply_hex: str | None) -> None:
    request = parse_hex(request_hex, "request")
    reply = None if reply_hex is None else parse_hex(reply_hex, "reply")
    description = load_driver(family).describe(request, reply, _profile(given, family))
    output.present(given.as_json, "decode", facts(family, description), lambda: show(description))
    context.exit(EXIT_SENSELESS if any(map(_is_senseless, _frames(description))) else 0)


def _frames(description: Description) -> list[Described]:
    return [frame for frame in (description.request, description.reply) if frame is not None]


def _is_senseless(frame: Described) -> bool:
    return not frame.checksum_ok or frame.status not in (None, _OK)


def parse_hex(text: str, what: str) -> bytes:
    """Bytes from hexadecimal digits with or without spaces; HexError says what is wrong."""
    digits = "".join(text.split())
    if not digits:
        raise _wrong(what, "empty")
    strange = next((character for character in digits if character not in hexdigits), None)
    if strange is not None:  # so digits of other scripts are refused as well
        raise _wrong(what, "digit", character=strange)
    if len(digits) % 2:
        raise _wrong(what, "odd", count=len(digits))
    if len(digits) > 2 * MOST_BYTES:
        raise _wrong(what, "long", count=len(digits) // 2)
    return bytes.fromhex(digits)


def _wrong(what: str, why: str, **facts: object) -> HexError:
    return HexError(setting=what, why=_TEXT[why].format(**facts), most_bytes=MOST_BYTES)


def _profile(given: Given, family: str) -> Profile | None:
    model = resolve(given.values, surroundings()).get("model")
    if model is None:
        return None
    profile = library().get(model.value)
    if profile.driver != family:
        facts = {"model": model.value, "origin": model.origin, "other": profile.driver, "family": family}
        raise ConfigError(setting="--model", why=_TEXT["family"].format(**facts), advice=_ADVICE)
    return profile


def facts(family: str, description: Description) -> dict[str, object]:
    """The document."""
    reply = description.reply
    return {
        "family": family,
        "request": _frame_facts(description.request),
        **({} if reply is None else {"reply": _frame_facts(reply)}),
        "notes": description.notes,
    }


def _frame_facts(frame: Described) -> dict[str, object]:
    return {"name": frame.name, "fields": frame.fields, "checksum_ok": frame.checksum_ok, "status": frame.status}


def show(description: Description) -> None:
    """For people."""
    _show_frame("request", description.request)
    if description.reply is not None:
        output.line()
        _show_frame("reply", description.reply)
    output.notes(description.notes)


def _show_frame(what: str, frame: Described) -> None:
    checksum = _TEXT["right" if frame.checksum_ok else "wrong"]
    output.line(f"{what}: {frame.name}, {checksum}{f', {frame.status}' if frame.status else ''}")
    output.pairs((f"  {name}", _told(value)) for name, value in frame.fields.items())


def _told(value: object) -> object:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list | tuple) else value
