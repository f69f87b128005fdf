"""What a profile says about a model in the family's own table, as typed values, and whether that table makes sense."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meterlink.profiles import Profile
from meterlink_energomera.messages import Identification
from meterlink_energomera.text import Check

DIRECTIONS: Final = ("PE", "PI", "QE", "QI")
OPERANDS: Final = ("address", "constant")

_IDENT: Final = re.compile(r"(CE[0-9]{3,4}[A-Z]{0,2})(?: ?v([0-9]+(?:[._][0-9]+)*))?(.*)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`[driver_table]`, typed.

    `identification`     what follows maker and speed in the answer to a sign-on, for the simulator
    `speed_char`         the Z of that answer
    `operand`            whether P0 tells the meter's address or a constant
    `check`              how the check byte is made
    `names_repeated`     whether a list tells its name on each line or on the first only
    `energy`             directions with six registers each: PE import, PI export, QE, QI reactive
    `energy_decimals`    digits behind the point; `energy_trimmed` trailing zeros are cut
    `instant`            momentary parameters, with the label of each value ("" for none)
    `firmware`           the parameter that tells the firmware; "" for none
    `archive`            "ENM" where the registers at the end of a month are asked for by (mm.yy); "" for none
    `empty_when_absent`  an archive without a record answers with an empty block instead of ERR18
    `graphs`             numbers of the first and the last day graph
    `graph_points`       points of one graph; fillers follow the last
    `padded`             whether times are written with two digits
    `dst`                the parameter of the automatic switch; "" for none
    `dst_months`         parameters of the months in which it switches
    `status`             further parameters that are shown
    `status_base`        10 or 16: how STAT_ is written
    `status_bits`        what its bits mean, by number
    `tariff_bits`        first bit and width of the current tariff in STAT_, then of the tariffs in use; empty for none
    `watch`              whether WATCH tells time and date in one answer
    `group`              whether the fast read GROUP is known to be answered
    """

    identification: str
    speed_char: str
    operand: str
    check: Check
    names_repeated: bool
    energy: tuple[str, ...]
    energy_decimals: int
    energy_trimmed: bool
    instant: Mapping[str, tuple[str, ...]]
    firmware: str
    archive: str
    empty_when_absent: bool
    graphs: tuple[int, int]
    graph_points: int
    padded: bool
    dst: str
    dst_months: tuple[str, ...]
    status: tuple[str, ...]
    status_base: int
    status_bits: Mapping[str, str]
    tariff_bits: tuple[int, ...]
    watch: bool
    group: bool

    @property
    def graph_numbers(self) -> range:
        return range(self.graphs[0], self.graphs[1] + 1)


def _is(*kinds: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _list_of(kind: type, least: int = 0) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return (
            isinstance(value, Sequence)
            and not isinstance(value, str)
            and len(value) >= least
            and all(isinstance(one, kind) and not isinstance(one, bool) for one in value)
        )

    return check


def _lists(value: object) -> bool:
    return isinstance(value, Mapping) and all(map(_list_of(str, 1), value.values()))


def _texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(one, str) and str(key).isdecimal() for key, one in value.items()
    )


_CHECKS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "identification": (_is(str), "a text"),
    "speed_char": (lambda value: value in tuple("01234567"), "one of the characters 0 to 7"),
    "operand": (lambda value: value in OPERANDS, " or ".join(OPERANDS)),
    "check": (lambda value: value in tuple(Check), " or ".join(Check)),
    "names_repeated": (_is(bool), "true or false"),
    "energy": (
        lambda value: _list_of(str, 1)(value) and set(value) <= set(DIRECTIONS),  # type: ignore[call-overload]
        f"a list out of {', '.join(DIRECTIONS)}",
    ),
    "energy_decimals": (lambda value: _is(int)(value) and value in range(10), "0 to 9"),
    "energy_trimmed": (_is(bool), "true or false"),
    "instant": (_lists, "a table of lists of labels"),
    "firmware": (_is(str), "a text"),
    "archive": (lambda value: value in ("", "ENM"), '"" or ENM'),
    "empty_when_absent": (_is(bool), "true or false"),
    "graphs": (lambda value: _list_of(int, 2)(value) and len(value) == 2, "the first and the last number"),  # type: ignore[arg-type]
    "graph_points": (lambda value: _is(int)(value) and value in range(1, 49), "1 to 48"),
    "padded": (_is(bool), "true or false"),
    "dst": (_is(str), "a text"),
    "dst_months": (_list_of(str), "a list of texts"),
    "status": (_list_of(str), "a list of texts"),
    "status_base": (lambda value: value in (10, 16), "10 or 16"),
    "status_bits": (_texts, "a table of texts by the number of the bit"),
    "tariff_bits": (
        lambda value: _list_of(int)(value) and len(value) in (0, 4),  # type: ignore[arg-type]
        "two pairs of first bit and width, or empty",
    ),
    "watch": (_is(bool), "true or false"),
    "group": (_is(bool), "true or false"),
}


def table_of(profile: Profile) -> Table:
    """The table of a profile that `problems_of` found nothing in."""
    raw: dict[str, Any] = dict(profile.driver_table)
    raw["check"] = Check(raw["check"])
    return Table(**raw)


def problems_of(profile: Profile) -> list[str]:
    """What is wrong with it, as `key: why`."""
    table = profile.driver_table
    problems = [f"{key}: is not a key of this family" for key in table if key not in _CHECKS]
    for key, (check, wanted) in _CHECKS.items():
        if key not in table:
            problems.append(f"{key}: is missing")
        elif not check(table[key]):
            problems.append(f"{key}: must be {wanted}")
    return problems


def facts_of(who: Identification) -> dict[str, str | int]:
    """What profiles match on: the whole identification, and the type in it."""
    facts: dict[str, str | int] = {"maker": who.maker, "identification": who.ident}
    found = _IDENT.fullmatch(who.ident)
    return facts if found is None else {**facts, "type": found[1]}


def version_in(ident: str) -> str | None:
    """The version in an identification or in the answer of IDENT: `v11.8s4` of `CE301v11.8s4`."""
    found = _IDENT.fullmatch(ident)
    return None if found is None or found[2] is None else f"v{found[2].replace('_', '.')}{found[3]}"


def mismatch(profile: Profile, who: Identification) -> tuple[str, str, str] | None:
    """The key, what was found and what is expected, where who answered is not of this model."""
    facts = facts_of(who)
    for key, expected in profile.match.items():
        found = facts.get(key)
        if found not in expected:
            return (
                key,
                str(who.maker + " " + who.flags + who.ident if found is None else found),
                " or ".join(map(str, expected)),
            )
    return None
