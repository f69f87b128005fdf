"""What a simulated meter of this family remembers, and what each parameter answers. No bytes, no sessions.

Marks: [documented] in docs/protocols/energomera.md with [A], [guess] nowhere. All rules of writing are those of the
CE6850M [documented there, guessed elsewhere]. Guesses everywhere: the first frame of a series clears a list; a list
that is asked for by numbers gives its first element where there are none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from meterlink.model import Archive, ArchiveSpan
from meterlink.profiles import ARCHIVES, Profile
from meterlink.sim.clock import MeterClock
from meterlink.sim.energy import EnergyRegisters, Switches, shown_kwh
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule
from meterlink.wire.payload import PayloadError
from meterlink_energomera.address import address_from_serial
from meterlink_energomera.models import Table, table_of
from meterlink_energomera.momentary import GROUP
from meterlink_energomera.schedule import (
    EXDAY,
    MOST_DAYS,
    MOST_SEASONS,
    SESON,
    ExceptionDay,
    Image,
    Point,
    StoredSeason,
    graph_name,
    holiday_graphs,
    lower,
    program_of,
    read_days,
    read_points,
    read_seasons,
    schedule_limits,
)
from meterlink_energomera.sim_kept import MALFORMED, OUT_OF_RANGE, UNKNOWN, Answer, Archives, Entries
from meterlink_energomera.stored import SWITCH
from meterlink_energomera.times import date_text, read_date, read_time, time_text

_SERIALS: Final = {"CE102M": "010748104609396", "CE303": "009114135064195", "CE6850M": "000000000800001"}
_SERIAL: Final = "008841083000505"
_DEFAULT: Final = (Point(420, 1), Point(1380, 2))
_CLOCK_GROUP: Final = 1 << 0
_TABLE_GROUP: Final = 1 << 4
_OUTAGE_BEFORE: Final = timedelta(days=3, hours=5)
_OUTAGE: Final = timedelta(minutes=17)
_METER_OFF: Final = 512
_CORRECTED: Final = ("clock was corrected", "daily correction used up")
_FIRMWARE: Final = {"VINFO": "v01.0401;Jul 20 2015"}
_FURTHER: Final = {
    "CONDI": "0",
    "FCCUR": "1",
    "FCVOL": "1",
    "TAVER": "30",
    "ACTIV": "4",
    "SPEED": "5",
    "ELOCK": "0,0",
    "TRANS": "0",
    "HOURS": "770",
    "HVOLT": "253",
    "LVOLT": "198",
}
_COUNTED: Final = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})", re.ASCII)
_FILLERS: Final = {SESON: "00-00-00-00-00-00-00-00-00", EXDAY: "00.00.00"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What one meter does otherwise.

    `latency_s`            least and longest time before a reply [measured on a CE301]
    `split_s`              longest pause after the first bytes of a reply [measured; 0 leaves it to the faults]
    `active_s`             after so long a silence the session is over [documented, 1.5 to 4 s seen]
    `first_baud`           speed of the sign-on, None: the profile's
    `follows_speed`        False: it stays at the first speed whatever was agreed
    `password`             the one it takes
    `wrong_password`       what it answers to another: "B0", "NAK", "" (silence), "ERR15" [all but B0 guesses]
    `locks_after`          so many wrong passwords in a row lock writing for the rest of the day [documented on CE6850M]
    `needs_button`         writing needs the access button; `button_pressed` whether it was [documented on CE6850M]
    `button_window_s`      so long after the press it permits writing, None: always [guess, 180 s on the related CE102]
    `deaf_after_nak`       a session is over with the first NAK [seen on a CE102M]
    `clears`               the first frame of a series clears the list [guess]
    `reads_end_series`     a read between two frames begins a new series [guess]
    `refuses`              parameters that are refused with this number
    `answers`              parameters that are answered with these values
    `ignores_writes`       parameters whose writes are acknowledged and change nothing
    `knows_group`          False: it is silent to GROUP
    `ident`                what it calls itself in the sign-on, None: the profile's
    `dies_after_writes`    so many writes are done, then it is silent for ever
    """

    latency_s: tuple[float, float] = (0.202, 0.342)
    split_s: float = 0.0
    active_s: float = 4.0
    first_baud: int | None = None
    follows_speed: bool = True
    password: bytes = b"777777"
    wrong_password: str = "B0"
    locks_after: int = 3
    needs_button: bool = False
    button_pressed: bool = False
    button_window_s: float | None = None
    deaf_after_nak: bool = True
    clears: bool = True
    reads_end_series: bool = True
    refuses: Mapping[str, int] | None = None
    answers: Mapping[str, Sequence[str]] | None = None
    ignores_writes: frozenset[str] = frozenset()
    knows_group: bool = True
    ident: str | None = None
    dies_after_writes: int | None = None


