"""What this family alone writes into records, in the languages of the act.

Keys and the sign # for a number: `meterlink.driver.Driver.words`. English is given where the phrase itself will not do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meterlink.language import Language

_RU: Final[Mapping[str, str]] = {
    "family mercury200": "Меркурий 200",
    "journal power": "журнал питания",
    "journal cover": "журнал вскрытий",
    "journal parametrisation": "журнал параметризации",
    "event power on": "включение питания",
    "event power off": "отключение питания",
    "event cover opened": "вскрытие крышки",
    "event cover closed": "закрытие крышки",
    "event settings written": "запись настроек",
    "event code #h": "код #h",
    "status name battery voltage": "напряжение батареи",
    "status name last power off": "последнее отключение питания",
    "status name last power on": "последнее включение питания",
    "status name cover last opened": "последнее вскрытие крышки",
    "status name cover last closed": "последнее закрытие крышки",
    "status name last parametrisation": "последняя параметризация",
    "status name running time on mains": "наработка от сети",
    "status name power limit": "лимит мощности",
    "status name monthly energy limit": "месячный лимит энергии",
    "status name button correction": "коррекция часов кнопками",
    "status name output function": "назначение выхода",
    "status name display": "индикация",
    "status name group address": "групповой адрес",
    "status name build options": "варианты сборки",
    "status unit V": "В",
    "status unit h": "ч",
    "status unit kW": "кВт",
    "status unit kWh": "кВт·ч",
    "status unit min a year": "мин в год",
    "told meaning not known": "значение неизвестно",
    "told sum": "сумма",
    "told power": "мощность",
    "told time": "время",
    "told date": "дата",
    "told current tariff": "текущий тариф",
    "told telemetry # imp/kWh": "телеметрия # имп/кВт·ч",
    "told quartz / 8 (clock test)": "проверка часов",
    "told load control": "управление нагрузкой",
    "told unknown code #": "неизвестный код #",
    "part total": "сумма",
    "part reactive energy": "реактивная энергия",
    "reason the meter keeps no total; it is the sum of its tariffs": "прибор её не хранит",
    "reason the meter has no such time stored": "такого события прибор не хранит",
    "reason this model is not known to answer it": "неизвестно, чтобы эта модель на это отвечала",
    "reason this model is not known to answer #h": "неизвестно, чтобы эта модель отвечала на команду #h",
    "reason the maker lists no reactive energy for this model, and #h was never tried on it": "изготовитель не "
    "указывает реактивную энергию для этой модели, команда #h на ней не проверена",
    "reason a Mercury # is not known to answer #h": "неизвестно, чтобы Меркурий # отвечал на команду #h",
    "reason a Mercury 200 has no 6Bh": "команды 6Bh у Меркурия 200 нет",
    "reason this model is not known to answer 6Bh": "неизвестно, чтобы эта модель отвечала на команду 6Bh",
}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.RU: _RU,
    Language.EN: {
        "family mercury200": "Mercury 200 (mercury200)",
        "journal power": "power journal",
        "journal cover": "cover journal",
        "journal parametrisation": "parametrisation journal",
    },
}
