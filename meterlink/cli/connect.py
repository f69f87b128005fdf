"""From settings to a meter that can be asked: profile, driver, port, dialogue, and who answers there.

Everything that can be wrong in what was given is found before the port is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Final, TypeVar

from meterlink.cli import output
from meterlink.cli.key_ring import resolve_secret
from meterlink.cli.options import Given
from meterlink.cli.settings import Setting, resolve, surroundings
from meterlink.cli.simulated import own_address, simulate
from meterlink.context import Observer, Traced
from meterlink.driver import Driver, Target
from meterlink.errors import (
    ConfigError,
    MeterlinkError,
    NoAnswerError,
    OtherMeterError,
    OtherModelError,
    PortUrlError,
    WireError,
)
from meterlink.flow import Flow, Gate, closed_gate, instant
from meterlink.interrupts import interrupts_heard
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.opening import in_software, open_port
from meterlink.link.port import ParityMode, Port, PortKind, PortUrl, parse_port
from meterlink.link.trace import TraceFile
from meterlink.model import Identity
from meterlink.profiles import Profile, ProfileLibrary, load_profiles, profile_folders
from meterlink.registry import load_driver
from meterlink.sim.line import VirtualWire
from meterlink.visit.parts import UNREAD
from meterlink.visit.secrets import Secret
from meterlink.wire.line import Line
from meterlink.zone import parse_zone

T = TypeVar("T")

_MISSING: Final = {
    "port": "nobody said where the meter is",
    "model": "the meter on {port} cannot be asked without its model",
    "address": "the meter on {port} cannot be asked without its address",
}
_ADVICE: Final = {
    "port": "Give --port COM3, --port /dev/ttyUSB0, --port tcp://host:port or --port sim:mercury-200.02, set "
    "METERLINK_PORT, or choose a --place.",
    "model": "Give --model with the id that `meterlink profiles list` shows for the name on the plate.",
    "address": "Give --address NUMBER, or --address serial:NUMBER with the number on the plate ({rule}).",
}
_BAD_PORT: Final = {
    "cyrillic": "it contains Cyrillic letters, which look like the Latin ones of COM3",
    "no model": "it needs a model, as in sim:mercury-200.02",
    "framing": "{model} knows no framing {framing!r}; {known}",
    "framings": "it knows {names}",
    "no framing": "it has its own alone",
}
_MODEL_UNPROVEN: Final = "the meter does not tell its model; {model} is what was given"
_SERIAL_PREFIX: Final = "serial:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What a `sim:` URL means."""

    url: PortUrl
    driver: Driver
    profile: Profile

    def own_address(self) -> str:
        return _of_url(self.url, lambda: own_address(self.driver, self.profile, self.url.options))

    def make_wire(self, url: PortUrl, _line: Line, starts_at: float) -> VirtualWire:
        return _of_url(url, lambda: simulate(self.driver, self.profile, url.options, started_at=starts_at).wire)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a meter is and what it is, before anything was sent; `plate` is the number the address was derived from."""

    url: PortUrl
    driver: Driver
    target: Target
    zone: tzinfo | None = None
    trace: str | None = None
    simulated: Simulated | None = None
    plate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter that has told who it is. `notes` say what that does not prove."""

    dialogue: Dialogue
    driver: Driver
    target: Target
    identity: Identity
    zone: tzinfo | None
    notes: tuple[str, ...] = ()

    @property
    def profile(self) -> Profile:
        return self.target.profile

    def read(self, work: Callable[[Target], Flow[T]]) -> T:
        """Run one of the driver's readings."""
        return self.dialogue.run(work(self.target))

    def read_part(self, what: str, work: Callable[[Target], Flow[T]], missing: dict[str, MeterlinkError]) -> T | None:
        """The same for a part of a larger reading; what cannot be read is among `missing`: see `section`."""
        try:
            return self.read(work)
        except UNREAD as error:
            missing[what] = error
            return None

    def moment(self, at: datetime) -> datetime:
        """A moment in the zone of the meter's place, in UTC where none was given."""
        return at.astimezone(UTC if self.zone is None else self.zone)

    def now(self) -> datetime:
        """The time of the port, in the same zone."""
        return self.moment(instant(self.dialogue.now()))


