"""Every way meterlink can fail, as one tree.

Three questions shape it: was it the line, the meter's bytes, or the meter's answer? Each class holds the facts as
attributes, one sentence that names what happened and to which meter, one hint that says what to do next, and the exit
code of the command line. The sentences stand here and nowhere else, ready for translation; `{name}` is an attribute.

Exit codes: 1 bug or anything unnamed, 2 wrong usage, 3 line or no answer, 4 access refused, 5 damaged or senseless
answer, 6 meter or profile cannot do it, 7 what was read back is not what was written, 8 another meter than the one that
is meant, or an order or a plan that does not hold, 9 not confirmed, 10 the sealed log cannot be relied on or written,
11 the state of a meter is in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar


@dataclass(eq=False, kw_only=True)
class MeterlinkError(Exception):
    """Root of all errors that are not bugs of ours in Python's sense."""

    exit_code: ClassVar[int] = 1
    text: ClassVar[str] = "Something went wrong."
    hint_text: ClassVar[str] = ""

    def __str__(self) -> str:
        return self.text.format(**self.facts())

    @property
    def hint(self) -> str:
        """What the person should do next."""
        return self.hint_text.format(**self.facts()).strip()

    def facts(self) -> dict[str, object]:
        """The attributes that tell what happened, for JSON and for the sentences."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


# --- how meterlink was called and what it was given -----------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class ConfigError(MeterlinkError):
    """A setting or an argument that cannot be used."""

    exit_code: ClassVar[int] = 2
    text: ClassVar[str] = "{setting}: {why}."
    hint_text: ClassVar[str] = "`meterlink doctor` shows each setting with the place it came from."
    setting: str
    why: str
    advice: str = ""
    """What to do next, where that is known better than the class knows it."""

    @property
    def hint(self) -> str:
        return self.advice or super().hint

    def facts(self) -> dict[str, object]:
        return {name: fact for name, fact in super().facts().items() if name != "advice"}


@dataclass(eq=False, kw_only=True)
class PortUrlError(ConfigError):
    """The text given as a port is not a port."""

    text: ClassVar[str] = "The port {setting!r} cannot be used: {why}."
    hint_text: ClassVar[str] = (
        "Write COM3, /dev/ttyUSB0, tcp://host:port, rfc2217://host:port or sim:MODEL; `meterlink ports` lists what "
        "this computer has."
    )


@dataclass(eq=False, kw_only=True)
class AddressError(ConfigError):
    """The address breaks the rule of the family."""

    text: ClassVar[str] = "The address {setting!r} cannot be used for {model}: {why}."
    hint_text: ClassVar[str] = "The rule for {model}: {rule}."
    model: str
    rule: str


@dataclass(eq=False, kw_only=True)
class HexError(ConfigError):
    """Bytes were given in a form that is not hexadecimal, or are too many."""

    text: ClassVar[str] = "The {setting} is not a frame in hexadecimal: {why}."
    hint_text: ClassVar[str] = (
        "Give pairs of the digits 0-9 and A-F, with or without spaces, at most {most_bytes} bytes."
    )
    most_bytes: int


@dataclass(eq=False, kw_only=True)
class ProfileError(MeterlinkError):
    """A meter profile says something that cannot be."""

    exit_code: ClassVar[int] = 6
    text: ClassVar[str] = "The profile {file} cannot be used: {key}: {why}."
    hint_text: ClassVar[str] = "Mend that key, then run `meterlink profiles lint`."
    file: str
    key: str
    why: str


@dataclass(eq=False, kw_only=True)
class UnknownModelError(MeterlinkError):
    """No profile has this model id."""

    exit_code: ClassVar[int] = 6
    text: ClassVar[str] = "There is no profile for the model {model!r}."
    hint_text: ClassVar[str] = "{suggestion} `meterlink profiles list` shows every model."
    model: str
    suggestion: str = ""

    def __post_init__(self) -> None:
        self.suggestion = self.suggestion.strip()


@dataclass(eq=False, kw_only=True)
class UnknownFamilyError(MeterlinkError):
    """No driver is installed for this family."""

    exit_code: ClassVar[int] = 6
    text: ClassVar[str] = "There is no driver for the family {family!r}."
    hint_text: ClassVar[str] = "{suggestion} `meterlink drivers` lists what is installed."
    family: str
    suggestion: str = ""

    def __post_init__(self) -> None:
        self.suggestion = self.suggestion.strip()


@dataclass(eq=False, kw_only=True)
class DriverError(MeterlinkError):
    """A driver is installed and cannot be loaded, or two claim one family."""

    exit_code: ClassVar[int] = 6
    text: ClassVar[str] = "The driver {family} from {origin} cannot be used: {why}."
    hint_text: ClassVar[str] = "Install that package again or remove it; `meterlink drivers` lists what is installed."
    family: str
    origin: str
    why: str


@dataclass(eq=False, kw_only=True)
class OtherModelError(MeterlinkError):
    """A meter answered, and its own words say that it is not the model it was taken for."""

    exit_code: ClassVar[int] = 6
    text: ClassVar[str] = "The meter is no {model}: it answers {key} = {found}, and a {model} answers {expected}."
    hint_text: ClassVar[str] = (
        "Look at the plate and give the right --model; `meterlink profiles list` shows every model. No value was shown."
    )
    model: str
    key: str
    found: str | int
    expected: str


@dataclass(eq=False, kw_only=True)
class OtherMeterError(MeterlinkError):
    """A meter answered, and it is not the one whose number stands on the plate."""

    exit_code: ClassVar[int] = 8
    text: ClassVar[str] = (
        "Another meter answers at address {address}: its serial number is {answered}, and the plate says {plate}."
    )
    hint_text: ClassVar[str] = (
        "Look at the plate; if the meter behind it was given another address, say that one with --address. "
        "No value was shown."
    )
    address: str
    plate: str
    answered: str


@dataclass(eq=False, kw_only=True)
class NotOrderedMeterError(OtherMeterError):
    """A meter answered, and the order is about another one."""

    text: ClassVar[str] = (
        "Another meter answers at address {address}: its serial number is {answered}, and the order is about {plate}."
    )
    hint_text: ClassVar[str] = (
        "Nothing was written. Look at the plate: either you stand at another meter, or the order has a wrong number or "
        "network address and must be corrected."
    )


@dataclass(eq=False, kw_only=True)
class AmbiguousModelError(MeterlinkError):
    """A meter's own words fit several models equally well."""

    exit_code: ClassVar[int] = 6
    text: ClassVar[str] = "The meter's answer does not tell which model it is: {why}."
    hint_text: ClassVar[str] = "Look at the plate and give the right --model."
    models: tuple[str, ...]
    why: str


