"""A whole profile: what one model is, made of the facts of several sheets. No file is opened here.

Rules that look at several keys at once stand here too: what must be there, what contradicts what, which variants
quarrel.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from types import MappingProxyType
from typing import Any

from meterlink.errors import NotSupportedError
from meterlink.model import Archive
from meterlink.profiles.checks import FactValue
from meterlink.profiles.firmware import Condition, parse_version
from meterlink.profiles.parts import (
    ARCHIVES,
    DRIVER_TABLE,
    PARTS,
    Access,
    AddressRule,
    Caveat,
    Fact,
    Limits,
    LineSettings,
    Provenance,
    Support,
    Timing,
    Variant,
)
from meterlink.profiles.problems import Problem
from meterlink.profiles.sheet import Sheet, needed_keys

_NOT_SAID = "its profile does not say that it has"
_NOT_READ = "no such archive is read of this family"
_NO_JOURNAL = "this model has no such journal"
_MISSING = "is missing"
_MIN_ABOVE_MAX = "is {min}, above address.max = {max}"
_NO_LEVEL = "is {level!r}, which is not one of access.levels"
_LEVEL_NONE = 'holds "none", which means that no level is needed'
_QUARREL = 'is set by the variants "{one}" and "{other}", which overlap and neither is the narrower one'


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one model is and can do. `facts` holds every key with its own evidence, source and file.

    `match` gives for each key of `Identity.facts` the values that this model answers. `origin` is the file that names
    the model, `sha256` the hash of the bytes of all files it was made of, in order: family, model, overriding files.
    `variants` wait for `for_firmware`.
    """

    model: str
    names: tuple[str, ...]
    driver: str
    match: Mapping[str, tuple[FactValue, ...]] = field(hash=False)
    line: LineSettings
    timing: Timing
    address: AddressRule
    access: Access
    limits: Limits
    supports: Mapping[str, Support] = field(hash=False)
    driver_table: Mapping[str, object] = field(hash=False)
    variants: tuple[Variant, ...]
    caveats: tuple[Caveat, ...]
    origin: str
    sha256: str
    facts: Mapping[str, Fact] = field(repr=False, hash=False)
    sheets: tuple[Sheet, ...] = field(repr=False, hash=False)

    def require(self, capability: str) -> Support:
        """What the profile says about a capability; NotSupportedError when the model lacks it."""
        why = self.why_not(capability)
        if why is not None:
            raise NotSupportedError(model=self.model, capability=capability, why=why)
        return self.supports[capability]

    def has(self, capability: str) -> bool:
        """Whether the model can do this."""
        return self.why_not(capability) is None

    def why_not(self, capability: str) -> str | None:
        """Why the model lacks a capability, in the words of its profile; None where it has it."""
        support = self.supports.get(capability)
        if support is not None and support.supported:
            return None
        return _NOT_SAID if support is None or support.note is None else support.note

    def why_no_journal(self, journal: str, listed: Collection[str]) -> str | None:
        """Why the model has no such journal; None where it has. `supports` names but a few, `listed` are those of the
        family's table."""
        capability = f"journal_{journal}"
        if capability in self.supports and not self.has(capability):
            return self.why_not(capability)
        return None if journal in listed else _NO_JOURNAL

    def require_journal(self, journal: str, listed: Collection[str]) -> None:
        """NotSupportedError when the model lacks it."""
        why = self.why_no_journal(journal, listed)
        if why is not None:
            raise NotSupportedError(model=self.model, capability=f"journal_{journal}", why=why)

    def require_archive(self, archive: Archive, read: Collection[Archive]) -> None:
        """NotSupportedError when the model lacks it, or its driver does not read it, whatever the profile claims."""
        self.require(ARCHIVES[archive])
        if archive not in read:
            raise NotSupportedError(model=self.model, capability=ARCHIVES[archive], why=_NOT_READ)

    def for_firmware(self, firmware: str | None) -> Profile:
        """The profile with every variant laid over it that holds for this firmware: see `laid_together`.

        A firmware that is unknown, or has no number in it, meets no condition. The result has no variants left.
        """
        version = parse_version(firmware or "")
        if version is None:
            return self
        return self._with(lambda condition: condition.holds(version))

    def _with(self, holds: Callable[[Condition], bool]) -> Profile:
        return replace(self, variants=(), **typed_parts(laid_together(self.sheets, holds)))

    def fits(self, facts: Mapping[str, FactValue]) -> bool:
        """Whether a meter that told these facts about itself can be this model. Without `[match]` none can."""
        return bool(self.match) and all(facts.get(key) in values for key, values in self.match.items())


