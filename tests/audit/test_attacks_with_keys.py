"""The attacks of whoever holds a key of a small log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from meterlink.audit.keys import PrivateKey
from meterlink.audit.verify import verify_log
from tests.audit.logs import Forger, renumbered
from tests.audit.six_records import (
    DATA,
    HEAD,
    NEW_KEY,
    OLD_KEY,
    ORIGIN,
    PAIRS,
    STRANGER,
    assert_tampered,
    forger_after,
    one_segment,
    verified,
)


def resealed(forger: Forger, pairs: list[bytes], claimed: PrivateKey | None = None) -> list[bytes]:
    """The same records once more, each following the one before it."""
    return [forger.seal(renumbered(pair, prev=forger.prev.hex()), claimed) for pair in pairs]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What somebody makes of the log with a key that he holds, and where it shows."""

    name: str
    pairs: Callable[[], list[bytes]]
    record: int

    def __str__(self) -> str:
        return self.name


def edited_and_resealed(key: PrivateKey, claimed: PrivateKey | None) -> list[bytes]:
    forger = forger_after(1, key)
    lie = forger.seal(renumbered(PAIRS[1], d={"purpose": "before", "t1": "000000.00"}), claimed)
    pairs = [*PAIRS[:1], lie, *resealed(forger, PAIRS[2:5], claimed)]
    forger.key = NEW_KEY
    return [*pairs, *resealed(forger, PAIRS[5:])]


def rotated_by(key: PrivateKey) -> list[bytes]:
    """Cut off before the change of key, gone on with a change of key of one's own."""
    forger = forger_after(4, key)
    vkey = STRANGER.vkey(ORIGIN).text
    rotate = forger.pair("key.rotate", {"vkey": vkey, "reason": "work.close"})
    forger.key = STRANGER
    return [*PAIRS[:4], rotate, forger.pair("epoch.open", {"vkey": vkey, "epoch": 1})]


def named(type_: str, key: PrivateKey, *, signed: PrivateKey, after: int) -> list[bytes]:
    forger = forger_after(after, signed)
    return [*PAIRS[:after], forger.pair(type_, {"vkey": key.vkey(ORIGIN).text, "epoch": 1, "reason": "x"})]


def no_proof() -> list[bytes]:
    """The change of key without epoch.open."""
    return [*PAIRS[:5], forger_after(5, NEW_KEY).pair("read", {"t1": "1"})]


def back_to_the_old_key() -> list[bytes]:
    forger = forger_after(6, NEW_KEY)
    return [*PAIRS, forger.pair("key.rotate", {"vkey": OLD_KEY.vkey(ORIGIN).text, "reason": "x"})]


def key_of_another_name() -> list[bytes]:
    forger = forger_after(6, NEW_KEY)
    return [*PAIRS, forger.pair("key.rotate", {"vkey": STRANGER.vkey("example.com/ml/other").text, "reason": "x"})]


ATTACKS: Final = (
    Attack(name="old work, re-sealed with the new key", pairs=lambda: edited_and_resealed(NEW_KEY, None), record=1),
    Attack(
        name="old work, re-sealed with the new key under the id of the old one",
        pairs=lambda: edited_and_resealed(NEW_KEY, OLD_KEY),
        record=1,
    ),
    Attack(
        name="old work under a true signature of the new key",
        pairs=lambda: [*PAIRS[:3], *resealed(forger_after(3, NEW_KEY), PAIRS[3:])],
        record=3,
    ),
    Attack(
        name="the new epoch signed by the old key",
        pairs=lambda: [*PAIRS[:5], *resealed(forger_after(5, OLD_KEY), PAIRS[5:])],
        record=5,
    ),
    Attack(name="cut at the epoch, gone on with the new key", pairs=lambda: rotated_by(NEW_KEY), record=4),
    Attack(name="cut at the epoch, gone on with a stranger's key", pairs=lambda: rotated_by(STRANGER), record=4),
    Attack(
        name="cut at the epoch, a record of the new key",
        pairs=lambda: [*PAIRS[:4], forger_after(4, NEW_KEY).pair("read", {"t1": "1"})],
        record=4,
    ),
    Attack(name="a key that nobody proved to hold", pairs=no_proof, record=5),
    Attack(
        name="an epoch opened under another key than the announced",
        pairs=lambda: named("epoch.open", STRANGER, signed=NEW_KEY, after=5),
        record=5,
    ),
    Attack(
        name="an epoch opened that nobody announced",
        pairs=lambda: named("epoch.open", OLD_KEY, signed=OLD_KEY, after=4),
        record=4,
    ),
    Attack(name="a key that was in force before", pairs=back_to_the_old_key, record=6),
    Attack(
        name="the key in force announced again",
        pairs=lambda: named("key.rotate", NEW_KEY, signed=NEW_KEY, after=6),
        record=6,
    ),
    Attack(name="a key of another name", pairs=key_of_another_name, record=6),
    Attack(
        name="a record of the old key behind the new epoch",
        pairs=lambda: [*PAIRS, forger_after(6, OLD_KEY).pair("read", {"t1": "1"})],
        record=6,
    ),
    Attack(
        name="a second beginning",
        pairs=lambda: named("log.open", NEW_KEY, signed=NEW_KEY, after=6),
        record=6,
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_a_key_at_the_wrong_place(attack: Attack) -> None:
    pairs = attack.pairs()
    offset = len(b"".join(pairs[: attack.record]))
    assert_tampered(one_segment(b"".join(pairs)), record=attack.record, offset=offset)


def test_no_log_alone_notices_lies_in_the_epoch_of_a_stolen_key() -> None:
    forger = forger_after(5, NEW_KEY)
    pairs = [*PAIRS[:5], *resealed(forger, PAIRS[5:]), forger.pair("read", {"t1": "000000.00"})]
    assert verified(one_segment(b"".join(pairs))).state == "ok"


def test_an_epoch_without_records_is_sound() -> None:
    forger = forger_after(6, NEW_KEY)
    vkey = STRANGER.vkey(ORIGIN).text
    pairs = [*PAIRS, forger.pair("key.rotate", {"vkey": vkey, "reason": "x"})]
    forger.key = STRANGER
    pairs.append(forger.pair("epoch.open", {"vkey": vkey, "epoch": 2}))
    assert verified(one_segment(b"".join(pairs)), HEAD).state == "ok"


def test_a_log_under_a_name_that_is_not_its_key_s() -> None:
    forger = Forger("example.com/ml/00000000", OLD_KEY)
    pair = forger.pair("log.open", {"format": 1, "vkey": OLD_KEY.vkey(forger.origin).text})
    assert verified(one_segment(pair)).findings[0].facts()["record"] == 0


@dataclass(frozen=True, kw_only=True)
class Trust:
    """A key that the asker has from elsewhere, and whether this log has anything to do with it."""

    name: str
    key: PrivateKey
    origin: str = ORIGIN
    state: str = "ok"

    def __str__(self) -> str:
        return self.name


@pytest.mark.parametrize(
    "trust",
    [
        Trust(name="the first key", key=OLD_KEY),
        Trust(name="a later key", key=NEW_KEY),
        Trust(name="a stranger's", key=STRANGER, state="tampered"),
        Trust(name="under another name", key=OLD_KEY, origin="example.com/ml/00000000", state="tampered"),
    ],
    ids=str,
)
def test_a_whole_log_of_somebody_else_is_told_by_the_key_from_elsewhere(trust: Trust) -> None:
    report = verify_log(one_segment(DATA), trusted=[trust.key.vkey(trust.origin)])
    assert report.state == trust.state
