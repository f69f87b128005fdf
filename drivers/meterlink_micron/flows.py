"""Who a meter is, its clock, its tariffs. Every function is a flow with a dialogue of its own.

What one model lacks is told by its profile before a byte is sent. What it should have and refuses or does not answer
becomes an `Absent` with the reason, as long as the main value of a reading is there.
"""

from __future__ import annotations

from typing import Final

from meterlink.driver import Target
from meterlink.flow import Flow, Reply, instant
from meterlink.model import Absent, DstSetting, Identity, MeterTime, TariffMode
from meterlink_micron import messages as m
from meterlink_micron.address import Address
from meterlink_micron.asking import attempt, main, variant_in
from meterlink_micron.clock import SEASONS, Clock, SwitchMoment
from meterlink_micron.identity_codec import TYPES, Variant
from meterlink_micron.indices import PLAIN
from meterlink_micron.session import Session, in_session

FAMILY: Final = "micron"

_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


# --- who it is ------------------------------------------------------------------------------------------------------


def identify(target: Target) -> Flow[Identity]:
    """08 00, 08 12 where the model has it, 08 03, 08 02; 08 05 where the common address was asked."""
    target.profile.require("identity")

    def work(session: Session) -> Flow[Identity]:
        absent: list[Absent] = []
        serial = yield from session.read(m.READ_SERIAL)
        variant = yield from variant_in(session, absent)
        firmware = yield from attempt(session, "firmware", m.READ_FIRMWARE, absent)
        address = session.address
        if address.is_common:
            short = yield from attempt(session, "address", m.READ_ADDRESS, absent, PLAIN)
            address = address if short is None else Address(short.address)
        return Identity(
            family=FAMILY,
            model=target.profile.model,
            serial_number=str(serial.value.serial),
            address=str(address),
            firmware=None if firmware is None else firmware.version,
            manufactured=serial.value.made,
            variant=None if variant is None else variant_words(variant),
            facts={} if variant is None else facts_of(variant),
            absent=tuple(absent),
        )

    return (yield from in_session(target, work))


def facts_of(variant: Variant) -> dict[str, str | int]:
    """What profiles match on; a type that no source lists is told as its number."""
    phases = {} if variant.phases is None else {"phases": variant.phases}
    return {"type": f"{variant.type_code:X}", "execution": variant.execution, **phases}


def variant_words(variant: Variant) -> str:
    """`type 2 (SEB-1TM.01 or .02), execution 8, 500 imp/kWh`."""
    name = TYPES.get(variant.type_code, "not known")
    constant = "constant not known" if variant.constant is None else f"{variant.constant} imp/kWh"
    return f"type {variant.type_code:X} ({name}), execution {variant.execution:X}, {constant}"


# --- time -----------------------------------------------------------------------------------------------------------


def read_clock(target: Target) -> Flow[MeterTime]:
    """04 00."""
    target.profile.require("clock")

    def work(session: Session) -> Flow[MeterTime]:
        reply: Reply[Clock] = yield from main(session, "clock", m.READ_RECORD, m.CLOCK_RECORD)
        return MeterTime(
            local=reply.value.local,
            asked_at=instant(reply.sent_at),
            answered_at=instant(reply.received_at),
            weekday=reply.value.weekday % 7,
            season=SEASONS[reply.value.season],
        )

    return (yield from in_session(target, work))


def read_dst(target: Target) -> Flow[DstSetting]:
    """Flag 2.0 of 08 09, whose 1 forbids the switch, and the moments of 08 07 and 08 08."""
    target.profile.require("dst")

    def work(session: Session) -> Flow[DstSetting]:
        reply = yield from main(session, "dst", m.READ_FLAGS, PLAIN)
        begins = yield from attempt(session, "begin of summer time", m.READ_SUMMER_MOMENT, [])
        ends = yield from attempt(session, "end of summer time", m.READ_WINTER_MOMENT, [])
        flags = reply.value
        return DstSetting(
            enabled=not flags.dst_forbidden,
            begins=None if begins is None else moment_words(begins),
            ends=None if ends is None else moment_words(ends),
            raw=f"{flags.byte1:02X} {flags.byte2:02X}",
        )

    return (yield from in_session(target, work))


def moment_words(moment: SwitchMoment) -> str:
    """`last Sunday of month 3, 02:00`."""
    return f"last {_WEEKDAYS[moment.weekday % 7]} of month {moment.month}, {moment.hour:02d}:00"


# --- tariffs --------------------------------------------------------------------------------------------------------


def read_tariff_mode(target: Target) -> Flow[TariffMode]:
    """How many tariffs are in force, as far as that is known of the model, and the tariff of 08 0E."""
    profile = target.profile
    if not profile.has("current_tariff"):
        profile.require("tariff_count")

    def work(session: Session) -> Flow[TariffMode]:
        absent: list[Absent] = []
        in_force = (yield from _in_force(session)) if profile.has("tariff_count") else None
        pointer = None
        if profile.has("current_tariff"):
            pointer = yield from attempt(session, "current tariff", m.READ_TARIFF, absent)
        if pointer is None:
            profile.require("tariff_count")  # else nothing at all is known
        return TariffMode(
            tariffs_in_force=in_force,
            current_tariff=None if pointer is None else pointer.tariff,
            absent=tuple(absent),
        )

    return (yield from in_session(target, work))


def _in_force(session: Session) -> Flow[int]:
    """All of them where the model has no one-tariff mode (flag 2.6 of 08 09), so that none is written, too."""
    profile = session.target.profile
    if profile.has("set_tariff_count"):
        flags = (yield from main(session, "tariff_count", m.READ_FLAGS, PLAIN)).value
        if flags.one_tariff:
            return 1
    return profile.limits.tariffs
