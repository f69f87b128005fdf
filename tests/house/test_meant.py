"""The question that asks what was meant by a word that nobody knows."""

from __future__ import annotations

from meterlink.meant import aside, closest, did_you_mean, suggestion

KNOWN = ("mercury-200.02", "CE301")


def test_the_nearest_known_word_is_asked_for() -> None:
    assert closest("mercury-200.2", KNOWN) == "mercury-200.02"
    assert closest("ce301", KNOWN) == "CE301"
    assert did_you_mean("ce31", KNOWN) == "did you mean CE301?"
    assert aside("ce31", KNOWN) == " (did you mean CE301?)"
    assert suggestion("ce31", KNOWN) == "Did you mean CE301?"


def test_nothing_is_asked_where_no_word_is_near() -> None:
    assert closest("kettle", KNOWN) is None
    assert did_you_mean("kettle", KNOWN) == aside("kettle", KNOWN) == suggestion("kettle", KNOWN) == ""