class Memory:
    """Everything a meter remembers. `writes_done` counts the writes that changed something or were ignored."""

    def __init__(self, profile: Profile, state: SimState, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.table: Table = table_of(profile)
        self.serial_number = state.serial_number or _serial_of(self.table)
        self.address = (
            state.address if state.address not in (None, "*") else address_from_serial(self.serial_number, profile)
        )
        self._has_switch = profile.has("dst")
        self.clock = MeterClock(state.local, state.started_at, dst_enabled=state.dst_enabled and self._has_switch)
        self.lists: dict[str, list[str]] = {}
        self._set_up_tables(profile, state.schedule)
        self._image = self._read_image()
        self.energy = state.energy(self.clock, self._switches_on, archive_months=24)
        self.load_w = state.load_w
        self.writes_done = 0
        self.corrected_on: date | None = None
        self._archives = Archives(
            table=self.table,
            keeps_days=profile.has(ARCHIVES[Archive(ArchiveSpan.DAY)]),
            clock=self.clock,
            energy=self.energy,
            told=self._registers,
        )
        self.entries = Entries()
        went_off = state.local - _OUTAGE_BEFORE
        for at, bits in ((went_off, _METER_OFF), (went_off + _OUTAGE, 0)):
            self.entries.note("PHASE", at, bits)
        self._series: str | None = None

    # --- reading -----------------------------------------------------------------------------------------------------

    def answer(self, parameter: str, args: str, now: float) -> Answer:
        """What a read of a parameter gives."""
        behaviour = self.behaviour
        if behaviour.reads_end_series:
            self._series = None
        if behaviour.refuses and parameter in behaviour.refuses:
            return behaviour.refuses[parameter]
        if behaviour.answers and parameter in behaviour.answers:
            return behaviour.answers[parameter]
        table = self.table
        if parameter in self.lists:
            return self._list(parameter, args)
        if parameter[:3] == "ET0" and parameter[3:] in table.energy:
            return self._registers(self.energy.registers(now), parameter[3:])
        if parameter in table.journals.values():
            return self.entries.answer(parameter, args)
        kept = self._archives.answer(parameter, args, now)
        if kept is not None:
            return kept
        if parameter in table.instant:
            return self._instant(parameter, len(table.instant[parameter]))
        single = self._singles(now).get(parameter)
        return UNKNOWN if single is None else [single]

    def _list(self, name: str, args: str) -> Answer:
        """n.m: m elements from the nth on, of a list that is counted; without n.m its first one."""
        held = self.lists[name]
        if not self.table.lists_counted or name not in _FILLERS:
            return MALFORMED if args else held
        found = _COUNTED.fullmatch(args or "1.1")
        return MALFORMED if found is None else held[max(0, int(found[1]) - 1) :][: int(found[2])]

    def _singles(self, now: float) -> dict[str, str]:
        local = self.clock.local(now)
        table = self.table
        found = {
            "SNUMB": self.serial_number,
            "IDPAS": self.address,
            "MODEL": "3",
            "TIME_": self._time(local),
            "DATE_": date_text(local),
            "STAT_": self._status(local),
        }
        if table.firmware:
            found[table.firmware] = _FIRMWARE.get(table.firmware, f"{table.identification}.8s4")
        if table.watch:
            found["WATCH"] = f"{self._time(local)},{date_text(local)},0"
        if self._has_switch:
            found[SWITCH] = "1" if self.clock.dst_enabled else "0"
        found |= dict(zip(table.dst_months, ("03", "10"), strict=False))
        found |= {name: value for name, value in _FURTHER.items() if name in table.status}
        return found

    @staticmethod
    def _time(local: datetime) -> str:
        return time_text(local)

    def _registers(self, registers: EnergyRegisters, direction: str) -> list[str]:
        if direction != "PE":
            return [self._kwh(0)] * 6
        tariffs = [registers.energy_uj.get(tariff, 0) for tariff in range(1, 5)]
        return [self._kwh(sum(tariffs)), *map(self._kwh, tariffs), self._kwh(0)]

    def _kwh(self, energy_uj: int) -> str:
        text = f"{shown_kwh(energy_uj, self.table.energy_decimals):f}"
        if not self.table.energy_trimmed:
            return text
        return text.rstrip("0") + "0" if text.rstrip("0").endswith(".") else text.rstrip("0")

    def group(self, identifier: str, mask: int, now: float) -> str:
        """What one member of a fast read tells, each value in brackets."""
        for parameter, (known, order) in GROUP.items():
            if known == identifier and parameter in self.table.instant:
                answer = self.answer(parameter, "", now)
                if isinstance(answer, int):
                    return f"(E{answer:02d})" * mask.bit_count()
                told = dict(zip(self.table.instant[parameter], answer, strict=False))
                wanted = (label for bit, label in enumerate(order) if mask >> bit & 1)
                return "".join(f"({told.get(label, f'E{UNKNOWN}')})" for label in wanted)
        return f"(E{UNKNOWN})" * mask.bit_count()

    def _instant(self, parameter: str, count: int) -> list[str]:
        power = Decimal(self.load_w) / 1000
        usual = {
            "VOLTA": ["230.12", "231.4", "229.871"],
            "CURRE": ["0.852", "0.85", "0.861"],
            "FREQU": ["50.01"],
            "POWEP": [str(power), "0.0", "0.0", str(power)],
            "POWPP": [str((power / 3).quantize(Decimal("0.0001")))] * 3,
            "COS_f": ["0.99", "0.99", "0.98", "0.99"],
            "VNULL": ["0"],
        }.get(parameter, ["0.0"])
        return (usual * count)[:count]

    def _status(self, local: datetime) -> str:
        bits = 0
        if self.table.tariff_bits:
            first, _, used, count = self.table.tariff_bits
            tariffs = {point.tariff for points in self._image.graphs.values() for point in points}
            bits = self.energy.tariff_at(local) << first | sum(1 << used + one - 1 for one in tariffs if one <= count)
        if self.corrected_on == local.date():
            bits |= sum(1 << int(bit) for bit, words in self.table.status_bits.items() if words in _CORRECTED)
        return f"{bits:08X}" if self.table.status_base == 16 else str(bits)

    # --- writing -----------------------------------------------------------------------------------------------------

    def write(self, parameter: str, value: str, now: float) -> int | None:
        """What a permitted write does; the number of a refusal where it does nothing."""
        if parameter in self.behaviour.ignores_writes:
            self.writes_done += 1
            return None
        refused = self._write(parameter, value, now)
        if refused is None:
            self.writes_done += 1
            group = _TABLE_GROUP if parameter in self.lists else _CLOCK_GROUP
            self.entries.note("ACCES", self.clock.local(now), group)
        self._series = parameter if refused is None else None
        return refused

    def end_series(self) -> None:
        self._series = None

    def _write(self, parameter: str, value: str, now: float) -> int | None:
        if parameter in self.lists:
            return self._write_element(parameter, value, now)
        writers: dict[str, Callable[[str, float], int | None]] = {
            "TIME_": self._write_time,
            "DATE_": self._write_date,
            "CTIME": self._correct,
        }
        if self._has_switch:
            writers[SWITCH] = self._write_switch
        writer = writers.get(parameter)
        return UNKNOWN if writer is None else writer(value, now)

    def _write_element(self, name: str, value: str, now: float) -> int | None:
        read: Callable[[Sequence[str]], Sequence[object]] = (
            read_seasons if name == SESON else read_days if name == EXDAY else read_points
        )
        most = MOST_SEASONS if name == SESON else MOST_DAYS if name == EXDAY else self.table.graph_points
        held = [] if self.behaviour.clears and self._series != name else self._elements(name)
        try:
            new = read([*held, value])
        except PayloadError:
            return OUT_OF_RANGE
        if len(new) > most:
            return OUT_OF_RANGE
        self.energy.advance(now)
        self.lists[name] = self._filled(name, [*held, value])
        self._image = self._read_image()
        return None

    def _elements(self, name: str) -> list[str]:
        filler = self._filler(name)
        return [value for value in self.lists[name] if value != filler]

    def _filler(self, name: str) -> str:
        return _FILLERS.get(name, "00:00:00" if self.table.padded else "0:0:0")

    def _filled(self, name: str, values: Sequence[str]) -> list[str]:
        least = self.table.graph_points if name not in _FILLERS else 1
        return [*values, *[self._filler(name)] * (least - len(values))]

    def _write_time(self, value: str, now: float) -> int | None:
        try:
            local = read_time(self.clock.local(now).date(), value)
        except PayloadError:
            return OUT_OF_RANGE
        self._set(local, now)
        return None

    def _write_date(self, value: str, now: float) -> int | None:
        try:
            _, on = read_date(value)
        except PayloadError:
            return OUT_OF_RANGE
        self._set(datetime.combine(on, self.clock.local(now).time()), now)
        return None

    def _set(self, local: datetime, now: float) -> None:
        self.energy.advance(now)
        self.clock.set(local, now)

    def _correct(self, value: str, now: float) -> int | None:
        local = self.clock.local(now)
        if value:
            return MALFORMED
        if self.corrected_on == local.date():
            return OUT_OF_RANGE
        self.corrected_on = local.date()
        right = local.replace(second=0 if local.second < 30 else 59, microsecond=0)
        self.entries.note_correction(local, right.second - local.second)
        self._set(right, now)
        self.entries.note("JSTAT", right, int(self._status(right), self.table.status_base))
        return None

    def _write_switch(self, value: str, now: float) -> int | None:
        if value not in ("0", "1"):
            return OUT_OF_RANGE
        self.energy.advance(now)
        self.clock.set_dst(value == "1", now)
        return None

    # --- tables ------------------------------------------------------------------------------------------------------

    def _set_up_tables(self, profile: Profile, schedule: YearSchedule | None) -> None:
        first = self.table.graphs[0]
        graphs: dict[int, tuple[Point, ...]] = {first: _DEFAULT}
        seasons: tuple[StoredSeason, ...] = (StoredSeason(1, 1, (first,) * 7),)
        days: tuple[ExceptionDay, ...] = ()
        if schedule is not None:
            blank = Image(graphs={}, seasons=seasons, days=(), senseless={})
            graphs, seasons = lower(schedule, blank, self.table, schedule_limits(profile.limits, self.table))
            graph = holiday_graphs(blank)[0]
            days = tuple(ExceptionDay(one.month, one.day, graph) for one in schedule.special_days)
        for number in self.table.graph_numbers:
            points = [self._point_text(point) for point in graphs.get(number, ())]
            self.lists[graph_name(number)] = self._filled(graph_name(number), points)
        self.lists[SESON] = self._filled(SESON, list(map(str, seasons)))
        self.lists[EXDAY] = self._filled(EXDAY, list(map(str, days)))

    def _point_text(self, point: Point) -> str:
        if self.table.padded:
            return str(point)
        return f"{point.minute // 60}:{point.minute % 60}:{point.tariff}"

    def _read_image(self) -> Image:
        graphs = {one: read_points(self.lists[graph_name(one)]) for one in self.table.graph_numbers}
        return Image(
            graphs=graphs,
            seasons=read_seasons(self.lists[SESON]),
            days=read_days(self.lists[EXDAY]),
            senseless={},
        )

    def _switches_on(self, day: date) -> Switches:
        """The switches of a date by the tables as they are."""
        for one in self._image.days or ():
            if (one.month, one.day) == (day.month, day.day):
                return self._switches(one.graph)
        seasons = sorted(self._image.seasons or (), key=lambda one: (one.month, one.day))
        begun = [one for one in seasons if (one.month, one.day) <= (day.month, day.day)]
        if not seasons:
            return ()
        season = (begun or seasons)[-1]
        return self._switches(season.graphs[day.isoweekday() % 7])

    def _switches(self, graph: int) -> Switches:
        program = program_of(self._image.graphs.get(graph, ()))
        return () if program is None else tuple((point.minute, point.tariff) for point in program.points)


def _serial_of(table: Table) -> str:
    known = [serial for type_, serial in _SERIALS.items() if table.identification.startswith(type_)]
    return known[0] if known else _SERIAL
