"""An order against its meter and its day: schedules that do not fit, addresses, certificates, notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from meterlink.errors import NotSupportedError, OrderError, OrderExpiredError, OrderFormError, ScheduleError
from meterlink.language import Language
from meterlink.registry import load_driver
from meterlink.visit.order import Order
from meterlink.visit.order_check import check_meter, expected_profile, order_notes
from tests.shipped import library
from tests.visit.written_orders import SCHEDULE, TODAY, checked, order, table

# --- schedules ------------------------------------------------------------------------------------------------------


def scheduled(day: str, **changes: object) -> Order:
    raw = f'spec = 1\n[[season]]\nstarts = "01-01"\nevery_day = "{day}"\n'.encode()
    return order({"own.toml": raw}, tariff_plan=None, tariff={"schedule": "own.toml"}, **changes)


@pytest.mark.parametrize(
    ("day", "rule"),
    [
        ("07:00 T1 | 23:00 T2", "starts-at-midnight"),
        ("00:00 T2 | 23:00 T2 | 07:00 T1", "points-sorted"),
        ("00:00 T9", "tariff-in-range"),
        ("00:00 T1 | 24:00 T2", "minute-in-day"),
        ("", "form"),
    ],
)
def test_a_schedule_that_breaks_a_rule(day: str, rule: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        scheduled(day)
    assert caught.value.rule == rule
    assert caught.value.where.startswith("own.toml, season 1, every_day")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"spec", "it is not TOML"),
        (b"\xff", "not text in UTF-8"),
        (SCHEDULE + b"\n[sezon]\n", "the key is not known (did you mean season?)"),
        (b"title = 1\n" + SCHEDULE.replace(b"title", b"name"), "leading zeros"),
        (b"[zones]\nT1 = 1\n", ""),
        (SCHEDULE + b"\n[zones]\nT1 = 'day'\n", "for each of T1, T2"),
    ],
)
def test_a_schedule_file_that_is_none(raw: bytes, says: str) -> None:
    with pytest.raises((OrderFormError, ScheduleError)) as caught:
        order({"own.toml": raw}, tariff_plan=None, tariff={"schedule": "own.toml"})
    assert says in str(caught.value)
    assert "own.toml" in str(caught.value)


NINE = " | ".join(f"{hour:02d}:00 T{1 + hour % 2}" for hour in range(9))


@pytest.mark.parametrize(
    ("day", "rule", "says"),
    [
        ("00:00 T1 | 07:00 T5", "tariffs-limit", "T5 is used, the meter has 4 tariff(s)"),
        (NINE, "points-limit", "9 switch points, the meter holds 8 a day"),
    ],
)
def test_a_schedule_that_the_meter_cannot_hold(day: str, rule: str, says: str) -> None:
    found = scheduled(day)
    with pytest.raises(ScheduleError) as caught:
        checked(found)
    assert caught.value.rule == rule
    assert says in str(caught.value)


def test_eight_points_fit() -> None:
    checked(scheduled(NINE.rpartition(" | ")[0]))


def test_more_holidays_than_the_meter_holds() -> None:
    days = [f"01-{day:02d}" for day in range(1, 18)]
    checked(order(holidays=days[:16]))
    with pytest.raises(ScheduleError, match="17 special days, the meter holds 16"):
        checked(order(holidays=days))


def test_more_tariffs_in_force_than_the_meter_has() -> None:
    found = order(tariff_plan=None, tariff={"preset": "ru-household-2", "tariffs": 5})
    with pytest.raises(OrderFormError, match="5 shall be in force, and the meter has 4"):
        checked(found)


# --- the meter ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mercury-200.02", "Меркурий 200.02", "меркурий 200.02", "Mercury 200.02"])
def test_a_meter_goes_by_its_id_and_by_its_names(name: str) -> None:
    assert expected_profile(order(meter__model=name), library()).model == "mercury-200.02"


def test_an_address_that_cannot_be() -> None:
    with pytest.raises(OrderFormError) as caught:
        checked(order(meter__network_address="4294967296"))
    assert (caught.value.where, caught.value.exit_code) == ("meter.network_address", 8)
    assert "from 1 to 4294967295" in caught.value.hint


def to_anybody(*actions: str) -> Order:
    return order(meter__model="ce6850m", meter__network_address="*", actions=list(actions))


def test_who_is_asked_without_an_address_may_be_read_and_never_written() -> None:
    checked(to_anybody("read"))
    with pytest.raises(OrderFormError) as caught:
        checked(to_anybody("read", "dst_off"))
    assert (caught.value.where, caught.value.exit_code) == ("meter.network_address", 8)
    assert "'*': whoever answers may only be read" in str(caught.value)


def test_an_action_that_the_model_is_not_able_to_do() -> None:
    found = order()
    profile = expected_profile(found, library())
    lacking = {
        **profile.supports,
        "set_dst": replace(profile.supports["set_dst"], supported=False, note="it has no such switch"),
    }
    with pytest.raises(NotSupportedError, match="no set_dst: it has no such switch"):
        check_meter(found, replace(profile, supports=lacking), load_driver(profile.driver))


# --- the day --------------------------------------------------------------------------------------------------------


def test_an_order_holds_from_its_first_to_its_last_day() -> None:
    found = order(valid_from="2026-11-20", valid_to="2026-11-21")
    assert found.problems(date(2026, 11, 20)) == []
    assert found.problems(date(2026, 11, 21)) == []
    (early,) = found.problems(date(2026, 11, 19))
    (late,) = found.problems(date(2026, 11, 22))
    for error in (early, late):
        assert isinstance(error, OrderExpiredError)
        assert error.exit_code == 8
    assert "valid from 2026-11-20 on, and today is 2026-11-19" in str(early)
    assert "valid until 2026-11-21, and today is 2026-11-22" in str(late)


def test_a_certificate_ends_after_its_last_day() -> None:
    performer = {**table()["performers"][0], "certificate_expires": "2026-11-21"}
    found = order(performers=[performer], valid_to=None)
    assert found.problems(TODAY) == []
    (error,) = found.problems(date(2026, 11, 22))
    assert type(error) is OrderError
    assert "the certificate 0412 of Петров И. С. ended on 2026-11-21" in str(error)


def noted(day: date = TODAY, **changes: Any) -> str:
    found = order(**changes)
    return "\n".join(order_notes(found, expected_profile(found, library()), day))


def test_notes() -> None:
    performers = [{**table()["performers"][0], "id": f"p{n}"} for n in range(2)]
    assert "work under voltage usually takes two" in noted()
    assert noted(performers=performers) == ""
    assert "the verification expired on 2026-01-01" in noted(meter__verification_next="2026-01-01")
    assert "the order is dated 2026-12-01" in noted(order_date="2026-12-01")
    assert "performer Петров И. С.: the certificate is valid" in noted(order().performers[0].certificate_expires)
    assert "clock can only be corrected softly" in noted(clock_reason=None)
    assert "mercury-200.02 asks for no password" in noted(password_ref="flat-5")
    assert "button_correction_minutes is given and button_correction is not among" in noted(button_correction_minutes=0)
    assert "tariff_plan is given and schedule or tariff_mode or holidays is not" in noted(actions=["read"])
    assert "allow_over_24h" not in noted(actions=["read"], allow_over_24h=False)


def test_the_night_on_t1_is_a_note() -> None:
    tariff: dict[str, Any] = {"schedule": "shops.toml"}
    files = {"shops.toml": SCHEDULE}

    def told(zones: dict[str, str] | None) -> str:
        found = order(files, tariff_plan=None, tariff=tariff if zones is None else {**tariff, "zones": zones})
        return "\n".join(order_notes(found, expected_profile(found, library()), TODAY))

    assert "night zone counts on T1" in told({"T1": "night", "T2": "day"})
    assert "night zone counts on T1" not in told({"T1": "day", "T2": "night"})
    assert "nobody said what the tariffs mean" in told(None)


def test_notes_come_in_russian() -> None:
    found = order(
        order_date="2026-12-01",
        meter__verification_next="2026-01-01",
        clock_reason=None,
        password_ref="flat-5",
        actions=["clock"],
    )
    assert order_notes(found, expected_profile(found, library()), TODAY, Language.RU) == (
        "наряд датирован 01.12.2026, это позже сегодняшнего дня",
        "исполнитель один; для работ под напряжением обычно нужны двое",
        "срок поверки истёк 01.01.2026: работа возможна, это отмечается в акте",
        "tariff_plan задано, а среди действий нет schedule или tariff_mode или holidays: по нему ничего не "
        "записывается",
        "без clock_reason часы можно только плавно скорректировать, но не установить",
        "mercury-200.02 не требует пароля: password_ref не используется",
    )
