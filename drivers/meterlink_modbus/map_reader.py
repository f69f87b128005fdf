"""From `[driver_table]` of a profile to a `Map`, with everything that is wrong in it.

What is wrong is told as `key: why`, with the number of the row where a key holds rows: `energy[3].scale: ...`.
Rules over several keys are in `map_rules`; they come last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any, Final, TypeVar

from meterlink.errors import ProfileError
from meterlink.meant import did_you_mean
from meterlink.model import Direction
from meterlink.profiles import Profile
from meterlink_modbus.map_rules import RULES
from meterlink_modbus.maps import ADDRESSES, COMBINED, ENERGY_UNITS, QUANTITIES, REGISTERS, Energy, Fact, Instant, Map
from meterlink_modbus.pdu import MOST_READ, READ_HOLDING, READ_INPUT
from meterlink_modbus.tables import (
    CLOCK_PARTS,
    FILLER,
    HOLIDAYS,
    KINDS,
    SELECTOR,
    WEEKDAY,
    ZONES,
    ClockForm,
    Tariffs,
    kind_name,
    slot_bytes,
    table_name,
)
from meterlink_modbus.values import TYPES, WORD_ORDERS, Number

T = TypeVar("T")

KEYS: Final = (
    "function",
    "most_registers",
    "word_order",
    "bounds",
    "readable",
    "writable",
    "factory_address",
    "address_register",
    "identity",
    "energy",
    "instant",
    "status",
    "clock",
    "tariffs",
)
NUMBER_KEYS: Final = ("address", "type", "count", "word_order", "scale", "least", "most")
_BOUNDED: Final = (*ENERGY_UNITS, *filter(None, chain.from_iterable(QUANTITIES.values())), "none")
"""The units that have bounds."""
_UNITS: Final = range(1, 248)
_PHASES: Final = ("L1", "L2", "L3")

_TEXT: Final = {
    "key": "is not a key of this family{meant}",
    "missing": "is missing",
    "whole": "is {value!r}, must be a whole number from {least} to {most}",
    "one of": "is {value!r}, must be one of {known}",
    "text": "is {value!r}, must be a text",
    "number": "is {value!r}, must be a number",
    "bound": "must be a pair [least, most]",
    "table": "must be a table",
    "rows": "must be a list of tables",
    "pairs": "must be a list of pairs [first register, how many]",
    "positive": "is {value}, must be above 0",
    "count": "is {value}, and a {type} has {wanted}",
    "no bounds": "has no bounds: give least and most, or bounds.{unit}",
    "order": "is {value}, above most = {most}",
    "layout": "is {value!r}, must be an even number of {known}, each of {needed} once",
    "sunday": "is {value!r}, must be 0 or 7",
    "bytes": "{count} slots of {step} bytes are no whole number of registers",
    "day tables": "must be a list of registers, or a table of {kinds}",
    "no zones": "is missing: numbered day tables count by the zones of the year",
    "zones too": "stands beside day tables by kind of day, which know none",
}


def read_map(profile: Profile) -> tuple[Map | None, list[str]]:
    """The map, None where a key is unusable, and everything that is wrong."""
    reader = _Reader()
    read = reader.map(profile.driver_table)
    if read is None:
        return None, reader.problems
    return read, [*reader.problems, *chain.from_iterable(rule(read, profile) for rule in RULES)]


@lru_cache(maxsize=32)
def map_of(profile: Profile) -> Map:
    """The map of a profile; ProfileError with the first thing that is wrong in it."""
    read, problems = read_map(profile)
    if read is None or problems:
        key, _, why = problems[0].partition(": ")
        raise ProfileError(file=profile.origin, key=f"driver_table.{key}", why=why)
    return read


class _Wrong(Exception):
    """A value is unusable; what is wrong was noted."""


class _Reader:
    """Reads one table and collects what is wrong in it."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._word_order: Any = WORD_ORDERS[0]
        self._bounds: dict[str, tuple[Decimal, Decimal]] = {}

    def map(self, table: Mapping[str, object]) -> Map | None:
        self._known(table, KEYS, "")
        try:
            self._word_order = self._one_of(table.get("word_order", WORD_ORDERS[0]), WORD_ORDERS, "word_order")
            self._bounds = dict(self._read_bounds(table.get("bounds", {})))
            made = Map(
                function=self._one_of(table.get("function", READ_HOLDING), (READ_HOLDING, READ_INPUT), "function"),
                most_registers=self._whole(table, "most_registers", range(1, MOST_READ + 1), ""),
                readable=self._ranges(table.get("readable", ()), "readable"),
                writable=self._ranges(table.get("writable", ()), "writable"),
                factory_address=self._whole(table, "factory_address", _UNITS, ""),
                address_register=self._optional(table, "address_register"),
                identity=tuple(self._rows(table, "identity", self._fact)),
                energy=tuple(self._rows(table, "energy", self._energy)),
                instant=tuple(self._rows(table, "instant", self._instant)),
                status=tuple(self._rows(table, "status", self._fact)),
                clock=self._clock(table["clock"]) if table.get("clock") else None,
                tariffs=self._tariffs(table["tariffs"]) if table.get("tariffs") else None,
            )
        except _Wrong:
            return None
        return None if self.problems else made

    # --- single values -----------------------------------------------------------------------------------------------

    def _wrong(self, key: str, why: str, **facts: object) -> _Wrong:
        self.problems.append(f"{key}: {_TEXT[why].format(**facts)}")
        return _Wrong()

    def _known(self, table: Mapping[str, object], known: Collection[str], where: str) -> None:
        for key in table:
            if key not in known:
                meant = did_you_mean(key, known)
                self._wrong(where + key, "key", meant=f", {meant}" if meant else "")

    def _whole(self, table: Mapping[str, object], key: str, permitted: range, where: str) -> int:
        if key not in table:
            raise self._wrong(where + key, "missing")
        return self._in_range(table[key], permitted, where + key)

    def _in_range(self, value: object, permitted: range, key: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value in permitted:
            return value
        raise self._wrong(key, "whole", value=value, least=permitted[0], most=permitted[-1])

    def _optional(self, table: Mapping[str, object], key: str) -> int | None:
        return self._whole(table, key, ADDRESSES, "") if key in table else None

    def _one_of(self, value: Any, known: Sequence[T], key: str) -> T:
        if value is None:
            raise self._wrong(key, "missing")
        for one in known:
            if one == value and not isinstance(value, bool):
                return one
        raise self._wrong(key, "one of", value=value, known=", ".join(map(str, known)))

    def _text(self, table: Mapping[str, object], key: str, where: str) -> str:
        value = table.get(key)
        if isinstance(value, str) and value:
            return value
        raise self._wrong(where + key, "missing" if key not in table else "text", value=value)

    def _decimal(self, value: object, key: str) -> Decimal:
        if isinstance(value, int | float) and not isinstance(value, bool) and Decimal(str(value)).is_finite():
            return Decimal(str(value))
        raise self._wrong(key, "number", value=value)

    def _table(self, value: object, key: str) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return value
        raise self._wrong(key, "table")

    def _ranges(self, value: object, key: str) -> tuple[range, ...]:
        pairs = value if isinstance(value, Sequence) and not isinstance(value, str) else ["no pair"]
        made: list[range] = []
        for pair in pairs:
            if not (isinstance(pair, Sequence) and len(pair) == 2):
                raise self._wrong(key, "pairs")
            first = self._in_range(pair[0], ADDRESSES, key)
            count = self._in_range(pair[1], range(1, len(ADDRESSES) - first + 1), key)
            made.append(range(first, first + count))
        return tuple(made)

    def _read_bounds(self, value: object) -> Iterator[tuple[str, tuple[Decimal, Decimal]]]:
        self._known(self._table(value, "bounds"), _BOUNDED, "bounds.")
        for unit, pair in self._table(value, "bounds").items():
            if not (isinstance(pair, Sequence) and len(pair) == 2):
                raise self._wrong(f"bounds.{unit}", "bound")
            least, most = (self._decimal(one, f"bounds.{unit}") for one in pair)
            yield unit, (least, most)

    # --- rows --------------------------------------------------------------------------------------------------------

    def _rows(self, table: Mapping[str, object], key: str, read: Any) -> Iterator[Any]:
        """Every row that can be read; what is wrong with the others was noted."""
        rows = table.get(key, ())
        if not isinstance(rows, Sequence) or isinstance(rows, str):
            raise self._wrong(key, "rows")
        for index, row in enumerate(rows, 1):
            try:
                yield read(self._table(row, f"{key}[{index}]"), f"{key}[{index}].")
            except _Wrong:
                continue

    def _energy(self, row: Mapping[str, Any], where: str) -> Energy:
        self._known(row, (*NUMBER_KEYS, "register", "direction", "unit"), where)
        unit = self._one_of(row.get("unit"), tuple(ENERGY_UNITS), f"{where}unit")
        quantity, factor = ENERGY_UNITS[unit]
        direction = self._one_of(row.get("direction"), (*Direction, COMBINED), f"{where}direction")
        return Energy(
            register=self._one_of(row.get("register"), REGISTERS, f"{where}register"),
            direction=None if direction == COMBINED else Direction(direction),
            quantity=quantity,
            factor=factor,
            number=self._number(row, where, unit),
        )

    def _instant(self, row: Mapping[str, Any], where: str) -> Instant:
        self._known(row, (*NUMBER_KEYS, "quantity", "phase", "unit"), where)
        quantity = self._one_of(row.get("quantity"), tuple(QUANTITIES), f"{where}quantity")
        unit = self._one_of(row.get("unit"), QUANTITIES[quantity], f"{where}unit")
        phase = self._one_of(row["phase"], _PHASES, f"{where}phase") if "phase" in row else None
        return Instant(quantity=quantity, phase=phase, unit=unit, number=self._number(row, where, unit))

    def _fact(self, row: Mapping[str, Any], where: str) -> Fact:
        self._known(row, (*NUMBER_KEYS, "name", "unit", "words"), where)
        words = self._table(row.get("words", {}), f"{where}words")
        unit = self._text(row, "unit", where) if "unit" in row else ""
        return Fact(
            name=self._text(row, "name", where),
            unit=unit,
            words={key: self._text(words, key, f"{where}words.") for key in words},
            number=self._number(row, where, None),
        )

    def _number(self, row: Mapping[str, Any], where: str, unit: str | None) -> Number:
        """`unit` is None where nothing bounds the number unless the row does."""
        kind = self._one_of(row.get("type"), tuple(TYPES), f"{where}type")
        scale = self._decimal(row.get("scale", 1), f"{where}scale")
        if scale <= 0:
            raise self._wrong(f"{where}scale", "positive", value=scale)
        least, most = self._bounds_of(row, where, unit)
        return Number(
            address=self._whole(row, "address", ADDRESSES, where),
            count=self._count(row, where, kind),
            type=kind,
            word_order=self._one_of(row.get("word_order", self._word_order), WORD_ORDERS, f"{where}word_order"),
            scale=scale,
            least=least,
            most=most,
        )

    def _count(self, row: Mapping[str, Any], where: str, kind: str) -> int:
        wanted = TYPES[kind].registers
        if not wanted:
            return self._whole(row, "count", range(1, 9), where)
        if row.get("count", wanted) != wanted:
            raise self._wrong(f"{where}count", "count", value=row["count"], type=kind, wanted=wanted)
        return wanted

    def _bounds_of(self, row: Mapping[str, Any], where: str, unit: str | None) -> tuple[Decimal | None, Decimal | None]:
        usual: tuple[Decimal | None, Decimal | None] = (None, None)
        if unit is not None:
            usual = self._bounds.get(unit or "none", usual)
        least, most = (
            self._decimal(row[key], where + key) if key in row else value
            for key, value in zip(("least", "most"), usual, strict=True)
        )
        if unit is not None and (least is None or most is None):
            raise self._wrong(f"{where}least", "no bounds", unit=unit or "none")
        if least is not None and most is not None and least > most:
            raise self._wrong(f"{where}least", "order", value=least, most=most)
        return least, most

    # --- blocks ------------------------------------------------------------------------------------------------------

    def _clock(self, value: object) -> ClockForm:
        table = self._table(value, "clock")
        self._known(table, ("address", "layout", "sunday"), "clock.")
        layout = tuple(self._text(table, "layout", "clock.").split())
        known = (*CLOCK_PARTS, WEEKDAY, FILLER)
        once = all(layout.count(part) == 1 for part in CLOCK_PARTS) and layout.count(WEEKDAY) <= 1
        if len(layout) % 2 or not once or not set(layout) <= set(known):
            wanted = {"known": " ".join(known), "needed": " ".join(CLOCK_PARTS)}
            raise self._wrong("clock.layout", "layout", value=" ".join(layout), **wanted)
        if table.get("sunday", 7) not in (0, 7):
            raise self._wrong("clock.sunday", "sunday", value=table["sunday"])
        address = self._whole(table, "address", ADDRESSES, "clock.")
        return ClockForm(address=address, layout=layout, sunday=table.get("sunday", 7))

    def _tariffs(self, value: object) -> Tariffs:
        table = self._table(value, "tariffs")
        self._known(table, ("slots", "day_tables", "zones", "selector", "holidays"), "tariffs.")
        slots = self._whole(table, "slots", range(1, 49), "tariffs.")
        places = {
            name: (address, self._registers(slots, slot_bytes(name), "tariffs.slots"))
            for name, address in self._day_tables(table.get("day_tables")).items()
        }
        numbered = isinstance(table.get("day_tables"), Sequence)
        if numbered and "zones" not in table:
            raise self._wrong("tariffs.zones", "no zones")
        for key in ("zones", "selector"):
            if not numbered and key in table:
                raise self._wrong(f"tariffs.{key}", "zones too")
        if "zones" in table:
            places[ZONES] = self._list(table["zones"], "tariffs.zones")
        if "selector" in table:
            places[SELECTOR] = self._whole(table, "selector", ADDRESSES, "tariffs."), 1
        if "holidays" in table:
            places[HOLIDAYS] = self._list(table["holidays"], "tariffs.holidays")
        return Tariffs(places=places)

    def _day_tables(self, value: object) -> dict[str, int]:
        key = "tariffs.day_tables"
        if isinstance(value, Mapping) and set(value) == set(KINDS):
            return {kind_name(kind): self._in_range(value[kind], ADDRESSES, key) for kind in KINDS}
        if isinstance(value, Sequence) and not isinstance(value, str) and value:
            return {table_name(n): self._in_range(one, ADDRESSES, key) for n, one in enumerate(value, 1)}
        raise self._wrong(key, "day tables", kinds=", ".join(KINDS))

    def _list(self, value: object, key: str) -> tuple[int, int]:
        table = self._table(value, key)
        self._known(table, ("address", "slots"), f"{key}.")
        slots = self._whole(table, "slots", range(1, 367), f"{key}.")
        return self._whole(table, "address", ADDRESSES, f"{key}."), self._registers(slots, 3, f"{key}.slots")

    def _registers(self, slots: int, step: int, key: str) -> int:
        if slots * step % 2:
            raise self._wrong(key, "bytes", count=slots, step=step)
        return slots * step // 2
