"""All profiles of some folders, found by model, family or a meter's own words. Works on bytes: `files.py` fetches them.

How files are laid together: facts of the family, then of the model, then of each later file of the same model that
says `overrides = true`. The family's facts come from the `family.toml` beside the model's file, else from the first
folder that has one, so that an added folder cannot change a model it does not name. A capability is replaced whole,
everything else key by key; variants and caveats add up.

A broken file hurts only the model it names: asking for that model raises its first problem, everything else works.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from meterlink.errors import AmbiguousModelError, UnknownModelError
from meterlink.meant import closest, suggestion
from meterlink.profiles.checks import FactValue
from meterlink.profiles.parts import Fact
from meterlink.profiles.problems import Problem
from meterlink.profiles.profile import Profile, contradictions, laid_together, missing, never, typed_parts
from meterlink.profiles.sheet import Head, Sheet, read_sheet

FAMILY_STEM = "family"

_OTHER_STEM = "is {model!r}, must be as the name of the file, {stem!r}"
_OTHER_FAMILY = "is {driver!r}, must be as the name of the folder, {folder!r}"
_NO_FOLDER = "stands outside a folder of a family: put it into {driver}/"
_TWICE = "{model!r} is already in {earlier}: say `overrides = true`, or take another id"
_OTHER_DRIVER = "differs from the earlier file of {model!r}, whose driver is {driver!r}"
_NOTHING_TO_OVERRIDE = "is true, but no earlier file has the model {model!r}"
_NAMES_MISSING = "is missing"
_NO_PROFILES = "holds no <family>/<model>.toml"
_TIE = "{models} answer alike ({facts})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file as it was found. `folder`: the family's folder or nothing; `trouble`: why it cannot be read."""

    path: str
    folder: str
    stem: str
    data: bytes = b""
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFolder:
    """A folder that was searched. `sha256` is over the sorted names relative to it and the bytes of each file."""

    path: str
    sha256: str
    files: tuple[SourceFile, ...] = field(repr=False)


@dataclass(slots=True, kw_only=True)
class _Entry:
    """A model while its sheets are gathered; afterwards a profile or problems."""

    model: str
    family: str
    origin: str
    names: tuple[str, ...] = ()
    sheets: list[Sheet] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    profile: Profile | None = None


class ProfileLibrary:
    """The profiles of some folders. `problems` holds what is wrong in all files, in the order of the files."""

    def __init__(self, folders: Iterable[ProfileFolder]) -> None:
        self.folders = tuple(folders)
        gatherer = _Gatherer()
        for folder in self.folders:
            gatherer.add(folder)
        self._entries: Mapping[str, _Entry] = MappingProxyType(gatherer.entries)
        for entry in gatherer.entries.values():
            _finish(entry)
        self.problems = tuple(dict.fromkeys(self._all_problems(gatherer)))

    def _all_problems(self, gatherer: _Gatherer) -> Iterator[Problem]:
        yield from gatherer.problems
        for entry in self._entries.values():
            yield from entry.problems

    def get(self, model: str) -> Profile:
        """The profile of a model id. UnknownModelError, or ProfileError when a file of this model is broken."""
        entry = self._entries.get(model)
        if entry is None:
            raise UnknownModelError(model=model, suggestion=self._suggestion(model))
        if entry.profile is None:
            raise entry.problems[0].error()
        return entry.profile

    def named(self, name: str) -> Profile:
        """The profile of a model id, or of a name that stands on the plate; UnknownModelError as for `get`."""
        folded = name.strip().casefold()
        for entry in self._entries.values():
            if folded in (each.casefold() for each in (entry.model, *entry.names)):
                return self.get(entry.model)
        return self.get(name)

    def _suggestion(self, model: str) -> str:
        """The question for an id that is near, or whose printed name is near."""
        models = {name: entry.model for entry in self._entries.values() for name in (entry.model, *entry.names)}
        name = closest(model, models)
        return suggestion(models[name], models) if name else ""

    def all(self) -> tuple[Profile, ...]:
        """Every profile that can be used, by family and model."""
        usable = (entry.profile for entry in self._entries.values() if entry.profile is not None)
        return tuple(sorted(usable, key=lambda profile: (profile.driver, profile.model)))

    def by_family(self, family: str) -> tuple[Profile, ...]:
        """Every usable profile of a family, by model."""
        return tuple(profile for profile in self.all() if profile.driver == family)

    def candidates(self, identity_facts: Mapping[str, FactValue], family: str) -> tuple[Profile, ...]:
        """The profiles of a family that fit a meter's `Identity.facts` best: those that compare the most facts."""
        fitting = [profile for profile in self.by_family(family) if profile.fits(identity_facts)]
        most = max((len(profile.match) for profile in fitting), default=0)
        return tuple(profile for profile in fitting if len(profile.match) == most)

    def match(self, identity_facts: Mapping[str, FactValue], family: str) -> Profile | None:
        """The one profile that fits best, None when none fits, AmbiguousModelError when several do."""
        fitting = self.candidates(identity_facts, family)
        if len(fitting) > 1:
            models = tuple(profile.model for profile in fitting)
            compared = {key: identity_facts[key] for profile in fitting for key in profile.match}
            facts = ", ".join(f"{key} = {value}" for key, value in compared.items())
            raise AmbiguousModelError(models=models, why=_TIE.format(models=" and ".join(models), facts=facts))
        return fitting[0] if fitting else None


