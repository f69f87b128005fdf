"""The records of one work, read on as a log grows: the same as read whole, whatever came between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meterlink.audit.chain import Chain
from meterlink.audit.record import Entry, Record
from meterlink.audit.works import WorkRecords, records_of, works_of
from meterlink.errors import ChainBrokenError, NoWorkError
from tests.audit.logs import Bench, make_log, read

A, B = "117/1", "200/1"


def opened(work: str) -> Entry:
    return Entry(type="work.open", work=work, d={})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_log(tmp_path)


def test_what_is_read_on_is_what_is_read_whole(bench: Bench) -> None:
    """Over many segments, with records of another work and changes of the key between."""
    bench.log.append(read(work=A))
    records = WorkRecords(bench.place, A)
    seen = [len(records.now())]
    for _ in range(12):
        bench.log.append(read(work=B))
        bench.log.append(read(work=A))
        bench.log.rotate("test")
        assert records.now() == records_of(bench.place, A)
        seen.append(len(records.now()))
    assert seen == list(range(1, 14))
    assert len(bench.place.bytes().names()) > 1


def test_a_record_that_was_half_written_is_read_when_it_is_whole(bench: Bench) -> None:
    bench.log.append(read(work=A))
    records = WorkRecords(bench.place, A)
    before = bench.last_segment().read_bytes()
    bench.log.append(read(work=A))
    whole = bench.last_segment().read_bytes()
    bench.last_segment().write_bytes(whole[: len(before) + 40])
    assert len(records.now()) == 1
    bench.last_segment().write_bytes(whole)
    assert records.now() == records_of(bench.place, A)
    assert len(records.now()) == 2


def test_what_was_changed_behind_it_is_noticed(bench: Bench) -> None:
    bench.log.append(read(work=A))
    records = WorkRecords(bench.place, A)
    assert len(records.now()) == 1
    begins = bench.last_segment().stat().st_size
    bench.log.append(read(work=A))
    data = bytearray(bench.last_segment().read_bytes())
    data[begins + 20] ^= 1
    bench.last_segment().write_bytes(bytes(data))
    with pytest.raises(ChainBrokenError):
        records.now()


def test_who_looked_for_works_goes_on_from_there(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.log.append(opened(B))
    for _ in range(3):
        bench.log.rotate("test")
    seen = works_of(bench.place)
    assert [(work.id, work.closed) for work in seen.works] == [(B, False)]
    bench.log.append(opened(A))
    bench.log.append(read(work=A))
    begun_at_0: list[bool] = []
    decode = Chain.read

    def watched(self: Chain, *args: Any, **kwargs: Any) -> Record:
        begun_at_0.append(not self.size)
        return decode(self, *args, **kwargs)

    monkeypatch.setattr(Chain, "read", watched)
    found = WorkRecords(bench.place, A, seen.read).now()
    assert begun_at_0 == [False, False]
    assert found == records_of(bench.place, A)


def test_no_such_work(bench: Bench) -> None:
    with pytest.raises(NoWorkError):
        WorkRecords(bench.place, A).now()
