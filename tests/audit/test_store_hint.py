"""The hint beside a log on the disk: what opening is spared by it, and that it is never believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from meterlink.audit import opening
from meterlink.audit.keys import PrivateKey, key_from_seed
from meterlink.audit.record import Entry
from meterlink.audit.scan import scan
from meterlink.audit.segments import segment_name
from meterlink.errors import (
    ChainBrokenError,
)
from tests.audit.logs import (
    Bench,
    contents,
    do_work,
    intent,
    read,
    work_open,
)
from tests.audit.stores import assert_goes_on, cut_to, replace_segment


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each scan of an opening began at its hint."""
    found: list[bool] = []

    def counting(*args: Any, **options: Any) -> Any:
        found.append(options.get("go_on") is not None)
        return scan(*args, **options)

    monkeypatch.setattr(opening, "scan", counting)
    return found


def test_a_fitting_hint_saves_the_scan(bench: Bench, scans: list[bool]) -> None:
    do_work(bench.log)
    bench.reopen()
    assert scans == [True]
    assert bench.log.size == 10


def test_a_stale_hint_is_gone_on_from(bench: Bench, scans: list[bool]) -> None:
    bench.log.append(read())
    bench.log.close()
    stale = bench.place.folder.cache.read_bytes()
    other = bench.open()
    announced, _ = other.append(intent()), other.append(read())
    bench.place.folder.cache.write_bytes(stale)
    scans.clear()
    log = bench.open()
    assert (scans, log.size, [doubt.of for doubt in log.doubts]) == ([True], 4, [announced])
    assert_goes_on(bench)


def test_a_hint_from_before_a_change_of_key_is_not_believed(bench: Bench, scans: list[bool]) -> None:
    bench.log.append(read())
    bench.log.close()
    stale = bench.place.folder.cache.read_bytes()
    bench.open().rotate("test")
    bench.place.folder.cache.write_bytes(stale)
    scans.clear()
    assert bench.open().size == 4
    assert scans == [False]


def test_a_hint_of_more_records_than_there_are_is_not_believed(bench: Bench, scans: list[bool]) -> None:
    for _ in range(3):
        bench.log.append(read())
    bench.log.close()
    cut_to(bench, 2)
    assert bench.open().size == 2
    assert scans == [False]


DAMAGED: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda raw: b"",
    "half": lambda raw: raw[: len(raw) // 2],
    "a byte changed": lambda raw: raw.replace(b'"size":2', b'"size":3'),
    "without signature": lambda raw: raw.split(b"\n")[0] + b"\n",
    "not JSON": lambda raw: b"{" + raw,
    "a list": lambda raw: b"[]\n" + raw.split(b"\n")[1] + b"\n",
    "two lines": lambda raw: raw + raw,
    "a checksum": lambda raw: with_seal(raw.split(b"\n")[0], hashlib.sha256(raw.split(b"\n")[0]).digest()),
    "signed by another key": lambda raw: signed_hint(raw.split(b"\n")[0], key_from_seed(bytes(32))),
}
HINT: Final = b"meterlink hint, no checkpoint\n"


def with_seal(text: bytes, seal: bytes) -> bytes:
    return text + b"\n" + seal.hex().encode() + b"\n"


def signed_hint(text: bytes, key: PrivateKey) -> bytes:
    return with_seal(text, key.sign(HINT + text))


def changed_hint(raw: bytes, **facts: object) -> bytes:
    """The text of a hint that lies."""
    return json.dumps(json.loads(raw.split(b"\n")[0]) | facts, separators=(",", ":")).encode()


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_hint_costs_a_scan(bench: Bench, scans: list[bool], damage: Callable[[bytes], bytes]) -> None:
    announced = bench.log.append(intent())
    bench.log.close()
    raw = bench.place.folder.cache.read_bytes()
    assert signed_hint(changed_hint(raw), bench.key()) == raw
    bench.place.folder.cache.write_bytes(damage(raw))
    assert bench.place.folder.cache.read_bytes() != raw
    log = bench.open()
    assert (scans, log.size, [doubt.of for doubt in log.doubts]) == ([False], 2, [announced])
    assert_goes_on(bench)


