"""`audit init`: a new sealed log; with --replace in the place of one that can no longer be written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from meterlink.audit.canonical import in_record
from meterlink.audit.chain import Head
from meterlink.audit.condition import Condition, look
from meterlink.audit.home import AuditHome
from meterlink.audit.note import Algorithm, Vkey
from meterlink.audit.opening import claims_of
from meterlink.audit.run import Run
from meterlink.audit.run_facts import told_folder
from meterlink.audit.strict_text import encode_base64
from meterlink.cli import output
from meterlink.cli.audit.common import FROZEN, counted
from meterlink.cli.files import PATH, read_given
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.output import safe
from meterlink.cli.sealed_log import audit_home, recorded
from meterlink.errors import AuditFormatError, ConfigError, LogExistsError, LogGoneError, NoLogError

STANDALONE: Final = "standalone"
"""Stands where the domain of an office would, in the name of a log without one."""

_HELP: Final = """make a sealed log, for an office or without one

One user of one computer has one log. --replace is for a log that was tampered with, cut off, copied or ended, or whose
key is lost: the new one takes over the office and names the old one with its state and heads; the old folder stays
"""
_SHORT: Final = "make a sealed log"
_EXAMPLES: Final = (
    "meterlink audit init --standalone",
    "meterlink audit init --domain example.com "
    "--office-key example.com/office/w1+57821da7+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X",
)
_OPTIONS: Final = {
    "standalone": "a log without an office; nobody outside cosigns it",
    "domain": "host name of the office, with which the name of the log begins",
    "office": "verifier key with which the office cosigns; may be given several times",
    "enrolment": "the enrolment order of the office; its SHA-256 goes into the first record",
    "replace": "make a new log although there is one, because that one can no longer be written",
}
_WHY: Final = {
    "one of": "give either --standalone or --domain",
    "no office": "a log without an office has no {option}",
    "no key": "a log with an office needs its verifier key",
    "domain": "{domain!r} is no host name in small letters, as in office.example.com",
    "key": "it is no verifier key: {reason}",
    "key type": "it is no key for cosigning (type 4)",
    "same key": "it is given twice",
    "nothing": "there is no log that could be replaced",
    "not told": "the old log cannot tell any more whether it had an office; give --standalone, or --domain with "
    "--office-key",
}
_ADVICE: Final = {
    "one of": "--standalone makes a log without an office; --domain and --office-key stand in the office's order.",
    "key": "Copy the whole key from the office's order: name+8 digits+base64.",
    "nothing": "Leave --replace out.",
    "sound": "Go on with it: `meterlink audit status` shows it. One user of one computer has one log.",
    "torn": "`meterlink audit recover` puts it in order; no new log is needed.",
    "not-writable": "See to what keeps it from being written; a new log would not help.",
    "broken": "Tell the office first, and give it a copy of the folder without key/. Then --replace makes a new log "
    "that names this one.",
}
_TEXT: Final = {
    "made": "a new sealed log was made",
    "key": "Write this key down on paper, or give it to the office: only with it can others check the log.",
    "standalone": "Nobody outside sees this log grow: who holds this computer could still cut off its end. "
    "With an office, use --domain.",
    "replaces": "it replaces {log} ({state}), whose folder stays as it is: {folder}",
    "replaces gone": "it replaces {log} ({state}), whose records are gone from {folder}",
    "taken": "from the old log: the domain {domain}, {keys} of the office",
    "taken none": "from the old log: it is without an office",
    "bare": "the ballast for a full disk could not be made: no work begins before there is room; then "
    "`meterlink audit recover` makes it",
    "before": "Nothing is written to a meter before it stands in this log.",
    "next": "Next: `meterlink audit status` shows its state; `meterlink audit verify --key KEY` checks it whole.",
    "own": "the log itself",
}
_is_host: Final = re.compile(
    r"(?=.{4,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])"
).fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """The log that is replaced."""

    log: str
    """Its name; that of its folder where the first record does not tell."""
    origin: str
    """Its name by its first record; empty where that cannot be read."""
    state: str
    folder: Path
    heads: Sequence[Head] = ()
    office: Sequence[str] = ()
    """The keys of its office."""

    def record_facts(self) -> dict[str, object]:
        """`replaces` of the first record."""
        heads = [
            {"size": each.size, "root": encode_base64(each.root), "source": in_record(_without_home(each.source))}
            for each in self.heads
        ]
        named = {"log": self.origin} if self.origin else {}
        return named | {"folder": self.folder.name, "state": self.state, "heads": heads}

    @property
    def domain(self) -> str:
        """What its name begins with."""
        return self.origin.partition("/ml/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the new log begins with."""

    domain: str
    office: Sequence[str] = ()

    @property
    def standalone(self) -> bool:
        return self.domain == STANDALONE


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.option("--standalone", is_flag=True, help=_OPTIONS["standalone"])
@click.option("--domain", metavar="DOMAIN", help=_OPTIONS["domain"])
@click.option("--office-key", "office", metavar="VKEY", multiple=True, help=_OPTIONS["office"])
@click.option("--enrolment", metavar="FILE", type=PATH, help=_OPTIONS["enrolment"])
@click.option("--replace", is_flag=True, help=_OPTIONS["replace"])
@json_option
@pass_given
def init(
    given: Given,
    /,
    standalone: bool,
    domain: str | None,
    office: tuple[str, ...],
    enrolment: Path | None,
    replace: bool,
) -> None:
    inherits = replace and not standalone and domain is None and not office
    wanted = None if inherits else _wanted(standalone, domain, office, enrolment)
    facts: dict[str, object] = {}
    if enrolment is not None:
        facts["enrolment"] = hashlib.sha256(read_given("--enrolment", enrolment)).hexdigest()
    home = audit_home()
    home.refuse_place()
    _refuse_nothing(home, replace)
    with home.making():
        old = _old_log(home, replace)
        if old is not None:
            facts["replaces"] = old.record_facts()
        begin = wanted or _inherited(old, enrolment)
        log = home.create(Run.start(), begin.domain, facts | {"office": list(begin.office)})
    with recorded(log, home):
        folder = home.base / log.origin.rpartition("/")[2]
    made = look(home.at(folder))
    key = made.found.chain.key
    assert key is not None  # the log that was just made
    notes = _notes(made, old, None if wanted is not None else begin)
    told = {"log": log.origin, "folder": str(folder), "key": key.text, "standalone": begin.standalone}
    told |= {"replaces": None if old is None else old.log, "records": made.found.chain.size, "notes": notes}
    output.present(given.as_json, "audit-init", told, lambda: _show(log.origin, folder, key, begin.standalone, notes))


