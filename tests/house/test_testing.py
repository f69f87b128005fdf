"""The test helpers that outside drivers use: a transcript fails on anything more or less."""

from __future__ import annotations

import pytest

from meterlink.testing import transcript
from meterlink_mercury200 import DRIVER
from tests.drivers.mercury200.meters import target_of

TARGET = target_of("mercury-200.02", "411486")
ASK = "00 06 47 5E 24 AC E6"


def answer(request: str, data: str) -> str:
    from meterlink_mercury200.messages import encode_frame

    raw = bytes.fromhex(request)
    return encode_frame(int.from_bytes(raw[:4], "big"), raw[4], bytes.fromhex(data)).hex(" ")


def test_a_transcript_is_these_bytes_out_and_those_back() -> None:
    with transcript(DRIVER, TARGET, [(ASK, answer(ASK, "00"))]) as meter:
        assert meter.run(DRIVER.read_dst(TARGET)).enabled is False


def test_a_request_that_was_not_sent_fails() -> None:
    with (
        pytest.raises(AssertionError, match="these requests were never sent"),
        transcript(DRIVER, TARGET, [(ASK, answer(ASK, "00")), (ASK, None)]) as meter,
    ):
        meter.run(DRIVER.read_dst(TARGET))


def test_another_request_fails() -> None:
    with (
        pytest.raises(AssertionError, match="request 1 should be"),
        transcript(DRIVER, TARGET, [("00 06 47 5E 21 6C E5", None)]) as meter,
    ):
        meter.run(DRIVER.read_dst(TARGET))


def test_one_request_too_many_fails() -> None:
    with (
        pytest.raises(AssertionError, match="nothing more was to be sent"),
        transcript(DRIVER, TARGET, [(ASK, None)]) as meter,
    ):
        meter.run(DRIVER.read_dst(TARGET))