LIES: Final[dict[str, dict[str, object]]] = {
    "size and hashes": {"size": 1, "hashes": ["11" * 32]},
    "root": {"hashes": ["22" * 32]},
    "prev": {"prev": "33" * 32},
    "last record elsewhere": {"last": {"segment": segment_name(0), "offset": 7}},
    "last record beyond the end": {"last": {"segment": segment_name(0), "offset": 10**9}},
    "last record in no segment": {"last": {"segment": segment_name(9), "offset": 0}},
    "end beyond the end": {"end": {"segment": segment_name(0), "offset": 10**9}},
    "end in the last record": {"end": {"segment": segment_name(0), "offset": 3}},
    "end in no segment": {"end": {"segment": segment_name(9), "offset": 0}},
    "signature of nobody": {"signature": "— nobody AAAAAAAA"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=list(LIES))
def test_a_signed_hint_that_does_not_fit_the_log_costs_a_scan(bench: Bench, lie: dict[str, object]) -> None:
    announced = bench.log.append(intent())
    bench.log.close()
    hint = bench.place.folder.cache
    hint.write_bytes(signed_hint(changed_hint(hint.read_bytes(), **lie), bench.key()))
    log = bench.open()
    assert (log.size, [doubt.of for doubt in log.doubts]) == (2, [announced])
    assert_goes_on(bench)


UNSIGNED: Final[tuple[dict[str, object], ...]] = (
    {"epoch_began": 2},
    {"epoch": 4},
    {"used": []},
    {"key": key_from_seed(bytes(32)).vkey("example.com/ml/626417b6").text},
    {"ended": True},
    {"recovered": []},
    {"office": ["x"]},
    {"doubts": []},
    {"end": {"segment": segment_name(0), "offset": "5"}},
    {"last": {"segment": segment_name(0), "offset": -1}},
    {"key": 5},
    {"signature": 5},
)


@pytest.mark.parametrize("lie", UNSIGNED, ids=lambda lie: f"{next(iter(lie))}")
@pytest.mark.parametrize("sealed", ["old seal", "another key", "a checksum"])
def test_a_hint_that_the_key_in_force_did_not_sign_is_not_believed(
    bench: Bench, lie: dict[str, object], sealed: str
) -> None:
    replace_segment(bench, bench.last_segment().read_bytes() + b"{")
    bench.reopen()
    announced = bench.log.append(intent())
    bench.log.close()
    hint = bench.place.folder.cache
    text, seal = changed_hint(hint.read_bytes(), **lie), hint.read_bytes().split(b"\n")[1]
    seals = {"old seal": bytes.fromhex(seal.decode()), "a checksum": hashlib.sha256(text).digest()}
    seals["another key"] = key_from_seed(bytes(32)).sign(HINT + text)
    hint.write_bytes(with_seal(text, seals[sealed]))
    log = bench.open()
    chain, honest = log._writer.chain, bench.report().chain
    assert [doubt.of for doubt in log.doubts] == [announced]
    assert log.size == honest.size == 3
    assert (chain.epoch_began, chain.epoch, chain.used, chain.key) == (0, 0, honest.used, honest.key)
    assert (chain.ended, chain.recovered, chain.office) == (False, honest.recovered, ())


@pytest.mark.parametrize("entry", [work_open(), intent()], ids=lambda entry: entry.type)
def test_no_meter_is_written_on_the_word_of_a_hint(bench: Bench, entry: Entry) -> None:
    """Whoever holds the key can sign a lie; before a work the whole log is read."""
    announced = bench.log.append(intent())
    bench.log.close()
    hint = bench.place.folder.cache
    hint.write_bytes(signed_hint(changed_hint(hint.read_bytes(), doubts=[]), bench.key()))
    log = bench.open()
    assert log.doubts == []
    index = log.append(entry)
    assert [doubt.of for doubt in log.doubts] == [announced, index][: 1 + (entry.type == "intent")]


@pytest.mark.parametrize("entry", [work_open(), intent()], ids=lambda entry: entry.type)
def test_a_wrong_record_before_the_hint_is_seen_before_a_work(bench: Bench, entry: Entry) -> None:
    for _ in range(3):
        bench.log.append(read())
    bench.log.close()
    data = bench.last_segment().read_bytes()
    replace_segment(bench, data.replace(b'"mono_ms":1,', b'"mono_ms":9,', 1))
    assert bench.last_segment().read_bytes() != data
    log = bench.open()
    before = contents(bench.place.folder.segments)
    with pytest.raises(ChainBrokenError):
        log.append(entry)
    assert contents(bench.place.folder.segments) == before
