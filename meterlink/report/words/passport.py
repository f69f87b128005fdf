"""Words of the mark in the meter's passport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RU: Final[Mapping[str, str]] = {
    "passport done": "{date} перепрограммирован (параметризован), акт № {number}.",
    "passport partly": "{date} перепрограммирован частично, не всё подтверждено чтением, акт № {number}.",
    "passport all stand": "{date} перепрограммирован (параметризован), проверка после работы не сошлась, акт "
    "№ {number}.",
    "passport failed": "{date} перепрограммирование не выполнено, акт № {number}.",
    "passport in-doubt": "{date} перепрограммирование: исход не установлен, акт № {number}.",
    "passport nothing": "{date} прочитан, изменений не потребовалось, акт № {number}.",
    "passport cancelled": "{date} работа не проводилась, акт № {number}.",
    "passport meter": "Прибор № {serial}.",
    "passport clock": "Часы: было {before}, стало {after}.",
    "passport dst": "Автопереход на летнее время: {state}.",
    "passport tariffs": "Тарифов: {count}.",
    "passport holidays": "Особые дни: {days}.",
    "passport other": "Изменено: {action}.",
    "passport unconfirmed": "Не подтверждено: {action}.",
    "passport readings": "Показания: {readings}.",
    "passport reading": "{register} {amount} {unit}",
    "passport quantity": "{quantity}: {readings}",
    "passport removed": "Сняты пломбы: {seals}.",
    "passport installed": "Установлены пломбы: {seals}.",
    "passport sign": "{name} ____________ М.П.",
    "passport total": "сумма",
    "passport sum": "сумма тарифов (расчётная)",
    "passport restores": "Возврат после работы № {work}.",
    "passport schedule": "Расписание: {hours}.",
    "passport hours": "{name} {hours}",
    "passport programs": "{programs} {programs:суточная программа|суточные программы|суточных программ}, {tariffs} "
    "{tariffs:тариф|тарифа|тарифов}, см. акт",
    "passport not acting": "Не действуют: {tariffs}.",
    "passport mixed": "Расписание смешанное: записано не полностью.",
}
EN: Final[Mapping[str, str]] = {
    "passport done": "{date} re-programmed (parametrised), act No. {number}.",
    "passport partly": "{date} re-programmed in part, not all confirmed by reading, act No. {number}.",
    "passport all stand": "{date} re-programmed (parametrised), the check after it found a problem, act No. {number}.",
    "passport failed": "{date} re-programming not done, act No. {number}.",
    "passport in-doubt": "{date} re-programming, outcome not known, act No. {number}.",
    "passport nothing": "{date} read, nothing had to be changed, act No. {number}.",
    "passport cancelled": "{date} work not carried out, act No. {number}.",
    "passport meter": "Meter No. {serial}.",
    "passport clock": "Clock: was {before}, is {after}.",
    "passport dst": "Automatic summer time: {state}.",
    "passport tariffs": "Tariffs: {count}.",
    "passport holidays": "Special days: {days}.",
    "passport other": "Changed: {action}.",
    "passport unconfirmed": "Not confirmed: {action}.",
    "passport readings": "Readings: {readings}.",
    "passport reading": "{register} {amount} {unit}",
    "passport quantity": "{quantity}: {readings}",
    "passport removed": "Seals removed: {seals}.",
    "passport installed": "Seals installed: {seals}.",
    "passport sign": "{name} ____________ (stamp)",
    "passport total": "total",
    "passport sum": "sum of the tariffs (calculated)",
    "passport restores": "Way back from the work {work}.",
    "passport schedule": "Schedule: {hours}.",
    "passport hours": "{name} {hours}",
    "passport programs": "{programs} {programs:day program|day programs}, {tariffs} {tariffs:tariff|tariffs}, see the "
    "act",
    "passport not acting": "Not in force: {tariffs}.",
    "passport mixed": "The schedule is mixed: half written.",
}
