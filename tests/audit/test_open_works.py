"""Works that are open: which there are after any records, that the hint keeps them, and that one which wrote to a meter
keeps every other work from writing there, whoever holds the log open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit import cache
from meterlink.audit.condition import look
from meterlink.audit.open_works import OpenWork
from meterlink.audit.record import Entry
from meterlink.audit.works import works_of
from meterlink.errors import MeterInDoubtError, WorkOpenError
from tests.audit.logs import METER, OTHER_METER, Bench, intent, make_log, outcome, read, work_close

SERIAL = METER["serial_number"]
A, B = "117/1", "200/1"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_log(tmp_path)


def opened(work: str, serial: str | None = SERIAL) -> Entry:
    """As a visit opens one."""
    d: dict[str, Any] = {"order": {"number": "117"}, "meter": {} if serial is None else {"answered": serial}}
    return Entry(type="work.open", work=work, d=d)


def written(bench: Bench, work: str, meter: Mapping[str, str] | None = METER) -> None:
    """A frame of this work was announced and acknowledged: nothing is in doubt."""
    of = bench.log.append(intent(work=work, meter=meter))
    bench.log.append(outcome(of))


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    told: Sequence[Entry]
    left: Sequence[tuple[str, str | None, bool]] = ()
    """Work, meter, whether it wrote."""

    def __str__(self) -> str:
        return self.name


SENSELESS = Entry(type="work.open", work=A, d={"order": "117", "meter": ["06925646"]})
CASES = (
    Case(name="none", told=()),
    Case(name="opened", told=(opened(A),), left=((A, SERIAL, False),)),
    Case(name="opened and closed", told=(opened(A), work_close(A))),
    Case(name="announced", told=(opened(A), intent(work=A)), left=((A, SERIAL, True),)),
    Case(name="announced, then closed", told=(opened(A), intent(work=A), work_close(A))),
    Case(name="read only", told=(opened("w-17"), read()), left=(("w-17", SERIAL, False),)),
    Case(name="two", told=(opened(A), opened(B), intent(work=B)), left=((A, SERIAL, False), (B, SERIAL, True))),
    Case(name="one closed", told=(opened(A), opened(B), intent(work=A), work_close(B)), left=((A, SERIAL, True),)),
    Case(name="no meter named", told=(opened(A, None),), left=((A, None, False),)),
    Case(name="the meter named by the intent", told=(opened(A, None), intent(work=A)), left=((A, SERIAL, True),)),
    Case(name="a write of no open work", told=(intent(work=A),)),
    Case(name="opened twice", told=(opened(A), intent(work=A), opened(A)), left=((A, SERIAL, True),)),
    Case(name="closed, never opened", told=(work_close(A),)),
    Case(name="facts of another form", told=(SENSELESS,), left=((A, None, False),)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_which_works_are_open(bench: Bench, case: Case) -> None:
    for entry in case.told:
        bench.log.append(entry)
    bench.log.close()
    hinted = look(bench.place).found
    bench.place.folder.cache.unlink()
    whole = look(bench.place).found
    assert (hinted.from_hint, whole.from_hint) == (True, False)
    for found in (hinted, whole):
        assert [(work.work, work.serial_number, work.wrote) for work in found.chain.works] == list(case.left)
    assert [seen.id for seen in works_of(bench.place).works if not seen.closed] == [work for work, _, _ in case.left]


def test_a_work_that_is_open_says_what_is_known(bench: Bench) -> None:
    n = bench.log.append(opened(A))
    (work,) = bench.log.open_works_at(SERIAL)
    (seen,) = works_of(bench.place).works
    at = seen.opened.fields["t"]
    assert work == OpenWork(work=A, record=n, opened_at=at, order="117", serial_number=SERIAL, wrote=False)


def test_status_tells_of_one_that_wrote_and_verify_does_not(bench: Bench) -> None:
    bench.log.append(opened(A))
    assert look(bench.place).state == "ok", "nothing was written in it"
    written(bench, A)
    (finding,) = look(bench.place).findings
    assert (finding.state, finding.exit_code) == ("work-open", 11)
    assert isinstance(finding, WorkOpenError)
    assert (finding.work, finding.order_no, finding.serial_number) == (A, "117", SERIAL)
    assert bench.report().state == "ok"
    bench.log.append(work_close(A))
    assert look(bench.place).findings == []


def test_a_frame_in_doubt_is_told_first(bench: Bench) -> None:
    bench.log.append(opened(A))
    bench.log.append(intent(work=A))
    doubt, barred = look(bench.place).findings
    assert (doubt.state, barred.state) == ("in-doubt", "work-open")
    assert isinstance(doubt, MeterInDoubtError)
    assert doubt.facts()["work"] == A


# --- the bar --------------------------------------------------------------------------------------------------------


def left_by(bench: Bench) -> None:
    bench.log.append(opened(A))
    written(bench, A)


@pytest.mark.parametrize("work", [B, None])
def test_no_other_work_is_announced_at_its_meter(bench: Bench, work: str | None) -> None:
    left_by(bench)
    size = bench.log.size
    with pytest.raises(WorkOpenError) as refused:
        bench.log.announce([replace(intent(), work=work)], SERIAL)
    assert (refused.value.work, refused.value.exit_code) == (A, 11)
    assert bench.log.size == size, "nothing of it is in the log"


def test_the_work_itself_goes_on_and_other_meters_are_free(bench: Bench) -> None:
    left_by(bench)
    (of,) = bench.log.announce([intent(work=A)], SERIAL)
    bench.log.append(outcome(of))
    bench.log.announce([intent(work=B, meter=OTHER_METER)], OTHER_METER["serial_number"])


def test_closing_it_lifts_the_bar(bench: Bench) -> None:
    left_by(bench)
    bench.log.append(work_close(A))
    bench.log.announce([intent(work=B)], SERIAL)


def test_one_that_names_no_meter_may_be_at_any(bench: Bench) -> None:
    bench.log.append(opened(A, None))
    written(bench, A, None)
    with pytest.raises(WorkOpenError):
        bench.log.announce([intent(work=B, meter=OTHER_METER)], OTHER_METER["serial_number"])


def test_what_another_run_left_meanwhile_bars_too(bench: Bench) -> None:
    """It is looked at under the lock under which the intent is written."""
    ours, theirs = bench.log, bench.open()
    ours.append(opened(B))
    theirs.append(opened(A))
    (of,) = theirs.announce([intent(work=A)], SERIAL)
    theirs.append(outcome(of))
    with pytest.raises(WorkOpenError):
        ours.announce([intent(work=B)], SERIAL)


def change_hint(bench: Bench, **facts: Any) -> None:
    """A hint that says something else, signed as it should be."""
    path, key = bench.place.folder.cache, bench.key()
    told = json.loads(path.read_bytes().partition(b"\n")[0]) | facts
    text = json.dumps(told).encode()
    path.write_bytes(text + b"\n" + key.sign(cache._PURPOSE + text).hex().encode() + b"\n")


def test_a_hint_without_the_work_opens_no_way(bench: Bench) -> None:
    left_by(bench)
    bench.log.close()
    change_hint(bench, works=[])
    assert look(bench.place).state == "ok", "the hint was believed"
    with pytest.raises(WorkOpenError):
        bench.open().announce([intent(work=B)], SERIAL)


def test_a_hint_of_an_older_version_is_not_believed(bench: Bench) -> None:
    left_by(bench)
    bench.log.close()
    change_hint(bench, format=1)
    seen = look(bench.place)
    assert (seen.found.from_hint, seen.state) == (False, "work-open")
