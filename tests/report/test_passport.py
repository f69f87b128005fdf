"""The mark for the meter's passport."""

from __future__ import annotations

from meterlink.language import Language
from tests.report import works
from tests.report.drawn import passport_of
from tests.report.works import STEPS, begun, household_work, plan


def test_it_tells_what_was_done_on_a_few_lines() -> None:
    assert passport_of(works.body_of(household_work())).splitlines() == [
        "21.11.2026 перепрограммирован (параметризован), акт № 125/1. Прибор № 43096744.",
        "Автопереход на летнее время: выключен. Часы: было +1 ч 00 мин 14 с, спешит, стало в пределах 1 с. "
        "Особые дни: нет. Расписание: T1 (день) 07:00–23:00; T2 (ночь) 23:00–07:00. Тарифов: 2.",
        "Показания: T1 18342,21 кВт·ч, сумма 18342,21 кВт·ч.",
        "Сняты пломбы: 0047711. Установлены пломбы: 0051204.",
        "Петров Сергей Иванович ____________ М.П.",
        "Сидорова Анна Олеговна ____________ М.П.",
    ]


def test_it_is_there_in_english() -> None:
    first, second, *_ = passport_of(works.body_of(household_work()), Language.EN).splitlines()
    assert first == "2026-11-21 re-programmed (parametrised), act No. 125/1. Meter No. 43096744."
    assert "Clock: was +1 h 00 min 14 s, ahead, is within 1 s." in second


def test_readings_of_several_quantities_are_told_by_their_names() -> None:
    """A meter of four directions, which keeps a total of each."""
    body = works.body_of(household_work())
    kinds = [(quantity, way) for quantity in ("active", "reactive") for way in ("import", "export")]
    body["readings"]["registers"] = [
        {
            "register": register,
            "quantity": quantity,
            "direction": way,
            "unit": "kwh" if quantity == "active" else "kvarh",
            **dict.fromkeys(("before", "after"), amount if (quantity, way) == kinds[0] else "0.00"),
            "change": "0.00",
        }
        for quantity, way in kinds
        for register, amount in (("total", "30.50"), ("T1", "20.25"), ("T2", "10.25"))
    ]
    assert passport_of(body).splitlines()[2] == (
        "Показания: активная энергия, приём: сумма 30,50 кВт·ч, T1 20,25 кВт·ч, T2 10,25 кВт·ч; "
        "активная энергия, отдача: сумма 0,00 кВт·ч; реактивная энергия, приём: сумма 0,00 квар·ч; "
        "реактивная энергия, отдача: сумма 0,00 квар·ч."
    )


def test_what_was_not_confirmed_is_not_told_as_done() -> None:
    work = begun()
    work.add("work.plan", plan())
    work.write(*STEPS[0])
    work.write(*STEPS[1], result="differs")
    told = passport_of(works.body_of(work.fields))
    assert "перепрограммирован частично" in told
    assert "Не подтверждено: установка часов." in told
    assert "Показания: T1 18342,17" in told


def test_it_holds_no_personal_datum_of_the_customer() -> None:
    told = passport_of(works.body_of(household_work()))
    assert not any(value in told for value in works.PERSONAL.values())


def test_a_text_of_the_order_cannot_add_a_line() -> None:
    records = household_work()
    records[0]["d"]["performers"][0]["name"] = "Петров\n21.11.2030 снято"
    lines = passport_of(works.body_of(records)).splitlines()
    assert "Петров / 21.11.2030 снято ____________ М.П." in lines
