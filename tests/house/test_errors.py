"""What errors tell: facts for programs, sentences for people, and the next step beside both."""

from __future__ import annotations

import pytest

from meterlink.errors import (
    AuditNotWritableError,
    LogExistsError,
    LogTornError,
    MeterlinkError,
    NoAnswerError,
    NoRoomError,
)

ADVICE = "Make room on that disk."
SILENT = {"address": "1", "port": "COM3", "request": "read energy"}


@pytest.mark.parametrize(
    "error",
    [
        AuditNotWritableError(log="x", why="y", advice=ADVICE),
        NoRoomError(log="x", why="y", advice=ADVICE),
        LogExistsError(log="x", folder="/f", found="tampered", advice=ADVICE),
    ],
)
def test_advice_is_the_hint_and_no_fact(error: MeterlinkError) -> None:
    assert error.hint == ADVICE
    assert ADVICE not in error.facts().values()
    assert "advice" not in error.facts()


def test_without_advice_the_class_knows_what_to_do() -> None:
    error = AuditNotWritableError(log="x", why="y")
    assert error.hint == "Look at the disk and its rights; `meterlink audit status` shows the state of the log."
    assert error.facts() == {"log": "x", "why": "y", "state": "not-writable"}


@pytest.mark.parametrize(("tries", "told"), [(1, "after 1 try."), (3, "after 3 tries.")])
def test_the_form_of_a_word_is_no_fact(tries: int, told: str) -> None:
    error = NoAnswerError(**SILENT, tries=tries)
    assert str(error).endswith(told)
    assert error.facts() == {**SILENT, "tries": tries, "heard": ""}


def test_one_byte_is_told_as_one() -> None:
    torn = LogTornError(log="x", record=3, segment="0.log", offset=7, count=1)
    assert "ends in 1 byte that" in str(torn)
    assert "noun" not in torn.facts()
