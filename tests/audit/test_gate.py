"""The log's side of the gate: what is on the disk when a frame leaves, when its answer comes, and after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit.doubt import Doubts
from meterlink.audit.fsio import Disk, File
from meterlink.audit.gate import Errand, LogGate
from meterlink.audit.store import SealedLog
from meterlink.errors import (
    AuditError,
    AuditNotWritableError,
    LocalProtocolError,
    MeterInDoubtError,
    NoAnswerError,
    WireError,
)
from meterlink.flow import Announce, Announcement, Change, Fate, Flow, Outcome, ask
from meterlink.wire.request import Request
from meterlink_mercury200 import messages as m
from meterlink_mercury200.messages import Call, decode_call, encode_frame
from meterlink_mercury200.values import DstFlag, RawByte
from tests.audit.logs import METER, OTHER_METER, Bench, make_log, records, resolve, verify
from tests.exchange.made_up import ADDRESS
from tests.exchange.table import Answers, set_table, silent

DST_OFF = Call(ADDRESS, m.SET_DST, DstFlag(0))
TWO_TARIFFS = Call(ADDRESS, m.SET_TARIFF_COUNT, RawByte(2))
SERIAL = METER["serial_number"]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_log(tmp_path, segment_bytes=100_000)


def errand(serial_number: str = SERIAL) -> Errand:
    return Errand(
        family="mercury200",
        serial_number=serial_number,
        why="order 7",
        confirmed_by="p-3",
        confirmed_how="serial number typed",
        work="w-17",
        actor="p-3",
    )


def gate_of(log: SealedLog, serial_number: str = SERIAL) -> LogGate:
    return LogGate(log, errand(serial_number))


def write(requests: Sequence[Request[Any]], changes: Sequence[Change] = (), operation: str = "settings") -> Flow[None]:
    yield Announce(operation, tuple(requests), tuple(changes))
    for request in requests:
        yield from ask(request)


def caught(flow: Flow[None]) -> Flow[None]:
    """A flow that takes a lost answer as it comes."""
    with suppress(NoAnswerError):
        yield from flow


def acknowledgement(request: bytes) -> Answers:
    return [(0.02, encode_frame(ADDRESS, decode_call(request).command.code))]


def on_disk(bench: Bench, *types: str) -> list[dict[str, Any]]:
    """What anybody would find on the disk at this moment."""
    return [record for record in records(bench.place.bytes()) if record["type"] in types]


# --- no record, no write --------------------------------------------------------------------------------------------


def test_the_intent_is_on_the_disk_when_the_first_frame_leaves(bench: Bench) -> None:
    seen: list[tuple[int, int]] = []

    def meter(_number: int, request: bytes) -> Answers:
        seen.append((len(on_disk(bench, "intent")), len(on_disk(bench, "outcome"))))
        return acknowledgement(request)

    set_table(meter, gate=gate_of(bench.log)).run(write([DST_OFF, TWO_TARIFFS]))
    assert seen == [(1, 0), (1, 1)]
    [intent] = on_disk(bench, "intent")
    assert intent["work"] == "w-17"
    assert intent["d"]["operation"] == "settings"
    assert intent["d"]["meter"] == {"family": "mercury200", "serial_number": SERIAL}
    assert intent["d"]["confirmed"] == {"by": "p-3", "how": "serial number typed"}
    assert [frame["bytes"] for frame in intent["d"]["frames"]] == [DST_OFF.masked(), TWO_TARIFFS.masked()]
    outcomes = [(each["d"]["of"], each["d"]["i"], each["d"]["result"]) for each in on_disk(bench, "outcome")]
    assert outcomes == [(intent["n"], 0, "ok"), (intent["n"], 1, "ok")]
    assert bench.log.doubts == []


def test_a_long_announcement_is_durable_in_all_its_parts_before_the_first_frame(bench: Bench) -> None:
    requests = [Call(ADDRESS, m.SET_TARIFF_COUNT, RawByte(number)) for number in range(130)]
    parts_at_first_frame: list[int] = []

    def meter(number: int, request: bytes) -> Answers:
        if number == 0:
            parts_at_first_frame.append(len(on_disk(bench, "intent")))
        return acknowledgement(request)

    set_table(meter, gate=gate_of(bench.log)).run(write(requests))
    intents = on_disk(bench, "intent")
    assert parts_at_first_frame == [3]
    assert [(each["d"]["part"], each["d"]["parts"], len(each["d"]["frames"])) for each in intents] == [
        (1, 3, 64),
        (2, 3, 64),
        (3, 3, 2),
    ]
    listed = [(each["n"], frame["i"]) for each in intents for frame in each["d"]["frames"]]
    assert [i for _, i in listed] == list(range(130))
    assert [(each["d"]["of"], each["d"]["i"]) for each in on_disk(bench, "outcome")] == listed


def test_long_frames_are_parted_by_their_bytes_too(bench: Bench) -> None:
    frames = tuple("AB " * 1_000 for _ in range(20))
    gate_of(bench.log)(Announcement(operation="long", frames=frames))
    assert [len(each["d"]["frames"]) for each in on_disk(bench, "intent")] == [7, 7, 6]


def test_what_the_plan_knows_of_a_frame_stands_beside_it(bench: Bench) -> None:
    changes = (Change(parameter="dst", old="on", new="off"), Change(parameter="tariffs", old=None, new="2"))
    gate = gate_of(bench.log)
    set_table(lambda number, request: acknowledgement(request), gate=gate).run(write([DST_OFF, TWO_TARIFFS], changes))
    first, second = on_disk(bench, "intent")[0]["d"]["frames"]
    assert (first["parameter"], first["old"], first["new"]) == ("dst", "on", "off")
    assert (second["parameter"], second["new"]) == ("tariffs", "2")
    assert "old" not in second


def test_what_was_read_back_stands_behind_the_outcomes(bench: Bench) -> None:
    gate = gate_of(bench.log)
    set_table(lambda number, request: [], gate=gate).run(caught(write([DST_OFF])))
    assert len(bench.log.doubts) == 1
    gate.verified({0: ("00", True)})
    found = on_disk(bench, "verify")[0]["d"]
    assert found == {"of": on_disk(bench, "intent")[0]["n"], "found": "00", "same": True}
    assert bench.log.doubts == []


def test_frames_that_do_not_all_stand_are_told_one_by_one(bench: Bench) -> None:
    gate = gate_of(bench.log)
    gate(Announcement(operation="three", frames=("00", "01", "02")))
    gate.verified({0: ("00", True), 1: ("FF", False)})
    assert [each["d"] for each in on_disk(bench, "verify")] == [
        {"of": on_disk(bench, "intent")[0]["n"], "i": 0, "found": "00", "same": True},
        {"of": on_disk(bench, "intent")[0]["n"], "i": 1, "found": "FF", "same": False},
    ]
    assert [doubt.i for doubt in bench.log.doubts] == [2]


def test_changes_are_named_for_every_frame_or_for_none(bench: Bench) -> None:
    one = (Change(parameter="dst", old=None, new="00"),)
    with pytest.raises(LocalProtocolError, match="of each frame"):
        set_table(lambda number, request: [], gate=gate_of(bench.log)).run(write([DST_OFF, TWO_TARIFFS], one))
    assert on_disk(bench, "intent") == []


class FailingDisk(Disk):
    """Its syncs fail from now on when it is told so."""

    failing = False

    def append_to(self, path: Path) -> File:
        if self.failing:
            raise OSError(5, "Input/output error")
        return super().append_to(path)


def test_nothing_leaves_when_the_intent_cannot_be_made_durable(tmp_path: Path) -> None:
    disk = FailingDisk()
    bench = make_log(tmp_path, files=disk)
    table = set_table(lambda number, request: acknowledgement(request), gate=gate_of(bench.log))
    disk.failing = True
    with pytest.raises(AuditNotWritableError, match="Input/output error"):
        table.run(write([DST_OFF]))
    assert table.wire.heard == []


def test_no_second_frame_leaves_when_the_outcome_of_the_first_cannot_be_written(tmp_path: Path) -> None:
    disk = FailingDisk()
    bench = make_log(tmp_path, files=disk)

    def meter(_number: int, request: bytes) -> Answers:
        disk.failing = True
        return acknowledgement(request)

    table = set_table(meter, gate=gate_of(bench.log))
    with pytest.raises(AuditNotWritableError):
        table.run(write([DST_OFF, TWO_TARIFFS]))
    assert len(table.wire.heard) == 1
    disk.failing = False
    assert [doubt.i for doubt in bench.open().doubts] == [0, 1]


def test_an_outcome_that_nobody_announced_is_refused(bench: Bench) -> None:
    stray = Outcome(operation="settings", index=0, frame="00", fate=Fate.ANSWERED)
    with pytest.raises(LocalProtocolError, match="never announced"):
        gate_of(bench.log)(stray)


# --- in doubt -------------------------------------------------------------------------------------------------------


def lose_an_answer(bench: Bench) -> None:
    with pytest.raises(NoAnswerError):
        set_table(silent, gate=gate_of(bench.log)).run(write([DST_OFF], operation="DST off"))


def test_a_lost_answer_leaves_the_frame_in_doubt_and_the_meter_closed_for_writes(bench: Bench) -> None:
    lose_an_answer(bench)
    [doubt] = bench.log.doubts
    assert (doubt.operation, doubt.serial_number, doubt.result, doubt.work) == ("DST off", SERIAL, "no-answer", "w-17")
    table = set_table(lambda number, request: acknowledgement(request), gate=gate_of(bench.log))
    with pytest.raises(MeterInDoubtError, match="DST off") as caught:
        table.run(write([TWO_TARIFFS]))
    assert caught.value.exit_code == 11
    assert table.wire.heard == []


def test_doubt_about_one_meter_closes_no_other(bench: Bench) -> None:
    lose_an_answer(bench)
    table = set_table(
        lambda number, request: acknowledgement(request), gate=gate_of(bench.log, OTHER_METER["serial_number"])
    )
    table.run(write([TWO_TARIFFS]))
    assert len(table.wire.heard) == 1


@pytest.mark.parametrize("settle", [verify, resolve])
def test_reading_the_meter_again_ends_the_doubt(bench: Bench, settle: Any) -> None:
    lose_an_answer(bench)
    bench.log.append(settle(bench.log.doubts[0].of))
    assert bench.log.doubts == []
    table = set_table(lambda number, request: acknowledgement(request), gate=gate_of(bench.log))
    table.run(write([TWO_TARIFFS]))
    assert len(table.wire.heard) == 1


def test_a_run_that_died_between_intent_and_outcome_is_in_doubt_for_the_next_run(bench: Bench) -> None:
    gate_of(bench.log)(Announcement(operation="DST off", frames=(DST_OFF.masked(), TWO_TARIFFS.masked())))
    reopened = bench.open()  # the first run never closes
    assert [(doubt.i, doubt.operation, doubt.result) for doubt in reopened.doubts] == [
        (0, "DST off", None),
        (1, "DST off", None),
    ]
    with pytest.raises(MeterInDoubtError):
        gate_of(reopened)(Announcement(operation="again", frames=("00",)))


def test_doubt_that_another_run_left_meanwhile_is_seen(bench: Bench) -> None:
    ours, theirs = bench.log, bench.open()
    gate_of(theirs)(Announcement(operation="theirs", frames=("00",)))
    with pytest.raises(MeterInDoubtError, match="theirs"):
        gate_of(ours)(Announcement(operation="ours", frames=("00",)))


@pytest.mark.parametrize(
    ("fate", "in_doubt"),
    [
        (Fate.ANSWERED, False),
        (Fate.REFUSED, False),
        (Fate.NOT_SENT, False),
        (Fate.NO_ANSWER, True),
        (Fate.DAMAGED, True),
    ],
)
def test_only_a_lost_or_damaged_answer_leaves_doubt(bench: Bench, fate: Fate, in_doubt: bool) -> None:
    gate = gate_of(bench.log)
    gate(Announcement(operation="DST off", frames=("00",)))
    gate(Outcome(operation="DST off", index=0, frame="00", fate=fate, detail="why"))
    assert bool(bench.log.doubts) is in_doubt
    assert on_disk(bench, "outcome")[0]["d"]["detail"] == "why"


def test_what_was_not_sent_is_recorded_when_the_work_breaks_off(bench: Bench) -> None:
    def meter(_number: int, request: bytes) -> Answers:
        return [(0.02, encode_frame(ADDRESS, request[4], b"\x01\x02\x03"))]  # no acknowledgement

    with pytest.raises(WireError):
        set_table(meter, gate=gate_of(bench.log)).run(write([DST_OFF, TWO_TARIFFS]))
    assert [each["d"]["result"] for each in on_disk(bench, "outcome")][-1] == "not-sent"
    assert len(bench.log.doubts) == 1


# --- all or nothing -------------------------------------------------------------------------------------------------


def test_an_announcement_of_which_a_part_cannot_be_written_leaves_nothing(bench: Bench) -> None:
    changes = (Change(parameter="x" * 40_000, old=None, new=""),) * 65
    gate = gate_of(bench.log)
    before = bench.place.bytes().read("000000000000.log")
    with pytest.raises(AuditError):
        LogGate(bench.log, replace(errand(), why="x" * 40_000))(Announcement(operation="x", frames=("00",) * 65))
    assert bench.place.bytes().read("000000000000.log") == before
    gate(Announcement(operation="long words are cut", frames=("00",) * 65, changes=changes))
    assert len(on_disk(bench, "intent")[0]["d"]["frames"][0]["parameter"]) == 1_000


def test_words_that_json_makes_longer_are_parted_by_what_they_become(bench: Bench) -> None:
    changes = (Change(parameter="p", old='"' * 900, new="\x01" * 900),) * 40
    gate_of(bench.log)(Announcement(operation="quotes", frames=("00",) * 40, changes=changes))
    assert sum(len(each["d"]["frames"]) for each in on_disk(bench, "intent")) == 40
    assert bench.report().state == "in-doubt"


def test_an_outcome_is_recorded_whatever_its_words_are(bench: Bench) -> None:
    """A port on macOS is named in another normal form, and a name that is not UTF-8 holds half a surrogate pair."""
    gate = gate_of(bench.log)
    details = ["/dev/cu.И\u0306", "/dev/\udcff", "x" * 100_000]
    gate(Announcement(operation="three", frames=("00",) * 3))
    for index, detail in enumerate(details):
        gate(Outcome(operation="three", index=index, frame="00", fate=Fate.ANSWERED, detail=detail))
    assert [each["d"]["detail"] for each in on_disk(bench, "outcome")] == ["/dev/cu.Й", "/dev/?", "x" * 1_000]
    assert bench.log.doubts == []


def test_two_gates_at_one_meter_never_announce_both(bench: Bench) -> None:
    """The doubts are looked at under the lock under which the intent is written, and never as a hint tells them."""
    bench.log.close()
    first, second = bench.open(), bench.open()
    gate_of(first)(Announcement(operation="first", frames=("00",)))
    with pytest.raises(MeterInDoubtError, match="first"):
        gate_of(second)(Announcement(operation="second", frames=("00",)))
    assert len(on_disk(bench, "intent")) == 1


def test_a_hint_without_the_doubt_opens_no_way(bench: Bench) -> None:
    gate_of(bench.log)(Announcement(operation="lost", frames=("00",)))
    bench.log.close()
    honest = bench.open()
    honest._writer.chain.doubts = Doubts()  # whoever holds the key signs what he likes
    honest.close()
    forgetful = bench.open()
    assert forgetful.doubts == []
    with pytest.raises(MeterInDoubtError, match="lost"):
        gate_of(forgetful)(Announcement(operation="again", frames=("00",)))


def test_what_a_later_meterlink_wrote_closes_the_way_to_every_meter(bench: Bench) -> None:
    forger = bench.forger()
    with bench.last_segment().open("ab") as segment:
        segment.write(forger.pair("intent", {"meter": {"serial_number": "41"}}, v=2))
    with pytest.raises(AuditNotWritableError, match="later version"):
        gate_of(bench.open())(Announcement(operation="x", frames=("00",)))
