"""How a plan is made: from an order and the state of a meter, by what its profile says it can do. Pure.

The same order, state and moment give the same plan, so whoever carries one out makes it again and compares. What the
order does not list is never planned; what the meter cannot do, or nobody has seen work, is an error before any byte.
An order that nobody issued (a preview) shows what would be done and, as warnings `needs`, what a real one would need.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any, Final

from meterlink.driver import SetDst, SetHolidays, SetSchedule, SetTariffCount, Setting, Unliftable
from meterlink.errors import (
    ClockUnknownError,
    ExperimentalError,
    HolidaysUnclearError,
    NotSupportedError,
    OrderError,
    OtherMeterError,
    PlanError,
    StoredUnknownError,
)
from meterlink.flow import Change
from meterlink.model import Action, Evidence
from meterlink.tariff import DayKind, YearSchedule, differences
from meterlink.visit.clock_policy import Correct, Decision, Leave, decide, decide_senseless
from meterlink.visit.clock_window import Correction, window_warnings
from meterlink.visit.diagnosis import dst_warnings, signature_warnings
from meterlink.visit.order import Order
from meterlink.visit.parts import CLOCK, SCHEDULE, SETTINGS
from meterlink.visit.plan import ClockStep, Plan, Step, Terms, Warning
from meterlink.visit.snapshot import Snapshot
from meterlink.visit.warnings import Planned, plan_warnings, restoring_warnings
from meterlink.visit.wishes import HOLIDAYS_ACTION, Wishes, order_error

CAPABILITIES: Final[Mapping[Action, str]] = {
    Action.CLOCK: "set_clock",
    Action.DST_OFF: "set_dst",
    Action.DST_ON: "set_dst",
    Action.SCHEDULE: "set_schedule",
    Action.HOLIDAYS: "set_holidays",
    Action.TARIFF_MODE: "set_tariff_count",
    Action.DISPLAY: "set_display",
    Action.BUTTON_CORRECTION: "set_button_correction",
}
"""What a profile calls the actions that write."""

_DST: Final = frozenset({Action.DST_OFF, Action.DST_ON})
_TABLES: Final = (Action.SCHEDULE, Action.HOLIDAYS)
"""What a schedule is read from."""

_TEXT: Final = {
    "no code": "the driver of this family does not write it",
    "not read": "it was not read",
    "and more": "{names} and {count} more",
}


def build_plan(terms: Terms, actions: Collection[Action] | None = None) -> Plan:
    """The plan for an order, or for those of its actions that are named."""
    order = terms.order
    making = _Making(terms=terms, chosen=_chosen(order, order.actions if actions is None else actions))
    making.refuse_meter_not_ordered()
    making.refuse_unwritten()
    for action in terms.driver.step_order:
        if action in making.chosen:
            making.add(action)
    return making.plan()


def restore_plan(terms: Terms, *, earlier: Snapshot, actions: Collection[Action], restores: str) -> Plan:
    """The plan back to what stood in the meter when `earlier` was read, for what these actions are about.

    The order must list the actions. Which way the automatic change to summer time goes back is told by the earlier
    state alone; where the order does not list that way, it is left out and told. A clock is never put back.
    """
    making = _Making(terms=terms, chosen=_chosen(terms.order, frozenset(actions) - _DST))
    making.refuse_meter_not_ordered()
    making.refuse_state_of_another_meter(earlier)
    if not _DST.isdisjoint(actions):
        making.choose_switch_back(earlier)
    making.refuse_unwritten()
    for action in terms.driver.step_order:
        if action in making.chosen and action is not Action.CLOCK:
            making.add_restoring(action, earlier)
    return making.restoring_plan(restores)


def _chosen(order: Order, actions: Collection[Action]) -> frozenset[Action]:
    for action in actions:
        if action not in order.actions:
            raise order_error(order, "not listed", action=action.value)
    return frozenset(actions) - {Action.READ}


@dataclass(slots=True, kw_only=True)
class _Making:
    """A plan while it is made."""

    terms: Terms
    chosen: frozenset[Action]
    steps: list[Step] = field(default_factory=list)
    untouched: list[Action] = field(default_factory=list)
    needs: list[Warning] = field(default_factory=list)
    notes: list[Warning] = field(default_factory=list)

    # what stops it

    def refuse_meter_not_ordered(self) -> None:
        """OtherMeterError; a preview may be about whatever answers."""
        plate = self.terms.order.meter.serial_number
        if plate or not self.terms.order.is_preview:
            self._refuse_other(plate, self.terms.before)

    def refuse_state_of_another_meter(self, earlier: Snapshot) -> None:
        self._refuse_other(self.terms.before.identity.serial_number, earlier)

    def _refuse_other(self, plate: str, snapshot: Snapshot) -> None:
        answered = snapshot.identity.serial_number
        if not self.terms.driver.same_serial(plate, answered):
            raise OtherMeterError(address=self.terms.before.identity.address, plate=plate, answered=answered)

    def refuse_unwritten(self) -> None:
        """NotSupportedError for an action that this family never writes."""
        for action in sorted(self.chosen - frozenset(self.terms.driver.step_order)):
            raise self._not_supported(action, _TEXT["no code"])

    def _not_supported(self, action: Action, why: str) -> NotSupportedError:
        return NotSupportedError(model=self.terms.profile.model, capability=CAPABILITIES[action], why=why)

    def _require(self, error: PlanError | OrderError, need: str) -> None:
        """Raise what a real order lacks; a preview notes it."""
        if not self.terms.order.is_preview:
            raise error
        facts = {name: str(fact) for name, fact in error.facts().items()}
        self.needs.append(Warning(code="needs", facts={**facts, "need": need}))

    # steps

    def add(self, action: Action) -> None:
        """The step of an action, or nothing where the meter is as wanted."""
        if action is Action.CLOCK:
            self._add_clock()
        elif action is Action.DST_OFF and self._has_no_dst():
            self.untouched.append(action)
        else:
            self.terms.profile.require(CAPABILITIES[action])
            self._add_wish(action)

    def _add_wish(self, action: Action) -> None:
        wishes = Wishes(order=self.terms.order, chosen=self.chosen, held=self.terms.before.holidays)
        setting = wishes.of(action)
        days = wishes.days_not_ordered() if action is Action.SCHEDULE else None
        if days is not None:
            self._require(days, HOLIDAYS_ACTION)
        if self._is_known(action, self.terms.before):
            changes = self.terms.driver.changes(setting, self.terms.before.stored, self.terms.profile)
            if action is Action.HOLIDAYS and Action.SCHEDULE not in self.chosen:
                self._look_at_days(changes)
            self._add_step(action, changes, setting)

    def _look_at_days(self, changes: tuple[Change, ...]) -> None:
        """What new holidays make of a schedule that stays as it is stored."""
        after = self._lifted({change.parameter: change.new for change in changes}) if changes else None
        before = self.terms.before.year_schedule
        if isinstance(after, Unliftable) and before is not None:
            unclear = HolidaysUnclearError(why=after.reasons[0])
            self._require(unclear, unclear.need)
        elif isinstance(after, YearSchedule):
            told = [] if before is None else differences(before, after)
            if told:
                self.notes.append(Warning(code="holidays-change-days", facts={"changes": "; ".join(told)}))

    def _lifted(self, written: Mapping[str, str]) -> YearSchedule | Unliftable | None:
        """The schedule in the meter once these values stand in it; None where its tables were not read."""
        before = self.terms.before
        return None if before.schedule is None else self.terms.driver.lift_stored({**before.stored, **written})

    # steps back

    def choose_switch_back(self, earlier: Snapshot) -> None:
        """The switch of the automatic summer time goes where the earlier state had it, whatever was ordered then."""
        self.terms.profile.require(CAPABILITIES[Action.DST_OFF])
        if self._is_known(Action.DST_OFF, earlier):
            held_off = not self.terms.driver.changes(SetDst(enabled=False), earlier.stored, self.terms.profile)
            self.chosen |= {Action.DST_OFF if held_off else Action.DST_ON}

    def add_restoring(self, action: Action, earlier: Snapshot) -> None:
        """The step that writes back what an earlier state held."""
        self.terms.profile.require(CAPABILITIES[action])
        if not (self._is_known(action, self.terms.before) and self._is_known(action, earlier)):
            return
        changes = tuple(
            Change(parameter=name, old=self.terms.before.stored[name], new=value)
            for name, value in self._values_of(action, earlier).items()
            if value != self.terms.before.stored[name]
        )
        if changes and action not in self.terms.order.actions and not self.terms.order.is_preview:
            self.notes.append(Warning(code="switch-not-restored", facts={"action": action.value}))
        else:
            self._add_step(action, changes, self._setting_back(action, earlier) if changes else None)

    def _values_of(self, action: Action, snapshot: Snapshot) -> dict[str, str]:
        return {name: snapshot.stored[name] for name in self.terms.driver.stored_names(action, self.terms.profile)}

    def _setting_back(self, action: Action, earlier: Snapshot) -> Setting | None:
        """What the values that are written back mean; None where no setting says it."""
        match action:
            case Action.DST_OFF | Action.DST_ON:
                return SetDst(enabled=action is Action.DST_ON)
            case Action.SCHEDULE:
                return self._schedule_back(earlier)
            case Action.HOLIDAYS if earlier.holidays is not None:
                return SetHolidays(days=earlier.holidays.days)
            case Action.TARIFF_MODE if earlier.tariffs is not None and earlier.tariffs.tariffs_in_force is not None:
                return SetTariffCount(count=earlier.tariffs.tariffs_in_force)
        return None

    def _schedule_back(self, earlier: Snapshot) -> SetSchedule | None:
        """With the special days that will be in the meter then."""
        written = [self._values_of(action, earlier) for action in _TABLES if action in self.chosen]
        lifted = self._lifted({name: value for values in written for name, value in values.items()})
        if isinstance(lifted, YearSchedule):
            return SetSchedule(schedule=lifted)
        reasons = (_TEXT["not read"],) if lifted is None else lifted.reasons
        self.notes.append(Warning(code="restores-unliftable", facts={"reasons": "; ".join(reasons)}))
        return None

    def _add_step(self, action: Action, changes: tuple[Change, ...], setting: Setting | None) -> None:
        if changes:
            self._append(self._step(action, changes=changes, setting=setting))
        else:
            self.untouched.append(action)

    def _step(
        self,
        action: Action,
        *,
        changes: tuple[Change, ...] = (),
        setting: Setting | None = None,
        clock: ClockStep | None = None,
    ) -> Step:
        support = self.terms.profile.require(CAPABILITIES[action])
        return Step(
            action=action,
            capability=CAPABILITIES[action],
            evidence=support.evidence,
            source=support.source,
            clock=clock,
            setting=setting,
            changes=changes,
            told=tuple(map(self._told, changes)),
            prompt=support.prompt,
        )

    def _told(self, change: Change) -> Change:
        name, words = change.parameter, self.terms.driver.told_stored
        old = None if change.old is None else words(name, change.old)
        return Change(parameter=name, old=old, new=words(name, change.new))

    def _append(self, step: Step) -> None:
        if step.experimental and not self.terms.experimental:
            error = ExperimentalError(capability=step.capability, model=self.terms.profile.model, source=step.source)
            self._require(error, error.need)
        self.steps.append(step)

    def _is_known(self, action: Action, snapshot: Snapshot) -> bool:
        """Whether the values that would be written over were read."""
        names = self.terms.driver.stored_names(action, self.terms.profile)
        missing = [name for name in names if name not in snapshot.stored]
        if missing:
            error = StoredUnknownError(action=action.value, names=_listed(missing), why=_reasons(snapshot))
            self._require(error, error.need)
        return not missing

    def _has_no_dst(self) -> bool:
        """Whether the model is known to have no automatic summer time at all."""
        can_set, can_read = (self.terms.profile.supports.get(name) for name in ("set_dst", "dst"))
        if can_read is None or can_read.supported or can_read.evidence is Evidence.GUESS:
            return False
        if can_set is not None and can_set.supported:
            return False
        self.notes.append(Warning(code="meter-has-no-dst", facts={"why": can_read.note or can_read.source}))
        return True

    def _add_clock(self) -> None:
        reading = self.terms.before.clock
        if self.terms.before.clock_senseless:
            self._take(decide_senseless(**self._clock_terms()))
            return
        if reading is None:
            unknown = ClockUnknownError(why=self._clock_reason())
            self._require(unknown, unknown.need)
            return
        if reading.wrong_weekday is not None:
            said, true = DayKind(reading.wrong_weekday), DayKind.weekday_of(reading.meter.date())
            facts = {"said": said.name.lower(), "true": true.name.lower(), "date": reading.meter.date().isoformat()}
            self.notes.append(Warning(code="weekday-wrong", facts=facts))
        self._take(decide(reading, soft=self.terms.driver.soft_correction(self.terms.profile), **self._clock_terms()))

    def _clock_terms(self) -> dict[str, Any]:
        return {
            "reason": self.terms.order.clock_reason,
            "allow_over_24h": self.terms.order.allow_over_24h,
            "time_source": self.terms.time_source,
        }

    def _take(self, decision: Decision) -> None:
        for error in decision.unmet:
            self._require(error, error.need)
        match decision.what:
            case Leave():
                self.untouched.append(Action.CLOCK)
            case Correct(step=clock):
                self._append(self._step(Action.CLOCK, clock=clock))

    def _clock_reason(self) -> str:
        return next((absent.reason for absent in self.terms.before.absent if absent.what == CLOCK), _TEXT["not read"])

    # the whole

    def plan(self) -> Plan:
        """With every warning."""
        return self._plan((*self.needs, *self.notes, *self._clock_warnings(), *plan_warnings(self._planned())))

    def restoring_plan(self, restores: str) -> Plan:
        kept = (Warning(code="clock-not-restored"),) if Action.CLOCK in self.chosen else ()
        switches = {step.action for step in self.steps} & _DST
        dst = self._dst_warnings(switches) if switches else ()
        warnings = (*self.needs, *self.notes, *kept, *dst, *restoring_warnings(self._planned()))
        return replace(self._plan(warnings), restores=restores)

    def _plan(self, warnings: Iterable[Warning]) -> Plan:
        return Plan(
            order=self.terms.order,
            before=self.terms.before,
            steps=tuple(self.steps),
            warnings=tuple(warnings),
            untouched=tuple(self.untouched),
            time_source=self.terms.time_source,
            experimental=self.terms.experimental,
            made_at=self.terms.now,
        )

    def _planned(self) -> Planned:
        today = self._local_now().date()
        return Planned(terms=self.terms, chosen=self.chosen, steps=tuple(self.steps), today=today)

    def _zone(self) -> tzinfo | None:
        """Of the meter's place; a preview may not know it."""
        return None if self.terms.order.is_preview and not self.terms.order.tz else self.terms.order.zone

    def _local_now(self) -> datetime:
        zone = self._zone()
        return self.terms.now if zone is None else self.terms.now.astimezone(zone)

    def _clock_warnings(self) -> Iterator[Warning]:
        zone, reading = self._zone(), self.terms.before.clock
        if reading is None:
            yield Warning(code="clock-unread", facts={"reason": self._clock_reason()})
        elif zone is not None:
            dst, made = self.terms.before.dst, self.terms.before.identity.manufactured
            yield from signature_warnings(reading, zone, dst=dst, manufactured=made)
        yield from self._dst_warnings(self.chosen)
        yield from self._window_warnings()

    def _dst_warnings(self, actions: Collection[Action]) -> tuple[Warning, ...]:
        zone = self._zone()
        if zone is None:
            return ()
        dst, made = self.terms.before.dst, self.terms.before.identity.manufactured
        return dst_warnings(actions, zone, self.terms.order.tz, self.terms.now, dst=dst, manufactured=made)

    def _window_warnings(self) -> tuple[Warning, ...]:
        clock = next((step.clock for step in self.steps if step.clock is not None), None)
        if clock is None or clock.error is None:
            return ()
        wanted = next((step.setting.schedule for step in self.steps if isinstance(step.setting, SetSchedule)), None)
        schedules = tuple(each for each in (self.terms.before.year_schedule, wanted) if each is not None)
        correction = Correction(method=clock.method, error=clock.error, schedules=schedules)
        return window_warnings(correction, self._local_now().replace(tzinfo=None))


def _listed(names: list[str]) -> str:
    """The first few of many names."""
    first = ", ".join(names[:3])
    return first if len(names) <= 3 else _TEXT["and more"].format(names=first, count=len(names) - 3)


def _reasons(snapshot: Snapshot) -> str:
    told = dict.fromkeys(absent.reason for absent in snapshot.absent if absent.what in (SETTINGS, SCHEDULE))
    return f" ({'; '.join(told)})" if told else ""
