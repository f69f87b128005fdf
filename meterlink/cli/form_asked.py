"""The form of a visit, asked in a terminal: seals found, removed and installed, who is there, remarks.

What a seal cannot be stands in `visit/seal_rules.py`; an answer that breaks a rule is told why and asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.asking import UnansweredError, ask, choose
from meterlink.language import Language, Words
from meterlink.visit.facts import NOT_STATED
from meterlink.visit.form import Form, Presence, SealFound, SealState, seals_seen
from meterlink.visit.order import Order, Seal
from meterlink.visit.seal_rules import (
    SealRule,
    broken_found,
    broken_installed,
    broken_removed,
    broken_words,
    is_of_verifier_or_maker,
    same_number,
    seal_of,
)
from meterlink.visit.texts import fault_of, plain_text

_WORDS: Final = Words(
    {
        Language.EN: {
            "state": "Seal {number} at {place}: how is it?",
            "further": "Another seal that you see: its number (Enter: none)",
            "place": "Its place",
            "kind": "Its kind (Enter: not stated)",
            "removed": "Number of a seal that you remove now; never one of the verifier or the maker (Enter: none, or "
            "none further)",
            "again": "If it is off all the same, type its number again (Enter: it stays)",
            "stays": "Seal {number} is not recorded as removed.",
            "reason": "Reason for removing it",
            "presence": "The customer; absent means told before",
            "whole": "whole",
            "damaged": "damaged",
            "missing": "missing",
            "present": "present",
            "absent": "absent",
            "refused": "refused",
            "not-stated": "not-stated",
            "representative": "Name of whoever is present for the customer (Enter: not stated)",
            "installed": "Number of a seal that you have put on (Enter: none, or none further)",
            "remark": "Remark for the act (Enter: none, or none further)",
            "wrong": "{why}.",
            "unanswered": "Nobody answers any more: the rest of the form was not stated. The work is closed as it is.",
            "unstated": "new seals and remarks were not stated to the end: the questions were broken off",
            "lost": "New seals and remarks that were typed just now are not recorded; the next run asks for them.",
        },
        Language.RU: {
            "state": "Пломба {number}, место: {place}. Какая она?",
            "further": "Ещё одна пломба, которую вы видите: номер (Enter - нет)",
            "place": "Место установки",
            "kind": "Вид (Enter - не указано)",
            "removed": "Номер пломбы, которую вы сейчас снимаете; пломбы поверителя и завода-изготовителя не снимают "
            "(Enter - нет или больше нет)",
            "again": "Если она всё же снята, наберите её номер ещё раз (Enter - остаётся)",
            "stays": "Пломба {number} не записана как снятая.",
            "reason": "Причина снятия",
            "presence": "Потребитель; отсутствует - значит, извещён",
            "whole": "целая",
            "damaged": "повреждена",
            "missing": "отсутствует",
            "present": "присутствует",
            "absent": "отсутствует",
            "refused": "отказался",
            "not-stated": "не указано",
            "representative": "Кто присутствует от потребителя, ФИО (Enter - не указано)",
            "installed": "Номер установленной пломбы (Enter - нет или больше нет)",
            "remark": "Замечание для акта (Enter - нет или больше нет)",
            "wrong": "Так нельзя: {why}.",
            "unanswered": "Ответов больше нет: остальное в анкете не указано. Работа закрывается как есть.",
            "unstated": "установленные пломбы и замечания указаны не до конца: вопросы прерваны",
            "lost": "Только что набранные пломбы и замечания не записаны; следующий запуск спросит о них снова.",
        },
    }
)


def ask_before(order: Order, language: Language) -> Form:
    """Before the port is opened."""
    found = [_state_of(seal, language) for seal in order.seals_expected]
    while number := _number("further", lambda typed: broken_found(typed, found), language):
        found.append(_state_of(_new_seal(number, language), language))
    removed, reason = _removed(found, language)
    presence = Presence(
        choose(_WORDS("presence", language), _answers(Presence, language), language, Presence.NOT_STATED)
    )
    representative = None
    if presence in (Presence.PRESENT, Presence.REFUSED):
        representative = _text("representative", language) or None
    return Form(
        seals_found=tuple(found),
        seals_removed=removed,
        seal_reason=reason,
        presence=presence,
        representative=representative,
    )


def ask_after(form: Form, language: Language) -> Form:
    """After the meter was read for the last time.

    The meter is written by now, so the end of the input (Ctrl-D) undoes nothing: what was told so far is kept, and the
    act says that the rest was not.
    """
    installed: list[Seal] = []
    remarks: list[str] = []
    try:
        _ask_installed(form, installed, language)
        while remark := _text("remark", language):
            remarks.append(remark)
    except UnansweredError:
        output.aside(_WORDS("unanswered", language))
        remarks.append(_WORDS("unstated", language))
    except click.Abort:
        output.aside(_WORDS("lost", language))
        raise
    return replace(form, seals_installed=tuple(installed), remarks=tuple(remarks))


def _ask_installed(form: Form, installed: list[Seal], language: Language) -> None:
    old = seals_seen(form)
    while number := _number("installed", lambda typed: broken_installed(typed, old, installed), language):
        installed.append(Seal(number=number, place=NOT_STATED))  # it is on the meter, wherever the answers end
        installed[-1] = replace(installed[-1], place=_place(number, language))
        installed[-1] = _of_its_kind(installed[-1], language)


def _number(question: str, judge: Callable[[str], SealRule | None], language: Language) -> str:
    """The number of a seal that breaks no rule, or nothing."""
    while number := _text(question, language):
        rule = judge(number)
        if rule is None:
            break
        _say(rule, number, language)
    return number


def _text(question: str, language: Language) -> str:
    """A text that may stand in the log, or nothing."""
    while fault := fault_of(text := plain_text(ask(_WORDS(question, language))), language):
        output.aside(_WORDS("wrong", language, why=fault))
    return text


def _say(rule: SealRule, number: str, language: Language) -> None:
    output.aside(_WORDS("wrong", language, why=broken_words(rule, number, language)))


def _state_of(seal: Seal, language: Language) -> SealFound:
    question = _WORDS("state", language, number=seal.number, place=seal.place)
    told = choose(question, _answers(SealState, language), language, SealState.WHOLE)
    return SealFound(seal=seal, state=SealState(told))


def _answers(codes: Iterable[str], language: Language) -> dict[str, str]:
    return {str(code): _WORDS(str(code), language) for code in codes}


def _new_seal(number: str, language: Language) -> Seal:
    return _of_its_kind(Seal(number=number, place=_place(number, language)), language)


def _place(number: str, language: Language) -> str:
    while not (place := _text("place", language)):
        _say(SealRule.NO_PLACE, number, language)
    return place


def _of_its_kind(seal: Seal, language: Language) -> Seal:
    return replace(seal, kind=_text("kind", language) or None)


def _removed(found: list[SealFound], language: Language) -> tuple[tuple[Seal, ...], str | None]:
    removed: list[Seal] = []
    while number := _number("removed", lambda typed: broken_removed(typed, found, removed), language):
        seal = seal_of(number, (each.seal for each in found)) or _new_seal(number, language)
        if not is_of_verifier_or_maker(seal) or _is_off_all_the_same(seal, language):
            removed.append(seal)
    reason = _text("reason", language) or None if removed else None
    return tuple(removed), reason


def _is_off_all_the_same(seal: Seal, language: Language) -> bool:
    """Whether a seal that nobody may remove is told as removed by typing its number once more."""
    _say(SealRule.NOT_OURS, seal.number, language)
    if same_number(ask(_WORDS("again", language)), seal.number):
        return True
    output.aside(_WORDS("stays", language, number=seal.number))
    return False
