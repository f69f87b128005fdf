"""The warnings of a plan and the signatures of a wrong clock, as sentences in each language. Pure.

Facts come as texts, as the records of the log hold them. Dates, spans and days in them are told in the language;
what a meter's family gave stays as it was given. A code that is not known here, or that lacks facts, is told
as it stands. Which warning a plan carries is decided elsewhere (`planning`, `warnings`, `clock_window`, `diagnosis`).
Source: the trade's practice for the advice; IANA tz for the histories of clocks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from meterlink.language import Language, Words
from meterlink.tariff import DayKind
from meterlink.tariff.wording import days_text, kinds_text
from meterlink.visit.dates import told_dates

_EN: Final = Language.EN
_RU: Final = Language.RU

_WARNINGS: Final = Words(
    {
        _EN: {
            "night-on-t1": "the night zone counts on T1: most suppliers bill T1 as day; make sure that this is meant",
            "holidays-change-days": "the new special days change which tariff counts: {changes}",
            "weekday-wrong": "the clock says {said}, and {date} is a {true}: the programs of the day are taken from "
            "the wrong day",
            "holidays-left": "special days stay in the meter ({days}): a forgotten holiday counts a whole day by "
            "another program",
            "leftover-holiday-program": "a program for holidays stays in the meter that no special day uses: it will "
            "count as soon as somebody enters one",
            "battery-low": "the battery is low ({volts} V): the clock will be lost again when the mains fail",
            "meter-alarm": "the meter tells what somebody should look at: {status}: {value}",
            "dst-factory": "made {manufactured}, when meters left the factory with the automatic change to summer "
            "time on",
            "edge-zone": "the correction crosses {time}, where the tariff changes: the meter goes from {old} to {new} "
            "at once",
            "edge-half-hour": "the correction touches the half hour at {time}: in the load profile a half hour may "
            "stand twice or be missing",
            "edge-day": "the correction crosses midnight: what is stored at the end of a day may be stored twice or "
            "not at all",
            "edge-month": "the correction touches the turn of a month: the readings stored for it may be stored twice "
            "or not at all",
            "wait-until": "wait with the confirmation until {date}, {time}: from then until {until} the correction "
            "touches nothing of this",
            "no-good-moment": "waiting does not help: in the days to come there is no moment at which the correction "
            "touches nothing of this; agree with the office before it is made",
            "collection-days": "readings are collected from the 23rd to the 26th: agree with the office before the "
            "clock is set, or come again from the 27th on",
            "experimental": "untried on this model ({capability}): it needs --experimental, and the log and the act "
            "say so",
            "clock-unread": "the clock could not be read ({reason}): its error is not known",
            "clock-not-restored": "the clock is not taken back: it keeps the time that was set",
            "switch-not-restored": "the automatic change to summer time is left as it is: to put it back as it was, "
            "an order must list {action}",
            "restores-unliftable": "what comes back is no schedule that can be told ({reasons}): the stored values "
            "are written back as they were",
            "tariffs-not-in-force": "the schedule uses {tariffs}, and only {in_force} {in_force:tariff is|tariffs are} "
            "in force: at those hours the meter counts otherwise",
            "tariffs-not-used": "{in_force} {in_force:tariff is|tariffs are} in force, and the schedule in the meter "
            "does not use {tariffs}: nothing will count there; make sure that this is meant",
            "no-zone-meaning": "nobody said what the tariffs mean (day, night): the act names them by number only",
            "unliftable": "what is stored is no schedule that can be told ({reasons}): it is shown and kept raw",
            "equivalent": "{count} {count:record means|records mean} the same in another stored form: not rewritten",
            "dst-used-here": "summer time is in use at this place ({zone}), and the automatic change is to be switched "
            "off: make sure that this is meant",
            "dst-not-used-here": "summer time is not in use at this place ({zone}), and the automatic change is to be "
            "switched on: make sure that this is meant",
            "dst-stays-on": "the automatic change to summer time stays on where there is none ({zone}): the clock will "
            "be an hour wrong again",
            "meter-has-no-dst": "the meter does not change to summer time by itself ({why}): nothing to switch",
            "verification-expired": "the verification expired on {date}: the work is possible, and the act says so",
            "performer-expires": "performer {name}: the certificate is valid until {date}",
        },
        _RU: {
            "night-on-t1": "ночная зона учитывается в T1: большинство поставщиков считает T1 дневным тарифом; "
            "убедитесь, что так и задумано",
            "holidays-change-days": "новые особые дни меняют действие тарифов: {changes}",
            "weekday-wrong": "часы показывают {said}, а {date} - это {true}: программа дня берётся не за тот день",
            "holidays-left": "в приборе остаются особые дни ({days}): в забытый праздник целые сутки считаются по "
            "другой программе",
            "leftover-holiday-program": "в приборе остаётся программа праздников, к которой не относится ни один "
            "особый день: она заработает, как только такой день внесут",
            "battery-low": "батарея разряжена ({volts} В): при отключении сети часы снова собьются",
            "meter-alarm": "прибор сообщает то, на что нужно обратить внимание: {status}: {value}",
            "dst-factory": "прибор выпущен {manufactured}, когда автоматический переход на летнее время включали на "
            "заводе",
            "edge-zone": "коррекция переходит через {time}, где меняется тариф: прибор сразу перейдёт с {old} на {new}",
            "edge-half-hour": "коррекция задевает границу получаса {time}: в профиле нагрузки получас может "
            "повториться или пропасть",
            "edge-day": "коррекция переходит через полночь: показания на конец суток могут записаться дважды или не "
            "записаться",
            "edge-month": "коррекция задевает границу месяца: показания на начало месяца могут записаться дважды или "
            "не записаться",
            "wait-until": "подождите с подтверждением: {date} с {time} до {until} коррекция ничего из этого не "
            "задевает",
            "no-good-moment": "ждать бесполезно: в ближайшие дни нет времени, когда коррекция ничего из этого не "
            "задевает; согласуйте её с расчётным отделом",
            "collection-days": "с 23-го по 26-е число собирают показания: согласуйте установку часов с расчётным "
            "отделом или приезжайте с 27-го числа",
            "experimental": "на этой модели никем не проверено ({capability}): требуется --experimental, это "
            "отмечается в журнале и в акте",
            "clock-unread": "часы прочитать не удалось ({reason}): их погрешность неизвестна",
            "clock-not-restored": "часы назад не возвращаются: остаётся установленное время",
            "switch-not-restored": "автоматический переход на летнее время остаётся как есть: чтобы вернуть прежнее, "
            "в действиях наряда должно быть {action}",
            "restores-unliftable": "то, что возвращается, не складывается в расписание ({reasons}): хранимые значения "
            "записываются такими, какими были",
            "tariffs-not-in-force": "в расписании есть {tariffs}, а {in_force:действует|действуют|действуют} только "
            "{in_force} {in_force:тариф|тарифа|тарифов}: в эти часы прибор считает иначе",
            "tariffs-not-used": "{in_force:действует|действуют|действуют} {in_force} "
            "{in_force:тариф|тарифа|тарифов}, а в расписании прибора нет {tariffs}: по ним ничего не будет "
            "учитываться; убедитесь, что так и задумано",
            "no-zone-meaning": "не указано, что означают тарифы (день, ночь): в акте они названы только номерами",
            "unliftable": "записанное в приборе не складывается в расписание ({reasons}): оно показано и сохранено "
            "как есть, в байтах",
            "equivalent": "{count} {count:запись означает|записи означают|записей означают} то же самое, но "
            "{count:хранится|хранятся|хранятся} в другой форме: не переписываем",
            "dst-used-here": "здесь применяется летнее время ({zone}), а автоматический переход будет выключен: "
            "убедитесь, что так и задумано",
            "dst-not-used-here": "здесь нет летнего времени ({zone}), а автоматический переход будет включён: "
            "убедитесь, что так и задумано",
            "dst-stays-on": "автоматический переход на летнее время остаётся включён там, где его нет ({zone}): часы "
            "снова собьются на час",
            "meter-has-no-dst": "прибор сам не переходит на летнее время ({why}): переключать нечего",
            "verification-expired": "срок поверки истёк {date}: работа возможна, это отмечается в акте",
            "performer-expires": "исполнитель {name}: удостоверение действительно до {date}",
        },
    }
)

_NEED: Final = "needs"
_NEEDS: Final = Words(
    {
        _EN: {
            "clock": "to be written, it must be known how far the clock is off ({why})",
            "time-source": "to be written, somebody must vouch for this computer's clock",
            "clock-reason": "to be written, the order must say why the clock is set (clock_reason)",
            "allow-over-24h": "the clock is {error} off: look at the battery first; to be written, the order must say "
            "allow_over_24h = true",
            "experimental": "untried on this model ({capability}): to be written, it needs --experimental",
            "stored-values": "to be written, what stands in the meter must have been read ({names})",
            "holidays-unclear": "with these special days alone nobody could tell what the stored schedule does "
            "({why}): to be written, the order must list schedule, too",
            "holidays-action": "the special days of the tariff plan are not those in the meter: to be written, "
            "holidays must be among the order's actions",
        },
        _RU: {
            "clock": "для записи нужно знать погрешность часов ({why})",
            "time-source": "для записи кто-то должен подтвердить, что часы этого компьютера верны",
            "clock-reason": "для записи в наряде должна быть причина установки часов (clock_reason)",
            "allow-over-24h": "часы расходятся на {error}: сначала проверьте батарею; для записи в наряде должно "
            "стоять allow_over_24h = true",
            "experimental": "на этой модели никем не проверено ({capability}): для записи требуется --experimental",
            "stored-values": "для записи нужно прочитать то, что хранит прибор ({names})",
            "holidays-unclear": "с одними этими особыми днями действие записанного расписания неясно ({why}): для "
            "записи среди действий наряда должно быть schedule",
            "holidays-action": "особые дни тарифного плана не совпадают с записанными в приборе: для записи среди "
            "действий наряда должно быть holidays",
        },
    }
)
"""What a preview shows of an order that does not exist yet, by the fact `need`."""

_CLOCK_SIGNATURE: Final = "clock-signature"
_SIGNATURES: Final = Words(
    {
        _EN: {
            "dst-left-on-summer": "the automatic change to summer time was left on, so it is right in winter and an "
            "hour ahead in summer",
            "dst-off-summer": "the automatic change to summer time is off where clocks still change, so it is right in "
            "the other half of the year",
            "season-mark-summer": 'it was set in summer with the season mark "summer" and the automatic change left '
            "on, so it is right in summer and an hour behind in winter",
            "set-2011-dst-off": "it was set in 2011-2014 with the automatic change off and not put back in October "
            "2014",
            "set-2011-dst-on": "it was set in 2011-2014 with the automatic change on and not put right in October 2014",
            "untouched-since-2011": "nobody has set it since the spring of 2011, when clocks were changed for the last "
            "time",
            "moved-two-hours": "nobody has set it since the time of its place moved by two hours, as in Chita and "
            "Magadan in 2014",
            "kazakhstan-2024": "nobody has set it since Kazakhstan went over to one time on 1 March 2024",
            "region-moved": "nobody has set it since its place went over to another time",
            "battery-reset": "it lost its power and began anew, or its date is wrong; look at the battery first",
            "unknown-hour": "no known history of this place explains it; ask where the meter hung before and who set "
            "its clock",
        },
        _RU: {
            "dst-left-on-summer": "остался включён автоматический переход на летнее время, поэтому зимой они верны, а "
            "летом спешат на час",
            "dst-off-summer": "автоматический переход на летнее время выключен там, где стрелки ещё переводят, поэтому "
            "в другую половину года они верны",
            "season-mark-summer": 'их установили летом с признаком сезона "лето" при включённом автоматическом '
            "переходе, поэтому летом они верны, а зимой отстают на час",
            "set-2011-dst-off": "их установили в 2011-2014 годах при выключенном автоматическом переходе и в октябре "
            "2014 года не перевели",
            "set-2011-dst-on": "их установили в 2011-2014 годах при включённом автоматическом переходе и в октябре "
            "2014 года не исправили",
            "untouched-since-2011": "их не устанавливали с весны 2011 года, когда стрелки перевели в последний раз",
            "moved-two-hours": "их не устанавливали с тех пор, как местное время сместили на два часа, как в Чите и "
            "Магадане в 2014 году",
            "kazakhstan-2024": "их не устанавливали с 1 марта 2024 года, когда Казахстан перешёл на единое время",
            "region-moved": "их не устанавливали с тех пор, как здесь сменили местное время",
            "battery-reset": "они теряли питание и пошли заново или сбита дата; сначала проверьте батарею",
            "unknown-hour": "известная история этой местности этого не объясняет; узнайте, где прибор стоял раньше и "
            "кто устанавливал часы",
        },
    }
)
"""Each goes on from `_HISTORY`, which has named the clock."""
_HISTORY: Final = Words(
    {
        _EN: {
            "ahead": "the clock is {span} ahead: {told}",
            "behind": "the clock is {span} behind: {told}",
            "wrong": "the clock is wrong: {told}",
            "off": "the clock is off by {hours} h: {told}",
            "guess": "it looks as if {told}",
            "moved": " ({on}: from UTC{from} to UTC{to})",
            "shows": " (it shows {meter_time})",
            "keeps": " (it keeps UTC{utc_offset})",
            "dst on": ", and the automatic change is on",
            "or": "; or {told}",
        },
        _RU: {
            "ahead": "часы спешат на {span}: {told}",
            "behind": "часы отстают на {span}: {told}",
            "wrong": "часы неверны: {told}",
            "off": "часы расходятся на {hours} ч: {told}",
            "guess": "похоже, {told}",
            "moved": " ({on}: с UTC{from} на UTC{to})",
            "shows": " (на приборе {meter_time})",
            "keeps": " (прибор идёт по UTC{utc_offset})",
            "dst on": ", и автоматический переход включён",
            "or": "; или {told}",
        },
    }
)
_NO_HISTORY: Final = "unknown-hour"
_DETAILS: Final = ("moved", "shows", "keeps")
_MOVES: Final = frozenset({"moved-two-hours", "kazakhstan-2024", "region-moved", "untouched-since-2011"})
"""Histories that do not say by themselves whether the automatic change is on."""

_UNKNOWN: Final = "{code}: {facts}"

_UNITS: Final = {"d": "сут", "h": "ч", "min": "мин", "s": "с"}
_CAPABILITIES: Final = Words(
    {
        _EN: {
            "set_clock": "setting the clock",
            "set_dst": "switching the automatic change to summer time",
            "set_schedule": "writing the tariff schedule",
            "set_holidays": "writing the special days",
            "set_tariff_count": "setting the number of tariffs",
            "set_display": "setting the display",
            "set_button_correction": "setting the correction by the buttons",
        },
        _RU: {
            "set_clock": "установка часов",
            "set_dst": "переключение автоматического перехода на летнее время",
            "set_schedule": "запись тарифного расписания",
            "set_holidays": "запись особых дней",
            "set_tariff_count": "установка числа тарифов",
            "set_display": "настройка индикации",
            "set_button_correction": "настройка коррекции кнопками",
        },
    }
)
"""By the names that profiles use."""

# --- warnings -------------------------------------------------------------------------------------------------------


def warning_words(code: str, facts: Mapping[str, str], language: Language) -> str:
    """One warning as a sentence. A code that is not known, or that lacks facts, is told as it stands."""
    told = {name: _fact(name, str(value), language) for name, value in facts.items()}
    if code == _CLOCK_SIGNATURE and facts.get("signature") in _SIGNATURES:
        return _signature_words(facts, told, language)
    words, key = (_NEEDS, facts.get("need", "")) if code == _NEED else (_WARNINGS, code)
    return _sentence(words, key, language, told) or _as_it_stands(code, told)


def _sentence(words: Words, key: str, language: Language, told: Mapping[str, str]) -> str | None:
    if key not in words or not told.keys() >= words.facts_of(key):
        return None
    try:
        return words(key, language, **told)
    except ValueError:  # what should be a number is none
        return None


def _as_it_stands(code: str, told: Mapping[str, str]) -> str:
    listed = ", ".join(f"{name} {value}" for name, value in told.items())
    return _UNKNOWN.format(code=code, facts=listed) if listed else code


def _signature_words(facts: Mapping[str, str], told: Mapping[str, str], language: Language) -> str:
    """What a wrong hour looks like: the error first, then the history with what is known of it, then others."""
    code = facts["signature"]
    sentence = _SIGNATURES(code, language)
    if code != _NO_HISTORY:
        sentence = _HISTORY("guess", language, told=sentence)
    if code in _MOVES and facts.get("dst") == "on":
        sentence += _HISTORY("dst on", language)
    sentence += "".join(_HISTORY(key, language, **told) for key in _DETAILS if told.keys() >= _HISTORY.facts_of(key))
    others = [other.strip() for other in facts.get("also", "").split(",")]
    sentence += "".join(
        _HISTORY("or", language, told=_SIGNATURES(other, language)) for other in others if other in _SIGNATURES
    )
    way, span = _way_and_span(facts.get("error", ""), language)
    if span is None and "hours" in told:
        way = "off"
    return _HISTORY(way, language, span=span, hours=told.get("hours"), told=sentence)


_SPAN: Final = re.compile(r"([+-]?)((?:\d+ d )?(?:\d+ h )?(?:\d+ min )?\d+ s)( ahead| behind)?")


def _way_and_span(error: str, language: Language) -> tuple[str, str | None]:
    """`+1 h 00 min 14 s` or `1 h 00 min 14 s ahead` as way and span."""
    match = _SPAN.fullmatch(error)
    if match is None or not (match[1] or match[3]):
        return "wrong", None
    return "ahead" if match[1] == "+" or match[3] == " ahead" else "behind", _span(match[2], language)


def _span(span: str, language: Language) -> str:
    if language is Language.EN:
        return span
    return " ".join(_UNITS.get(word, word) for word in span.split(" "))


# --- facts ----------------------------------------------------------------------------------------------------------

_MONTH_DAY: Final = re.compile(r"(\d{2})-(\d{2})")


def _fact(name: str, value: str, language: Language) -> str:
    """A fact in the language: days, dates, spans and capabilities; every other text as it is."""
    if name == "capability" and value in _CAPABILITIES:
        return _CAPABILITIES(value, language)
    if name == "error" and _SPAN.fullmatch(value):
        return _span(value, language)
    if name in ("said", "true") and value.upper() in DayKind.__members__:
        return kinds_text([DayKind[value.upper()]], language=language)
    days = [_MONTH_DAY.fullmatch(day.strip()) for day in value.split(",")]
    if name == "days" and all(days):
        return days_text(((int(day[1]), int(day[2])) for day in days if day), language)
    return told_dates(value, language)