@dataclass(eq=False, kw_only=True)
class ScheduleError(MeterlinkError):
    """A tariff schedule breaks a rule, or a limit of the meter it is meant for."""

    exit_code: ClassVar[int] = 6
    text: ClassVar[str] = "The tariff schedule cannot be used: {where}: {why} (rule: {rule})."
    hint_text: ClassVar[str] = "Mend that place of the schedule; nothing was sent to any meter."
    rule: str
    where: str
    why: str


# --- the order ------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class OrderError(MeterlinkError):
    """An order that does not hold: nothing is done on the strength of it. `order` is its number, or its file."""

    exit_code: ClassVar[int] = 8
    text: ClassVar[str] = "The order {order} does not hold: {why}."
    hint_text: ClassVar[str] = "Nothing was sent to any meter. Ask whoever issued the order for one that holds."
    order: str
    why: str


@dataclass(eq=False, kw_only=True)
class OrderExpiredError(OrderError):
    """Today is outside the days for which the order was issued."""

    hint_text: ClassVar[str] = (
        "Nothing was sent to any meter. Look at the date of this computer; if it is right, ask whoever issued the "
        "order for a new one."
    )
    today: str


@dataclass(eq=False, kw_only=True)
class OrderFormError(OrderError):
    """The written form of an order: `where` is the key or the table that is wrong."""

    text: ClassVar[str] = "The order {order} cannot be used: {where}: {why}."
    hint_text: ClassVar[str] = (
        "Mend that place, then run `meterlink order check FILE`; docs/orders.md tells every key, and "
        "`meterlink order new` prints a template."
    )
    where: str
    advice: str = ""
    """What to write instead, where that is known better than the class knows it."""

    @property
    def hint(self) -> str:
        return self.advice or super().hint

    def facts(self) -> dict[str, object]:
        return {name: fact for name, fact in super().facts().items() if name != "advice"}


@dataclass(eq=False, kw_only=True)
class OrderZoneError(OrderFormError):
    """The time zone of an order is none."""


# --- secrets --------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class SecretError(MeterlinkError):
    """A password that is kept under a reference. No error ever holds the password or a part of it."""

    exit_code: ClassVar[int] = 4
    text: ClassVar[str] = "The password {reference!r} cannot be used: {why}."
    hint_text: ClassVar[str] = "`meterlink secret set {reference}` keeps it anew."
    reference: str
    why: str


@dataclass(eq=False, kw_only=True)
class SecretNameError(SecretError):
    """What was given is no reference; it is not repeated, because it may be the password itself."""

    exit_code: ClassVar[int] = 2
    text: ClassVar[str] = "This is no reference of a password: {why}."
    hint_text: ClassVar[str] = (
        "A reference is a name for a password, as flat-5: small Latin letters, digits, - and _; never the password."
    )
    reference: str = ""


