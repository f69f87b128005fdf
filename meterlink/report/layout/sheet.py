"""What every section of the act needs: the body, the words, and how a value of a record is told in the language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Final

from meterlink.audit.commitment import Opening
from meterlink.language import Language
from meterlink.report import act_values as values
from meterlink.report.act_words import ActWords
from meterlink.report.body.facts import NONE, NOT_STATED, READ
from meterlink.report.layout.blocks import Pairs, Table
from meterlink.report.standing import Standing, standing_of
from meterlink.tariff.presets import zone_words

_FOREIGN: Final = re.compile(r"[A-Za-z]{2}")
"""In a text that a program wrote: it is English."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One act in one language."""

    body: Mapping[str, Any]
    openings: Mapping[str, Opening]
    words: ActWords
    zone: tzinfo | None = field(init=False)
    standing: Standing = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", values.zone_of(self.body["act"]["tz"]))
        object.__setattr__(self, "standing", standing_of(self.body))

    # blocks

    def pairs(self, *rows: tuple[str, str]) -> Pairs:
        """Under the labels of these keys."""
        return Pairs(rows=tuple((self.words(label), text) for label, text in rows))

    def plain(self, facts: Mapping[str, Any], *keys: tuple[str, str]) -> list[tuple[str, str]]:
        """Labels with texts of the body as they are."""
        return [(label, self.words.value(str(facts[key]))) for label, key in keys]

    def before_after(self, rows: Iterable[tuple[str, Sequence[str]]]) -> Table:
        return Table(
            head=("", self.words("before"), self.words("after")),
            rows=tuple((self.words(label), *sides) for label, sides in rows),
            widths=(1.4, 2, 2),
        )

    # values

    def moment(self, text: str) -> str:
        return values.moment(self.words, text, self.zone)

    def day(self, text: str) -> str:
        return values.day_text(self.words, text)

    def person(self, id: str) -> str:
        """A performer by name; an id that the order does not know as it is."""
        names = (each["name"] for each in self.body["performers"] if each["id"] == id)
        return self.words.value(next(names, id))

    def personal(self, name: str) -> str:
        """A personal datum where it is opened, else that it is withheld or was never given."""
        committed = self.body["customer"]["commitments"].get(name, NONE)
        if committed == NONE:
            return self.words("not-stated")
        opening = self.openings.get(name)
        if opening is None or not opening.opens(name, committed):
            return self.words("withheld")
        return opening.value

    def is_told(self, text: str) -> bool:
        """Whether a text that a program wrote into the log, always in English, may stand on this paper."""
        return self.words.language is Language.EN or not _FOREIGN.search(text)

    def logged(self, text: str, n: int | None = None) -> str:
        """Such a text; on paper in another language where in the log it stands."""
        if self.is_told(text):
            return text
        return self.words("in the log") if n is None else self.words("in record", n=n)

    def coded(self, group: str, text: str) -> str:
        """The word for a phrase that programs write; else as `logged`."""
        return self.words.code(group, text) if self.words.knows(group, text) else self.logged(text)

    def phrase(self, group: str, text: str) -> str:
        """The same for a phrase that may be a list: whole, or each part of it."""
        if self.words.knows(group, text):
            return self.words.code(group, text)
        parts = text.split(", ")
        is_told = all(self.words.knows(group, part) or self.is_told(part) for part in parts)
        return ", ".join(self.coded(group, part) for part in parts) if is_told else self.logged(text)

    def not_read(self, part: Mapping[str, Any]) -> str:
        reason = part.get("reason", NONE)
        if reason in (NONE, NOT_STATED):
            return self.words("not-read")
        return self.words("not read why", reason=self.coded("reason", reason))

    def zone_word(self, zone: str) -> str:
        return self.words.value(zone_words(zone, self.words.language))

    def zone_words(self, zones: Mapping[int, str]) -> dict[int, str]:
        """What tariffs mean, in words, by number."""
        return {tariff: self.zone_word(zone) for tariff, zone in zones.items()}

    @property
    def zone_name(self) -> str:
        """By its distance from UTC; its name in the zone database is English and stands on paper in English."""
        name, offset = self.body["act"]["tz"], values.offset_at(self.body["act"]["finished_at"], self.zone)
        if not offset:
            return self.words.value(name)
        told = self.words("zone text", offset=offset)
        return f"{name}, {told}" if self.words.language is Language.EN else told

    # states, which more than one section tells

    def clock_error(self, clock: Mapping[str, Any]) -> str:
        told = values.clock_error(self.words, clock)
        if clock["state"] != READ or clock["error_s"] == NOT_STATED:
            return told
        return self.words("error exact", words=told, exact=values.signed(self.words, clock["error_s"]))

    def dst_state(self, dst: Mapping[str, Any]) -> str:
        if dst["state"] != READ:
            return self.not_read(dst)
        return self.words("unknown") if dst["enabled"] == NOT_STATED else self.words(f"dst {dst['enabled']}")

    def tariff_count(self, tariffs: Mapping[str, Any]) -> str:
        return self.words.value(str(tariffs["in_force"])) if tariffs["state"] == READ else self.not_read(tariffs)

    def holidays(self, holidays: Mapping[str, Any]) -> str:
        if holidays["state"] != READ:
            return self.not_read(holidays)
        return values.holidays_text(self.words, holidays["days"])

    def status_value(self, value: Mapping[str, str] | None) -> str:
        """What a meter tells about itself."""
        if value is None:
            return self.words("not-read")
        told = values.reading(self.words, value["value"])
        if told == value["value"]:
            told = self.phrase("told", told)
        return told if value["unit"] == NONE else f"{told} {self.words.code('status unit', value['unit'])}"
