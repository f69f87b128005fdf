"""What the state after the work must show: bounds of energy, values nobody touched, a clock nobody set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from meterlink.driver import SetTariffCount
from meterlink.errors import EnergyMovedError, MeterlinkError
from meterlink.flow import Change
from meterlink.model import Action, Direction, EnergyReading, EnergyValue, Evidence, Quantity
from meterlink.visit.carrying import Result, StepResult
from meterlink.visit.checking import MOST_POWER_KW, energy_problems, problems_after
from meterlink.visit.plan import ClockMethod, ClockStep, Plan, Step
from meterlink.visit.snapshot import Snapshot
from meterlink_mercury200 import DRIVER
from tests.visit.made_up import HOUR, NOW, PROFILE, off, order, state

MINUTE = timedelta(minutes=1)


def registers(**amounts: str) -> EnergyReading:
    """Registers by name, in kWh; an amount that ends in `r` is reactive."""
    values = []
    for name, amount in amounts.items():
        reactive = amount.endswith("r")
        quantity = Quantity.REACTIVE if reactive else Quantity.ACTIVE
        told = Decimal(amount.removesuffix("r"))
        values.append(
            EnergyValue(quantity=quantity, direction=Direction.IMPORT, register=name, amount=told, raw=str(told))
        )
    return EnergyReading(registers=tuple(values), read_at=NOW)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Two readings and what does not fit between them."""

    name: str
    before: EnergyReading
    after: EnergyReading
    elapsed: timedelta = MINUTE
    says: tuple[str, ...] = ()


