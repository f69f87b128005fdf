"""The keys of a written order: table by table, what each is for, whether it must be there, and an example.

The reader knows no other keys, the template and the page docs/orders.md name all of them. Not here: what the values
mean and which of them do not go together, `order_form`.
Source: the fields of a work order as the trade uses them; the Russian words are those of its papers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

SAMPLE_DAY: Final = date(2026, 11, 16)
"""The day on which the order of the samples is written."""

SAMPLE_ZONE: Final = "Europe/Moscow"

Sample = str | int | bool | list[str] | dict[str, str] | date


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key. `russian` and `english` say what it is; `sample` is a value, dates as of `SAMPLE_DAY`."""

    key: str
    russian: str
    english: str
    sample: Sample
    required: bool = False
    exemplary: bool = False
    """Whether the example order has it although it need not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of keys; `name` is empty for those above all tables. `several` is written as `[[name]]`."""

    name: str
    russian: str
    english: str
    fields: tuple[Field, ...] = ()
    several: bool = False
    required: bool = False
    exemplary: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(one.key for one in self.fields)


_TOP: Final = (
    Field(key="order_no", russian="номер наряда", english="number of the order", sample="2026-17", required=True),
    Field(
        key="order_date",
        russian="дата наряда",
        english="date of the order",
        sample=date(2026, 11, 16),
        required=True,
    ),
    Field(
        key="basis",
        russian="основание: application заявление, supplier-list список сбытовой компании, inspection проверка, "
        "complaint жалоба, decree постановление",
        english="why: application, supplier-list, inspection, complaint, decree",
        sample="application",
        required=True,
    ),
    Field(
        key="basis_text",
        russian="основание словами",
        english="the same in words",
        sample="заявление потребителя о переходе на двухзонный тариф",
        exemplary=True,
    ),
    Field(
        key="tz",
        russian="часовой пояс места установки счётчика",
        english="time zone of the meter's place, never that of this computer",
        sample=SAMPLE_ZONE,
        required=True,
    ),
    Field(
        key="actions",
        russian="что разрешено; чего здесь нет, то не делается",
        english="what may be done, and nothing else: read, clock, dst_off or dst_on, schedule, holidays, tariff_mode, "
        "display, button_correction",
        sample=["read", "clock", "dst_off", "holidays", "schedule", "tariff_mode"],
        required=True,
    ),
    Field(
        key="valid_from",
        russian="действует с этого дня",
        english="first day on which it may be carried out",
        sample=date(2026, 11, 16),
        exemplary=True,
    ),
    Field(
        key="valid_to",
        russian="действует по этот день включительно",
        english="last day on which it may be carried out",
        sample=date(2026, 12, 16),
        exemplary=True,
    ),
    Field(
        key="tariff_plan",
        russian="готовый тарифный план; либо таблица [tariff]",
        english="a preset tariff plan; or else the table [tariff]",
        sample="ru-household-2",
        exemplary=True,
    ),
    Field(
        key="holidays",
        russian="праздничные дни в счётчике; пустой список убирает их; без этого ключа - из тарифного плана",
        english="special days in the meter; an empty list removes them; without this key those of the tariff plan",
        sample=["01-01", "02-23"],
    ),
    Field(
        key="button_correction_minutes",
        russian="сколько минут в год разрешено корректировать часы кнопками; 0 запрещает",
        english="how many minutes a year the buttons may correct the clock; 0 forbids it",
        sample=30,
    ),
    Field(
        key="clock_reason",
        russian="причина жёсткой установки часов, для акта",
        english="why the clock may be set hard, for the act",
        sample="после 26.10.2014 часы не переводились",
        exemplary=True,
    ),
    Field(
        key="allow_over_24h",
        russian="разрешена поправка часов больше суток",
        english="whether the clock may be corrected by more than a day",
        sample=False,
    ),
    Field(
        key="password_ref",
        russian="имя пароля (meterlink secret set), а не сам пароль",
        english="name of the password (meterlink secret set), never the password",
        sample="flat-5",
    ),
    Field(
        key="nonce",
        russian="метка, которой нет ни у какого другого наряда",
        english="a mark that no other order has",
        sample="7f3a9c51",
    ),
    Field(
        key="metering_point_id",
        russian="код точки учёта",
        english="code of the metering point",
        sample="77-000123-01",
    ),
    Field(key="substation", russian="трансформаторная подстанция (ТП)", english="substation", sample="ТП-214"),
    Field(key="feeder", russian="фидер (линия)", english="feeder", sample="Ф-3"),
)

