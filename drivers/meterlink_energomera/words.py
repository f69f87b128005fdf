"""What this family alone writes into records, in the languages of the act.

Keys and the sign # for a number: `meterlink.driver.Driver.words`. English is given where the phrase itself will not do.
A phrase with commas is told part by part, so each part of it has its own word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meterlink.language import Language

_STATES: Final[Mapping[str, str]] = {
    "no bit is set": "признаков нет",
    "bit #": "бит #",
    "battery low": "батарея разряжена",
    "battery life over": "срок службы батареи истёк",
    "reverse direction": "обратное направление",
    "inductive load": "индуктивная нагрузка",
    "daily correction used up": "суточная коррекция исчерпана",
    "voltage high": "напряжение высокое",
    "voltage low": "напряжение низкое",
    "clock error": "сбой часов",
    "clock cannot be read": "часы не читаются",
    "clock was corrected": "часы корректировались",
    "summer time": "летнее время",
    "last Sunday of the month": "последнее воскресенье месяца",
    "cover opened": "крышка вскрыта",
    "power failure": "сбой питания",
    "checksum error": "ошибка контрольной суммы",
    "memory checksum": "контрольная сумма памяти",
    "metrology checksum": "контрольная сумма метрологической части",
    "calibration checksum error": "ошибка контрольной суммы калибровки",
    "energy accumulation error": "ошибка накопления энергии",
    "energy could not be written": "энергия не записалась",
    "memory error": "ошибка памяти",
    "cleared by this reading": "этим чтением сброшена",
    "exception days damaged": "исключительные дни повреждены",
    "seasons damaged": "сезоны повреждены",
    "graphs damaged": "графики повреждены",
    "day graphs damaged": "суточные графики повреждены",
    "schedule error": "ошибка тарифного расписания",
}
"""Bits of the state word as profiles name them; a journal tells them, too."""
_FLAGS: Final[Mapping[str, str]] = {
    "programming without the access button": "программирование без кнопки доступа",
    "load profiles stand in the general readout": "профили нагрузки в общем чтении",
    "short reply delay": "короткая задержка ответа",
    "energy may be cleared by buttons": "энергию можно сбросить кнопками",
    "the display stays where it is": "индикация не переключается",
}
_GROUPS: Final[Mapping[str, str]] = {
    "clock": "часы",
    "address and flags": "адрес и флаги",
    "speed and time-out": "скорость и время ожидания",
    "transformer ratios": "коэффициенты трансформации",
    "tariff schedule": "тарифное расписание",
    "factory settings": "заводские настройки",
    "reset of the meter": "сброс прибора",
    "telemetry": "телеметрия",
    "averaging interval": "интервал усреднения",
    "reserve": "резерв",
    "passwords and rights": "пароли и права",
}
_LAST_GROUPS: Final[Mapping[str, str]] = {
    "bit #": "бит #",
    "nothing": "ничего",
}
"""What no group stands behind."""
_PHASES: Final[Mapping[str, str]] = {
    **{f"over-voltage {phase}": f"перенапряжение, фаза {phase}" for phase in "ABC"},
    **{f"under-voltage {phase}": f"пониженное напряжение, фаза {phase}" for phase in "ABC"},
    **{f"phase {phase} absent": f"нет фазы {phase}" for phase in "ABC"},
    "meter off": "прибор отключён",
    "no deviation any more": "отклонений больше нет",
}
_MONTHS: Final = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)
_REFUSALS: Final[Mapping[str, str]] = {
    "this meter does not know the command": "прибор не знает этой команды",
    "it knows no such parameter, or it may not be read or written": "прибор не знает такого параметра или не даёт его "
    "читать и записывать",
    "the value has the wrong form": "значение не той формы",
    "its access button was not pressed": "кнопка доступа прибора не нажата",
    "this password, or none, does not permit it": "с этим паролем или без пароля это запрещено",
    "the jumper inside the meter is missing": "нет перемычки внутри прибора",
    "the value is out of range": "значение вне допустимых границ",
    "its archive holds nothing of that date": "в архиве ничего нет на эту дату",
    "somebody is programming it through another port": "прибор программируют через другой порт",
    "the answer would be longer than it allows": "ответ был бы длиннее допустимого",
    "its power was failing; nothing was stored": "питание пропадало, ничего не сохранено",
    "its memory bus failed": "сбой шины памяти прибора",
    "its memory is not valid": "память прибора недостоверна",
    "its memory could not be written": "память прибора не записывается",
    "the number is not documented": "что значит этот номер, не описано",
    "it has ended the session": "прибор закончил сеанс",
}
"""Why it said no, without the number of the refusal that stands behind."""
_ENERGIES: Final[Mapping[str, str]] = {
    "PE": "активная энергия, приём",
    "PI": "активная энергия, отдача",
    "QE": "реактивная энергия, приём",
    "QI": "реактивная энергия, отдача",
}

_RU: Final[Mapping[str, str]] = {
    "family energomera": "Энергомера, МЭК 61107",
    "journal power": "журнал питания",
    "journal parametrisation": "журнал параметризации",
    "journal state": "журнал состояний",
    "journal clock": "журнал коррекций часов",
    **{f"event {phrase}": word for phrase, word in {**_STATES, **_PHASES, **_GROUPS}.items()},
    **{f"event {phrase} written": f"{word} (запись)" for phrase, word in {**_GROUPS, **_LAST_GROUPS}.items()},
    "event password #": "пароль #",
    "event the clock was corrected by # s": "часы скорректированы на # с",
    **{f"told {phrase}": word for phrase, word in {**_STATES, **_FLAGS}.items()},
    "status name state": "слово состояния",
    "status name state as it was first read": "слово состояния при первом чтении",
    "status name operating flags": "флаги работы",
    "status name current transformer ratio": "коэффициент ТТ в приборе",
    "status name voltage transformer ratio": "коэффициент ТН в приборе",
    "status name averaging interval": "интервал усреднения",
    "status name session time-out": "время ожидания сеанса",
    "status name working speed": "рабочая скорость",
    "status name openings of case and terminal cover": "вскрытия корпуса и крышки",
    "status name upper voltage limit": "верхний предел напряжения",
    "status name lower voltage limit": "нижний предел напряжения",
    "status name TRANS (perhaps the automatic DST switch, 0 = off)": "TRANS (возможно, автоматический переход на "
    "летнее время, 0 – выключен)",
    "status name HOURS (perhaps the hours of that switch)": "HOURS (возможно, часы этого перехода)",
    "status unit V": "В",
    "status unit s": "с",
    "status unit min": "мин",
    "status unit baud": "бод",
    "prompt press the sealed access button (ДСТП) of the meter until its sign shows on the display, then go on at "
    "once: the permission lasts a short time that is not published for this model (three minutes on the related "
    "CE102)": (
        "нажмите опломбированную кнопку доступа (ДСТП) прибора и держите, пока на индикаторе не появится её знак, "
        "затем сразу продолжайте: разрешение действует недолго, сколько именно для этой модели, не опубликовано (у "
        "родственного CE102 – три минуты)"
    ),
    **{f"dst date last Sunday of month {n}": f"последнее воскресенье {name}" for n, name in enumerate(_MONTHS, 1)},
    **{f"part energy {way}": word for way, word in _ENERGIES.items() if way != "PE"},  # that one must be there
    **{f"part energy {way} T#": f"{word}, T#" for way, word in _ENERGIES.items()},
    **{f"reason {phrase}": word for phrase, word in _REFUSALS.items()},
    "reason the meter knows no such parameter": "прибор не знает такого параметра",
    "reason the meter answered without a value": "прибор ответил без значения",
    "reason the meter told five registers": "прибор передал пять регистров",
    "reason its answer was lost, and reading clears a memory error, so the state told is that of a second reading": (
        "ответ потерян, а чтение сбрасывает ошибку памяти: показано состояние при повторном чтении"
    ),
    "reason the general readout does not show it": "в общем чтении этого нет",
    "reason what TRANS and HOURS mean is not known": "неизвестно, что означают TRANS и HOURS",
    "reason no parameter of the switch is known on this model": "параметр перехода у этой модели неизвестен",
    "reason this family keeps no number of tariffs; the schedule alone decides": "число тарифов прибор не хранит, его "
    "задаёт расписание",
}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.RU: _RU,
    Language.EN: {
        "family energomera": "Energomera, IEC 61107 (energomera)",
        "journal power": "power journal",
        "journal parametrisation": "parametrisation journal",
        "journal state": "journal of states",
        "journal clock": "journal of clock corrections",
    },
}
