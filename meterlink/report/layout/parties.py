"""Sections 1 to 5 of the act: on what ground, when, by whom, for whom and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from meterlink.report.body.facts import NO, NONE, NOT_STATED
from meterlink.report.layout.blocks import Block, Lines, Pairs, Table
from meterlink.report.layout.sheet import Sheet

_TOLD_APART: Final = ("notice", "representative", "address")


def basis(sheet: Sheet) -> Iterable[Block]:
    words, order, act = sheet.words, sheet.body["order"], sheet.body["act"]
    if act["opened"] == NO:
        yield Lines(texts=(words("not opened"),), manner="strong")
    number, date = words.value(order["number"]), sheet.day(order["date"])
    valid = words("valid text", first=sheet.day(order["valid_from"]), last=sheet.day(order["valid_to"]))
    is_endless = order["valid_from"] == order["valid_to"] == NOT_STATED
    yield sheet.pairs(
        ("order", words("order text", number=number, date=date)),
        ("valid", words("not-stated") if is_endless else valid),
        ("basis", _basis_text(sheet)),
        *sheet.plain(order, ("nonce", "nonce"), ("order sha256", "sha256")),
    )
    yield _course(sheet)


def _basis_text(sheet: Sheet) -> str:
    """What the order says; the kind of basis only where these words do not name it already."""
    words, order = sheet.words, sheet.body["order"]
    kind, text = words.code("basis", order["basis"]), order["basis_text"]
    if text == NOT_STATED:
        return kind
    is_named = kind.split(" ")[0].casefold() in text.casefold()
    return str(text) if is_named else words("basis text", code=kind, text=text)


def _course(sheet: Sheet) -> Table:
    """What happened when, in order. Where nobody recorded the arrival, the work began with its first record."""
    words, course, act = sheet.words, sheet.body["course"], sheet.body["act"]
    has_arrival = course["arrived_at"] != NOT_STATED
    start = course["arrived_at"] if has_arrival else act["started_at"]
    columns = {
        "arrived" if has_arrival else "opened": sheet.moment(start),
        "first read": sheet.moment(course["first_read_at"]),
        "steps from": sheet.moment(course["steps_from"]),
        "steps to": sheet.moment(course["steps_to"]),
        "last read": sheet.moment(course["last_read_at"]),
        "finished": sheet.moment(act["finished_at"]),
    }
    return Table(head=tuple(map(words, columns)), rows=(tuple(columns.values()),), widths=(1,) * len(columns))


def organisation(sheet: Sheet) -> Iterable[Block]:
    keys = (("organisation", "name"), ("tax number", "tax_number"), ("licence", "licence"), ("phone", "phone"))
    yield sheet.pairs(*sheet.plain(sheet.body["organisation"], *keys))


def performers(sheet: Sheet) -> Iterable[Block]:
    words = sheet.words
    if not sheet.body["performers"]:
        yield Lines(texts=(words("nobody"),))
        return
    yield Table(
        head=tuple(map(words, ("name", "post", "certificate", "certificate expires", "safety group"))),
        rows=tuple(
            (
                *(words.value(each[key]) for key in ("name", "post", "certificate")),
                sheet.day(each["certificate_expires"]),
                words.value(each["safety_group"]),
            )
            for each in sheet.body["performers"]
        ),
        widths=(3, 2.8, 1.8, 1.5, 1.5),
    )


def customer(sheet: Sheet) -> Iterable[Block]:
    words, told = sheet.words, sheet.body["customer"]
    names = ("customer_name", "account_no", "contract_no", "customer_phone")
    others = [name for name in told["commitments"] if name not in (*names, *_TOLD_APART)]
    pairs = sheet.pairs(
        ("customer kind", words.code("customer", told["kind"])),
        *((name, sheet.personal(name)) for name in names),
        ("presence", words.code("presence", told["presence"])),
        ("notice", sheet.personal("notice")),
        ("representative", _representative(sheet, told)),
    )
    yield Pairs(rows=(*pairs.rows, *((name, sheet.personal(name)) for name in others)))


def _representative(sheet: Sheet, told: Mapping[str, Any]) -> str:
    if told["commitments"]["representative"] != NONE:
        return sheet.personal("representative")
    return sheet.words(told["has_representative"])


def place(sheet: Sheet) -> Iterable[Block]:
    keys = (("metering point", "metering_point_id"), ("substation", "substation"), ("feeder", "feeder"))
    yield sheet.pairs(
        ("address", sheet.personal("address")),
        *sheet.plain(sheet.body["place"], *keys),
        ("tz", sheet.zone_name),
    )