_ORGANISATION: Final = (
    Field(key="name", russian="наименование", english="name", sample="ООО «Энергосервис»", required=True),
    Field(key="tax_number", russian="ИНН", english="tax number", sample="7701234567", exemplary=True),
    Field(key="licence", russian="лицензия, аккредитация или СРО", english="licence", sample="СРО-С-123-4567"),
    Field(key="phone", russian="телефон", english="telephone", sample="+7 495 000-00-00", exemplary=True),
)

_CUSTOMER: Final = (
    Field(
        key="kind",
        russian="household бытовой потребитель (абонент), company организация",
        english="household or company",
        sample="household",
        required=True,
    ),
    Field(
        key="account_no",
        russian="лицевой счёт; либо account_no, либо contract_no",
        english="personal account; either this or contract_no",
        sample="0012345678",
        exemplary=True,
    ),
    Field(key="contract_no", russian="договор", english="contract", sample="0077-ЭС"),
    Field(key="name", russian="ФИО или наименование", english="name", sample="Иванова А. П."),
    Field(key="phone", russian="телефон", english="telephone", sample="+7 900 000-00-00"),
    Field(
        key="notice",
        russian="как и когда извещён о работе",
        english="how and when the customer was told",
        sample="по телефону, за два дня",
        exemplary=True,
    ),
)

_ADDRESS: Final = (
    Field(key="settlement", russian="населённый пункт", english="settlement", sample="Москва", required=True),
    Field(key="street", russian="улица", english="street", sample="ул. Лесная", exemplary=True),
    Field(key="house", russian="дом", english="house", sample="7", exemplary=True),
    Field(key="building", russian="корпус, строение", english="building", sample="2"),
    Field(key="flat", russian="квартира", english="flat", sample="5", exemplary=True),
)

_METER: Final = (
    Field(
        key="model",
        russian="тип счётчика, как на щитке или в meterlink profiles list",
        english="model, as on the plate or in `meterlink profiles list`",
        sample="mercury-200.02",
        required=True,
    ),
    Field(
        key="serial_number",
        russian="заводской номер со щитка, в кавычках",
        english="serial number on the plate, in quotes",
        sample="06925646",
        required=True,
    ),
    Field(
        key="network_address",
        russian="сетевой адрес; это не заводской номер",
        english="address on the line; not the serial number",
        sample="925646",
        required=True,
    ),
    Field(key="ct_type", russian="тип ТТ", english="type of the current transformers", sample="ТТН-40"),
    Field(
        key="ct_numbers",
        russian="заводские номера ТТ, через запятую",
        english="serial numbers of the current transformers, with commas between",
        sample="1705-113, 1705-114, 1705-115",
    ),
    Field(
        key="ratio_ct", russian="коэффициент трансформации ТТ", english="ratio of the current transformers", sample=40
    ),
    Field(key="vt_type", russian="тип ТН", english="type of the voltage transformers", sample="НАМИ-10"),
    Field(
        key="vt_numbers",
        russian="заводские номера ТН, через запятую",
        english="serial numbers of the voltage transformers, with commas between",
        sample="0067",
    ),
    Field(
        key="ratio_vt", russian="коэффициент трансформации ТН", english="ratio of the voltage transformers", sample=60
    ),
    Field(
        key="verification_last",
        russian="дата последней поверки",
        english="last metrological verification",
        sample=date(2019, 4, 2),
    ),
    Field(
        key="verification_next",
        russian="дата следующей поверки",
        english="next metrological verification",
        sample=date(2035, 4, 2),
        exemplary=True,
    ),
    Field(key="accuracy_class", russian="класс точности", english="accuracy class", sample="1"),
)

