"""The typed parts of a profile. A field with a check in its metadata is a key of the TOML table, described only here.

A field without default must be in the file or in the family's `family.toml`. Numbers only: behaviour belongs to the
driver. Passwords have no place in any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from meterlink.model import Archive, ArchiveKind, ArchiveSpan, Evidence
from meterlink.profiles import checks
from meterlink.profiles.firmware import Condition
from meterlink.wire.line import Line

_READS = """
    identity energy reactive_energy energy_archive energy_days energy_years consumption_months consumption_days
    consumption_years reactive_archive instant load_power frequency reactive_power clock dst tariff_count
    current_tariff schedule holidays limits journal_power journal_cover journal_parametrisation power_times cover_times
    battery running_time display button_correction last_parametrisation
"""
_WRITES = "set_clock set_dst set_schedule set_holidays set_tariff_count set_display set_button_correction"

CAPABILITIES = frozenset(_READS.split()) | frozenset(_WRITES.split())
"""What a meter may be able to do, by the names that `[supports.NAME]` uses; `set_` changes the meter."""

ARCHIVES: Mapping[Archive, str] = {
    Archive(ArchiveSpan.MONTH): "energy_archive",
    Archive(ArchiveSpan.DAY): "energy_days",
    Archive(ArchiveSpan.YEAR): "energy_years",
    Archive(ArchiveSpan.MONTH, ArchiveKind.CONSUMPTION): "consumption_months",
    Archive(ArchiveSpan.DAY, ArchiveKind.CONSUMPTION): "consumption_days",
    Archive(ArchiveSpan.YEAR, ArchiveKind.CONSUMPTION): "consumption_years",
}
"""The capability that an archive needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a fact is known and where it came from."""

    evidence: Evidence = field(metadata=checks.one_of(Evidence))
    source: str = field(metadata=checks.TEXT)

    @classmethod
    def weakest(cls, of: Iterable[Provenance]) -> Provenance:
        """The provenance of several facts taken together: the weakest evidence, every source."""
        several = tuple(of)
        order = list(Evidence)
        return cls(
            evidence=max((one.evidence for one in several), key=order.index),
            source="; ".join(dict.fromkeys(one.source for one in several)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One key of a profile: its value, how it is known, and the file that says so."""

    value: object
    provenance: Provenance
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """`[line]`: speed and character format from the factory; `format_optical` where the optical head differs.

    `framings` are the forms beside its own in which the family can wrap its frames for a gateway.
    """

    baud: int = field(metadata=checks.whole(50, 4_000_000))
    format: str = field(metadata=checks.LINE_FORMAT)
    format_optical: str | None = field(default=None, metadata=checks.LINE_FORMAT)
    framings: tuple[str, ...] = field(default=(), metadata=checks.TEXTS)
    provenance: Provenance

    @property
    def line(self) -> Line:
        """The wired port's line."""
        return Line.parse(self.baud, self.format)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """`[timing]`: how long the meter may take, and how long it must be left in peace."""

    reply_s: float = field(metadata=checks.number(0.01, 60))
    """time until the first byte of a reply"""
    quiet_chars: float = field(default=0.0, metadata=checks.number(0, 100))
    quiet_s: float = field(default=0.0, metadata=checks.number(0, 10))
    pause_after_write_s: float = field(default=0.0, metadata=checks.number(0, 60))
    gap_s: float = field(default=0.0, metadata=checks.number(0, 10))
    """longest pause that the meter itself makes inside a frame"""
    tries: int = field(default=3, metadata=checks.whole(1, 10))
    """how often a repeatable request is sent in all"""
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRule:
    """`[address]`: which bus addresses there are. `default` says where the factory's address comes from."""

    digits: int = field(metadata=checks.whole(0, 32))
    rule: str = field(metadata=checks.TEXT)
    default: str | None = field(default=None, metadata=checks.TEXT)
    min: int = field(default=0, metadata=checks.whole(0, 2**64))
    max: int = field(default=2**32 - 1, metadata=checks.whole(0, 2**64))
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`[access]`: the levels by name, and the one that reading needs (None: reading needs no password)."""

    levels: tuple[str, ...] = field(default=(), metadata=checks.TEXTS)
    reading_needs: str | None = field(metadata=checks.TEXT_OR_NONE)
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`[limits]`: how much fits into the meter. None: the meter has no such thing, or nobody knows."""

    tariffs: int = field(metadata=checks.whole(1, 48))
    points_per_day: int | None = field(default=None, metadata=checks.whole(1, 1440))
    seasons: int | None = field(default=None, metadata=checks.whole(1, 366))
    special_days: int | None = field(default=None, metadata=checks.whole(0, 1000))
    kinds_of_day: int | None = field(default=None, metadata=checks.whole(1, 366))
    step_minutes: int | None = field(default=None, metadata=checks.whole(1, 60))
    correction_window_s: int | None = field(default=None, metadata=checks.whole(0, 86_400))
    """largest soft correction of the clock"""
    max_power_kw: Decimal | None = field(default=None, metadata=checks.decimal(0, 1_000_000))
    """more than this cannot flow through the meter: the bound for what it may count between two readings"""
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """`[supports.NAME]`: whether the model can do one thing, and how that is known. A no has its reason in `note`.

    `prompt` is what a person at the meter has to do before it, such as pressing a sealed button: a phrase without a
    full stop, to which the driver has words.
    """

    supported: bool = field(metadata=checks.FLAG)
    evidence: Evidence = field(metadata=checks.one_of(Evidence))
    source: str = field(metadata=checks.TEXT)
    note: str | None = field(default=None, metadata=checks.TEXT)
    prompt: str | None = field(default=None, metadata=checks.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """`[[caveat]]`: an oddity that whoever works with the meter should know."""

    text: str = field(metadata=checks.TEXT)
    source: str = field(metadata=checks.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """`[[variant]]`: the facts that differ for a range of firmware versions, by dotted key."""

    when: str
    condition: Condition
    facts: Mapping[str, Fact] = field(hash=False)
    file: str


PARTS: Mapping[str, type[LineSettings] | type[Timing] | type[AddressRule] | type[Access] | type[Limits]] = {
    "line": LineSettings,
    "timing": Timing,
    "address": AddressRule,
    "access": Access,
    "limits": Limits,
}
"""The tables whose keys are fixed."""

DRIVER_TABLE = "driver_table"
"""The table whose keys belong to the family; the name `driver` is taken by the key of the head (docs/adr/0002)."""
