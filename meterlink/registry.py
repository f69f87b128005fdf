"""Which drivers are installed, and how one is loaded: entry points of the group `meterlink.drivers`.

meterlink's own drivers come through the same door as anybody's. Nothing is imported until a driver is asked for.
Knows no family by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from meterlink.errors import DriverError, UnknownFamilyError
from meterlink.meant import suggestion

if TYPE_CHECKING:
    from meterlink.driver import Driver

GROUP = "meterlink.drivers"

_PROMISED = ("family", "capabilities", "check_profile", "framer", "identify", "mask", "words")
"""Without these an object is not taken for a driver; the whole promise is `meterlink.driver.Driver`."""

_UNKNOWN_ORIGIN = "an unknown package"
_TWO_CLAIMS = "several packages claim this family"
_CANNOT_LOAD = "loading {target} failed with {kind}: {error}"
_OTHER_FAMILY = "{target} calls itself {found!r}"
_NO_DRIVER = "{target} is no driver: it has no {missing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverOrigin:
    """Where a family's driver comes from: the distribution that was installed, and the object it names."""

    family: str
    distribution: str
    version: str
    module: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()


def installed(points: Iterable[EntryPoint] | None = None) -> list[DriverOrigin]:
    """Every claim to be a driver, sorted by family; two for one family when two packages claim it. Imports none."""
    return sorted(map(_origin, _found(points)), key=lambda origin: (origin.family, origin.distribution))


def driver_names(points: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """The families that have a driver, sorted."""
    return tuple(sorted({point.name for point in _found(points)}))


def load_driver(family: str, points: Iterable[EntryPoint] | None = None) -> Driver:
    """The driver of a family. UnknownFamilyError when none is installed, DriverError when it cannot be used."""
    found = _found(points)
    claims = [point for point in found if point.name == family]
    if not claims:
        raise UnknownFamilyError(family=family, suggestion=suggestion(family, driver_names(found)))
    if len(claims) > 1:
        raise _error(claims, _TWO_CLAIMS)
    return _load(claims[0])


def _found(points: Iterable[EntryPoint] | None) -> Sequence[EntryPoint]:
    return tuple(entry_points(group=GROUP) if points is None else points)


def _origin(point: EntryPoint) -> DriverOrigin:
    name, version = (point.dist.name, point.dist.version) if point.dist else (_UNKNOWN_ORIGIN, "")
    return DriverOrigin(family=point.name, distribution=name, version=version, module=point.value)


def _error(claims: Sequence[EntryPoint], why: str) -> DriverError:
    origin = " and ".join(sorted(str(_origin(point)) for point in claims))
    return DriverError(family=claims[0].name, origin=origin, why=why)


def _load(point: EntryPoint) -> Driver:
    try:
        loaded: object = point.load()
    except Exception as error:  # code of others runs here, and one bad driver must not take the rest down
        why = _CANNOT_LOAD.format(target=point.value, kind=type(error).__name__, error=error)
        raise _error([point], why) from error
    missing = [name for name in _PROMISED if getattr(loaded, name, None) is None]
    if missing:
        raise _error([point], _NO_DRIVER.format(target=point.value, missing=", ".join(missing)))
    driver = cast("Driver", loaded)
    if driver.family != point.name:
        raise _error([point], _OTHER_FAMILY.format(target=point.value, found=driver.family))
    return driver
