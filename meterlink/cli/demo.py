"""`demo`: a whole visit to a simulated meter, in memory and in virtual time, in a folder of its own."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from meterlink.audit.folder import FolderBytes, torn_bytes
from meterlink.audit.home import AuditHome, find_home
from meterlink.audit.run import Run
from meterlink.audit.verify import Report, verify_log
from meterlink.cli import output
from meterlink.cli.asking import lang_option, language_of
from meterlink.cli.audit.init import STANDALONE
from meterlink.cli.connect import find_place
from meterlink.cli.files import PATH
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.order_file import load_order
from meterlink.cli.sealed_log import recorded
from meterlink.cli.settings import Setting
from meterlink.cli.visit import Visit, Wanted, do_visit, show_visit
from meterlink.errors import ConfigError, told_os_error
from meterlink.language import Language, Words
from meterlink.profiles import default_folder, load_profiles
from meterlink.visit.form_file import read_form
from meterlink.visit.order import Order
from meterlink.visit.plan import TimeSource

_HELP: Final = """do a whole visit to a simulated meter

It is a Mercury 200.02 that is an hour ahead, changes the hour by itself and counts everything on one tariff. Nothing is
needed for it: no meter, no port, no network. Order, log and act lie in a folder of the demonstration's own, and nothing
else is touched
"""
_SHORT: Final = "do a whole visit to a simulated meter"
_EXAMPLES: Final = ("meterlink demo", "meterlink demo --lang ru", "meterlink demo --json")
_OPTIONS: Final = {"folder": "a new folder for order, log and act; usually one among the temporary files"}
_PORT: Final = (
    "sim:mercury-200.02?at=2025-07-21T14:05:09+03:00&schedule=ru-household-1&clock_error_s=3614&dst=on"
    "&energy_kwh=15621.42,6208.34"
)
_ORIGIN: Final = "the demonstration"
_WHY: Final = {"there": "there is such a folder already", "disk": "it cannot be made: {error}"}
_ADVICE: Final = {"there": "Give a folder that is not there yet.", "disk": "Give a folder where you may write."}
_ORDER: Final = """# Наряд на перепрограммирование / work order of the demonstration
order_no = "DEMO-1"
order_date = 2025-07-18
basis = "application"
basis_text = "заявление потребителя о переходе на двухзонный тариф"
tz = "Europe/Moscow"
actions = ["read", "dst_off", "clock", "holidays", "schedule", "tariff_mode"]
tariff_plan = "ru-household-2"
clock_reason = "после 26.10.2014 часы не переводились"

[organisation]
name = "ООО «Пример-Энергосбыт»"
tax_number = "7700000000"

[customer]
kind = "household"
account_no = "0012345678"
name = "Иванова А. П."
notice = "извещена по телефону 17.07.2025"

[address]
settlement = "Москва"
street = "ул. Примерная"
house = "7"
flat = "5"

[meter]
model = "mercury-200.02"
serial_number = "06925646"
network_address = "925646"
verification_next = {next_year}
accuracy_class = "2.0"

[[performers]]
id = "petrov"
name = "Петров И. С."
post = "электромонтёр"
certificate = "0412"
certificate_expires = {next_year}
safety_group = "III"

[[seals_expected]]
number = "00417725"
place = "крышка клеммной колодки"
kind = "пластиковая номерная"
"""
_FORM: Final = """presence = "present"
representative = "Иванова А. П."
seal_reason = "под крышкой клеммы интерфейса"
remarks = ["показания сверены с индикатором"]

[[seals_found]]
number = "00417725"
place = "крышка клеммной колодки"
kind = "пластиковая номерная"
state = "whole"

[[seals_removed]]
number = "00417725"
place = "крышка клеммной колодки"
kind = "пластиковая номерная"

[[seals_installed]]
number = "00591003"
place = "крышка клеммной колодки"
kind = "пластиковая номерная"
"""
_WORDS: Final = Words(
    {
        Language.EN: {
            "begin": "A simulated meter in memory, visited over its real protocol. Everything lies in {folder}",
            "verified": "The sealed log is whole: {count} {count:record|records}, every signature checked.",
            "log": "log: {folder}",
            "end": "With a meter of yours: meterlink audit init --standalone, meterlink order new order.toml, "
            "meterlink visit order.toml --port COM3",
        },
        Language.RU: {
            "begin": "Имитация прибора в памяти, обмен по его настоящему протоколу. Всё лежит в {folder}",
            "verified": "Журнал цел: {count} {count:запись|записи|записей}, проверена каждая подпись.",
            "log": "журнал: {folder}",
            "end": "С вашим прибором: meterlink audit init --standalone, meterlink order new order.toml, "
            "meterlink visit order.toml --port COM3 --lang ru",
        },
    }
)


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.option("--folder", type=PATH, metavar="FOLDER", help=_OPTIONS["folder"])
@lang_option
@json_option
@pass_given
def demo(given: Given, /, folder: Path | None) -> None:
    language = language_of(given)
    folder = _own_folder(folder)
    home = _log_in(folder)
    order = _order_in(folder)
    if not given.as_json:
        output.line(_WORDS("begin", language, folder=folder))
        output.line()
    wanted = Wanted(
        order=order,
        form=read_form(_FORM.encode(), _ORIGIN, order.seals_expected),
        performer=order.performers[0].id,
        yes=True,
        as_json=given.as_json,
        time_source=TimeSource.CONFIRMED.value,
        experimental=False,
        act_dir=folder,
        language=language,
    )
    settings = {"port": _PORT, "model": order.meter.model, "address": order.meter.network_address, "tz": order.tz}
    named = {name: Setting(name=name, value=value, origin=_ORIGIN) for name, value in settings.items()}
    done = do_visit(home, find_place(named, load_profiles([default_folder()])), wanted)
    report = _verified(home)
    facts = {
        "folder": str(folder),
        "log": str(home.current().folder.path),
        "state": report.state,
        "records": report.chain.size,
        "visit": done.facts(),
    }
    output.present(given.as_json, "demo", facts, lambda: _show(done, report, home, language), version=2)


def _own_folder(wanted: Path | None) -> Path:
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="meterlink-demo-"))
    try:
        wanted.mkdir(parents=True)
    except FileExistsError:
        raise ConfigError(setting=f"--folder {wanted}", why=_WHY["there"], advice=_ADVICE["there"]) from None
    except OSError as error:
        why = _WHY["disk"].format(error=told_os_error(error))
        raise ConfigError(setting=f"--folder {wanted}", why=why, advice=_ADVICE["disk"]) from error
    return wanted


def _log_in(folder: Path) -> AuditHome:
    home = find_home(folder)
    with home.making(), recorded(home.create(Run.start(), STANDALONE, {"office": []}), home):
        return home


def _order_in(folder: Path) -> Order:
    """The order, valid for another year whenever it is read."""
    file = folder / "order.toml"
    today: date = datetime.now(UTC).date()
    file.write_text(_ORDER.format(next_year=today + timedelta(days=365)), encoding="utf-8")
    return load_order(file)


def _verified(home: AuditHome) -> Report:
    place = home.current()
    segments = FolderBytes(place.files, place.folder)
    return verify_log(segments, torn_bytes=torn_bytes(place.files, place.folder))


def _show(done: Visit, report: Report, home: AuditHome, language: Language) -> None:
    show_visit(done, language)
    output.line()
    output.line(_WORDS("verified", language, count=report.chain.size))
    output.line(_WORDS("log", language, folder=home.current().folder.path))
    for error in report.findings:
        raise error
    output.line()
    output.line(_WORDS("end", language))
