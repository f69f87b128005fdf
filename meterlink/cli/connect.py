"""From settings to a meter that can be asked: profile, driver, port, dialogue, and who answers there.

Everything that can be wrong in what was given is found before the port is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final, TypeVar

from meterlink.cli import output
from meterlink.cli.options import Given
from meterlink.cli.settings import Setting, Surroundings, resolve
from meterlink.cli.simulated import own_address, simulate
from meterlink.cli.zone import parse_zone
from meterlink.context import Observer, Traced
from meterlink.driver import Driver, Target
from meterlink.errors import ConfigError, NotSupportedError, PortUrlError
from meterlink.flow import Flow, instant
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.opening import open_port
from meterlink.link.port import PortKind, PortUrl, parse_port
from meterlink.link.trace import TraceFile
from meterlink.model import Absent, Identity
from meterlink.profiles import Profile, ProfileLibrary, load_profiles, profile_folders
from meterlink.registry import load_driver
from meterlink.sim.line import VirtualWire
from meterlink.wire.line import Line

T = TypeVar("T")

_MISSING: Final = {
    "port": "nobody said where the meter is; give --port COM3, --port /dev/ttyUSB0, --port tcp://host:port or "
    "--port sim:mercury-200.02, set METERLINK_PORT, or choose a --place",
    "model": "the meter on {port} cannot be asked without its model; give --model with the id that "
    "`meterlink profiles list` shows for the name on the plate",
    "address": "the meter on {port} cannot be asked without its address; give --address NUMBER, or --address "
    "serial:NUMBER with the number on the plate ({rule})",
}
_OTHER_MODEL: Final = (
    "the meter answers {key} = {found}, and the profile {model} expects {expected}: check --model against the plate"
)
_PROGRESS: Final = "reading {port}"


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
    """Where a meter is and what it is, before anything was sent."""

    url: PortUrl
    driver: Driver
    target: Target
    zone: tzinfo | None = None
    trace: str | None = None
    simulated: Simulated | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter that has told who it is. `notes` say what is odd about that."""

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

    def read_part(self, what: str, work: Callable[[Target], Flow[T]], absent: list[Absent]) -> T | None:
        """The same for a part of a larger reading: what this model lacks is absent with the reason."""
        try:
            return self.read(work)
        except NotSupportedError as error:
            absent.append(Absent(what=what, reason=error.why))
            return None

    def moment(self, at: datetime) -> datetime:
        """A moment in the zone of the meter's place, in UTC where none was given."""
        return at.astimezone(UTC if self.zone is None else self.zone)

    def now(self) -> datetime:
        """The time of the port, in the same zone."""
        return self.moment(instant(self.dialogue.now()))

    def head(self, read_at: datetime | None = None) -> dict[str, object]:
        """How documents about this meter begin."""
        who = self.identity
        names = {"family": who.family, "model": who.model, "serial_number": who.serial_number, "address": who.address}
        return {"meter": names, "read_at": told_moment(self.moment(read_at) if read_at else self.now())}

    def tail(self, absent: tuple[Absent, ...] | list[Absent] = (), notes: tuple[str, ...] = ()) -> dict[str, object]:
        """How they end."""
        return {"absent": output.absent_facts(absent), "notes": [*self.notes, *notes]}

    def show_head(self, read_at: datetime | None = None) -> None:
        """The first line for people."""
        who = self.identity
        moment = self.moment(read_at) if read_at else self.now()
        output.line(
            f"{who.model}, serial number {who.serial_number}, address {who.address}, {moment:%Y-%m-%d %H:%M:%S %Z}"
        )
        output.line()

    def show_tail(self, absent: tuple[Absent, ...] | list[Absent] = (), notes: tuple[str, ...] = ()) -> None:
        output.absent(absent)
        output.notes((*self.notes, *notes))


def told_moment(at: datetime) -> str:
    """A moment in documents: whole milliseconds, with offset."""
    return at.isoformat(timespec="milliseconds")


