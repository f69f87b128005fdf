"""Words of sections 11 and 14: the tariff schedule, and what the customer has to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RU: Final[Mapping[str, str]] = {
    "plan": "Тарифный план по наряду",
    "zones": "Назначение тарифов после работы",
    "tariffs in force": "Число действующих тарифов",
    "current tariff": "Тариф на момент чтения",
    "current tariff at": "T{tariff} (на {at})",
    "schedule before": "Расписание до работы",
    "schedule after": "Расписание после работы",
    "schedule same": "Расписание до и после работы (не изменилось)",
    "schedule unliftable": "Таблицы прибора не складываются в расписание ({reasons}).",
    "schedule odd": "Таблица расписания записана в неизвестном виде: {table}",
    "schedule notes": "Примечания: {notes}.",
    "span": "{start}–{end} T{tariff}",
    "span zone": "{start}–{end} T{tariff} ({zone})",
    "special days": "{kind}: {days}",
    "holidays": "Особые (праздничные) дни",
    "from changed": "Прибор считает так с {at}.",
    "from unchanged": "Часы и тарифное расписание при этой работе не менялись. Прибор считает так.",
    "from not-confirmed": "С какого момента прибор считает так, не установлено: не все изменения подтверждены.",
    "zone hours": "{name}: {hours}.",
    "zone hours clause": "{when} {hours}",
    "keep seals": "Сохраняйте пломбы. Их повреждение или снятие без представителя сетевой организации либо поставщика "
    "может быть признано вмешательством в работу прибора учёта.",
    "keep act": "Храните акт вместе с паспортом прибора учёта.",
    "special": "по программе «{kind}»",
    "when": "{kinds}, {periods}",
    "unnamed restores": "не указывается: работа возвращает прежнее",
    "unnamed not-stated": "не указано, какой зоне служит каждый тариф",
    "unnamed not-confirmed": "не указывается: расписание по наряду не подтверждено",
    "unnamed not-in-force": "не указывается: не обо всех тарифах расписания известно, что они действуют",
    "acting one": "Действует один тариф: круглые сутки и круглый год учёт идёт по T1.",
    "not acting": "Расписание, записанное в приборе, не действует: в нём больше тарифов, чем действует в приборе.",
    "acting in part": "Зоны расписания действуют не все: тарифы {tariffs} в нём есть, но не действуют "
    "({count:действует|действуют|действуют} {count}). В часы этих тарифов прибор считает иначе, чем указано.",
    "acting count unknown": "Сколько тарифов действует, не прочитано; часы указаны по расписанию в приборе.",
    "acting unliftable": "Таблицы прибора не складываются в расписание: в какие часы какой тариф считает, сказать "
    "нельзя.",
    "acting unknown": "Расписание после работы не прочитано: в какие часы какой тариф считает, неизвестно.",
    "acting mixed": "Расписание в приборе записано не полностью и не совпадает ни с прежним, ни с заказанным.",
    "clock not known": "Верны ли часы прибора, неизвестно: часы указаны по прибору.",
    "clock wrong": "Часы прибора неверны ({error}): указанные часы наступают по времени прибора.",
    "summer on": "Автоматический переход на летнее время включён, а здесь его нет: летом указанные часы наступают на "
    "час раньше местного времени.",
    "summer off": "Автоматический переход на летнее время выключен, а здесь оно применяется: летом указанные часы "
    "наступают на час позже местного времени.",
}
EN: Final[Mapping[str, str]] = {
    "plan": "Tariff plan of the order",
    "zones": "Meaning of the tariffs after the work",
    "tariffs in force": "Tariffs in force",
    "current tariff": "Tariff when read",
    "current tariff at": "T{tariff} (at {at})",
    "schedule before": "Schedule before",
    "schedule after": "Schedule after",
    "schedule same": "Schedule before and after (not changed)",
    "schedule unliftable": "The meter's tables are no schedule ({reasons}).",
    "schedule odd": "The schedule was recorded in a form that is not known: {table}",
    "schedule notes": "Notes: {notes}.",
    "span": "{start}–{end} T{tariff}",
    "span zone": "{start}–{end} T{tariff} ({zone})",
    "special days": "{kind}: {days}",
    "holidays": "Table of special days (holidays)",
    "from changed": "The meter counts like this from {at}.",
    "from unchanged": "Clock and tariff schedule were not changed by this work. The meter counts like this.",
    "from not-confirmed": "From when the meter counts like this is not known: not every change is confirmed.",
    "zone hours": "{name}: {hours}.",
    "zone hours clause": "{when} {hours}",
    "keep seals": "Keep the seals. Damaging or removing them without the grid company or the supplier may count as "
    "tampering with the meter.",
    "keep act": "Keep this act with the passport of the meter.",
    "special": "by the program of “{kind}”",
    "when": "{kinds}, {periods}",
    "unnamed restores": "not told: the work takes an earlier one back",
    "unnamed not-stated": "nobody stated what each tariff means",
    "unnamed not-confirmed": "not told: the schedule of the order is not confirmed",
    "unnamed not-in-force": "not told: not every tariff of the schedule is known to be in force",
    "acting one": "One tariff is in force: all day and all year T1 counts.",
    "not acting": "The schedule in the meter does not act: it uses more tariffs than are in force.",
    "acting in part": "Not every zone of the schedule acts: {tariffs} stand in it and are not in force ({count} "
    "{count:is|are}). At their hours the meter counts otherwise than told here.",
    "acting count unknown": "How many tariffs are in force was not read; the hours are those of the schedule in the "
    "meter.",
    "acting unliftable": "The meter's tables are no schedule: which tariff counts when cannot be told.",
    "acting unknown": "The schedule was not read after the work: which tariff counts when is not known.",
    "acting mixed": "The schedule in the meter is half written: it is neither the old one nor the one ordered.",
    "clock not known": "Whether the meter's clock is right is not known: the hours are by the meter.",
    "clock wrong": "The meter's clock is wrong ({error}): these hours are by the meter's time.",
    "summer on": "The automatic switch to summer time is on, and there is none here: in summer these hours come an "
    "hour early by local time.",
    "summer off": "The automatic switch to summer time is off, and there is summer time here: in summer these hours "
    "come an hour late by local time.",
}
