"""The order, and the secrets that it names."""

from __future__ import annotations

from dataclasses import dataclass

from meterlink.errors.root import AdvisedError, MeterlinkError


@dataclass(eq=False, kw_only=True)
class OrderError(MeterlinkError):
    """An order that does not hold: nothing is done on the strength of it. `order` is its number, or its file."""

    exit_code = 8
    text = "The order {order} does not hold: {why}."
    hint_text = "Nothing was sent to any meter. Ask whoever issued the order for one that holds."
    order: str
    why: str


@dataclass(eq=False, kw_only=True)
class OrderExpiredError(OrderError):
    """Today is outside the days for which the order was issued."""

    hint_text = (
        "Nothing was sent to any meter. Look at the date of this computer; if it is right, ask whoever issued the "
        "order for a new one."
    )
    today: str


@dataclass(eq=False, kw_only=True)
class OrderFormError(AdvisedError, OrderError):
    """The written form of an order: `where` is the key or the table that is wrong."""

    text = "The order {order} cannot be used: {where}: {why}."
    hint_text = (
        "Mend that place, then run `meterlink order check FILE`; docs/orders.md tells every key, and "
        "`meterlink order new` prints a template."
    )
    where: str


@dataclass(eq=False, kw_only=True)
class OrderZoneError(OrderFormError):
    """The time zone of an order is none."""


@dataclass(eq=False, kw_only=True)
class SecretError(MeterlinkError):
    """A password that is kept under a reference. No error ever holds the password or a part of it."""

    exit_code = 4
    text = "The password {reference!r} cannot be used: {why}."
    hint_text = "`meterlink secret set {reference}` keeps it anew."
    reference: str
    why: str


@dataclass(eq=False, kw_only=True)
class SecretNameError(SecretError):
    """What was given is no reference; it is not repeated, because it may be the password itself."""

    exit_code = 2
    text = "This is no reference of a password: {why}."
    hint_text = (
        "A reference is a name for a password, as flat-5: small Latin letters, digits, - and _; never the password."
    )
    reference: str = ""


@dataclass(eq=False, kw_only=True)
class SecretFormError(SecretError):
    """The password is not in the form in which it was said to be."""

    hint_text = (
        "Give printable ASCII characters as they are, or bytes as hex:313131. The password was not repeated here."
    )


@dataclass(eq=False, kw_only=True)
class SecretMissingError(SecretError):
    """Nobody knows the password of this reference."""

    text = "There is no password under the reference {reference!r}: {why}."
    hint_text = (
        "Keep it with `meterlink secret set {reference}`, set the variable {variable}, or run the command in a "
        "terminal, where it asks."
    )
    variable: str


@dataclass(eq=False, kw_only=True)
class SecretNotKeptError(SecretError):
    """There is no place of this computer that keeps passwords, or that place failed."""

    exit_code = 2
    text = "The key ring of this computer failed at the reference {reference!r}: {why}."
    hint_text = "Put the password into the variable {variable} instead; meterlink writes passwords into no file."
    variable: str