def _notes(made: Condition, old: Old | None, taken: Wanted | None) -> list[str]:
    """What came from the old log, and what the new one lacks."""
    notes = []
    if old is not None:
        words = "replaces" if old.folder.is_dir() else "replaces gone"
        notes.append(_TEXT[words].format(log=old.log, state=old.state, folder=old.folder))
    if taken is not None:
        keys = counted(len(taken.office), "key")
        notes.append(_TEXT["taken none" if taken.standalone else "taken"].format(domain=taken.domain, keys=keys))
    return notes if made.ballast else [*notes, _TEXT["bare"]]


def _show(origin: str, folder: Path, key: Vkey, standalone: bool, notes: Sequence[str]) -> None:
    output.line(_TEXT["made"])
    output.line()
    output.pairs([("log", origin), ("folder", folder), ("first key", key)])
    output.line()
    output.line(_TEXT["key"])
    output.notes(map(safe, notes))
    if standalone:
        output.line(_TEXT["standalone"])
    output.line()
    output.line(_TEXT["before"])
    output.line(_TEXT["next"])


# --- what was given -------------------------------------------------------------------------------------------------


def _wanted(standalone: bool, domain: str | None, office: Sequence[str], enrolment: Path | None) -> Wanted:
    if standalone == (domain is not None):
        raise _wrong("--standalone, --domain", "one of", "one of")
    if domain is None:
        unfit = "--office-key" if office else "--enrolment"
        if office or enrolment is not None:
            raise _wrong(unfit, "no office", "one of", option=unfit)
        return Wanted(domain=STANDALONE)
    if _is_host(domain) is None:
        raise _wrong("--domain", "domain", "one of", domain=domain)
    if not office:
        raise _wrong("--office-key", "no key", "one of")
    return Wanted(domain=domain, office=[key.text for key in _office_keys(office)])


