"""How meterlink was called and what it was given."""

from __future__ import annotations

from dataclasses import dataclass

from meterlink.errors.root import AdvisedError, MeterlinkError


@dataclass(eq=False, kw_only=True)
class ConfigError(AdvisedError):
    """A setting or an argument that cannot be used."""

    exit_code = 2
    text = "{setting}: {why}."
    hint_text = "`meterlink doctor` shows each setting with the place it came from."
    setting: str
    why: str


@dataclass(eq=False, kw_only=True)
class PortUrlError(ConfigError):
    """The text given as a port is not a port."""

    text = "The port {setting!r} cannot be used: {why}."
    hint_text = (
        "Write COM3, /dev/ttyUSB0, tcp://host:port, rfc2217://host:port or sim:MODEL; `meterlink ports` lists what "
        "this computer has."
    )


@dataclass(eq=False, kw_only=True)
class AddressError(ConfigError):
    """The address breaks the rule of the family."""

    text = "The address {setting!r} cannot be used for {model}: {why}."
    hint_text = "The rule for {model}: {rule}."
    model: str
    rule: str


@dataclass(eq=False, kw_only=True)
class FormError(ConfigError):
    """The form of a visit says something that cannot be; `key` is empty where the file as a whole cannot be read."""

    text = "{setting}, line {line}: {why}."
    hint_text = "Mend that line and run the same command again; docs/visit.md shows a form."
    key: str
    line: int


@dataclass(eq=False, kw_only=True)
class HexError(ConfigError):
    """Bytes were given in a form that is not hexadecimal, or are too many."""

    text = "The {setting} is not a frame in hexadecimal: {why}."
    hint_text = "Give pairs of the digits 0-9 and A-F, with or without spaces, at most {most_bytes} bytes."
    most_bytes: int


@dataclass(eq=False, kw_only=True)
class ProfileError(MeterlinkError):
    """A meter profile says something that cannot be."""

    exit_code = 6
    text = "The profile {file} cannot be used: {key}: {why}."
    hint_text = "Mend that key, then run `meterlink profiles lint`."
    file: str
    key: str
    why: str


@dataclass(eq=False, kw_only=True)
class UnknownModelError(MeterlinkError):
    """No profile has this model id."""

    exit_code = 6
    text = "There is no profile for the model {model!r}."
    hint_text = "{suggestion} `meterlink profiles list` shows every model."
    model: str
    suggestion: str = ""


@dataclass(eq=False, kw_only=True)
class UnknownFamilyError(MeterlinkError):
    """No driver is installed for this family."""

    exit_code = 6
    text = "There is no driver for the family {family!r}."
    hint_text = "{suggestion} `meterlink drivers` lists what is installed."
    family: str
    suggestion: str = ""


@dataclass(eq=False, kw_only=True)
class DriverError(MeterlinkError):
    """A driver is installed and cannot be loaded, or two claim one family."""

    exit_code = 6
    text = "The driver {family} from {origin} cannot be used: {why}."
    hint_text = "Install that package again or remove it; `meterlink drivers` lists what is installed."
    family: str
    origin: str
    why: str


@dataclass(eq=False, kw_only=True)
class OtherModelError(MeterlinkError):
    """A meter answered, and its own words say that it is not the model it was taken for."""

    exit_code = 6
    text = "The meter is no {model}: it answers {key} = {found}, and a {model} answers {expected}."
    hint_text = (
        "Look at the plate and give the right --model; `meterlink profiles list` shows every model. No value was shown."
    )
    model: str
    key: str
    found: str | int
    expected: str


@dataclass(eq=False, kw_only=True)
class OtherMeterError(MeterlinkError):
    """A meter answered, and it is not the one whose number stands on the plate."""

    exit_code = 8
    text = "Another meter answers at address {address}: its serial number is {answered}, and the plate says {plate}."
    hint_text = (
        "Look at the plate; if the meter behind it was given another address, say that one with --address. "
        "No value was shown."
    )
    address: str
    plate: str
    answered: str


@dataclass(eq=False, kw_only=True)
class NotOrderedMeterError(OtherMeterError):
    """A meter answered, and the order is about another one."""

    text = (
        "Another meter answers at address {address}: its serial number is {answered}, and the order is about {plate}."
    )
    hint_text = (
        "Nothing was written. Look at the plate: either you stand at another meter, or the order has a wrong number or "
        "network address and must be corrected."
    )


@dataclass(eq=False, kw_only=True)
class AmbiguousModelError(MeterlinkError):
    """A meter's own words fit several models equally well."""

    exit_code = 6
    text = "The meter's answer does not tell which model it is: {why}."
    hint_text = "Look at the plate and give the right --model."
    models: tuple[str, ...]
    why: str


@dataclass(eq=False, kw_only=True)
class ScheduleError(MeterlinkError):
    """A tariff schedule breaks a rule, or a limit of the meter it is meant for."""

    exit_code = 6
    text = "The tariff schedule cannot be used: {where}: {why} (rule: {rule})."
    hint_text = "Mend that place of the schedule; nothing was sent to any meter."
    rule: str
    where: str
    why: str
