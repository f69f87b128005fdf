"""Each precaution of the log, taken away, is noticed by the check that is there for it; the log as it is passes all.

In an ordinary run the checks are reduced and the mutants that are noticed last are left out; with METERLINK_LONG=1 all
of it is whole. `python -m tests.audit.mutants` prints
the table.
"""

from __future__ import annotations

import pytest

from tests.audit.mutants import CHECKS, MUTANTS, Mutant, judge
from tests.audit.test_power_loss import LONG

TESTED_ELSEWHERE = (
    "power loss",
    "failed sync, work",
    "failed sync, head",
    "failed sync, neighbour",
    "killed, neighbour",
    "two at once",
)
"""In an ordinary run samples of these checks are tests of test_power_loss.py and test_failed_fsync.py."""
NOTICED_LAST = ("key/next is not looked at", "the new key is in place before key.rotate")
"""Seconds each. In an ordinary run another one stands for the order of the steps in which a key is changed."""
SAMPLE = [mutant for mutant in MUTANTS if LONG or mutant.name not in NOTICED_LAST]


@pytest.mark.parametrize("check", [check for check in CHECKS if LONG or check not in TESTED_ELSEWHERE])
def test_the_log_as_it_is_passes(check: str) -> None:
    assert judge(None, check).said == ""


@pytest.mark.parametrize("mutant", SAMPLE, ids=lambda mutant: mutant.name)
def test_a_mutant_is_noticed(mutant: Mutant) -> None:
    verdict = judge(mutant, mutant.caught_by)
    print(f"{mutant.name}: {verdict.said}")  # noqa: T201  # seen with pytest -s
    assert verdict.said, f"{mutant.caught_by} does not notice: {mutant.name}"


def test_every_check_notices_something() -> None:
    """A check that no mutant needs would not be missed."""
    assert len(SAMPLE) >= 16
    assert {mutant.caught_by for mutant in SAMPLE} == set(CHECKS)
    assert set(NOTICED_LAST) < {mutant.name for mutant in MUTANTS}
