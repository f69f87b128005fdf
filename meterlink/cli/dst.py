"""`dst show`: whether the meter jumps between winter and summer time by itself."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.model import DstSetting

_HELP: Final = "the switch to summer time and back"
_SHOW_HELP: Final = "read whether the meter changes between winter and summer time by itself"
_EXAMPLES: Final = (
    "meterlink dst show --port sim:mercury-200.02",
    'meterlink dst show --port "sim:mercury-200.02?dst=on" --json',
    "meterlink dst show --port COM3 --model mercury-200.02 --address 925646",
)
_WORDS: Final = {
    True: "the meter changes between winter and summer time by itself",
    False: "the meter does not change between winter and summer time",
    None: "whether the meter changes between winter and summer time cannot be told from its answer",
}


@click.group(cls=Group, help=_HELP)
def dst() -> None:
    """The noun."""


@dst.command(name="show", help=_SHOW_HELP, examples=_EXAMPLES)
@meter_options
@pass_given
def show_dst(given: Given) -> None:
    with connected(given, "dst") as meter:
        setting = meter.read(meter.driver.read_dst)
        output.present(given.as_json, "dst", facts(meter, setting), lambda: show(meter, setting))


def facts(meter: Meter, setting: DstSetting) -> dict[str, object]:
    """The document."""
    return {
        **meter.head(),
        "enabled": setting.enabled,
        "begins": setting.begins,
        "ends": setting.ends,
        "words": _WORDS[setting.enabled],
        **meter.tail(notes=_notes(meter)),
    }


def _notes(meter: Meter) -> tuple[str, ...]:
    support = meter.profile.supports.get("dst")
    return (support.note,) if support is not None and support.note else ()


def show(meter: Meter, setting: DstSetting) -> None:
    """For people."""
    meter.show_head()
    show_setting(setting)
    meter.show_tail(notes=_notes(meter))


def show_setting(setting: DstSetting) -> None:
    output.line(_WORDS[setting.enabled])
    output.pairs([("begins", setting.begins), ("ends", setting.ends)])
