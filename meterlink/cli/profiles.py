"""`profiles list`, `profiles show`, `profiles lint`: what is known about each model, and how."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import click

from meterlink.cli import output
from meterlink.cli.connect import library
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.errors import ConfigError
from meterlink.model import Absent
from meterlink.profiles import Profile, ProfileLibrary, Support, lint, profile_folders
from meterlink.profiles.parts import DRIVER_TABLE
from meterlink.registry import load_driver

_HELP: Final = "what is known about each model of meter"
_LIST_HELP: Final = "show the models that meterlink knows"
_SHOW_HELP: Final = "show what a MODEL can do and how that is known: its line, limits, capabilities and oddities"
_LINT_HELP: Final = """check profiles, by default all that are in use, else those of each FOLDER

Prints a line `file: key: what is wrong` for each mistake; the exit code is 6 when there is any
"""
_LIST_EXAMPLES: Final = ("meterlink profiles list", "meterlink profiles list --json")
_SHOW_EXAMPLES: Final = ("meterlink profiles show mercury-200.02", "meterlink profiles show mercury-206 --json")
_LINT_EXAMPLES: Final = ("meterlink profiles lint", "meterlink profiles lint --json")
_TEXT: Final = {
    "yes": "yes",
    "no": "no",
    "count": "{count} of {all}",
    "capabilities": "capabilities",
    "variants": "variants by firmware",
    "caveats": "to know",
    "no level": "no level and no password",
    "right": "no mistakes",
    "promise": "supports.{name}: the driver of this family cannot do it",
    "no folder": "there is no folder {folder}",
    "folder": "Give a folder that holds <family>/<model>.toml, or none to check those in use.",
    "match": "how it is recognised",
    "any": " or ",
    "where": "Sections, {{TAG}}, and the marks [A] (several sources agree), [B] (one), [C] (nobody has seen it) are "
    "those of docs/protocols/{family}.md.",
}
_LIST_COLUMNS: Final = ("model", "names", "family", "tariffs", "can do")
EXIT_WRONG: Final = 6
_UNDER: Final = "    "
_PARTS: Final = ("line", "timing", "address", "access", "limits")


@click.group(cls=Group, help=_HELP)
def profiles() -> None:
    """The noun."""


# --- list -----------------------------------------------------------------------------------------------------------


@profiles.command(name="list", help=_LIST_HELP, examples=_LIST_EXAMPLES)
@json_option
@pass_given
def list_profiles(given: Given) -> None:
    known = library()
    facts = {
        "folders": folder_facts(known),
        "profiles": [_short_facts(profile) for profile in known.all()],
        "absent": output.absent_facts(_broken(known)),
    }
    output.present(given.as_json, "profiles", facts, lambda: _show_list(known))


def folder_facts(known: ProfileLibrary) -> list[dict[str, object]]:
    """The folders that were searched."""
    return [{"path": each.path, "sha256": each.sha256, "files": len(each.files)} for each in known.folders]


def _short_facts(profile: Profile) -> dict[str, object]:
    return {
        "model": profile.model,
        "names": profile.names,
        "family": profile.driver,
        "tariffs": profile.limits.tariffs,
        "capabilities": [name for name, support in profile.supports.items() if _supported(support)],
        "origin": profile.origin,
        "sha256": profile.sha256,
    }


def _supported(support: Support) -> bool:
    return support.supported


def _broken(known: ProfileLibrary) -> list[Absent]:
    return [Absent(what=problem.file, reason=f"{problem.key}: {problem.why}") for problem in known.problems]


def _show_list(known: ProfileLibrary) -> None:
    rows = [
        (
            profile.model,
            ", ".join(profile.names),
            profile.driver,
            profile.limits.tariffs,
            _TEXT["count"].format(count=sum(map(_supported, profile.supports.values())), all=len(profile.supports)),
        )
        for profile in known.all()
    ]
    output.table(_LIST_COLUMNS, rows, numbers=("tariffs",))
    output.absent(_broken(known))


# --- show -----------------------------------------------------------------------------------------------------------


@profiles.command(name="show", help=_SHOW_HELP, examples=_SHOW_EXAMPLES)
@click.argument("model")
@json_option
@pass_given
def show_profile(given: Given, model: str) -> None:
    profile = library().get(model)
    output.present(given.as_json, "profile", _facts(profile), lambda: _show(profile))


def _facts(profile: Profile) -> dict[str, object]:
    return {
        "model": profile.model,
        "names": profile.names,
        "family": profile.driver,
        "origin": profile.origin,
        "sha256": profile.sha256,
        "match": profile.match,
        **{name: _part_facts(getattr(profile, name)) for name in _PARTS},
        "driver_table": profile.driver_table,
        "supports": {name: _part_facts(support) for name, support in profile.supports.items()},
        "variants": [{"when": variant.when, "keys": sorted(variant.facts)} for variant in profile.variants],
        "caveats": [{"text": caveat.text, "source": caveat.source} for caveat in profile.caveats],
    }


def _part_facts(part: Any) -> dict[str, object]:
    """A table of the profile; its provenance beside its own keys."""
    told = {field.name: getattr(part, field.name) for field in fields(part)}
    provenance = told.pop("provenance", None)
    return told if provenance is None else told | {"evidence": provenance.evidence, "source": provenance.source}


def _show(profile: Profile) -> None:
    output.pairs(
        [
            ("model", f"{profile.model} ({', '.join(profile.names)})"),
            ("family", profile.driver),
            ("file", profile.origin),
            ("hash", profile.sha256),
        ]
    )
    for name in _PARTS:
        output.heading(name)
        output.pairs(_told(_part_facts(getattr(profile, name))).items())
    if profile.match:
        output.heading(_TEXT["match"])
        output.pairs((key, _TEXT["any"].join(map(str, values))) for key, values in profile.match.items())
    output.heading(_TEXT["capabilities"])
    _show_supports(profile.supports)
    if profile.variants:
        output.heading(_TEXT["variants"])
        output.pairs((variant.when, ", ".join(sorted(variant.facts))) for variant in profile.variants)
    output.heading(_TEXT["caveats"])
    output.lines(f"{caveat.text} [{caveat.source}]" for caveat in profile.caveats)
    output.line()
    output.line(_TEXT["where"].format(family=profile.driver))


def _told(facts: Mapping[str, object]) -> dict[str, object]:
    told = {key: ", ".join(map(str, value)) if isinstance(value, tuple) else value for key, value in facts.items()}
    return told | (
        {"reading_needs": _TEXT["no level"]} if "reading_needs" in told and not told["reading_needs"] else {}
    )


def _show_supports(supports: Mapping[str, Support]) -> None:
    """A capability on a line, its note and its source below, so that no terminal is too narrow for them."""
    width = max(map(len, supports), default=0)
    for name, support in supports.items():
        output.line(f"{name:<{width}}  {_TEXT['yes' if support.supported else 'no']:<3}  {support.evidence}")
        output.lines(f"{_UNDER}{text}" for text in (support.note, support.source) if text)


# --- lint -----------------------------------------------------------------------------------------------------------


@profiles.command(name="lint", help=_LINT_HELP, examples=_LINT_EXAMPLES)
@click.argument("folders", metavar="[FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
@json_option
@pass_given
@click.pass_context
def lint_profiles(context: click.Context, given: Given, /, folders: tuple[Path, ...]) -> None:
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(setting="FOLDER", why=_TEXT["no folder"].format(folder=folder), advice=_TEXT["folder"])
    problems = lint(folders or profile_folders(os.environ), _check_driver)
    output.present(given.as_json, "lint", {"problems": problems}, lambda: _show_problems(problems))
    context.exit(EXIT_WRONG if problems else 0)


def _check_driver(profile: Profile) -> list[str]:
    """What its driver finds wrong in its own table, and promises that the driver cannot keep."""
    driver = load_driver(profile.driver)
    promised = {name for name in profile.supports if profile.has(name)}
    broken = [_TEXT["promise"].format(name=name) for name in sorted(promised - driver.capabilities)]
    return [f"{DRIVER_TABLE}.{line}" for line in driver.check_profile(profile)] + broken


def _show_problems(problems: list[str]) -> None:
    output.lines(problems or [_TEXT["right"]])