def library() -> ProfileLibrary:
    """The profiles of this computer."""
    return load_profiles(profile_folders(os.environ))


@contextmanager
def connected(given: Given, needs: str | None = None) -> Iterator[Meter]:
    """A meter that was identified. `needs` is what the profile must know of it before a byte is sent."""
    with connected_at(wanted_place(given), needs) as meter:
        yield meter


def wanted_place(given: Given) -> Place:
    """Where the meter is that was asked for."""
    return find_place(resolve(given.values, surroundings()), library())


@contextmanager
def connected_at(
    place: Place, needs: str | None = None, *, gate: Gate = closed_gate, observer: Observer | None = None
) -> Iterator[Meter]:
    """The same where the place is known. `gate` lets writes through; `observer` is told of every frame."""
    profile = place.target.profile
    if needs is not None and not profile.variants:
        profile.require(needs)
    with ExitStack() as stack:
        observers: list[Observer] = [stack.enter_context(output.Progress(place.url.text.partition("?")[0]))]
        if observer is not None:
            observers.append(observer)
        if place.trace is not None:
            observers.append(stack.enter_context(TraceFile(place.trace, output.remark)))
        dialogue, identity = _met(place, observers, gate, stack)
        yield _identified(place, dialogue, identity)


def find_place(settings: Mapping[str, Setting], profiles: ProfileLibrary) -> Place:
    """What settings mean; the first that is missing or wrong is an error of its own class."""
    values = {name: setting.value for name, setting in settings.items()}
    if "port" not in values:
        raise _missing("port")
    url = _checked(parse_port(values["port"]))
    zone = parse_zone(values["tz"]) if "tz" in values else None
    simulated = _simulated(url, profiles)
    model = values.get("model", simulated.profile.model if simulated else None)
    if model is None:
        raise _missing("model", port=url.text)
    profile = profiles.get(model)
    driver = load_driver(profile.driver)
    address = _address(values.get("address"), url, driver, profile, simulated)
    target = Target(
        address=address,
        profile=profile,
        line=url.line(profile.line.line),
        line_fixed=url.kind is PortKind.TCP,
        secret=_secret(values.get("secret_ref"), profile),
        framing=_framing(url, profile),
    )
    return Place(
        url=url,
        driver=driver,
        target=target,
        zone=zone,
        trace=values.get("trace"),
        simulated=simulated,
        plate=_plate(values.get("address", "")),
    )


def _secret(reference: str | None, profile: Profile) -> Secret | None:
    """The password of this name, where the model asks for one to be read."""
    return None if reference is None or profile.access.reading_needs is None else resolve_secret(reference)


def _framing(url: PortUrl, profile: Profile) -> str | None:
    """How the port wants frames wrapped; PortUrlError where this model cannot be talked to like that."""
    known = profile.line.framings
    if url.framing is None or url.framing in known:
        return url.framing
    told = _BAD_PORT["framings"].format(names=", ".join(known)) if known else _BAD_PORT["no framing"]
    why = _BAD_PORT["framing"].format(model=profile.model, framing=url.framing, known=told)
    raise PortUrlError(setting=url.text, why=why)


def _missing(name: str, **facts: str) -> ConfigError:
    why, advice = _MISSING[name].format(**facts), _ADVICE[name].format(**facts)
    return ConfigError(setting=f"--{name}", why=why, advice=advice)


def _checked(url: PortUrl) -> PortUrl:
    """What no port can be, told before it is opened."""
    if url.kind is PortKind.SERIAL and re.match(r"[^/\\]*[\u0400-\u04FF]", url.place):
        raise PortUrlError(setting=url.text, why=_BAD_PORT["cyrillic"])
    if url.kind is PortKind.SIM and not url.place:
        raise PortUrlError(setting=url.text, why=_BAD_PORT["no model"])
    return url


