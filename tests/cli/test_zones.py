"""Time zones: what is taken, and what is refused with the right advice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from meterlink.errors import ConfigError
from meterlink.zone import parse_zone, zone_text

NOON = datetime(2025, 7, 21, 12)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("UTC", 0),
        ("+03:00", 180),
        ("+0300", 180),
        ("-03:30", -210),
        ("Europe/Moscow", 180),
        ("Asia/Yekaterinburg", 300),
        ("America/Argentina/Buenos_Aires", -180),
    ],
)
def test_zones_that_are_taken(text: str, minutes: int) -> None:
    assert parse_zone(text).utcoffset(NOON) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("MSK", "Write Europe/Moscow or +03:00."),
        ("msk", "Write Europe/Moscow or +03:00."),
        ("W-SU", "Write Europe/Moscow or +03:00."),
        ("UTC+3", "Write +03:00, or Area/City"),
        ("GMT+3", "Write +03:00, or Area/City"),
        ("UTC-11", "Write -11:00, or Area/City"),
        ("MSK+2", "Write Area/City, such as Europe/Moscow"),
        ("3", "Write +03:00, or Area/City"),
        ("+5:30", "Write +05:30, or Area/City"),
        ("Etc/GMT+3", "Write -03:00 if that is meant, +03:00 if the opposite is"),
        ("Etc/GMT-12", "Write +12:00 if that is meant, -12:00 if the opposite is"),
        *((name, "Write Area/City, such as Europe/Moscow") for name in ("localtime", "Factory", "posixrules", "EST")),
        *((name, "Write Area/City, such as Europe/Moscow") for name in ("Etc/UTC", "posix/Europe/Moscow", "Turkey")),
    ],
)
def test_zones_that_are_refused(text: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_zone(text)
    assert advice in caught.value.hint
    assert text in str(caught.value)


@pytest.mark.parametrize(("text", "meant"), [("Europe/Moskow", "Europe/Moscow"), ("asia/omsk2", "Asia/Omsk")])
def test_only_places_are_suggested(text: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean {meant}"):
        parse_zone(text)


@pytest.mark.parametrize("text", ["+03:00", "-09:30", "+00:00", "UTC", "Europe/Moscow"])
def test_a_zone_is_written_as_it_is_read(text: str) -> None:
    """A preview without an order was refused where the zone was an offset."""
    assert parse_zone(zone_text(parse_zone(text))) == parse_zone(text)
