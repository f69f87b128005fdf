"""Orders as files: the one place that opens them, and the schedule files beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from meterlink.cli.files import read_given
from meterlink.errors import ConfigError, OrderFormError
from meterlink.visit.order import Order, TariffPlan
from meterlink.visit.order_form import FORMS, read_order, read_schedule

_MOST_BYTES: Final = 1_000_000
_WHY: Final = {
    "suffix": "it is no order: its name ends neither in .toml nor in .json",
    "schedule": "{where}: {why}",
}
_ADVICE: Final = {
    "suffix": "Give the file of an order, FILE.toml or FILE.json; `meterlink order new FILE.toml` makes one.",
    "schedule": "The order names it, relative to its own folder: [tariff] schedule. Put it there.",
    "schedule form": "docs/orders.md shows schedule files.",
}


def load_order(path: Path) -> Order:
    """The order in a file, with the schedule file that it names."""
    form = form_of(path)
    raw = read_given("", path, most=_MOST_BYTES)
    return read_order(raw, form, lambda name: _named_by_order(path.parent / name), name=str(path))


def load_schedule(path: Path) -> TariffPlan:
    """The tariff plan in a schedule file that no order names."""
    raw = read_given("", path, most=_MOST_BYTES)
    try:
        return read_schedule(raw, path.name)
    except OrderFormError as error:
        why = _WHY["schedule"].format(where=error.where, why=error.why)
        raise ConfigError(setting=str(path), why=why, advice=_ADVICE["schedule form"]) from error


def form_of(path: Path) -> str:
    """The form that the name of a file tells; ConfigError where it tells none."""
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise ConfigError(setting=str(path), why=_WHY["suffix"], advice=_ADVICE["suffix"])
    return form


def _named_by_order(path: Path) -> bytes:
    return read_given("", path, most=_MOST_BYTES, advice=_ADVICE["schedule"])