def never(condition: Condition) -> bool:
    """Meets no condition: what is true of a model whatever its firmware."""
    return False


def laid_together(sheets: Iterable[Sheet], holds: Callable[[Condition], bool]) -> dict[str, Fact]:
    """The facts of several sheets, a later one over an earlier one.

    Over the facts of each sheet lie those of its own variants whose condition holds, the narrower over the wider.
    """
    facts: dict[str, Fact] = {}
    for sheet in sheets:
        facts.update(sheet.facts)
        holding = [variant for variant in sheet.variants if holds(variant.condition)]
        for variant in sorted(holding, key=lambda one: _depth(one, holding)):
            facts.update(variant.facts)
    return facts


def _depth(variant: Variant, among: Iterable[Variant]) -> int:
    return sum(variant.condition.narrower_than(other.condition) for other in among)


def typed_parts(facts: Mapping[str, Fact]) -> dict[str, Any]:
    """The fields of a profile that come from its tables. Every needed key must be there: see `missing`."""
    return {
        **{name: _part(name, kind, facts) for name, kind in PARTS.items()},
        "match": _free(facts, "match"),
        "supports": _free(facts, "supports"),
        "driver_table": _free(facts, DRIVER_TABLE),
        "facts": MappingProxyType(dict(facts)),
    }


def _part(name: str, kind: Callable[..., object], facts: Mapping[str, Fact]) -> object:
    stated = _table(facts, name)
    provenance = Provenance.weakest(fact.provenance for fact in stated.values())
    return kind(**{key: fact.value for key, fact in stated.items()}, provenance=provenance)


def _free(facts: Mapping[str, Fact], table: str) -> Mapping[str, Any]:
    return MappingProxyType({key: fact.value for key, fact in _table(facts, table).items()})


def _table(facts: Mapping[str, Fact], table: str) -> dict[str, Fact]:
    prefix = f"{table}."
    return {key.removeprefix(prefix): fact for key, fact in facts.items() if key.startswith(prefix)}


def missing(facts: Mapping[str, Fact], file: str) -> Iterator[Problem]:
    """The keys that a whole profile needs and that no sheet gives."""
    for name, kind in PARTS.items():
        for key in needed_keys(kind):
            if f"{name}.{key}" not in facts:
                yield Problem(file=file, key=f"{name}.{key}", why=_MISSING)


# --- rules over several keys ----------------------------------------------------------------------------------------


def _address_bounds(profile: Profile) -> Iterator[tuple[str, str]]:
    bounds = profile.address
    if bounds.min > bounds.max:
        yield "address.min", _MIN_ABOVE_MAX.format(min=bounds.min, max=bounds.max)


def _levels(profile: Profile) -> Iterator[tuple[str, str]]:
    access = profile.access
    if "none" in access.levels:
        yield "access.levels", _LEVEL_NONE
    if access.reading_needs is not None and access.reading_needs not in access.levels:
        yield "access.reading_needs", _NO_LEVEL.format(level=access.reading_needs)


_RULES: tuple[Callable[[Profile], Iterator[tuple[str, str]]], ...] = (_address_bounds, _levels)


def contradictions(profile: Profile) -> Iterator[Problem]:
    """What is wrong between the keys of a profile, by itself and under each of its variants."""
    for sheet in profile.sheets:
        yield from _quarrels(sheet.variants)
    for resolved in resolutions(profile):
        for rule in _RULES:
            for key, why in rule(resolved):
                yield Problem(file=file_of(resolved, key), key=key, why=why)


def resolutions(profile: Profile) -> Iterator[Profile]:
    """The profile by itself, and as it is for a firmware that meets each variant's condition."""
    yield profile
    for variant in profile.variants:
        yield profile._with(variant.condition.lies_within)


def file_of(profile: Profile, key: str) -> str:
    """The file that states a key, else the one that names the model."""
    fact = profile.facts.get(key)
    return profile.origin if fact is None else fact.file


def _quarrels(variants: tuple[Variant, ...]) -> Iterator[Problem]:
    for one, other in combinations(variants, 2):
        ordered = one.condition.narrower_than(other.condition) or other.condition.narrower_than(one.condition)
        if ordered or one.condition.meet(other.condition).empty:
            continue
        for key in sorted(one.facts.keys() & other.facts.keys()):
            yield Problem(file=other.file, key=key, why=_QUARREL.format(one=one.when, other=other.when))
