"""What goes wrong in the middle of a visit, and what must hold all the same."""

from __future__ import annotations

from collections.abc import Callable

from meterlink.errors import MeterlinkError
from meterlink.tariff import preset
from meterlink.visit.session import Ended
from meterlink_mercury200 import messages as m
from meterlink_mercury200.sim import SimulatedMercury200
from tests.visit.visits import Killed, Spied, Visit, Visits, make_meter


def lose_record(meter: SimulatedMercury200, now: float) -> None:
    """One record of the schedule becomes another one."""
    records = meter.memory.records
    key = next(reversed(records))
    records[key] = type(records[key]).of([(0, 3)])


def stopped_at(command: int) -> Callable[[bytes, float], None]:
    """The program is gone before the meter hears this command."""

    def stop(frame: bytes, now: float) -> None:
        if len(frame) > 4 and frame[4] == command:
            raise Killed

    return stop


def fates(visits: Visits) -> list[tuple[str, int, int, str, bool]]:
    """Each announced frame in order: its bytes, the record that lists it, its place there, its outcome, and whether
    what stood in the meter afterwards was read and written down."""
    records = visits.records()
    outcomes = {(r["d"]["of"], r["d"]["i"]): r["d"]["result"] for r in records if r["type"] == "outcome"}
    settled = {(r["d"]["of"], r["d"].get("i")) for r in records if r["type"] in ("verify", "resolve")}
    return [
        (
            frame["bytes"],
            record["n"],
            frame["i"],
            outcomes.get((record["n"], frame["i"]), "no-answer"),
            bool({(record["n"], None), (record["n"], frame["i"])} & settled),
        )
        for record in records
        if record["type"] == "intent"
        for frame in record["d"]["frames"]
    ]


def assert_every_write_was_announced_once(visits: Visits, spy: Spied) -> None:
    """What was on the wire is what the log says was sent; a frame is sent again only after its value was read."""
    announced = fates(visits)
    sent = [frame for frame, _, _, outcome, _ in announced if outcome != "not-sent"]
    assert [frame.hex(" ").upper() for frame in spy.writes] == sent[-len(spy.writes) or len(sent) :]
    for place, (frame, n, i, outcome, settled) in enumerate(announced):
        if outcome != "not-sent" and any(frame == again for again, *_ in announced[place + 1 :]):
            assert settled, f"{frame} (record {n}, {i}) was sent again, and nobody had read what it did"


def holds_what_was_wanted(meter: SimulatedMercury200) -> bool:
    """What the order of `order_of()` asks for, and nothing else changed."""
    wanted = make_meter(schedule=preset("ru-household-2").schedule).memory
    memory = meter.memory
    return (
        memory.records == wanted.records
        and memory.tariff_count == 2
        and not memory.get(m.READ_DST).enabled
        and memory.get(m.READ_BUTTON_CORRECTION) == wanted.get(m.READ_BUTTON_CORRECTION)
    )


def run_to_its_end(visits: Visits, visit: Visit, spy: Spied) -> Ended | MeterlinkError:
    """What came of a run of which each write was announced once."""
    try:
        ended: Ended | MeterlinkError = visit.carry_out()
    except MeterlinkError as error:
        ended = error
    visit.leave()
    assert_every_write_was_announced_once(visits, spy)
    return ended
