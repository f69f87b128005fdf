"""What a profile says about a model in the family's own table, as typed values, and whether that table makes sense."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meterlink.profiles import Profile
from meterlink.profiles.problems import table_problems
from meterlink_energomera.messages import Identification
from meterlink_energomera.text import Check

DIRECTIONS: Final = ("PE", "PI", "QE", "QI")
OPERANDS: Final = ("address", "constant")
MONTH_ARCHIVES: Final = ("ENM", "END", "ENMnn")
"""The forms in which the registers at the end of a month are asked for."""
JOURNAL_PARAMETERS: Final = ("ACCES", "PHASE", "JSTAT", "JCORT")

_Check = Callable[[object], bool]
_ANY_COUNT: Final = range(1000)

_IDENT: Final = re.compile(r"(CE[0-9]{3,4}[A-Z]{0,2})(?: ?v([0-9]+(?:[._][0-9]+)*))?(.*)", re.ASCII)


_PLATFORM: Final = re.compile(r"CE(208[6-9]|308[01]|307)", re.ASCII)
_LATER: Final = {**dict.fromkeys(("2086", "2087", "2088", "2089"), "CE208"), "3080": "CE308", "3081": "CE308"} | {
    "307": "CE307 R34"
}
_LATER_UNKNOWN: Final = "CE207, CE208, CE307 R34 or CE308"
_LATER_TEXT: Final = "{name} of the later generation ({ident}), recognised and not driven"


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
    `archive`            how the registers at the end of a month are asked for: "ENM" by (mm.yy), "END" by the month's
                         last day (dd.mm.yy), "ENMnn" the total alone by how many months ago; "" for not at all
    `empty_when_absent`  an archive without a record answers with an empty block instead of ERR18
    `journals`           parameters of its journals, by our names
    `graphs`             numbers of the first and the last day graph
    `graph_points`       points of one graph; fillers follow the last
    `lists_counted`      whether SESON and EXDAY are asked for with the elements wanted, as (n.m)
    `padded`             whether times are written with two digits
    `dst_months`         parameters of the months in which the automatic switch comes, where the meter tells them
    `status`             further parameters that are shown
    `status_readout`     whether they are taken out of the general readout instead of being asked one by one
    `state_clears`       whether reading STAT_ clears a bit of it
    `status_base`        10 or 16: how STAT_ is written
    `status_bits`        what its bits mean, by number; `flag_bits` the same of CONDI
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
    journals: Mapping[str, str]
    graphs: tuple[int, int]
    graph_points: int
    lists_counted: bool
    padded: bool
    dst_months: tuple[str, ...]
    status: tuple[str, ...]
    status_readout: bool
    state_clears: bool
    status_base: int
    status_bits: Mapping[str, str]
    flag_bits: Mapping[str, str]
    tariff_bits: tuple[int, ...]
    watch: bool
    group: bool

    @property
    def graph_numbers(self) -> range:
        return range(self.graphs[0], self.graphs[1] + 1)


def _is(*kinds: type) -> _Check:
    return lambda value: isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _list_of(kind: type, counts: Container[int] = _ANY_COUNT, *, out_of: Container[object] | None = None) -> _Check:
    def check(value: object) -> bool:
        return (
            isinstance(value, Sequence)
            and not isinstance(value, str)
            and len(value) in counts
            and all(isinstance(one, kind) and not isinstance(one, bool) for one in value)
            and (out_of is None or all(one in out_of for one in value))
        )

    return check


def _table_of(check: _Check, *, keys: _Check = lambda key: isinstance(key, str)) -> _Check:
    return lambda value: isinstance(value, Mapping) and all(keys(key) and check(one) for key, one in value.items())


def _one_of(*values: object) -> _Check:
    return lambda value: value in values and not isinstance(value, bool)


_BITS: Final = _table_of(_is(str), keys=lambda key: str(key).isdecimal())


_CHECKS: Final[Mapping[str, tuple[_Check, str]]] = {
    "identification": (_is(str), "a text"),
    "speed_char": (_one_of(*"01234567"), "one of the characters 0 to 7"),
    "operand": (_one_of(*OPERANDS), " or ".join(OPERANDS)),
    "check": (_one_of(*Check), " or ".join(Check)),
    "names_repeated": (_is(bool), "true or false"),
    "energy": (_list_of(str, range(1, 5), out_of=DIRECTIONS), f"a list out of {', '.join(DIRECTIONS)}"),
    "energy_decimals": (_one_of(*range(10)), "0 to 9"),
    "energy_trimmed": (_is(bool), "true or false"),
    "instant": (_table_of(_list_of(str, range(1, 9))), "a table of lists of labels"),
    "firmware": (_is(str), "a text"),
    "archive": (_one_of("", *MONTH_ARCHIVES), '"" or one of ' + ", ".join(MONTH_ARCHIVES)),
    "empty_when_absent": (_is(bool), "true or false"),
    "journals": (_table_of(_one_of(*JOURNAL_PARAMETERS)), f"a table of {', '.join(JOURNAL_PARAMETERS)}"),
    "graphs": (_list_of(int, (2,)), "the first and the last number"),
    "graph_points": (_one_of(*range(1, 49)), "1 to 48"),
    "lists_counted": (_is(bool), "true or false"),
    "padded": (_is(bool), "true or false"),
    "dst_months": (_list_of(str), "a list of texts"),
    "status": (_list_of(str), "a list of texts"),
    "status_readout": (_is(bool), "true or false"),
    "state_clears": (_is(bool), "true or false"),
    "status_base": (_one_of(10, 16), "10 or 16"),
    "status_bits": (_BITS, "a table of texts by the number of the bit"),
    "flag_bits": (_BITS, "a table of texts by the number of the bit"),
    "tariff_bits": (_list_of(int, (0, 4)), "two pairs of first bit and width, or empty"),
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
    return table_problems(profile.driver_table, _CHECKS)


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
        if facts.get(key) not in expected:
            found = later_generation(who) or str(facts.get(key, f"{who.maker} {who.flags}{who.ident}"))
            return key, found, " or ".join(map(str, expected))
    return None


def later_generation(who: Identification) -> str | None:
    """The name of a meter of the later generation, which this family recognises and does not drive; else None."""
    if who.maker != "EMR":
        return None
    platform = _PLATFORM.match(who.ident)
    name = _LATER.get(platform[1], _LATER_UNKNOWN) if platform else _LATER_UNKNOWN
    return _LATER_TEXT.format(name=name, ident=who.ident)