CASES = (
    Moved(name="equal", before=registers(T1="5.00"), after=registers(T1="5.00")),
    Moved(
        name="one count in no time at all", before=registers(T1="5.00"), after=registers(T1="5.01"), elapsed=MINUTE * 0
    ),
    Moved(name="as much as can be", before=registers(T1="5.00"), after=registers(T1="6.18"), elapsed=MINUTE),
    Moved(name="an hour of full load", before=registers(T1="5.00"), after=registers(T1="75.00"), elapsed=HOUR),
    Moved(name="a register that fills", before=registers(T1="0.00"), after=registers(T1="0.01")),
    Moved(
        name="a count too many",
        before=registers(T1="5.00"),
        after=registers(T1="6.20"),
        says=("T1 grew from 5.00 to 6.20 kWh in 1 min 00 s; at most 1.19 is possible",),
    ),
    Moved(
        name="a count too few",
        before=registers(T1="5.00", T2="7.00"),
        after=registers(T1="5.00", T2="6.99"),
        says=("T2 fell from 7.00 to 6.99 kWh",),
    ),
    Moved(
        name="cleared",
        before=registers(T1="5.00", T2="7.00"),
        after=registers(T1="0.00", T2="0.00"),
        says=("T1 fell", "T2 fell"),
    ),
    Moved(
        name="a register that is gone",
        before=registers(T1="5.00", T2="7.00"),
        after=registers(T1="5.00"),
        says=("T2 was 7.00",),
    ),
    Moved(name="a register that is new", before=registers(T1="5.00"), after=registers(T1="5.00", T2="7.00")),
    Moved(name="rolled over", before=registers(T1="999999.99"), after=registers(T1="0.00"), says=("T1 fell",)),
    Moved(
        name="a reactive register is another one",
        before=registers(T1="5.00r"),
        after=registers(T1="5.00"),
        says=("T1 was 5.00 kvarh and is not there any more",),
    ),
    Moved(
        name="a clock of the computer that went back",
        before=registers(T1="5.00"),
        after=registers(T1="5.03"),
        elapsed=-HOUR,
        says=("T1 grew",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_energy_moves_as_it_can(case: Moved) -> None:
    found = list(energy_problems(case.before, case.after, case.elapsed, MOST_POWER_KW))
    assert len(found) == len(case.says), found
    for text, said in zip(found, case.says, strict=True):
        assert text.startswith(said)


# --- a whole state --------------------------------------------------------------------------------------------------

COUNT = "tariffs in force"
BEFORE = replace(state(), clock=off(HOUR))


def step(action: Action, *changes: Change, clock: ClockStep | None = None) -> Step:
    return Step(
        action=action,
        capability="set_" + action.value,
        evidence=Evidence.DOCUMENT,
        source="",
        clock=clock,
        changes=changes,
        setting=None if clock else SetTariffCount(count=2),
    )


CLOCK_STEP = step(Action.CLOCK, clock=ClockStep(method=ClockMethod.HARD, error=HOUR))
SOFT_STEP = step(Action.CLOCK, clock=ClockStep(method=ClockMethod.SOFT, error=HOUR))
COUNT_STEP = step(Action.TARIFF_MODE, Change(parameter=COUNT, old="01", new="02"))


def problems(
    *results: tuple[Step, Result], after: Snapshot, before: Snapshot = BEFORE, first: Snapshot | None = None
) -> list[MeterlinkError]:
    plan = Plan(order=order(Action.CLOCK), before=before, steps=tuple(each for each, _ in results), made_at=NOW)
    told = [StepResult(step=each, result=result, old="", new="") for each, result in results]
    return problems_after(plan, told, after, DRIVER, PROFILE, first)


def with_clock(error: timedelta) -> Snapshot:
    return replace(BEFORE, clock=off(error))


def with_count(raw: str | None) -> Snapshot:
    others = {name: value for name, value in BEFORE.stored.items() if name != COUNT}
    return replace(BEFORE, stored=others | ({} if raw is None else {COUNT: raw}))


@pytest.mark.parametrize(
    ("done", "error", "noticed"),
    [
        ((), HOUR, False),
        ((), HOUR + timedelta(seconds=59), False),
        ((), HOUR * 2, True),
        ((), timedelta(), True),
        (((CLOCK_STEP, Result.VERIFIED),), timedelta(seconds=4), False),
        (((CLOCK_STEP, Result.VERIFIED),), timedelta(seconds=-20), True),
        (((CLOCK_STEP, Result.VERIFIED),), HOUR, True),
        (((CLOCK_STEP, Result.NOT_SENT),), HOUR, False),
        (((CLOCK_STEP, Result.NOT_SENT),), timedelta(), True),
        (((CLOCK_STEP, Result.DIFFERS),), HOUR * 3, False),
        (((SOFT_STEP, Result.VERIFIED),), timedelta(seconds=4), False),
        (((SOFT_STEP, Result.VERIFIED),), timedelta(seconds=20), True),
    ],
)
def test_a_clock_stays_where_it_was_left(
    done: tuple[tuple[Step, Result], ...], error: timedelta, noticed: bool
) -> None:
    found = problems(*done, after=with_clock(error))
    assert [error.exit_code for error in found] == ([7] if noticed else [])


@pytest.mark.parametrize(
    ("done", "raw", "noticed"),
    [
        ((), "01", False),
        ((), "02", True),
        ((), None, True),
        (((COUNT_STEP, Result.VERIFIED),), "02", False),
        (((COUNT_STEP, Result.VERIFIED),), "01", True),
        (((COUNT_STEP, Result.DIFFERS),), "03", False),
    ],
)
def test_a_stored_value_stays_as_it_was_left(
    done: tuple[tuple[Step, Result], ...], raw: str | None, noticed: bool
) -> None:
    found = problems(*done, after=with_count(raw))
    assert [(type(each).__name__, each.facts().get("item")) for each in found] == (
        [("ReadBackError", COUNT)] if noticed else []
    )


def test_energy_comes_first_and_is_held_against_the_first_state_of_the_work_too() -> None:
    after = replace(with_count("03"), clock=off(timedelta()))
    first = replace(BEFORE, energy=replace(BEFORE.energy, registers=registers(T1="999999.00").registers))
    kinds = [type(each) for each in problems(after=after, first=first)]
    assert kinds[0] is EnergyMovedError
    assert len(kinds) == 3
    assert EnergyMovedError not in [type(each) for each in problems(after=after)]
