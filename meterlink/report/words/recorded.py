"""Words for codes and phrases that the house itself writes into records: parts of a state, answers, decisions.

What a family writes (states, journals, events, units) it tells itself: `meterlink.driver.Driver.words`, in this form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meterlink.language import Language

WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.RU: {
        "evidence document": "документ изготовителя",
        "evidence capture": "запись обмена с прибором",
        "evidence code": "действующая программа",
        "evidence guess": "предположение",
        "how serial number typed": "набран заводской номер прибора",
        "how --yes": "подтверждено заранее, при запуске",
        "remark NotConfirmedError": "план не подтверждён",
        "answer no-answer": "не получен",
        "answer damaged": "искажён",
        "decision written": "записано",
        "decision unchanged": "осталось прежнее",
        "decision other": "стоит другое",
        "decision unknown": "не установлено",
        "part clock": "часы",
        "part DST": "автоматический переход",
        "part tariffs in force": "число действующих тарифов",
        "part schedule": "тарифное расписание",
        "part holidays": "особые дни",
        "part state": "сведения прибора",
        "part settings": "хранимые настройки",
    },
    Language.EN: {
        "evidence document": "the maker's document",
        "evidence capture": "a recorded exchange",
        "evidence code": "a program that works",
        "evidence guess": "a guess",
        "how --yes": "beforehand, by --yes",
        "remark NotConfirmedError": "the plan was not confirmed",
        "answer no-answer": "none came",
        "decision other": "something else stands",
    },
}
