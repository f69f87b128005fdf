"""Logs on the disk as the tests of their life need them, and what they ask of each."""

from __future__ import annotations

from typing import Final

import pytest

from meterlink.audit.note import Algorithm
from meterlink.audit.record import Entry
from meterlink.audit.segments import first_index
from meterlink.errors import (
    AuditError,
)
from tests.audit.known import OFFICE_SEED, vkey
from tests.audit.logs import (
    Bench,
    contents,
    pairs_of,
    read,
)

OFFICE: Final = vkey("example.com/office/w1", OFFICE_SEED, Algorithm.COSIGNATURE)
NOTE: Final = Entry(type="log.note", d={"text": "ночь"})


def forget_hint(bench: Bench) -> None:
    bench.place.folder.cache.unlink(missing_ok=True)


def replace_segment(bench: Bench, data: bytes) -> None:
    bench.last_segment().write_bytes(data)


def cut_to(bench: Bench, size: int) -> None:
    """Cut the log off behind so many records."""
    pairs = pairs_of(bench.place.bytes())
    names = bench.place.bytes().names()
    for name, end in zip(names, [*(first_index(name) for name in names[1:]), None], strict=True):
        begin = first_index(name)
        kept = b"".join(pairs[begin : min(size, len(pairs) if end is None else end)])
        path = bench.place.folder.segment(name)
        if kept:
            path.write_bytes(kept)
        else:
            path.unlink()


def refused(bench: Bench) -> AuditError:
    """What opening for writing says; it changes nothing on the disk, and whoever reads it is told what to do."""
    before = contents(bench.place.folder.path.parent.parent)
    with pytest.raises(AuditError) as caught:
        bench.open()
    assert contents(bench.place.folder.path.parent.parent) == before
    assert caught.value.hint
    return caught.value


def assert_goes_on(bench: Bench) -> None:
    """It opens, takes a record, and verifies."""
    log = bench.open()
    assert log.append(read()) == log.size - 1
    assert bench.report().state == ("in-doubt" if log.doubts else "ok")
    assert bench.report().chain.size == log.size
