"""`audit recover`: finish what a crash left half done. It mends nothing else."""

from __future__ import annotations

from typing import Final

import click

from meterlink.audit.condition import Condition, look
from meterlink.audit.run import Run
from meterlink.cli import output
from meterlink.cli.audit.common import counted
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.sealed_log import audit_home, recorded

_HELP: Final = """finish what a crash left half done: keep torn bytes beside the log, complete a change of key

A log that was tampered with, cut off or copied is refused: what is there is the evidence
"""
_SHORT: Final = "finish what a crash left half done"
_EXAMPLES: Final = ("meterlink audit recover", "meterlink audit recover --json")
_MENDED: Final = frozenset({"torn", "in-doubt", "work-open"})
_TEXT: Final = {
    "nothing": "there was nothing to do: the log {log} is whole",
    "did": "the log {log} was put in order:",
    "step": "  {step}",
    "torn": "the {bytes} that a crash left behind {verb} kept in {file}, and record {record} says so",
    "key": "the change of key that was cut off is finished; the key in force is {key}",
    "ballast": "the ballast for a full disk is back",
    "doubts": "frames that stay in doubt: {count}; `meterlink audit status` shows them",
}


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@json_option
@pass_given
def recover(given: Given) -> None:
    home = audit_home()
    before = look(home.current())
    for error in before.findings:
        if error.state not in _MENDED:
            raise error
    after = before
    if before.needs_recovery:
        with recorded(home.open(Run.start()), home):
            pass
        after = look(before.place)
    steps = _steps(before, after)
    facts = {
        "log": after.log,
        "folder": str(after.place.folder.path),
        "steps": steps,
        "records": after.found.chain.size,
        "in_doubt": len(after.found.chain.doubts),
    }
    output.present(given.as_json, "audit-recover", facts, lambda: _show(after, steps))


def _steps(before: Condition, after: Condition) -> list[str]:
    """What was done, in words."""
    known = {each.record for each in before.found.chain.recovered}
    steps = []
    for each in after.found.chain.recovered:
        if each.record not in known:
            path = after.place.folder.torn / each.file
            size = after.place.files.size(path) or 0
            told = {"bytes": counted(size, "byte"), "verb": "is" if size == 1 else "are"}
            steps.append(_TEXT["torn"].format(**told, file=f"torn/{each.file}", record=each.record))
    if before.half_rotated:
        steps.append(_TEXT["key"].format(key=after.found.chain.key))
    if after.ballast and not before.ballast:
        steps.append(_TEXT["ballast"])
    return steps


def _show(after: Condition, steps: list[str]) -> None:
    output.line(_TEXT["did" if steps else "nothing"].format(log=after.log))
    output.lines(_TEXT["step"].format(step=step) for step in steps)
    if after.found.chain.doubts:
        output.notes([_TEXT["doubts"].format(count=len(after.found.chain.doubts))])