@dataclass(eq=False, kw_only=True)
class SecretFormError(SecretError):
    """The password is not in the form in which it was said to be."""

    hint_text: ClassVar[str] = (
        "Give printable ASCII characters as they are, or bytes as hex:313131. The password was not repeated here."
    )


@dataclass(eq=False, kw_only=True)
class SecretMissingError(SecretError):
    """Nobody knows the password of this reference."""

    text: ClassVar[str] = "There is no password under the reference {reference!r}: {why}."
    hint_text: ClassVar[str] = (
        "Keep it with `meterlink secret set {reference}`, set the variable {variable}, or run the command in a "
        "terminal, where it asks."
    )
    variable: str


@dataclass(eq=False, kw_only=True)
class SecretNotKeptError(SecretError):
    """There is no place of this computer that keeps passwords, or that place failed."""

    exit_code: ClassVar[int] = 2
    text: ClassVar[str] = "The key ring of this computer failed at the reference {reference!r}: {why}."
    hint_text: ClassVar[str] = (
        "Put the password into the variable {variable} instead; meterlink writes passwords into no file."
    )
    variable: str


# --- the line -------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class LinkError(MeterlinkError):
    """The line to the meter, not the meter."""

    exit_code: ClassVar[int] = 3


@dataclass(eq=False, kw_only=True)
class PortError(LinkError):
    """The port could not be opened or set."""

    text: ClassVar[str] = "The port {port} cannot be used: {why}."
    hint_text: ClassVar[str] = "`meterlink ports` lists the ports of this computer."
    port: str
    why: str


@dataclass(eq=False, kw_only=True)
class PortMissingError(PortError):
    """There is no such port, or nobody listens there."""

    text: ClassVar[str] = "There is no port {port}: {why}."
    hint_text: ClassVar[str] = (
        "Plug the adapter in or start the gateway; `meterlink ports` lists the ports of this computer."
    )


@dataclass(eq=False, kw_only=True)
class PortBusyError(PortError):
    """Somebody else holds the port."""

    text: ClassVar[str] = "The port {port} is held by another program: {why}."
    hint_text: ClassVar[str] = "Close the other program (a configurator, a terminal, a second meterlink) and try again."


@dataclass(eq=False, kw_only=True)
class PortAccessError(PortError):
    """This user may not open the port."""

    text: ClassVar[str] = "This user may not open the port {port}: {why}."
    hint_text: ClassVar[str] = "On Linux add the user to the group dialout and log in again."


@dataclass(eq=False, kw_only=True)
class LinkLostError(LinkError):
    """The port went away in the middle."""

    text: ClassVar[str] = "The port {port} was lost in the middle of the work: {why}."
    hint_text: ClassVar[str] = "Check the cable and the adapter, then run the same command again."
    port: str
    why: str


@dataclass(eq=False, kw_only=True)
class LineNoiseError(LinkError):
    """The line never falls silent, so no request may be sent."""

    text: ClassVar[str] = "The line {port} does not fall silent: bytes came for {waited_s:.1f} s without a pause."
    hint_text: ClassVar[str] = (
        "Another master talks on this line, or its polarity is wrong: disconnect it or swap A and B."
    )
    port: str
    waited_s: float


@dataclass(eq=False, kw_only=True)
class NoAnswerError(LinkError, TimeoutError):
    """Nothing that could be an answer came in time."""

    text: ClassVar[str] = "No answer from address {address} on {port} to {request} after {tries} {tries_word}{heard}."
    hint_text: ClassVar[str] = (
        "Check the wires A and B, the power of the interface, the address and the speed; --trace FILE writes down "
        "what is seen on the line."
    )
    address: str
    port: str
    request: str
    tries: int
    heard: str = ""

    def facts(self) -> dict[str, object]:
        return {**super().facts(), "tries_word": "try" if self.tries == 1 else "tries"}


# --- the meter's bytes ----------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class WireError(MeterlinkError):
    """What came back breaks the protocol."""

    exit_code: ClassVar[int] = 5


@dataclass(eq=False, kw_only=True)
class DamagedFrameError(WireError):
    """Bytes came and were not a frame. `raw` is hexadecimal with secret bytes masked."""

    text: ClassVar[str] = "The answer of address {address} on {port} to {request} is damaged ({why}): {raw}."
    hint_text: ClassVar[str] = (
        "Try again; if it stays, check the line's ends, the speed and the bit format, and shorten or shield the wires."
    )
    address: str
    port: str
    request: str
    raw: str
    why: str


@dataclass(eq=False, kw_only=True)
class WrongChecksumError(DamagedFrameError):
    """The answer has a permitted length and its checksum is wrong."""


@dataclass(eq=False, kw_only=True)
class TruncatedReplyError(DamagedFrameError):
    """The answer ends before its shortest permitted length."""