def _plate(address: str) -> str | None:
    address = address.strip()
    return address[len(_SERIAL_PREFIX) :] if address.lower().startswith(_SERIAL_PREFIX) else None


def _simulated(url: PortUrl, profiles: ProfileLibrary) -> Simulated | None:
    if url.kind is not PortKind.SIM:
        return None
    profile = profiles.get(url.place)
    return Simulated(url=url, driver=load_driver(profile.driver), profile=profile)


def _address(text: str | None, url: PortUrl, driver: Driver, profile: Profile, simulated: Simulated | None) -> str:
    # asked for in any case, so that a wrong option of the URL is told before anything else
    own = None if simulated is None else simulated.own_address()
    if text is not None:
        return driver.parse_address(text, profile)
    if own is None:
        raise _missing("address", port=url.text, rule=profile.address.rule)
    return own


def _of_url(url: PortUrl, work: Callable[[], T]) -> T:
    """Tell a wrong option as one of this URL."""
    try:
        return work()
    except ConfigError as error:
        if type(error) is not ConfigError:
            raise
        raise PortUrlError(setting=url.text, why=f"{error.setting}: {error.why}", advice=error.advice) from error


def _dialogue(place: Place, port: Port, observers: list[Observer], gate: Gate) -> Dialogue:
    def observe(frame: Traced) -> None:
        for observer in observers:
            observer(frame)

    exchange = exchange_for(
        place.driver,
        place.target,
        line=place.url.line(place.target.profile.line.line),
        port_name=port.name,
        port_timing=place.url.timing,
        gate=gate,
        observer=observe,
        echo=place.url.echo,
    )
    return Dialogue(port, exchange)


def _no_wire(url: PortUrl, _line: Line, _starts_at: float) -> VirtualWire:
    raise AssertionError(f"{url.text} is no simulated port")


def _met(place: Place, observers: list[Observer], gate: Gate, stack: ExitStack) -> tuple[Dialogue, Identity]:
    """The dialogue in which the meter said who it is; with `parity=auto` at the line's parity, else at software's.

    Where reading takes a password nothing is tried twice: it would be presented again.
    """
    usual = place.target.profile.line.line
    line = place.url.line(usual)
    with interrupts_heard():
        port = open_port(place.url, usual, place.simulated.make_wire if place.simulated else _no_wire)
    stack.callback(port.close)
    harmless = place.target.profile.access.reading_needs is None and line.has_even_seven_bits
    dialogue = _dialogue(place, port, observers, gate)
    try:
        return dialogue, dialogue.run(place.driver.identify(place.target))
    except (NoAnswerError, WireError):
        if place.url.parity is not ParityMode.AUTO or not harmless:
            raise
    dialogue = _dialogue(place, in_software(port, line), observers, gate)
    return dialogue, dialogue.run(place.driver.identify(place.target))


def _identified(place: Place, dialogue: Dialogue, identity: Identity) -> Meter:
    _check_plate(place, identity)
    profile = place.target.profile
    return Meter(
        dialogue=dialogue,
        driver=place.driver,
        target=replace(place.target, profile=profile.for_firmware(identity.firmware)),
        identity=identity,
        zone=place.zone,
        notes=_doubts(identity, profile),
    )


def _check_plate(place: Place, identity: Identity) -> None:
    """OtherMeterError where the number on the plate was given and another meter answers at the address made of it."""
    plate, answered = place.plate, identity.serial_number
    if plate is not None and not place.driver.same_serial(plate, answered):
        raise OtherMeterError(address=place.target.address, plate=plate, answered=answered)


def _doubts(identity: Identity, profile: Profile) -> tuple[str, ...]:
    """What the meter leaves open about its model; OtherModelError where it proves to be another one."""
    unproven = False
    for key, expected in profile.match.items():
        found = identity.facts.get(key)
        if found is None:
            unproven = True
        elif found not in expected:
            wanted = " or ".join(map(str, expected))
            raise OtherModelError(model=profile.model, key=key, found=found, expected=wanted)
    return (_MODEL_UNPROVEN.format(model=profile.model),) if unproven else ()