def library() -> ProfileLibrary:
    """The profiles of this computer."""
    return load_profiles(profile_folders(os.environ))


def surroundings() -> Surroundings:
    return Surroundings(environ=os.environ, folder=Path.cwd())


@contextmanager
def connected(given: Given, needs: str | None = None) -> Iterator[Meter]:
    """A meter that was identified. `needs` is what the profile must know of it before a byte is sent."""
    place = find_place(resolve(given.values, surroundings()), library())
    with connected_at(place, needs) as meter:
        yield meter


@contextmanager
def connected_at(place: Place, needs: str | None = None) -> Iterator[Meter]:
    """The same where the place is known."""
    profile = place.target.profile
    if needs is not None and not profile.variants:
        profile.require(needs)
    with ExitStack() as stack:
        observers: list[Observer] = [stack.enter_context(output.Progress(_PROGRESS.format(port=place.url.text)))]
        if place.trace is not None:
            observers.append(stack.enter_context(TraceFile(Path(place.trace))))
        dialogue = stack.enter_context(_open(place, observers))
        yield _identified(place, dialogue)


def find_place(settings: Mapping[str, Setting], profiles: ProfileLibrary) -> Place:
    """What settings mean; the first that is missing or wrong is an error of its own class."""
    values = {name: setting.value for name, setting in settings.items()}
    if "port" not in values:
        raise ConfigError(setting="--port", why=_MISSING["port"])
    url = parse_port(values["port"])
    zone = parse_zone(values["tz"]) if "tz" in values else None
    simulated = _simulated(url, profiles)
    model = values.get("model", simulated.profile.model if simulated else None)
    if model is None:
        raise ConfigError(setting="--model", why=_MISSING["model"].format(port=url.text))
    profile = profiles.get(model)
    driver = load_driver(profile.driver)
    address = _address(values.get("address"), url, driver, profile, simulated)
    target = Target(address=address, profile=profile)
    return Place(url=url, driver=driver, target=target, zone=zone, trace=values.get("trace"), simulated=simulated)


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
        why = _MISSING["address"].format(port=url.text, rule=profile.address.rule)
        raise ConfigError(setting="--address", why=why)
    return own


def _of_url(url: PortUrl, work: Callable[[], T]) -> T:
    """Tell a wrong option as one of this URL."""
    try:
        return work()
    except ConfigError as error:
        if type(error) is not ConfigError:
            raise
        raise PortUrlError(setting=url.text, why=f"{error.setting}: {error.why}") from error


def _open(place: Place, observers: list[Observer]) -> Dialogue:
    def observe(frame: Traced) -> None:
        for observer in observers:
            observer(frame)

    usual = place.target.profile.line.line
    port = open_port(place.url, usual, place.simulated.make_wire if place.simulated else _no_wire)
    exchange = exchange_for(
        place.driver,
        place.target,
        line=place.url.line(usual),
        port_name=port.name,
        port_timing=place.url.timing,
        observer=observe,
        echo=place.url.echo,
    )
    return Dialogue(port, exchange)


def _no_wire(url: PortUrl, _line: Line, _starts_at: float) -> VirtualWire:
    raise AssertionError(f"{url.text} is no simulated port")


def _identified(place: Place, dialogue: Dialogue) -> Meter:
    identity = dialogue.run(place.driver.identify(place.target))
    profile = place.target.profile
    return Meter(
        dialogue=dialogue,
        driver=place.driver,
        target=Target(address=place.target.address, profile=profile.for_firmware(identity.firmware)),
        identity=identity,
        zone=place.zone,
        notes=tuple(_doubts(identity, profile)),
    )


def _doubts(identity: Identity, profile: Profile) -> Iterator[str]:
    for key, values in profile.match.items():
        found = identity.facts.get(key)
        if found is not None and found not in values:
            expected = " or ".join(map(str, values))
            yield _OTHER_MODEL.format(key=key, found=found, model=profile.model, expected=expected)