@dataclass(eq=False, kw_only=True)
class WrongAddressError(WireError):
    """A whole answer came from somebody else, and none from the meter that was asked."""

    text: ClassVar[str] = "Address {address} on {port} did not answer {request}; another frame came instead: {raw}."
    hint_text: ClassVar[str] = (
        "Look for another master or a second meter on this line, and check the address on the plate."
    )
    address: str
    port: str
    request: str
    raw: str


@dataclass(eq=False, kw_only=True)
class WrongAnswerError(WireError):
    """The meter that was asked sent a whole frame that does not answer the question."""

    text: ClassVar[str] = "Address {address} on {port} sent something else than the answer to {request}: {raw}."
    hint_text: ClassVar[str] = "Try again; if it stays, look for another master that asks the same meter."
    address: str
    port: str
    request: str
    raw: str


@dataclass(eq=False, kw_only=True)
class BadReplyError(WireError):
    """A whole and undamaged frame whose content makes no sense."""

    text: ClassVar[str] = "The reply to {request} makes no sense: {why} ({raw})."
    hint_text: ClassVar[str] = (
        "Check --model: another model may answer in another form. Nothing of this reply was used."
    )
    request: str
    raw: str
    why: str


@dataclass(eq=False, kw_only=True)
class BadDigitsError(BadReplyError):
    """A packed decimal digit is above 9."""


@dataclass(eq=False, kw_only=True)
class BadDateError(BadReplyError):
    """A date or a time that no calendar has."""


# --- our own bugs ---------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class LocalProtocolError(MeterlinkError):
    """We broke the rules of the dialogue: a bug of meterlink or of a driver. The frame in question was not sent."""

    text: ClassVar[str] = "meterlink stopped itself before sending the next frame: {why}."
    hint_text: ClassVar[str] = "This is a bug; please report it with the output of `meterlink doctor`."
    why: str


@dataclass(eq=False, kw_only=True)
class WritingClosedError(LocalProtocolError):
    """A write was announced where nobody opened the way for writes."""

    text: ClassVar[str] = "The write {operation!r} was not sent: nothing here makes it durable first."
    hint_text: ClassVar[str] = (
        "Writes go through a planned and confirmed piece of work, never through a reading command."
    )
    why: str = "no gate"
    operation: str


# --- the meter's answer ---------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class RefusedError(MeterlinkError):
    """The meter answered properly, and the answer is no."""

    exit_code: ClassVar[int] = 6
    text: ClassVar[str] = "The meter refused {request}: {why}."
    hint_text: ClassVar[str] = "The meter changed nothing; look the reason up in the documents of this family."
    request: str
    code: str
    why: str


@dataclass(eq=False, kw_only=True)
class AccessDeniedError(RefusedError):
    """The level or the password does not permit it."""

    exit_code: ClassVar[int] = 4
    hint_text: ClassVar[str] = "Ask the owner of the password; meterlink tries one password once and never another."


@dataclass(eq=False, kw_only=True)
class PasswordSpentError(AccessDeniedError):
    """The one attempt of this run was used and its success is not known."""

    text: ClassVar[str] = "The password was not sent to {address} again: the one attempt of this run did not succeed."
    hint_text: ClassVar[str] = "Meters lock after a few wrong passwords. Make sure of the password before a new run."
    request: str = "the password"
    code: str = "local"
    why: str = "one attempt per meter and run"
    address: str


@dataclass(eq=False, kw_only=True)
class ChannelClosedError(RefusedError):
    """The meter has closed the session."""

    hint_text: ClassVar[str] = "Run the command again: the meter closed its session in the middle."


@dataclass(eq=False, kw_only=True)
class NotSupportedError(MeterlinkError):
    """This model lacks the capability; said by the profile, before any byte was sent."""

    exit_code: ClassVar[int] = 6
    text: ClassVar[str] = "{model} has no {capability}: {why}."
    hint_text: ClassVar[str] = "`meterlink profiles show {model}` lists what this model can do, with the evidence."
    model: str
    capability: str
    why: str


# --- time -----------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class MissedInstantError(MeterlinkError):
    """The moment a frame was meant for passed before it could leave; the frame was not sent."""

    text: ClassVar[str] = "The moment for which the frame was made passed {late_s:.3f} s before it could be sent."
    hint_text: ClassVar[str] = "The frame was not sent; a new one must be planned."
    late_s: float


# --- the plan -------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class PlanError(MeterlinkError):
    """No plan can be made, or the one that was made cannot be used. `need` is what a plan for show calls it."""

    exit_code: ClassVar[int] = 8
    need: ClassVar[str] = "plan"


