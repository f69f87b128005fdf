"""`audit export`: evidence to hand over, as one ZIP file that a stranger can check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import click

from meterlink.audit.bundle import best_head, bundle_of_log, bundle_of_work, collect, write_bundle
from meterlink.audit.chain import Chain
from meterlink.audit.claims import cosigned_notes, office_keys
from meterlink.audit.note import Checkpoint, Note
from meterlink.audit.place import LogPlace
from meterlink.audit.private import private_path
from meterlink.audit.run import Run
from meterlink.audit.strict_text import encode_base64
from meterlink.cli import output
from meterlink.cli.audit.common import audit_home
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.errors import ConfigError

_HELP: Final = """write a bundle that proves one work, or holds the whole log, for somebody outside

FILE is a ZIP file with the records, their proofs and a program that checks them. A bundle of one work shows nobody
else's. Whoever checks it needs a key from elsewhere: the first key of the log, or that of the office
"""
_SHORT: Final = "write a bundle for somebody outside"
_EXAMPLES: Final = ("meterlink audit export --all log.zip", "meterlink audit export --all log.zip --json")
_OPTIONS: Final = {
    "work": "the work to prove, by its id",
    "all": "the whole log",
    "private": "show the clear values of personal data too, where they are still kept",
}
_WHY: Final = {
    "one": "give either --work ID or --all",
    "there": "there is such a file already, and evidence is never overwritten",
    "disk": "it cannot be written: {error}",
}
_ADVICE: Final = {
    "one": "`meterlink audit show` shows the works of the latest records.",
    "file": "Give another file name, on a disk with room.",
}
_TEXT: Final = {
    "work": "records of the work {work}: {count}",
    "all": "the whole log; records: {count}",
    "cosigned": "cosigned by the office",
    "own": "signed by the log alone; nobody outside cosigned it",
    "key": "Whoever checks it must have this key from you or from the office, not from the bundle. On paper is best.",
}


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--work", metavar="ID", help=_OPTIONS["work"])
@click.option("--all", "whole", is_flag=True, help=_OPTIONS["all"])
@click.option("--private", is_flag=True, help=_OPTIONS["private"])
@json_option
@pass_given
def export(given: Given, /, file: Path, work: str | None, whole: bool, private: bool) -> None:
    if (work is None) is not whole:
        raise ConfigError(setting="audit export", why=_WHY["one"], advice=_ADVICE["one"])
    home = audit_home()
    place = home.current()
    with home.open(Run.start()) as log:
        newest, segments = log.head_with_bytes()
    gathered = collect(segments, Checkpoint.parse(newest.text).size, work)
    chain = gathered.found.chain
    if work is None:
        head, cosigned = newest, False
        records: Iterable[int] = range(chain.size)
        others = _beside(place, chain) | (_private(place, records) if private else {})
        files = bundle_of_log(gathered, head, segments, others, file.name)
    else:
        notes = [note for _, note in cosigned_notes(place.files, place.folder, chain.origin, office_keys(chain.office))]
        head = best_head(gathered, newest, notes)
        cosigned = head is not newest
        records = [record.n for record in gathered.records]
        files = bundle_of_work(gathered, head, work, _private(place, records) if private else {}, file.name)
    facts = _facts(file, work, head, chain) | {"cosigned": cosigned, "records": len(list(records))}
    facts["files"] = _write(file, files)
    output.present(given.as_json, "audit-export", facts, lambda: _show(facts))


def _write(file: Path, files: Iterable[tuple[str, bytes]]) -> int:
    try:
        return write_bundle(file, files)
    except FileExistsError as error:
        raise ConfigError(setting=f"FILE {file}", why=_WHY["there"], advice=_ADVICE["file"]) from error
    except OSError as error:
        why = _WHY["disk"].format(error=error.strerror or error)
        raise ConfigError(setting=f"FILE {file}", why=why, advice=_ADVICE["file"]) from error


def _beside(place: LogPlace, chain: Chain) -> dict[str, bytes]:
    """What belongs to the whole log and stands in no segment."""
    files, folder = place.files, place.folder
    heads = {f"heads/{name}": files.read(folder.heads / name) for name in files.names(folder.heads)}
    return heads | {f"torn/{each.file}": files.read(folder.torn / each.file) for each in chain.recovered}


def _private(place: LogPlace, records: Iterable[int]) -> dict[str, bytes]:
    """The clear values of these records that are still kept."""
    kept = set(place.files.names(place.folder.private))
    paths = [private_path(place.folder, index) for index in records if f"{index}.json" in kept]
    return {f"private/{path.name}": place.files.read(path) for path in paths}


# --- told -----------------------------------------------------------------------------------------------------------


def _facts(file: Path, work: str | None, head: Note, chain: Chain) -> dict[str, object]:
    checkpoint = Checkpoint.parse(head.text)
    return {
        "bundle": str(file),
        "log": chain.origin,
        "work": work,
        "size": checkpoint.size,
        "root": encode_base64(checkpoint.root),
        "first_key": str(chain.first_key),
    }


def _show(facts: Mapping[str, object]) -> None:
    held = _TEXT["all" if facts["work"] is None else "work"].format(count=facts["records"], work=facts["work"])
    output.pairs(
        [
            ("bundle", facts["bundle"]),
            ("log", facts["log"]),
            ("holds", held),
            ("head", _TEXT["cosigned" if facts["cosigned"] else "own"]),
            ("size", facts["size"]),
            ("root", facts["root"]),
            ("first key", facts["first_key"]),
        ]
    )
    output.line()
    output.line(_TEXT["key"])
