"""`act print`: the act of a work, made of the log's records, as PDF and HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from meterlink.audit.run import Run
from meterlink.cli import output
from meterlink.cli.act_files import COPIES, FORMATS, act_of, file_name, refuse_written, write_act
from meterlink.cli.act_shown import show_act
from meterlink.cli.asking import lang_option, language_of
from meterlink.cli.files import PATH
from meterlink.cli.grammar import Group
from meterlink.cli.new_files import refuse_device
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.sealed_log import audit_home, recorded, refuse_empty_work
from meterlink.errors import ConfigError
from meterlink.language import Language
from meterlink.report.passport import passport_line

_HELP: Final = "the act of a work, for the customer and for the office"
_PRINT_HELP: Final = """print the act of a work, in Russian or English, as PDF and HTML

It is made of the sealed log alone. Its body is the same at any later time; the files differ from print to print,
because head and QR code of the log are those of the moment of printing. Personal data are printed where their clear
values are still kept beside the log. Without --work it is the act of the work that was closed last
"""
_EXAMPLES: Final = (
    "meterlink act print",
    "meterlink act print --work 117/1 -o act.pdf --lang en --copies 3",
)
_OPTIONS: Final = {
    "work": "the work, by its id",
    "out": "the file to write, .pdf or .html; may be given twice; usually both, named by the work, in this folder",
    "copies": "how many copies are printed, for the record",
}
_WHY: Final = {"format": "an act is written as .pdf or .html"}
_ADVICE: Final = {"format": "Give it the ending .pdf or .html: -o act.pdf -o act.html writes both."}


@click.group(cls=Group, help=_HELP)
def act() -> None:
    """The noun."""


@act.command(name="print", help=_PRINT_HELP, examples=_EXAMPLES)
@click.option("--work", metavar="ID", help=_OPTIONS["work"])
@click.option("-o", "--out", "outs", type=PATH, metavar="FILE", multiple=True, help=_OPTIONS["out"])
@click.option("--copies", type=click.IntRange(1, 99), default=COPIES, show_default=True, help=_OPTIONS["copies"])
@lang_option
@json_option
@pass_given
def print_act(given: Given, /, work: str | None, outs: tuple[Path, ...], copies: int) -> None:
    refuse_empty_work(work)
    language = language_of(given, Language.RU)
    for file in outs:
        if file.suffix.removeprefix(".") not in FORMATS:
            raise ConfigError(setting=f"-o {file}", why=_WHY["format"], advice=_ADVICE["format"])
        refuse_device(file, f"-o {file}")
    home = audit_home()
    found = act_of(home.current(), work)
    files = outs or tuple(file_name(found.work, each) for each in FORMATS)
    refuse_written(files)
    with recorded(home.open(Run.start()), home) as log:
        write_act(log, found, files, language, copies)
    line = passport_line(found.body, language, found.family)
    facts = {
        "work": found.work,
        "result": found.body["result"],
        "body_sha256": found.sha256,
        "files": [str(file) for file in files],
        "language": language.value,
        "copies": copies,
        "passport": line,
    }
    output.present(given.as_json, "act", facts, lambda: show_act(found.work, files, line, language_of(given)))