@dataclass(eq=False, kw_only=True)
class ClockUnknownError(PlanError):
    """How far the clock is off is not known, so nothing can be said about putting it right."""

    need: ClassVar[str] = "clock"
    text: ClassVar[str] = "The clock cannot be put right: {why}."
    hint_text: ClassVar[str] = (
        "Give the time zone of the meter's place (`tz` in an order, --tz without one); where the clock did not answer, "
        "mend the line or look whether the meter lost its time."
    )
    why: str


@dataclass(eq=False, kw_only=True)
class TimeSourceUnknownError(PlanError):
    """Nobody vouches for the computer's clock."""

    need: ClassVar[str] = "time-source"
    text: ClassVar[str] = (
        "The clock is {error} off and would be set from this computer, whose own clock nobody vouches for."
    )
    hint_text: ClassVar[str] = (
        "Compare this computer's clock with a trusted one and say --time-source confirmed, or --time-source system "
        "where the network keeps it right."
    )
    error: str


@dataclass(eq=False, kw_only=True)
class ClockReasonMissingError(PlanError):
    """A clock is set hard only for a reason that the order states."""

    need: ClassVar[str] = "clock-reason"
    text: ClassVar[str] = "The clock is {error} off, which takes a hard set, and the order gives no reason for one."
    hint_text: ClassVar[str] = "The order needs `clock_reason`: why the clock is wrong, in words for the act."
    error: str


@dataclass(eq=False, kw_only=True)
class ClockFarOffError(PlanError):
    """More than a day: the battery is looked at first."""

    need: ClassVar[str] = "allow-over-24h"
    text: ClassVar[str] = "The clock is {error} off, more than 24 hours."
    hint_text: ClassVar[str] = (
        "Look at the battery first: a clock that lost its battery will be wrong again after the next outage. If it is "
        "to be set all the same, the order needs `allow_over_24h = true`."
    )
    error: str


@dataclass(eq=False, kw_only=True)
class ExperimentalError(PlanError):
    """A write that nobody has ever seen work."""

    need: ClassVar[str] = "experimental"
    text: ClassVar[str] = "Nobody has seen {capability} work on a {model}: it is only a guess ({source})."
    hint_text: ClassVar[str] = (
        "Nothing was written. With --experimental it is tried all the same, and log and act say so; "
        "`meterlink profiles show {model}` tells what is known of it."
    )
    capability: str
    model: str
    source: str


@dataclass(eq=False, kw_only=True)
class StoredUnknownError(PlanError):
    """What would be compared with the wish could not be read."""

    need: ClassVar[str] = "stored-values"
    text: ClassVar[str] = "No plan for {action}: {names} could not be read from the meter{why}."
    hint_text: ClassVar[str] = "Nothing is written over values that nobody has seen. Mend the line and run it again."
    action: str
    names: str
    why: str = ""


@dataclass(eq=False, kw_only=True)
class PlanFileError(PlanError):
    """A saved plan that is not, or no longer, what was saved."""

    text: ClassVar[str] = "The saved plan cannot be used: {why}."
    hint_text: ClassVar[str] = "Make the plan again. A saved plan is for reading; what it says is changed in the order."
    why: str


# --- the work -------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class HolidaysUnclearError(PlanError):
    """With the new holidays nobody could tell any more what the stored schedule does on every day."""

    text: ClassVar[str] = "The holidays cannot be written alone: with them the stored schedule is unclear: {why}."
    hint_text: ClassVar[str] = "Have the order list the action schedule, too, with the tariff plan that is wanted."
    need: ClassVar[str] = "holidays-unclear"
    why: str


@dataclass(eq=False, kw_only=True)
class StalePlanError(PlanError):
    """The plan made again is another one than the plan that was saved."""

    text: ClassVar[str] = "The plan does not fit meter {serial_number} any more: {why}."
    hint_text: ClassVar[str] = "Nothing was written. Make a new plan from the same order, look at it, and apply that."
    serial_number: str
    why: str


@dataclass(eq=False, kw_only=True)
class NoStateError(PlanError):
    """A work whose state before it is not known cannot be taken back."""

    text: ClassVar[str] = "The work {work} cannot be taken back: {why}."
    hint_text: ClassVar[str] = "`meterlink audit show --work {work}` shows what the log holds of it."
    work: str
    why: str


@dataclass(eq=False, kw_only=True)
class NotConfirmedError(MeterlinkError):
    """Nobody confirmed the work, so nothing was written."""

    exit_code: ClassVar[int] = 9
    text: ClassVar[str] = "The work at meter {serial_number} was not confirmed: {why}."
    hint_text: ClassVar[str] = (
        "Nothing was written. Run the same command in a terminal and type the serial number of the meter, or give "
        "--yes where a script does so on somebody's behalf."
    )
    serial_number: str
    why: str


