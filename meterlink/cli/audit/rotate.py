"""`audit rotate`: a new key for the log; the old one is forgotten."""

from __future__ import annotations

from typing import Final

import click

from meterlink.audit.condition import Condition, look
from meterlink.audit.home import AuditHome
from meterlink.audit.note import Vkey
from meterlink.audit.run import Run
from meterlink.cli import output
from meterlink.cli.audit.common import reason_of
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.sealed_log import audit_home, recorded

_HELP: Final = """bring a new key of the log into force and forget the old one

It happens by itself after 5,000 records; do it by hand when somebody may have had this computer's files
"""
_SHORT: Final = "bring a new key of the log into force"
_EXAMPLES: Final = ("meterlink audit rotate", 'meterlink audit rotate --reason "the laptop was in repair"')
_REASON_HELP: Final = "why, for the record"
_ASKED: Final = "asked for"
_TEXT: Final = {
    "done": "a new key is in force in the log {log}",
    "forgotten": "The old key signs nothing any more, and its file is gone; a drive or a backup may still hold it. "
    "The first key, with which others check the log, stays the same.",
}


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.option("--reason", metavar="TEXT", default=_ASKED, help=_REASON_HELP)
@json_option
@pass_given
def rotate(given: Given, /, reason: str) -> None:
    reason = reason_of(reason)
    home = audit_home()
    with recorded(home.open(Run.start()), home) as log:
        old = _key(_seen(home))
        log.rotate(reason)
    seen = _seen(home)
    new = _key(seen)
    facts = {
        "log": seen.log,
        "folder": str(seen.place.folder.path),
        "old_key": old.text,
        "new_key": new.text,
        "epoch": seen.found.chain.epoch,
        "records": seen.found.chain.size,
    }
    output.present(given.as_json, "audit-rotate", facts, lambda: _show(seen.log, old, new))


def _seen(home: AuditHome) -> Condition:
    return look(home.current())


def _key(seen: Condition) -> Vkey:
    key = seen.found.chain.key
    assert key is not None  # it was opened
    return key


def _show(log: str, old: Vkey, new: Vkey) -> None:
    output.line(_TEXT["done"].format(log=log))
    output.line()
    output.pairs([("old key", f"{old.key_id.hex()}  {old}"), ("new key", f"{new.key_id.hex()}  {new}")])
    output.line()
    output.line(_TEXT["forgotten"])