def _inherited(old: Old | None, enrolment: Path | None) -> Wanted:
    """The office of the log that is replaced; ConfigError where that does not tell it."""
    if old is None:  # it went away meanwhile
        raise _wrong("--replace", "nothing", "nothing")
    if not old.origin:
        raise _wrong("--replace", "not told", "one of")
    if old.domain == STANDALONE and enrolment is not None:
        raise _wrong("--enrolment", "no office", "one of", option="--enrolment")
    return Wanted(domain=old.domain, office=old.office)


def _office_keys(texts: Sequence[str]) -> list[Vkey]:
    keys: list[Vkey] = []
    for text in texts:
        try:
            key = Vkey.parse(text)
        except AuditFormatError as error:
            raise _wrong("--office-key", "key", "key", reason=error.why) from error
        if key.algorithm is not Algorithm.COSIGNATURE:
            raise _wrong("--office-key", "key type", "key")
        if key in keys:
            raise _wrong("--office-key", "same key", "key")
        keys.append(key)
    return keys


def _wrong(setting: str, why: str, advice: str, **facts: object) -> ConfigError:
    return ConfigError(setting=setting, why=_WHY[why].format(**facts), advice=_ADVICE[advice])


# --- the log that is there ------------------------------------------------------------------------------------------


def _refuse_nothing(home: AuditHome, replace: bool) -> None:
    """ConfigError before anything is made, where there is nothing to replace."""
    if replace:
        try:
            home.current()
        except NoLogError:
            raise _wrong("--replace", "nothing", "nothing") from None
        except LogGoneError:
            return


def _old_log(home: AuditHome, replace: bool) -> Old | None:
    """The log that is to be replaced; LogExistsError where there is one that is not."""
    try:
        place = home.current()
    except NoLogError:
        return None
    except LogGoneError as error:
        if not replace:
            raise
        return Old(log=error.log, origin="", state=error.state, folder=Path(error.folder))
    seen = look(place, thorough=True)
    old = _old_of(seen)
    if not replace or old is None:
        advice = _ADVICE["broken" if old is not None else _kind(seen.state)]
        raise LogExistsError(log=seen.log, folder=str(place.folder.path), found=seen.state, advice=advice)
    return old


def _kind(state: str) -> str:
    return state if state in ("torn", "not-writable") else "sound"


def _old_of(seen: Condition) -> Old | None:
    """A log in so bad a state that it may be replaced."""
    chain = seen.found.chain
    if seen.state not in FROZEN and not chain.ended:
        return None
    own = Head.of(chain.checkpoint(), source=_TEXT["own"])
    heads = [own, *claims_of(seen.place, seen.found.chain)]
    state = seen.state if seen.state in FROZEN else "ended"
    folder = seen.place.folder.path
    return Old(log=seen.log, origin=chain.origin, state=state, folder=folder, heads=heads, office=chain.office)


def _without_home(text: str) -> str:
    """What a second head says about where it stands, without the name of the user."""
    try:
        home = Path.home()
    except RuntimeError:
        return text
    return text.replace(str(home), told_folder(home)) if len(home.parts) > 1 else text
