"""`dst show`: whether the meter jumps between winter and summer time by itself."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, present
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
        present(given.as_json, section(meter))


def section(meter: Meter) -> Section:
    """The switch."""
    setting = meter.read(meter.driver.read_dst)
    words = _WORDS[setting.enabled]
    return Section(
        name="dst",
        meter=meter,
        read_at=meter.now(),
        facts={"enabled": setting.enabled, "begins": setting.begins, "ends": setting.ends, "words": words},
        show=lambda: _show(setting),
        notes=_notes(meter),
    )


def _notes(meter: Meter) -> tuple[str, ...]:
    support = meter.profile.supports.get("dst")
    return (support.note,) if support is not None and support.note else ()


def _show(setting: DstSetting) -> None:
    output.line(_WORDS[setting.enabled])
    output.pairs([("begins", setting.begins), ("ends", setting.ends)])
