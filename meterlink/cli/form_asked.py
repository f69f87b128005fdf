"""The form of a visit, asked in a terminal: seals found, removed and installed, who is there, remarks."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meterlink.cli.asking import ask, choose
from meterlink.language import Language, Words
from meterlink.visit.form import NOT_STATED, Form, Presence, SealFound
from meterlink.visit.form_file import STATES
from meterlink.visit.order import Order, Seal, SealState

_WORDS: Final = Words(
    {
        Language.EN: {
            "state": "Seal {number} at {place}: how is it?",
            "further": "Another seal that you see: its number (Enter: none)",
            "place": "Its place",
            "kind": "Its kind (Enter: not stated)",
            "removed": "Number of a seal that you remove now (Enter: none, or none further)",
            "reason": "Reason for removing it",
            "presence": "The customer: present, absent (and told before), refused",
            "representative": "Name of whoever is present for the customer (Enter: not stated)",
            "installed": "Number of a seal that you have put on (Enter: none, or none further)",
            "remark": "Remark for the act (Enter: none, or none further)",
        },
        Language.RU: {
            "state": "Пломба {number}, место: {place}. Какая она: whole - целая, damaged - повреждена, "
            "missing - отсутствует, not-stated - не указано?",
            "further": "Ещё одна пломба, которую вы видите: номер (Enter - нет)",
            "place": "Место установки",
            "kind": "Вид (Enter - не указано)",
            "removed": "Номер пломбы, которую вы сейчас снимаете (Enter - нет или больше нет)",
            "reason": "Причина снятия",
            "presence": "Потребитель: present - присутствует, absent - отсутствует (извещён), refused - отказался",
            "representative": "Кто присутствует от потребителя, ФИО (Enter - не указано)",
            "installed": "Номер установленной пломбы (Enter - нет или больше нет)",
            "remark": "Замечание для акта (Enter - нет или больше нет)",
        },
    }
)


def ask_before(order: Order, language: Language) -> Form:
    """Before the port is opened."""
    found = [_state_of(seal, language) for seal in order.seals_expected]
    while number := ask(_WORDS("further", language)).strip():
        found.append(_state_of(_new_seal(number, language), language))
    removed, reason = _removed(found, language)
    presence = Presence(choose(_WORDS("presence", language), list(Presence), Presence.NOT_STATED))
    representative = None
    if presence in (Presence.PRESENT, Presence.REFUSED):
        representative = ask(_WORDS("representative", language)).strip() or None
    return Form(
        seals_found=tuple(found),
        seals_removed=removed,
        seal_reason=reason,
        presence=presence,
        representative=representative,
    )


def ask_after(form: Form, language: Language) -> Form:
    """After the meter was read for the last time."""
    installed: list[Seal] = []
    while number := ask(_WORDS("installed", language)).strip():
        installed.append(_new_seal(number, language))
    remarks: list[str] = []
    while remark := ask(_WORDS("remark", language)).strip():
        remarks.append(remark)
    return replace(form, seals_installed=tuple(installed), remarks=tuple(remarks))


def _state_of(seal: Seal, language: Language) -> SealFound:
    question = _WORDS("state", language, number=seal.number, place=seal.place)
    return SealFound(seal=seal, state=choose(question, list(STATES), SealState.WHOLE))


def _new_seal(number: str, language: Language) -> Seal:
    place = ask(_WORDS("place", language)).strip() or NOT_STATED
    return Seal(number=number, place=place, kind=ask(_WORDS("kind", language)).strip() or None)


def _removed(found: list[SealFound], language: Language) -> tuple[tuple[Seal, ...], str | None]:
    known = {each.seal.number: each.seal for each in found}
    removed: list[Seal] = []
    while number := ask(_WORDS("removed", language)).strip():
        removed.append(known[number] if number in known else _new_seal(number, language))
    reason = ask(_WORDS("reason", language)).strip() or None if removed else None
    return tuple(removed), reason