@dataclass(eq=False, kw_only=True)
class VerifyError(MeterlinkError):
    """What was read after a write is not what should be there."""

    exit_code: ClassVar[int] = 7


@dataclass(eq=False, kw_only=True)
class ReadBackError(VerifyError):
    """A value that was written does not stand in the meter."""

    text: ClassVar[str] = (
        "Meter {serial_number} does not hold what was written: {item} should be {wanted}, and reads {found}."
    )
    hint_text: ClassVar[str] = (
        "The log says so, and the act says that it is not confirmed. Nothing more was written. Read the meter again, "
        "then plan anew or restore the state before."
    )
    serial_number: str
    item: str
    wanted: str
    found: str


@dataclass(eq=False, kw_only=True)
class NotStoredError(VerifyError):
    """A meter acknowledged a write, and something else stands there: an answer is no proof."""

    text: ClassVar[str] = "The meter at address {address} acknowledged {item}, and holds {found} instead of {wanted}."
    hint_text: ClassVar[str] = (
        "Nothing more was written. Read the meter again: it may hold fewer tariffs, or ignore this setting without a "
        "word, which its profile should then say."
    )
    address: str
    item: str
    wanted: str
    found: str


@dataclass(eq=False, kw_only=True)
class EnergyMovedError(VerifyError):
    """Energy registers before and after differ by more, or by less, than can be."""

    text: ClassVar[str] = "The energy registers of meter {serial_number} moved as they cannot: {why}."
    hint_text: ClassVar[str] = (
        "meterlink never writes energy. Do not leave the meter like this: read it again, note both readings on the "
        "act, and tell the office."
    )
    serial_number: str
    why: str


@dataclass(eq=False, kw_only=True)
class InDoubtError(MeterlinkError):
    """A frame may have changed the meter, and the meter could not be read afterwards."""

    exit_code: ClassVar[int] = 11
    text: ClassVar[str] = "It is not known what became of {item} in meter {serial_number}: {why}."
    hint_text: ClassVar[str] = (
        "The log keeps the work open. See to the line, then run the same command again: it reads the meter before it "
        "writes anything; `meterlink audit resolve` does only the reading."
    )
    serial_number: str
    item: str
    why: str


@dataclass(eq=False, kw_only=True)
class WorkIncompleteError(VerifyError):
    """A work was closed, and not all of it stands."""

    text: ClassVar[str] = "The work {work} was closed, and not all of it stands: {result}."
    hint_text: ClassVar[str] = "Its act says what stands and what does not. Plan the rest anew from the same order."
    work: str
    result: str


@dataclass(eq=False, kw_only=True)
class MeterBusyError(MeterlinkError):
    """Another run of the program has a work at the same meter in hand."""

    exit_code: ClassVar[int] = 8
    text: ClassVar[str] = "Another meterlink is at work on meter {serial_number}."
    hint_text: ClassVar[str] = "Finish that one first, or end it; then run this command again."
    serial_number: str


@dataclass(eq=False, kw_only=True)
class StaleClockError(MeterlinkError):
    """The port's clock no longer is the computer's: the computer slept, or its clock was set."""

    exit_code: ClassVar[int] = 8
    text: ClassVar[str] = "The computer's clock moved by {moved_s:.1f} s while the port was open."
    hint_text: ClassVar[str] = (
        "No clock was set by it. Let the computer find the right time, then run the command again."
    )
    moved_s: float


# --- the sealed log -------------------------------------------------------------------------------------------------


def told_os_error(error: OSError) -> str:
    """What the system says, without number and file name."""
    return error.strerror or str(error)


@dataclass(eq=False, kw_only=True)
class AuditError(MeterlinkError):
    """The sealed log, or a file that belongs to one. `state` is the word of `--json`."""

    exit_code: ClassVar[int] = 10
    state: ClassVar[str] = "not-writable"

    def facts(self) -> dict[str, object]:
        return {**super().facts(), "state": self.state}


@dataclass(eq=False, kw_only=True)
class AuditFormatError(AuditError):
    """Bytes that should be a record, a note, a proof, a policy or a key are not; `what` says which."""

    state: ClassVar[str] = "tampered"
    text: ClassVar[str] = "This is no {what}: {why}."
    hint_text: ClassVar[str] = "Ask whoever gave you that file for it again, byte for byte."
    what: str
    why: str


@dataclass(eq=False, kw_only=True)
class ProofError(AuditError):
    """A proof of a Merkle tree does not prove what it should."""

    state: ClassVar[str] = "tampered"
    text: ClassVar[str] = "The {what} proves nothing: {why}."
    hint_text: ClassVar[str] = (
        "Ask whoever gave you that proof for it again; if it stays, the record is not in that log."
    )
    what: str
    why: str


