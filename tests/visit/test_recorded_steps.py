"""The steps of a work, told from its records."""

from __future__ import annotations

from meterlink.audit.canonical import encode_canonical
from meterlink.audit.record import decode_record
from meterlink.visit.recorded_steps import AS_WANTED, NO_RESULT, NOT_BEGUN, REPLANNED, VERIFIED, RecordedSteps
from tests.report.works import STEPS, WorkRecords, begun, plan

DST, CLOCK, _, SCHEDULE, _ = STEPS
HALF = {"January sunday": "00", "May monday": "07"}


def told(work: WorkRecords) -> RecordedSteps:
    return RecordedSteps.of(decode_record(encode_canonical(fields)) for fields in work.fields)


def states(steps: RecordedSteps) -> dict[str, str]:
    return {step.operation: step.state for step in steps.steps}


def half_done() -> WorkRecords:
    """One step stands, one was announced and has no result, one was not begun."""
    work = begun()
    work.add("work.plan", plan((DST, SCHEDULE, CLOCK)))
    work.write(*DST)
    work.announce(SCHEDULE[1], HALF)
    return work


def test_a_step_is_not_begun_then_announced_then_has_a_result() -> None:
    steps = told(half_done())
    assert states(steps) == {DST[1]: VERIFIED, SCHEDULE[1]: NO_RESULT, CLOCK[1]: NOT_BEGUN}
    assert steps.open == {SCHEDULE[1]: HALF}
    assert steps.verified == {DST[1]: "00"}


def test_a_later_plan_settles_what_stood_open_before_it() -> None:
    work = half_done()
    again = ("schedule", "write the rest of the schedule", "half", "whole")
    work.add("work.plan", plan((again,), untouched=["clock", "dst_off"]))
    steps = told(work)
    assert states(steps) == {DST[1]: VERIFIED, SCHEDULE[1]: REPLANNED, CLOCK[1]: AS_WANTED, again[1]: NOT_BEGUN}
    assert steps.open == {}
    assert steps.untouched == ("clock", "dst_off")


def test_what_was_announced_is_told_as_it_was_wanted_last() -> None:
    work = half_done()
    work.announce("the rest", {"May monday": "08"})
    work.announce(SCHEDULE[1], {"May sunday": "09"})
    steps = told(work)
    assert steps.announced({SCHEDULE[1]}) == HALF | {"May sunday": "09"}
    assert steps.announced() == {DST[1]: "00"} | HALF | {"May monday": "08", "May sunday": "09"}


def test_what_is_announced_again_is_verified_no_more() -> None:
    work = half_done()
    work.announce("again", {DST[1]: "01"})
    assert told(work).verified == {}
