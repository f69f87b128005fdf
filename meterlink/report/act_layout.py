"""The act laid out in one language: its sixteen sections as blocks that HTML and PDF draw alike.

All words and values are chosen here and nothing of the paper's look. Personal data are filled in from their openings
where these open the commitments of the body, else they are withheld. Sections: docs/trade.md 4.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final

from meterlink.audit.commitment import Opening
from meterlink.errors import ScheduleError
from meterlink.language import Language
from meterlink.report import act_picture as picture, act_values as values
from meterlink.report.act_body import NO, NONE, NOT_READ, NOT_STATED, READ, UNLIFTABLE, YES, body_sha256, encode_body
from meterlink.report.act_words import ActWords
from meterlink.tariff import YearSchedule, schedule_from_table
from meterlink.tariff.presets import preset, preset_names, zone_words
from meterlink.visit.words import warning_words

_is_tariff: Final = re.compile(r"T[1-9]", re.ASCII).fullmatch
_CODE_LIMIT: Final = 1_200
"""Bytes of a checkpoint; a longer one makes a code that no telephone reads from paper."""
_CODE_BORDER: Final = 4
_TOLD_APART: Final = ("notice", "representative", "address")
_DST_ACTIONS: Final = ("dst_off", "dst_on")
_SEE_SCHEDULE: Final = 11


# --- blocks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Labels with values, two beside each other where they are short."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a head; `widths` are shares of the line, the columns in `right` stand to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    right: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Paragraphs; `manner` is `plain`, `strong` or `small`."""

    texts: tuple[str, ...]
    manner: str = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture of ours under its title, with the sentence that says the same."""

    title: str
    svg: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of the log, line by line, and the same as a QR code where it is not too long for one.

    `facts` are told beside the code.
    """

    facts: Pairs
    title: str
    lines: tuple[str, ...]
    svg: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Lines to sign on: who, and the name where it is known; then lines to be filled in."""

    rows: tuple[tuple[str, str], ...]
    under: tuple[str, str]
    blanks: tuple[str, ...]


Block = Pairs | Table | Lines | Drawing | Checkpoint | Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One of the sixteen."""

    number: int
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The whole act. `page` has the places `{page}` and `{pages}`; `made_at` is when the work ended, UTC."""

    language: Language
    title: str
    subtitle: str
    result: str
    footer: str
    page: str
    made_at: datetime
    sections: tuple[Section, ...]


def lay_out(
    body: Mapping[str, Any], openings: Mapping[str, Opening], checkpoint_text: str, language: Language
) -> Paper:
    """The act of a body. `checkpoint_text` is the whole note, empty where there is none yet."""
    act = _Act(body, openings, checkpoint_text, ActWords(language))
    words, number = act.words, body["act"]["number"]
    return Paper(
        language=language,
        title=words("title", number=number),
        subtitle=words("subtitle"),
        result=_result(body, words),
        footer=words("footer", number=number, serial=words.value(body["meter"]["serial_number"])),
        page=words("page", page="{page}", pages="{pages}"),
        made_at=datetime.fromisoformat(body["act"]["finished_at"]),
        sections=tuple(
            Section(number=each, title=words(f"section {each}"), blocks=tuple(make()))
            for each, make in enumerate(act.sections(), 1)
        ),
    )


def _result(body: Mapping[str, Any], words: ActWords) -> str:
    found = words.code("result", body["result"])
    told = [found, *([words("with problems")] if body["problems"] else [])]
    told += [words("port sim")] if body["program"]["port"] == "sim" else []
    return f"{words('result')}: {'; '.join(told)}"


@dataclass(frozen=True, slots=True)
class _Act:
    """What every section needs."""

    body: Mapping[str, Any]
    openings: Mapping[str, Opening]
    checkpoint_text: str
    words: ActWords
    zone: tzinfo | None = field(init=False)
    zones: Mapping[int, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", values.zone_of(self.body["act"]["tz"]))
        object.__setattr__(self, "zones", _zone_names(self.body["plan"]["zones"], self.words.language))

    def sections(self) -> tuple[Callable[[], Iterable[Block]], ...]:
        return (
            self._basis,
            self._organisation,
            self._performers,
            self._customer,
            self._place,
            self._meter,
            self._seals,
            self._readings,
            self._clock,
            self._dst,
            self._schedule,
            self._changes,
            self._program,
            self._for_customer,
            self._signatures,
            self._copies,
        )

    # small helpers

    def _moment(self, text: str) -> str:
        return values.moment(self.words, text, self.zone)

    def _day(self, text: str) -> str:
        return values.day_text(self.words, text)

    def _pairs(self, *rows: tuple[str, str]) -> Pairs:
        return Pairs(rows=tuple((self.words(label), text) for label, text in rows))

    def _plain(self, facts: Mapping[str, Any], *keys: tuple[str, str]) -> list[tuple[str, str]]:
        """Labels with texts of the body as they are."""
        return [(label, self.words.value(str(facts[key]))) for label, key in keys]

    def _personal(self, name: str) -> str:
        """A personal datum where it is opened, else that it is withheld or was never given."""
        committed = self.body["customer"]["commitments"].get(name, NONE)
        if committed == NONE:
            return self.words("not-stated")
        opening = self.openings.get(name)
        if opening is None or not opening.opens(name, committed):
            return self.words("withheld")
        return opening.value

    def _not_read(self, part: Mapping[str, Any]) -> str:
        reason = part.get("reason", NONE)
        return self.words("not-read") if reason in (NONE, NOT_STATED) else self.words("not read why", reason=reason)

    # 1-6: who, where, what

    def _basis(self) -> Iterable[Block]:
        words, order, act = self.words, self.body["order"], self.body["act"]
        if act["opened"] == NO:
            yield Lines(texts=(words("not opened"),), manner="strong")
        number, date = words.value(order["number"]), self._day(order["date"])
        basis = words.code("basis", order["basis"])
        if order["basis_text"] != NOT_STATED:
            basis = words("basis text", code=basis, text=order["basis_text"])
        valid = words("valid text", first=self._day(order["valid_from"]), last=self._day(order["valid_to"]))
        yield self._pairs(
            ("order", words("order text", number=number, date=date)),
            ("basis", basis),
            ("started", values.moment(words, act["started_at"], self.zone, offset=True)),
            ("finished", values.moment(words, act["finished_at"], self.zone, offset=True)),
            ("valid", words("not-stated") if _unstated(order, "valid_from", "valid_to") else valid),
            *self._plain(order, ("nonce", "nonce"), ("order sha256", "sha256")),
        )

    def _organisation(self) -> Iterable[Block]:
        keys = (("organisation", "name"), ("tax number", "tax_number"), ("licence", "licence"), ("phone", "phone"))
        yield self._pairs(*self._plain(self.body["organisation"], *keys))

    def _performers(self) -> Iterable[Block]:
        words = self.words
        if not self.body["performers"]:
            yield Lines(texts=(words("nobody"),))
            return
        yield Table(
            head=tuple(map(words, ("name", "post", "certificate", "certificate expires", "safety group", "id"))),
            rows=tuple(
                (
                    *(words.value(each[key]) for key in ("name", "post", "certificate")),
                    self._day(each["certificate_expires"]),
                    *(words.value(each[key]) for key in ("safety_group", "id")),
                )
                for each in self.body["performers"]
            ),
            widths=(3, 2.8, 1.6, 1.5, 1.5, 1),
        )

    def _customer(self) -> Iterable[Block]:
        words, customer = self.words, self.body["customer"]
        names = ("customer_name", "account_no", "contract_no", "customer_phone")
        others = [name for name in customer["commitments"] if name not in (*names, *_TOLD_APART)]
        pairs = self._pairs(
            ("customer kind", words.code("customer", customer["kind"])),
            *((name, self._personal(name)) for name in names),
            ("presence", words.code("presence", customer["presence"])),
            ("notice", self._personal("notice")),
            ("representative", self._representative()),
        )
        yield Pairs(rows=(*pairs.rows, *((name, self._personal(name)) for name in others)))

    def _representative(self) -> str:
        customer = self.body["customer"]
        if customer["commitments"]["representative"] != NONE:
            return self._personal("representative")
        return self.words(customer["has_representative"])

    def _place(self) -> Iterable[Block]:
        keys = (("metering point", "metering_point_id"), ("substation", "substation"), ("feeder", "feeder"))
        yield self._pairs(
            ("address", self._personal("address")),
            *self._plain(self.body["place"], *keys),
            ("tz", self._zone_name()),
        )

    def _zone_name(self) -> str:
        name, offset = self.body["act"]["tz"], values.offset_at(self.body["act"]["finished_at"], self.zone)
        return self.words("zone text", name=name, offset=offset) if offset else self.words.value(name)

    def _meter(self) -> Iterable[Block]:
        words, meter = self.words, self.body["meter"]
        names, model = ", ".join(meter["names"]), words.value(meter["model"])
        name = words("meter name", names=names, model=model) if names else model
        yield self._pairs(
            ("meter names", name),
            *self._plain(meter, ("serial", "serial_number"), ("answered", "answered"), ("network address", "address")),
            ("manufactured", self._day(meter["manufactured"])),
            *self._plain(meter, ("firmware", "firmware"), ("accuracy class", "accuracy_class")),
            ("verification last", self._day(meter["verification_last"])),
            ("verification next", self._day(meter["verification_next"])),
            *self._plain(meter, ("ratio ct", "ratio_ct"), ("ratio vt", "ratio_vt")),
        )

    # 7-10: seals, readings, clock

    def _seals(self) -> Iterable[Block]:
        words, seals = self.words, self.body["seals"]
        rows = [self._seal(event, seal) for event in seals for seal in seals[event]]
        if rows:
            heads = ("seal event", "seal number", "seal place", "seal kind", "seal owner", "seal state")
            yield Table(head=tuple(map(words, heads)), rows=tuple(rows), widths=(1.5, 1.3, 2.9, 2.5, 2.2, 2.5))
        stated = self.body["seals_stated"] != NO
        missing = [
            words(f"seals {event} none" if stated else f"seals {event} unasked")
            for event in ("found", "removed", "installed")
            if not seals[event]
        ]
        if missing:
            yield Lines(texts=(" ".join(missing),))

    def _seal(self, event: str, seal: Mapping[str, Any]) -> tuple[str, ...]:
        words = self.words
        told = [words.code("seal", seal.get("event", event))]
        told += [words.value(seal[key]) for key in ("number", "place", "kind", "owner")]
        about = [] if seal["state"] == NOT_STATED else [words.code("seal state", seal["state"])]
        about += [seal["reason"]] if seal.get("reason", NOT_STATED) != NOT_STATED else []
        about += [self._moment(seal["at"])] if "at" in seal else []
        return (*told, "; ".join(about) or words("no seal state"))

    def _readings(self) -> Iterable[Block]:
        words, readings = self.words, self.body["readings"]
        if not readings["registers"]:
            yield Lines(texts=(words("no readings"),))
            return
        kinds = {self._quantity(each) for each in readings["registers"]}
        yield Table(
            head=(
                words("register") if len(kinds) > 1 else words("register of", quantity=kinds.pop()),
                words("before at", at=self._moment(readings["before_at"])),
                words("after at", at=self._moment(readings["after_at"])),
                words("change"),
                words("unit"),
            ),
            rows=tuple(self._register(each, with_kind=len(kinds) > 1) for each in readings["registers"]),
            widths=(3, 2.4, 2.4, 1.4, 1),
            right=(1, 2, 3),
        )
        yield Lines(texts=(words("readings raw"),), manner="small")

    def _register(self, each: Mapping[str, str], *, with_kind: bool) -> tuple[str, ...]:
        words, name = self.words, self._register_name(each)
        name = f"{name}, {self._quantity(each)}" if with_kind else name
        amounts = values.amount(words, each["before"]), values.amount(words, each["after"])
        return (name, *amounts, values.signed(words, each["change"]), words.code("unit", each["unit"]))

    def _register_name(self, each: Mapping[str, str]) -> str:
        name = each["register"]
        if name == "total":
            return self.words("total")
        zone = self.zones.get(_tariff(name))
        return self.words.value(name) if zone is None else f"{name} ({zone})"

    def _quantity(self, each: Mapping[str, str]) -> str:
        return self.words.code("quantity", f"{each['quantity']} {each['direction']}")

    def _clock(self) -> Iterable[Block]:
        words, clock = self.words, self.body["clock"]
        sides = clock["before"], clock["after"]
        rows = [("meter time", [self._clock_part(side, "meter_time") for side in sides])]
        rows += [("reference time", [self._clock_part(side, "reference_time") for side in sides])]
        rows += [("error", [self._error(side) for side in sides])]
        rows += [("uncertainty", [self._uncertainty(side) for side in sides])]
        if any(side.get("season_flag", NOT_STATED) != NOT_STATED for side in sides):
            rows += [("season", [words.value(side.get("season_flag", NOT_READ)) for side in sides])]
        yield self._before_after(rows)
        pairs = [("time source", words.code("time source", clock["time_source"]))]
        pairs += [] if clock["reason"] == NOT_STATED else [("clock reason", clock["reason"])]
        yield self._pairs(*pairs)

    def _before_after(self, rows: Iterable[tuple[str, Sequence[str]]]) -> Table:
        return Table(
            head=("", self.words("before"), self.words("after")),
            rows=tuple((self.words(label), *sides) for label, sides in rows),
            widths=(1.4, 2, 2),
        )

    def _clock_part(self, clock: Mapping[str, Any], key: str) -> str:
        return self._moment(clock[key]) if clock["state"] == READ else self._not_read(clock)

    def _error(self, clock: Mapping[str, Any]) -> str:
        told = values.clock_error(self.words, clock)
        if clock["state"] != READ or clock["error_s"] == NOT_STATED:
            return told
        return self.words("error exact", words=told, exact=values.signed(self.words, clock["error_s"]))

    def _uncertainty(self, clock: Mapping[str, Any]) -> str:
        if clock["state"] != READ:
            return self.words("not-read")
        return self.words("within", within=values.amount(self.words, clock["uncertainty_s"]))

    def _dst(self) -> Iterable[Block]:
        sides = self.body["dst"]["before"], self.body["dst"]["after"]
        yield self._before_after(
            [
                ("dst", [self._dst_state(side) for side in sides]),
                ("dst dates", [self._dst_dates(side) for side in sides]),
            ]
        )

    def _dst_dates(self, dst: Mapping[str, Any]) -> str:
        told = [
            f"{self.words(label)}: {dst[key]}"
            for label, key in (("dst begins", "begins"), ("dst ends", "ends"))
            if dst.get(key, NOT_STATED) != NOT_STATED
        ]
        return "; ".join(told) or self.words("not stored")

    def _dst_state(self, dst: Mapping[str, Any]) -> str:
        if dst["state"] != READ:
            return self._not_read(dst)
        return self.words("unknown") if dst["enabled"] == NOT_STATED else self.words(f"dst {dst['enabled']}")

    # 11: the schedule

    def _schedule(self) -> Iterable[Block]:
        words, schedule = self.words, self.body["schedule"]
        plan, tariffs = self.body["plan"], self.body["tariffs"]
        zones = ", ".join(f"{each['register']} – {self._zone_word(each['zone'])}" for each in plan["zones"])
        pairs = [("zones", zones or words("zones none")), ("current tariff", self._current_tariff())]
        pairs += [("plan", self._plan_name(plan["name"]))]
        yield self._pairs(*pairs)
        sides = ("before", "after")
        yield self._before_after(
            [
                ("tariffs in force", [self._tariff_count(tariffs[side]) for side in sides]),
                ("holidays", [self._holidays(self.body["holidays"][side]) for side in sides]),
            ]
        )
        if schedule["before"] == schedule["after"] and schedule["before"]["state"] == READ:
            yield from self._one_schedule(words("schedule same"), schedule["after"])
        else:
            yield from self._one_schedule(words("schedule before"), schedule["before"])
            yield from self._one_schedule(words("schedule after"), schedule["after"])

    def _plan_name(self, name: str) -> str:
        if name not in preset_names():
            return self.words.value(name)
        return self.words("plan text", title=preset(name).title_in(self.words.language), name=name)

    def _zone_word(self, zone: str) -> str:
        return self.words.value(zone_words(zone, self.words.language))

    def _current_tariff(self) -> str:
        after = self.body["tariffs"]["after"]
        if after["state"] != READ or after["current"] == NOT_STATED:
            return self.words("not-read")
        return self.words(
            "current tariff at", tariff=after["current"], at=self._moment(self.body["readings"]["after_at"])
        )

    def _tariff_count(self, tariffs: Mapping[str, Any]) -> str:
        return self.words.value(str(tariffs["in_force"])) if tariffs["state"] == READ else self._not_read(tariffs)

    def _holidays(self, holidays: Mapping[str, Any]) -> str:
        if holidays["state"] != READ:
            return self._not_read(holidays)
        return values.holidays_text(self.words, holidays["days"])

    def _one_schedule(self, title: str, part: Mapping[str, Any]) -> Iterable[Block]:
        words = self.words
        if part["state"] == UNLIFTABLE:
            yield Lines(texts=(f"{title}. " + words("schedule unliftable", reasons="; ".join(part["reasons"])),))
        elif part["state"] != READ:
            yield Lines(texts=(f"{title}: {self._not_read(part)}.",))
        else:
            yield from self._lifted_schedule(title, part["table"])
        if part.get("notes"):
            yield Lines(texts=(words("schedule notes", notes="; ".join(part["notes"])),), manner="small")

    def _lifted_schedule(self, title: str, table: Mapping[str, Any]) -> Iterable[Block]:
        words, schedule = self.words, _lifted(table)
        if schedule is None:
            odd = words("schedule odd", table=encode_body(table).decode())
            yield Lines(texts=(f"{title}. {odd}",))
            return
        for program, when in picture.served_programs(words, schedule):
            yield Drawing(
                title=f"{title}: {when}",
                svg=picture.day_bar(program),
                text=picture.hours_text(words, program, self.zones),
            )
        special = picture.special_days(words, schedule)
        if special:
            yield Lines(texts=tuple(special))

    # 12: what was done

    def _changes(self) -> Iterable[Block]:
        words, body = self.words, self.body
        yield Lines(texts=(f"{_result(body, words)}.",), manner="strong")
        if body["steps"]:
            yield Table(
                head=tuple(map(words, ("step", "step was", "step became", "step result"))),
                rows=tuple(map(self._step, body["steps"])),
                widths=(2.7, 2, 2, 2.2),
            )
            yield Lines(texts=(self._as_recorded(body["steps"]),), manner="small")
            if body["restores"] != NONE:
                yield Lines(texts=(words("restores", work=body["restores"]),), manner="strong")
        else:
            yield Lines(texts=(words("no steps"),))
        problems = [
            words("problem", kind=words.code("problem", each["kind"]), text=words.value(each["text"]))
            for each in body["problems"]
        ]
        if problems:
            yield Lines(texts=(f"{words('problems')}: {'; '.join(problems)}",), manner="strong")
        if body["program"]["experimental"] == YES:
            yield Lines(texts=(words("experimental"),), manner="strong")
        pairs = [(label, told) for label, texts in self._findings() for told in ["; ".join(texts)] if told]
        yield self._pairs(*pairs)

    def _step(self, step: Mapping[str, Any]) -> tuple[str, ...]:
        words = self.words
        result = [words.code("step result", step["result"])]
        if step["results"]:
            last = step["results"][-1]
            result += (
                []
                if step["result"] == "verified"
                else [
                    words(f"step {key}", **{key: last[key]}) for key in ("found", "detail") if last[key] != NOT_STATED
                ]
            )
            earlier = [words.code("step result", each["result"]) for each in step["results"][:-1]]
            result += [words("step history", results=", ".join(earlier))] if earlier else []
        if step["experimental"] == YES:
            result += [words("experimental step")]
        action = words.code("action", step["action"])
        return (action, self._told_side(step, "before"), self._told_side(step, "after"), "; ".join(result))

    def _told_side(self, step: Mapping[str, Any], side: str) -> str:
        """What the meter was read to hold before and after; of what snapshots do not tell, what was recorded."""
        action, body = step["action"], self.body
        if action == "clock":
            return self._error(body["clock"][side])
        if action in _DST_ACTIONS:
            return self._dst_state(body["dst"][side])
        if action == "tariff_mode":
            return self._tariff_count(body["tariffs"][side])
        if action == "holidays":
            return self._holidays(body["holidays"][side])
        if action == "schedule":
            part = body["schedule"][side]
            is_told = part["state"] in (READ, UNLIFTABLE)
            return self.words("see", section=_SEE_SCHEDULE) if is_told else self._not_read(part)
        if side == "before":
            return self.words.value(str(step["old"]))
        found = step["results"][-1]["found"] if step["results"] else NOT_STATED
        if found != NOT_STATED:
            return str(found)
        return str(step["new"]) if step["result"] == "verified" else self.words("not-read")

    def _as_recorded(self, steps: Sequence[Mapping[str, Any]]) -> str:
        """The steps in the words of the log, which are English in every language."""
        words = self.words
        told = [
            words(
                "as recorded",
                number=number,
                at=", ".join(map(self._result_as_recorded, step["results"])) or words("not-stated"),
                **{key: step[key] for key in ("operation", "old", "new", "why")},
            )
            for number, step in enumerate(steps, 1)
        ]
        known = {
            words(
                "evidence text", evidence=words.code("evidence", step["evidence"]), source=words.value(step["source"])
            )
            for step in steps
        }
        return f"{words('recorded')}: {'; '.join(told)}. {words('evidence')}: {'; '.join(sorted(known))}."

    def _result_as_recorded(self, result: Mapping[str, Any]) -> str:
        told = [result[key] for key in ("found", "detail") if result[key] != NOT_STATED]
        return "; ".join([self._moment(result["at"]), *told])

    def _findings(self) -> Iterable[tuple[str, list[str]]]:
        """What else is to be told, under its labels."""
        words, body = self.words, self.body
        yield "actions", self._actions() or [words("actions none")]
        yield (
            "doubts",
            [words("doubt", **{**each, **self._codes(each, "parameter", "result")}) for each in body["doubts"]],
        )
        yield "resolved", [words("resolution", **each) for each in body["resolved"]]
        yield "warnings", [self._warning(each) for each in body["warnings"]] or [words("none")]
        yield "remarks", [self._remark(each) for each in body["remarks"]] or [words("none")]
        yield "confirmed", [self._confirmation(each) for each in body["confirmed"]]
        yield "journals", [self._journal(each) for each in body["journals"]] or [words("journals not read")]
        yield "status", self._status()
        before, after = ([words("absent", **each) for each in body["absent"][side]] for side in ("before", "after"))
        yield "absent both", [each for each in before if each in after]
        yield "absent before", [each for each in before if each not in after]
        yield "absent after", [each for each in after if each not in before]
        yield "other records", [words("other record", **each) for each in body["other_records"]]

    def _codes(self, facts: Mapping[str, Any], *keys: str) -> dict[str, str]:
        return {key: self.words.value(facts[key]) for key in keys}

    def _actions(self) -> list[str]:
        """What the order permits, by what became of it."""
        words = self.words
        by_state: dict[str, list[str]] = {}
        for each in self.body["actions"]:
            by_state.setdefault(each["state"], []).append(words.code("action", each["action"]))
        return [
            words("actions in state", state=words.code("action state", state), actions=", ".join(actions))
            for state, actions in by_state.items()
        ]

    def _warning(self, each: Mapping[str, Any]) -> str:
        return warning_words(each["code"], each["facts"], self.words.language)

    def _remark(self, each: Mapping[str, str]) -> str:
        actor, text = self.words.value(each["actor"]), self.words.value(each["text"])
        return self.words("remark", at=self._moment(each["at"]), actor=actor, text=text)

    def _confirmation(self, each: Mapping[str, str]) -> str:
        if _unstated(each, "by", "how"):
            return self.words("not-stated")
        return self.words("confirmed text", at=self._moment(each["at"]), **self._codes(each, "by", "how"))

    def _journal(self, each: Mapping[str, Any]) -> str:
        words = self.words
        journal = words.code("journal", each["journal"])
        events = ", ".join(
            words("journal event", event=words.value(event["event"]), at=self._event_time(event["at"]))
            for event in each["events"]
        )
        if each["compared"] == YES:
            return (
                words("journal new", journal=journal, events=events)
                if events
                else words("journal none", journal=journal)
            )
        return (
            words("journal alone", journal=journal, events=events)
            if events
            else words("journal empty", journal=journal)
        )

    def _event_time(self, text: str) -> str:
        return self._moment(text) if "T" in text else self._day(text)

    def _status(self) -> list[str]:
        """What the meter tells besides, once where it did not change."""
        words = self.words
        before, after = (_status_values(self.body["status"][side]) for side in ("before", "after"))
        told = []
        for name in {**before, **after}:
            first, last = (self._status_value(side.get(name)) for side in (before, after))
            known = words.code("status name", name)
            if first == last:
                told.append(words("status value", name=known, value=last))
            else:
                told.append(words("status both", name=known, before=first, after=last))
        return told

    def _status_value(self, value: Mapping[str, str] | None) -> str:
        if value is None:
            return self.words("not-read")
        told = values.reading(self.words, value["value"])
        return told if value["unit"] == NONE else f"{told} {self.words.code('status unit', value['unit'])}"

    # 13-16: proof, advice, signatures

    def _program(self) -> Iterable[Block]:
        words, program, act = self.words, self.body["program"], self.body["act"]
        facts = self._pairs(
            *self._plain(program, ("program", "program"), ("family", "family")),
            ("port", words.code("port", program["port"])),
            ("records", words("records text", log=act["log"], **act["records"])),
            ("body sha256", body_sha256(self.body)),
            ("profile sha256", words.value(program["profile_sha256"])),
        )
        if not self.checkpoint_text:
            yield facts
            yield Lines(texts=(words("no checkpoint"),), manner="strong")
            return
        fits = len(self.checkpoint_text.encode("utf-8", "replace")) <= _CODE_LIMIT
        yield Checkpoint(
            facts=facts,
            title=words("checkpoint" if fits else "checkpoint without code"),
            lines=tuple(self.checkpoint_text.removesuffix("\n").split("\n")),
            svg=_code(self.checkpoint_text) if fits else "",
            alt=words("qr"),
        )

    def _for_customer(self) -> Iterable[Block]:
        words, start = self.words, self.body["zones_from"]
        texts = [words(f"from {start['state']}", at=self._moment(start["at"]))]
        texts += self._zone_hours()
        yield Lines(texts=(" ".join(texts), words("keep seals") + " " + words("keep act")))

    def _zone_hours(self) -> list[str]:
        """When each tariff counts by the schedule read last."""
        words, part = self.words, self.body["schedule"]["after"]
        schedule = _lifted(part["table"]) if part["state"] == READ else None
        if schedule is None:
            return []
        programs = picture.served_programs(words, schedule)
        told = []
        for tariff in sorted(schedule.tariffs_used()):
            clauses = [
                words("zone hours clause", when=when, hours=picture.tariff_hours(program, tariff))
                for program, when in programs
                if tariff in program.minutes_by_tariff()
            ]
            hours, zone = "; ".join(clauses), self.zones.get(tariff)
            facts = {"tariff": tariff, "hours": hours}
            told.append(
                words("zone hours unnamed", **facts) if zone is None else words("zone hours", zone=zone, **facts)
            )
        return told

    def _signatures(self) -> Iterable[Block]:
        words = self.words
        performers = [(self._signer(each), words.value(each["name"])) for each in self.body["performers"]]
        yield Signatures(
            rows=(
                *(performers or [(words("sign performer"), "")]),
                (words("sign customer"), ""),
                (words("sign grid"), ""),
            ),
            under=(words("signature"), words("sign name")),
            blanks=(words("sign refusal"),),
        )
        yield Lines(texts=(words("not signed"),), manner="small")

    def _signer(self, performer: Mapping[str, str]) -> str:
        post = performer["post"]
        return self.words("sign performer") if post == NOT_STATED else self.words("sign performer post", post=post)

    def _copies(self) -> Iterable[Block]:
        yield Lines(texts=(self.words("copies"),))


def _unstated(facts: Mapping[str, Any], *keys: str) -> bool:
    return all(facts[key] == NOT_STATED for key in keys)


def _zone_names(zones: Iterable[Mapping[str, str]], language: Language) -> dict[int, str]:
    """What each tariff means, in words, by its number."""
    return {
        _tariff(each["register"]): zone_words(each["zone"], language)
        for each in zones
        if _tariff(each["register"]) and each["zone"] != NOT_STATED
    }


def _tariff(register: str) -> int:
    """The number of a tariff register; 0 for any other."""
    return int(register[1]) if _is_tariff(register) else 0


def _lifted(table: Mapping[str, Any]) -> YearSchedule | None:
    try:
        return schedule_from_table(table)
    except ScheduleError:
        return None


def _status_values(part: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    return {each["name"]: each for each in part.get("values", ())}


def _code(text: str) -> str:
    """The QR code of a text as SVG, level M."""
    import io

    import segno

    code = segno.make(text, error="m", mode="byte", encoding="utf-8", micro=False, boost_error=False)
    written = io.BytesIO()
    code.save(written, kind="svg", border=_CODE_BORDER, xmldecl=False, nl=False, omitsize=True)
    return written.getvalue().decode()