@dataclass(eq=False, kw_only=True)
class NoLogError(AuditError):
    """There is no sealed log where one was looked for."""

    text: ClassVar[str] = "There is no sealed log in {folder}."
    hint_text: ClassVar[str] = (
        "`meterlink audit init --standalone` makes one; with an office, ask it for the enrolment order first."
    )
    folder: str


@dataclass(eq=False, kw_only=True)
class ChainBrokenError(AuditError):
    """Something in the log is not what was sealed. Nothing is mended: what is there is the evidence."""

    state: ClassVar[str] = "tampered"
    text: ClassVar[str] = "The sealed log {log} is broken at record {record} ({segment}, byte {offset}): {why}."
    hint_text: ClassVar[str] = (
        "No meter is written with this log any more. Keep its folder as it is, give the office a copy without key/, "
        "and enrol a new log with `meterlink audit init --replace`; `meterlink audit verify` shows all that was found."
    )
    log: str
    record: int
    segment: str
    offset: int
    why: str


@dataclass(eq=False, kw_only=True)
class WrongKeyError(AuditError):
    """A log or a bundle is sound in itself, and none of the keys that the asker trusts has anything to do with it."""

    state: ClassVar[str] = "tampered"
    text: ClassVar[str] = "None of the keys given from elsewhere was ever in force in the sealed log {log}."
    hint_text: ClassVar[str] = (
        "Compare the keys with those the office has on paper. A log under another key is another log, whoever brings "
        "it."
    )
    log: str
    keys: tuple[str, ...]


@dataclass(eq=False, kw_only=True)
class NotCosignedError(AuditError):
    """A witness whom the asker trusts, or the quorum of his policy, stands under no head of the log."""

    state: ClassVar[str] = "tampered"
    text: ClassVar[str] = "The sealed log {log} was never cosigned by {names}, whom you trust."
    hint_text: ClassVar[str] = (
        "Ask them for the newest head of this log that they cosigned, and give it with --head. Whoever never saw a log "
        "cannot vouch for it."
    )
    log: str
    names: str


@dataclass(eq=False, kw_only=True)
class NoWorkError(ConfigError):
    """No record of the log belongs to the work that was asked for."""

    text: ClassVar[str] = "The sealed log {log} has no record of the work {work!r}."
    hint_text: ClassVar[str] = "`meterlink audit show --last 100` shows the latest records with their works."
    setting: str = "work"
    why: str = "no such work"
    log: str
    work: str


@dataclass(eq=False, kw_only=True)
class BundleError(AuditError):
    """A file of a bundle is missing, or does not prove what it should."""

    state: ClassVar[str] = "tampered"
    text: ClassVar[str] = "The file {file} of this bundle does not hold: {why}."
    hint_text: ClassVar[str] = (
        "Ask whoever sent the bundle for a new export, and the office for its own copy of the log; nothing in a bundle "
        "that does not hold proves anything."
    )
    file: str
    why: str


@dataclass(eq=False, kw_only=True)
class LogTornError(AuditError):
    """A crash left half a record behind the last whole one."""

    state: ClassVar[str] = "torn"
    text: ClassVar[str] = (
        "The sealed log {log} ends in {count} {noun} that a crash left behind "
        "({segment}, byte {offset}, where record {record} would stand)."
    )
    hint_text: ClassVar[str] = (
        "`meterlink audit recover` keeps these bytes beside the log and says so in it; the next work does the same."
    )
    log: str
    record: int
    segment: str
    offset: int
    count: int

    def __str__(self) -> str:
        return self.text.format(**self.facts(), noun="byte" if self.count == 1 else "bytes")


@dataclass(eq=False, kw_only=True)
class TornBytesLostError(AuditError):
    """The log says that it kept the bytes of a crash, and they are gone or are others."""

    state: ClassVar[str] = "tampered"
    text: ClassVar[str] = "The sealed log {log} says in record {record} that it keeps torn/{file}, and {why}."
    hint_text: ClassVar[str] = (
        "The records themselves are whole. Look for that file in the office's copy and in backups, and put it back "
        "into torn/: then the log goes on. If it is nowhere, tell the office and enrol a new log with "
        "`meterlink audit init --replace`; `meterlink audit export` still works."
    )
    log: str
    record: int
    file: str
    why: str


@dataclass(eq=False, kw_only=True)
class LogBehindError(AuditError):
    """Somebody outside saw more records than the log has."""

    state: ClassVar[str] = "behind"
    text: ClassVar[str] = "The sealed log {log} has {size} records, and {source} saw {seen}: its end was cut off."
    hint_text: ClassVar[str] = (
        "Was an old copy restored, or a disk lost? Nothing is written to this log any more: keep its folder as it is, "
        "give the office a copy without key/, and enrol a new log with `meterlink audit init --replace`."
    )
    log: str
    size: int
    seen: int
    source: str