_TARIFF: Final = (
    Field(key="preset", russian="готовый тарифный план", english="a preset", sample="ru-household-3"),
    Field(
        key="schedule",
        russian="либо файл тарифного расписания рядом с нарядом",
        english="or a file with the schedule, beside this order",
        sample="company.toml",
    ),
    Field(
        key="tariffs",
        russian="сколько тарифов должно действовать; без ключа - сколько в расписании",
        english="how many tariffs shall be in force; without it as many as the schedule uses",
        sample=3,
    ),
    Field(
        key="zones",
        russian="что считает каждый тариф: single одноставочный, day день, night ночь, peak пик, half-peak полупик",
        english="what each tariff counts: single, day, night, peak, half-peak",
        sample={"T1": "peak", "T2": "night", "T3": "half-peak"},
    ),
)

_PERFORMER: Final = (
    Field(
        key="id",
        russian="табельный номер или подпись в журнале",
        english="how the log calls him",
        sample="petrov",
        required=True,
    ),
    Field(key="name", russian="ФИО", english="name", sample="Петров И. С.", required=True),
    Field(key="post", russian="должность", english="post", sample="электромонтёр", required=True),
    Field(
        key="certificate",
        russian="номер удостоверения",
        english="number of the certificate",
        sample="0412",
        required=True,
    ),
    Field(
        key="certificate_expires",
        russian="удостоверение действительно по",
        english="last day of the certificate",
        sample=date(2027, 3, 31),
        required=True,
    ),
    Field(
        key="safety_group",
        russian="группа по электробезопасности",
        english="electrical safety group",
        sample="III",
        required=True,
    ),
)

_SEAL: Final = (
    Field(
        key="number", russian="номер пломбы, в кавычках", english="number, in quotes", sample="00417725", required=True
    ),
    Field(key="place", russian="место", english="place", sample="крышка клеммной колодки", required=True),
    Field(key="kind", russian="вид", english="kind", sample="пластиковая номерная", exemplary=True),
    Field(key="owner", russian="чья", english="whose", sample="ПАО «Россети Московский регион»"),
)

TABLES: Final[tuple[Table, ...]] = (
    Table(name="", russian="наряд", english="the order", fields=_TOP, required=True),
    Table(
        name="organisation",
        russian="чьи исполнители",
        english="whose performers they are",
        fields=_ORGANISATION,
        required=True,
    ),
    Table(name="customer", russian="потребитель", english="the customer", fields=_CUSTOMER, required=True),
    Table(
        name="address",
        russian="адрес места установки",
        english="where the meter hangs",
        fields=_ADDRESS,
        required=True,
    ),
    Table(name="meter", russian="счётчик", english="the meter", fields=_METER, required=True),
    Table(
        name="tariff",
        russian="тарифный план вместо tariff_plan: preset или schedule",
        english="the tariff plan instead of tariff_plan: preset or schedule",
        fields=_TARIFF,
    ),
    Table(
        name="display",
        russian="индикация; ключи свои у каждого семейства счётчиков",
        english="what the display shows; the keys are those of the family of meters",
    ),
    Table(
        name="performers",
        russian="исполнители, не меньше одного; работа под напряжением обычно требует двоих",
        english="performers, at least one; work under voltage usually takes two",
        fields=_PERFORMER,
        several=True,
        required=True,
    ),
    Table(
        name="seals_expected",
        russian="пломбы, которые должны быть на месте",
        english="seals that should be there",
        fields=_SEAL,
        several=True,
        exemplary=True,
    ),
)

BY_NAME: Final[Mapping[str, Table]] = {table.name: table for table in TABLES}
