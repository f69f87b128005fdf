"""Records of a later meterlink, and crafted ones: they verify or are refused, and nothing else happens."""

from __future__ import annotations

import pytest

from meterlink.audit.chain import Chain, Head
from meterlink.audit.scan import Signatures
from meterlink.audit.verify import verify_log
from tests.audit.logs import new_forger
from tests.audit.six_records import (
    DATA,
    NEW_KEY,
    OLD_KEY,
    ORIGIN,
    PAIRS,
    assert_tampered,
    forger_after,
    one_segment,
    root_of,
    six_records,
    verified,
)


def test_a_record_of_a_later_version_is_kept_and_verified() -> None:
    forger = forger_after(6, NEW_KEY)
    later = forger.pair("read", {}, v=2, t=5, more=["x"])
    log = one_segment(DATA + later + forger.pair("read", {"t1": "1"}))
    assert (verified(log).state, verified(log).chain.size) == ("ok", 8)


@pytest.mark.parametrize(
    "type_", ["key.rotate", "anchor", "intent", "outcome", "verify", "log.recovered", "epoch.open"]
)
@pytest.mark.parametrize("signatures", ["all", "last"])
def test_a_crafted_record_of_a_later_version_breaks_nothing(type_: str, signatures: Signatures) -> None:
    """Whatever its words mean there, here they are not acted on."""
    forger = forger_after(6, NEW_KEY)
    log = one_segment(DATA + forger.pair(type_, {}, v=2) + forger.pair("read", {"t1": "1"}))
    assert verified(log, signatures=signatures).chain.size == 8


@pytest.mark.parametrize("signatures", ["all", "last"])
@pytest.mark.parametrize(
    "office",
    [
        5,
        True,
        "x",
        {},
        [5, "x"],
    ],
    ids=str,
)
def test_a_first_record_that_names_its_office_in_another_form(office: object, signatures: Signatures) -> None:
    """It verifies or is refused; in no case anything else happens."""
    forger = new_forger(bytes([1]) * 32)
    vkey = OLD_KEY.vkey(ORIGIN).text
    log = one_segment(forger.pair("log.open", {"format": 1, "vkey": vkey, "office": office}))
    report = verify_log(log, signatures=signatures)
    assert report.state in ("ok", "tampered")
    assert report.chain.office in ((), ("x",))


def test_what_follows_the_end_of_a_log_is_tampered() -> None:
    forger = forger_after(6, NEW_KEY)
    end = forger.pair("log.end", {"reason": "fork"})
    assert verified(one_segment(DATA + end)).state == "ok"
    assert_tampered(one_segment(DATA + end + forger.pair("read", {"t1": "1"})), record=7, offset=len(DATA + end))


@pytest.mark.parametrize("size", [0, 7, 99], ids=str)
def test_an_anchor_of_records_that_do_not_stand_before_it(size: int) -> None:
    pair = forger_after(6, NEW_KEY).pair("anchor", {"size": size, "root": "A" * 43 + "="})
    assert_tampered(one_segment(DATA + pair), record=6, offset=len(DATA))


def test_a_fault_before_a_head_hides_no_fork() -> None:
    """The records before the head are another history, and something behind it is broken too."""
    fork = six_records("99999.99")
    report = verified(one_segment(b"".join(fork) + b"\n\n"), Head(size=3, root=root_of(PAIRS[:3]), source="the act"))
    assert [error.state for error in report.findings] == ["tampered", "fork"]


def test_the_claims_are_asked_for_with_the_chain_that_was_read() -> None:
    asked: list[Chain] = []

    def claims(chain: Chain) -> list[Head]:
        asked.append(chain)
        return []

    verify_log(one_segment(DATA), claims=claims)
    assert [(chain.origin, chain.size) for chain in asked] == [(ORIGIN, 6)]