@dataclass(eq=False, kw_only=True)
class LogForkError(AuditError):
    """Somebody outside saw another history of the same length."""

    state: ClassVar[str] = "fork"
    text: ClassVar[str] = "The sealed log {log} has another history than the one {source} saw at {seen} records."
    hint_text: ClassVar[str] = (
        "Two histories under one key: a copy of this log was written elsewhere, or its key was stolen. Keep both "
        "heads and the folder as it is, give the office a copy without key/, and enrol a new log with "
        "`meterlink audit init --replace`."
    )
    log: str
    seen: int
    source: str


@dataclass(eq=False, kw_only=True)
class KeyLostError(AuditError):
    """The private key that has to sign the next record is not there."""

    state: ClassVar[str] = "key-lost"
    text: ClassVar[str] = "The sealed log {log} cannot go on: {why}."
    hint_text: ClassVar[str] = (
        "The log stays readable. Restore nothing from a copy: tell the office and enrol a new log with "
        "`meterlink audit init --replace`."
    )
    log: str
    why: str


@dataclass(eq=False, kw_only=True)
class AuditNotWritableError(AuditError):
    """A record could not be made durable; whatever waited for it must not happen."""

    text: ClassVar[str] = "The sealed log {log} cannot be written: {why}."
    hint_text: ClassVar[str] = "{advice}"
    log: str
    why: str
    advice: str = "Look at the disk and its rights; `meterlink audit status` shows the state of the log."


@dataclass(eq=False, kw_only=True)
class NoRoomError(AuditNotWritableError):
    """Records can still be written, and the disk has too little room for a work."""

    text: ClassVar[str] = "No work may begin in the sealed log {log}: {why}."


@dataclass(eq=False, kw_only=True)
class MeterInDoubtError(AuditError):
    """An earlier write to this meter was announced and its outcome is not known."""

    exit_code: ClassVar[int] = 11
    state: ClassVar[str] = "in-doubt"
    text: ClassVar[str] = (
        "It is not known what became of an earlier write to meter {serial_number}: {operation} (record {record}, "
        "frame {frame})."
    )
    hint_text: ClassVar[str] = (
        "Nothing is written to this meter until it was read again and the log says what was found: the command that "
        "was stopped does so when it is run again, and `meterlink audit resolve` does only that."
    )
    serial_number: str
    operation: str
    record: int
    frame: int


@dataclass(eq=False, kw_only=True)
class LogUnreadableError(AuditError):
    """The files of a log are there, and the system does not let them be read."""

    text: ClassVar[str] = "The sealed log in {folder} cannot be read: {why}."
    hint_text: ClassVar[str] = (
        "See to the rights on that folder and to the health of the disk; it belongs to the user who runs meterlink."
    )
    folder: str
    why: str


@dataclass(eq=False, kw_only=True)
class LogGoneError(AuditError):
    """The log that is in use has no records any more."""

    state: ClassVar[str] = "tampered"
    text: ClassVar[str] = "The sealed log {log} is in use, and its records are gone from {folder}."
    hint_text: ClassVar[str] = (
        "Was the folder moved, or the disk restored from an older copy? Put the folder back as it was. {pointer} says "
        "which log is in use; other logs beside it: {others}. If the folder is lost, tell the office and enrol a new "
        "log with `meterlink audit init --replace`."
    )
    log: str
    folder: str
    pointer: str
    others: str


@dataclass(eq=False, kw_only=True)
class LogUnnamedError(AuditError):
    """There are several logs, and nothing says which of them is in use."""

    text: ClassVar[str] = "There are {count} sealed logs in {folder}, and nothing says which of them is in use."
    hint_text: ClassVar[str] = (
        "Write the name of the log's folder, 8 hexadecimal digits, as one line into {folder}/current; "
        "`meterlink audit verify FOLDER` shows what each holds. They are: {names}."
    )
    folder: str
    count: int
    names: str


@dataclass(eq=False, kw_only=True)
class ActError(AuditError):
    """The records given are not those of one work, so they make no act."""

    text: ClassVar[str] = "No act can be made of these records: {why}."
    hint_text: ClassVar[str] = (
        "`meterlink audit show` shows the records of a work; an act is made of all of them, in order, by a meterlink "
        "that is not older than they are."
    )
    why: str


@dataclass(eq=False, kw_only=True)
class LogExistsError(AuditError):
    """There is a log already, and it is not, or not yet, to be replaced. `found` is its state."""

    text: ClassVar[str] = "There is already a sealed log here: {log} in {folder}; its state is {found}."
    log: str
    folder: str
    found: str
    advice: str

    @property
    def hint(self) -> str:
        return self.advice

    def facts(self) -> dict[str, object]:
        return {**super().facts(), "state": self.found}
