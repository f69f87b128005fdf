"""A log against a list in memory: whatever is done to it, what was acknowledged is there or its loss is named.

Honest life (two runs that append in turns, changes of key, crashes that tear the end) goes on in one log. Each attack
is made on the log as it is then, judged, and undone, so that the life goes on. A cut behind the head that is remembered
elsewhere is the one loss that no log alone can see: the model asserts that too.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from meterlink.audit import store
from meterlink.audit.fsio import Disk
from meterlink.audit.record import Entry
from meterlink.audit.second_head import HeadFile
from meterlink.audit.segments import first_index
from meterlink.audit.store import SealedLog
from meterlink.errors import AuditError
from tests.audit.logs import (
    contents,
    intent,
    make_log,
    outcome,
    pairs_of,
    put_back,
    records,
    resolve,
    verify,
    work_close,
)

LONG: Final = bool(os.environ.get("METERLINK_LONG"))
_RUNS: Final = st.sampled_from(("first", "second"))


@dataclass(frozen=True, kw_only=True)
class Copy:
    """The folder of a log as it was once, and what is known of it."""

    files: dict[str, bytes] = field(repr=False)
    size: int
    torn: bool
    doubtful: bool


class LogMachine(RuleBasedStateMachine):
    """What the log must be is kept beside it: `told` by index, `remembered` elsewhere, `doubtful`, `torn`."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = ExitStack()
        self.patches.enter_context(patch.object(store, "EPOCH_RECORDS", 9))
        self.home = Path(mkdtemp(prefix="meterlink-model-"))
        self.bench = make_log(
            self.home / "audit", segment_bytes=2_500, second_heads=(HeadFile(Disk(), self.home / "state"),)
        )
        self.open: dict[str, SealedLog] = {"first": self.bench.log}
        self.told: dict[int, str] = {}
        self.doubtful: list[int] = []
        self.remembered = 0
        self.torn = False
        self.copies: list[Copy] = []

    def teardown(self) -> None:
        self.patches.close()
        shutil.rmtree(self.home)

    # --- honest life --------------------------------------------------------------------------------------------

    def run_of(self, name: str) -> SealedLog:
        """The log in this run; opened where it is not open."""
        if name not in self.open:
            self.open[name] = self.bench.open()
            self.torn = False
            self.check_doubts(self.open[name])
        return self.open[name]

    def append(self, name: str, entry: Entry) -> int:
        log = self.run_of(name)
        before = len(pairs_of(self.bench.place.bytes()))
        index = log.append(entry)
        assert before <= index < log.size
        self.torn = False
        return index

    def look_at_head(self) -> int:
        """How many records are remembered elsewhere: never fewer than before."""
        head = self.bench.place.second_heads[0].read(self.bench.log.origin)
        size = head.size if head is not None else 0
        assert size >= self.remembered
        self.remembered = size
        return size

    def check_doubts(self, log: SealedLog) -> None:
        assert [doubt.of for doubt in log.doubts] == self.doubtful

    @rule(name=_RUNS)
    def tell(self, name: str) -> None:
        text = f"{len(self.told)}"
        self.told[self.append(name, Entry(type="log.note", d={"text": text}))] = text

    @rule(name=_RUNS)
    def announce(self, name: str) -> None:
        self.doubtful.append(self.append(name, intent()))
        self.check_doubts(self.open[name])

    @precondition(lambda self: self.doubtful)
    @rule(name=_RUNS, data=st.data())
    def settle(self, name: str, data: st.DataObject) -> None:
        of = data.draw(st.sampled_from(self.doubtful))
        told = (outcome(of), outcome(of, result="refused"), verify(of), resolve(of), outcome(of, result="no-answer"))
        entry = data.draw(st.sampled_from(told))
        self.append(name, entry)
        if entry.d.get("result") != "no-answer":
            self.doubtful.remove(of)
        self.check_doubts(self.open[name])

    @rule(name=_RUNS)
    def close_work(self, name: str) -> None:
        self.append(name, work_close())
        assert self.look_at_head() == self.open[name].size

    @rule(name=_RUNS)
    def change_key(self, name: str) -> None:
        self.run_of(name).rotate("model")
        self.torn = False
        assert self.look_at_head() == self.open[name].size

    @rule(name=_RUNS, hint=st.booleans())
    def reopen(self, name: str, hint: bool) -> None:
        if name in self.open:
            self.open.pop(name).close()
            self.look_at_head()
        if not hint:
            self.bench.place.folder.cache.unlink(missing_ok=True)
        self.run_of(name)

    @rule()
    def crash(self) -> None:
        self.open.clear()

    @precondition(lambda self: not self.torn)
    @rule(fraction=st.floats(0, 1, exclude_max=True))
    def crash_while_appending(self, fraction: float) -> None:
        """Another run died in the middle of a record."""
        pair = self.bench.forger().pair("log.note", {"text": "torn"})
        path = self.bench.last_segment()
        path.write_bytes(path.read_bytes() + pair[: max(1, int(fraction * len(pair)))])
        self.torn = True

    @precondition(lambda self: len(self.copies) < 3)
    @rule()
    def back_up(self) -> None:
        files = contents(self.bench.place.folder.path)
        size = len(pairs_of(self.bench.place.bytes()))
        self.copies.append(Copy(files=files, size=size, torn=self.torn, doubtful=bool(self.doubtful)))

    # --- attacks ------------------------------------------------------------------------------------------------

    def attacked(self, attack: Callable[[], object], state: str) -> None:
        """Attack, judge, undo."""
        folder = self.bench.place.folder.path
        honest = contents(folder)
        attack()
        report = self.bench.report()
        assert report.state == state
        if state in ("tampered", "behind"):
            self.bench.place.folder.cache.unlink(missing_ok=True)
            before = contents(self.home)
            with pytest.raises(AuditError):
                self.bench.open()
            assert contents(self.home) == before
        put_back(folder, honest)

    def loss(self, size: int, *, torn: bool, doubtful: bool) -> str:
        """What a log is that has only its first records."""
        if size < self.remembered:
            return "behind"
        return "torn" if torn else "in-doubt" if doubtful else "ok"

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def put_a_copy_back(self, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.copies))
        state = self.loss(copy.size, torn=copy.torn, doubtful=copy.doubtful)
        self.attacked(lambda: put_back(self.bench.place.folder.path, copy.files), state)

    @rule(back=st.integers(1, 4), inside=st.integers(0, 400))
    def cut(self, back: int, inside: int) -> None:
        """Some records from the end, and of the last one that goes a beginning stays."""
        pairs = pairs_of(self.bench.place.bytes())
        size = len(pairs) - back
        if size < 1:
            return
        rest = pairs[size][: min(inside, len(pairs[size]) - 1)]
        doubtful = bool(doubts_of(records(self.bench.place.bytes())[:size]))
        self.attacked(lambda: self.leave(pairs[:size], rest), self.loss(size, torn=bool(rest), doubtful=doubtful))

    def leave(self, pairs: list[bytes], rest: bytes) -> None:
        """These pairs in the segments they are in now, and this rest behind them."""
        names = self.bench.place.bytes().names()
        for number, name in enumerate(names):
            begin = first_index(name) or 0
            end = first_index(names[number + 1]) if number + 1 < len(names) else None
            kept = b"".join(pairs[begin:end])
            if begin <= len(pairs) and (end is None or len(pairs) < end):
                kept += rest
            path = self.bench.place.folder.segment(name)
            if kept:
                path.write_bytes(kept)
            else:
                path.unlink()

    @precondition(lambda self: not self.torn)
    @rule(data=st.data())
    def flip_a_bit(self, data: st.DataObject) -> None:
        pairs = pairs_of(self.bench.place.bytes())
        index = data.draw(st.integers(0, len(pairs) - 1))
        at, bit = data.draw(st.integers(0, len(pairs[index]) - 1)), data.draw(st.integers(0, 7))
        changed = bytearray(pairs[index])
        changed[at] ^= 1 << bit
        names = self.bench.place.bytes().names()
        name = next(name for name in reversed(names) if (first_index(name) or 0) <= index)
        path = self.bench.place.folder.segment(name)
        before = b"".join(pairs[first_index(name) : index])

        def attack() -> None:
            data = path.read_bytes()
            path.write_bytes(data[: len(before)] + changed + data[len(before) + len(changed) :])

        last = index == len(pairs) - 1
        if last and pairs[index][at : at + 1] == b"\n":
            doubtful = bool(doubts_of(records(self.bench.place.bytes())[:index]))
            self.attacked(attack, self.loss(index, torn=True, doubtful=doubtful))
        elif last or at <= pairs[index].index(b"\n"):
            self.attacked(attack, "tampered")
        else:  # opening looks at the last signature only
            honest = path.read_bytes()
            attack()
            assert self.bench.report().state == "tampered"
            path.write_bytes(honest)

    @rule(data=st.data())
    def change_the_order(self, data: st.DataObject) -> None:
        """Two neighbours exchanged, or one gone, or one doubled; never the last one."""
        pairs = pairs_of(self.bench.place.bytes())
        if len(pairs) < 3 or len(self.bench.place.bytes().names()) > 1 or self.torn:
            return
        index = data.draw(st.integers(0, len(pairs) - 3))
        kept = data.draw(st.sampled_from(((1, 0), (1,), (0, 0, 1), (0, 1, 0))))
        middle = [pairs[index + which] for which in kept]
        order = b"".join([*pairs[:index], *middle, *pairs[index + 2 :]])
        self.attacked(lambda: self.bench.last_segment().write_bytes(order), "tampered")

    # --- what always holds --------------------------------------------------------------------------------------

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        report = self.bench.report()
        assert report.state == ("torn" if self.torn else "in-doubt" if self.doubtful else "ok")
        found = records(self.bench.place.bytes())
        assert {index: found[index]["d"]["text"] for index in self.told} == self.told
        assert [doubt.of for doubt in report.chain.doubts] == self.doubtful
        assert [record["n"] for record in found] == list(range(len(found)))


def doubts_of(found: list[dict[str, object]]) -> set[object]:
    """The announcements among these records whose fate none of them tells."""
    doubtful: set[object] = set()
    for record in found:
        d = record["d"]
        assert isinstance(d, dict)
        if record["type"] == "intent":
            doubtful.add(record["n"])
        elif record["type"] in ("verify", "resolve") or d.get("result") in ("ok", "refused"):
            doubtful.discard(d.get("of"))
    return doubtful


TestLog = LogMachine.TestCase
TestLog.settings = settings(
    max_examples=200 if LONG else 20,
    stateful_step_count=50 if LONG else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
