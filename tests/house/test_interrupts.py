"""Ctrl-C that waits: until somebody hears it, or the end; the third time not at all."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from meterlink.cli.main import program
from meterlink.interrupts import interrupts_heard, interrupts_may_wait, interrupts_put_off


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def meanwhile(work: Callable[[], object]) -> None:
    """Work of a program that puts it off."""
    with interrupts_may_wait(), interrupts_put_off():
        work()


def test_it_waits_until_somebody_hears_it() -> None:
    done = []

    def work() -> None:
        press()
        done.append("put off")
        with interrupts_put_off():
            press()
        done.append("within, too")
        with interrupts_heard():
            done.append("heard")

    with pytest.raises(KeyboardInterrupt):
        meanwhile(work)
    assert done == ["put off", "within, too"]


def test_where_nobody_hears_it_it_comes_at_the_end() -> None:
    done = []

    def work() -> None:
        press()
        done.append("all")

    with pytest.raises(KeyboardInterrupt):
        meanwhile(work)
    assert done == ["all"]


def test_whoever_waits_hears_it_at_once() -> None:
    done = []

    def work() -> None:
        with interrupts_heard():
            press()
            done.append("gone on")

    with pytest.raises(KeyboardInterrupt):
        meanwhile(work)
    assert done == []


def test_what_a_run_still_has_to_write_is_not_cut_off_by_a_second_one() -> None:
    done = []

    def work() -> None:
        press()
        try:
            with interrupts_heard():
                pass
        finally:
            press()
            done.append("recorded")

    with pytest.raises(KeyboardInterrupt):
        meanwhile(work)
    assert done == ["recorded"]


def test_a_program_within_a_program_changes_nothing() -> None:
    with interrupts_may_wait(), pytest.raises(KeyboardInterrupt):
        meanwhile(press)


def test_the_third_time_it_is_heard_at_once() -> None:
    pressed = []

    def work() -> None:
        for number in range(1, 10):
            pressed.append(number)
            press()

    with pytest.raises(KeyboardInterrupt):
        meanwhile(work)
    assert pressed == [1, 2, 3]


def test_the_third_time_counts_over_the_whole_run() -> None:
    done = []

    def work() -> None:
        press()
        try:
            with interrupts_heard():
                pass
        finally:
            press()
            done.append("waits for a lock")
            press()
            done.append("waits for the next one")

    with pytest.raises(KeyboardInterrupt):
        meanwhile(work)
    assert done == ["waits for a lock"]


def test_an_error_is_not_hidden_by_it() -> None:
    def work() -> None:
        press()
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        meanwhile(work)
    with interrupts_heard():
        pass  # the press was that of a program that has ended


def test_whoever_had_the_signal_has_it_again() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit):
        program.main(["--version"])
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt), interrupts_put_off():  # no program has taken it
        press()


def test_where_it_is_ignored_it_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        meanwhile(press)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
