"""What this family alone writes into records, in the languages of the act.

Keys and the sign # for a number: `meterlink.driver.Driver.words`. English is given where the phrase itself will not do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meterlink.language import Language

_RU: Final[Mapping[str, str]] = {
    "family modbus": "счётчики с картой регистров Modbus",
    "status name current transformer ratio": "коэффициент трансформации тока",
    "status name pulse constant": "постоянная импульсного выхода",
    "status name total energy counts": "общая энергия считается как",
    "status name combined active total": "общая активная энергия, сумма",
    "status name combined active T#": "общая активная энергия, T#",
    "status unit imp/kWh": "имп/кВт·ч",
    "status unit kWh": "кВт·ч",
    "told import": "приём",
    "told export": "отдача",
    "told import and export": "приём и отдача",
    "told import less export": "приём за вычетом отдачи",
    "part active import total": "активная энергия, приём, сумма",
    "part active import T#": "активная энергия, приём, T#",
    "part active export total": "активная энергия, отдача, сумма",
    "part active export T#": "активная энергия, отдача, T#",
    "part reactive import total": "реактивная энергия, приём, сумма",
    "part reactive import T#": "реактивная энергия, приём, T#",
    "part reactive export total": "реактивная энергия, отдача, сумма",
    "part reactive export T#": "реактивная энергия, отдача, T#",
    "reason DST: not in this meter": "прибор не переводит часы на летнее время",
    "reason its register map has no number of tariffs; the schedule alone decides": "числа тарифов прибор не хранит, "
    "действует расписание",
    "reason where it keeps the dates of holidays is not known": "где прибор хранит даты праздников, неизвестно",
    "reason where its list of holidays ends is not documented": "где кончается список праздников, не описано",
    "reason its register map names no list of holidays": "в карте регистров нет списка праздников",
    "reason its register map names no tariff tables": "в карте регистров нет тарифных таблиц",
    "reason its register map names no clock": "в карте регистров нет часов",
}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.RU: _RU,
    Language.EN: {"family modbus": "Modbus"},
}