# --- from files to entries ------------------------------------------------------------------------------------------


class _Gatherer:
    """Takes folders in order and sorts their sheets by model."""

    def __init__(self) -> None:
        self.entries: dict[str, _Entry] = {}
        self.problems: list[Problem] = []
        self._families: dict[str, tuple[SourceFile, Sheet]] = {}

    def add(self, folder: ProfileFolder) -> None:
        if not folder.files:
            self.problems.append(Problem(file=folder.path, key="folder", why=_NO_PROFILES))
        beside = {file.folder: (file, _family_sheet(file)) for file in folder.files if file.stem == FAMILY_STEM}
        for _file, sheet in beside.values():
            self.problems.extend(sheet.problems)
        self._families = {**beside, **self._families}
        for file in folder.files:
            if file.stem != FAMILY_STEM:
                self._add_model(file, beside.get(file.folder))

    def _add_model(self, file: SourceFile, beside: tuple[SourceFile, Sheet] | None) -> None:
        sheet = _read(file, family=False)
        problems = [*sheet.problems, *_misplaced(file, sheet.head)]
        head = sheet.head
        model = head.model if head else file.stem
        entry = self.entries.get(model)
        if entry is None:
            entry = self.entries[model] = _Entry(model=model, family=file.folder, origin=file.path)
            self._add_family(entry, beside)
            problems.extend(_first(file, head))
        else:
            problems.extend(_further(file, head, entry))
        entry.names = head.names if head and head.names else entry.names
        entry.sheets.append(sheet)
        entry.data.append(file.data)
        entry.problems.extend(problems)

    def _add_family(self, entry: _Entry, beside: tuple[SourceFile, Sheet] | None) -> None:
        found = beside or self._families.get(entry.family)
        if found is not None:
            file, sheet = found
            entry.sheets.append(sheet)
            entry.data.append(file.data)
            entry.problems.extend(sheet.problems)


def _read(file: SourceFile, *, family: bool) -> Sheet:
    if file.trouble:
        problem = Problem(file=file.path, key="file", why=file.trouble)
        return Sheet(file=file.path, head=None, problems=(problem,))
    return read_sheet(file.data, file.path, family=family)


def _family_sheet(file: SourceFile) -> Sheet:
    sheet = _read(file, family=True)
    return replace(sheet, problems=(*sheet.problems, *_misplaced(file, sheet.head)))


def _misplaced(file: SourceFile, head: Head | None) -> Iterator[Problem]:
    if not file.folder:
        driver = head.driver if head else "<family>"
        yield Problem(file=file.path, key="file", why=_NO_FOLDER.format(driver=driver))
    elif head and head.driver != file.folder:
        why = _OTHER_FAMILY.format(driver=head.driver, folder=file.folder)
        yield Problem(file=file.path, key="driver", why=why)
    if head and head.model and head.model != file.stem:
        yield Problem(file=file.path, key="model", why=_OTHER_STEM.format(model=head.model, stem=file.stem))


def _first(file: SourceFile, head: Head | None) -> Iterator[Problem]:
    if head and head.overrides:
        yield Problem(file=file.path, key="overrides", why=_NOTHING_TO_OVERRIDE.format(model=head.model))
    elif head and not head.names:
        yield Problem(file=file.path, key="names", why=_NAMES_MISSING)


def _further(file: SourceFile, head: Head | None, entry: _Entry) -> Iterator[Problem]:
    if head and not head.overrides:
        yield Problem(file=file.path, key="model", why=_TWICE.format(model=entry.model, earlier=entry.origin))
    elif file.folder != entry.family:
        yield Problem(file=file.path, key="driver", why=_OTHER_DRIVER.format(model=entry.model, driver=entry.family))


# --- from an entry to a profile -------------------------------------------------------------------------------------


def _finish(entry: _Entry) -> None:
    """Lay the sheets of an entry together; what is wrong is added to its problems."""
    facts = laid_together(entry.sheets, never)
    if all(sheet.head for sheet in entry.sheets):
        blamed = {problem.key for problem in entry.problems}
        lacking = (problem for problem in missing(facts, entry.origin) if not _blamed(problem.key, blamed))
        entry.problems.extend(lacking)
    if not entry.problems:
        profile = _profile(entry, facts)
        entry.problems.extend(contradictions(profile))
        entry.profile = None if entry.problems else profile


def _blamed(key: str, blamed: set[str]) -> bool:
    """Whether a key, or the source or evidence of its table, was complained about already."""
    table = key.partition(".")[0]
    return not blamed.isdisjoint((key, table, f"{table}.source", f"{table}.evidence"))


def _profile(entry: _Entry, facts: Mapping[str, Fact]) -> Profile:
    return Profile(
        model=entry.model,
        names=entry.names,
        driver=entry.family,
        variants=tuple(variant for sheet in entry.sheets for variant in sheet.variants),
        caveats=tuple(caveat for sheet in entry.sheets for caveat in sheet.caveats),
        origin=entry.origin,
        sha256=hashlib.sha256(b"".join(entry.data)).hexdigest(),
        sheets=tuple(entry.sheets),
        **typed_parts(facts),
    )
