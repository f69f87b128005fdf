"""The line: ports, and answers that do not come."""

from __future__ import annotations

from dataclasses import dataclass

from meterlink.errors.root import MeterlinkError


@dataclass(eq=False, kw_only=True)
class LinkError(MeterlinkError):
    """The line to the meter, not the meter."""

    exit_code = 3


@dataclass(eq=False, kw_only=True)
class PortError(LinkError):
    """The port could not be opened or set."""

    text = "The port {port} cannot be used: {why}."
    hint_text = "`meterlink ports` lists the ports of this computer."
    port: str
    why: str


@dataclass(eq=False, kw_only=True)
class PortMissingError(PortError):
    """There is no such port, or nobody listens there."""

    text = "There is no port {port}: {why}."
    hint_text = "Plug the adapter in or start the gateway; `meterlink ports` lists the ports of this computer."


@dataclass(eq=False, kw_only=True)
class PortBusyError(PortError):
    """Somebody else holds the port."""

    text = "The port {port} is held by another program: {why}."
    hint_text = "Close the other program (a configurator, a terminal, a second meterlink) and try again."


@dataclass(eq=False, kw_only=True)
class PortAccessError(PortError):
    """This user may not open the port."""

    text = "This user may not open the port {port}: {why}."
    hint_text = "On Linux add the user to the group dialout and log in again."


@dataclass(eq=False, kw_only=True)
class LinkLostError(LinkError):
    """The port went away in the middle."""

    text = "The port {port} was lost in the middle of the work: {why}."
    hint_text = "Check the cable and the adapter, then run the same command again."
    port: str
    why: str


@dataclass(eq=False, kw_only=True)
class LineNoiseError(LinkError):
    """The line never falls silent, so no request may be sent."""

    text = "The line {port} does not fall silent: bytes came for {waited_s:.1f} s without a pause."
    hint_text = "Another master talks on this line, or its polarity is wrong: disconnect it or swap A and B."
    port: str
    waited_s: float


@dataclass(eq=False, kw_only=True)
class NoAnswerError(LinkError, TimeoutError):
    """Nothing that could be an answer came in time."""

    text = "No answer from address {address} on {port} to {request} after {tries} {tries_word}{heard}."
    hint_text = (
        "Check the wires A and B, the power of the interface, the address and the speed; --trace FILE writes down "
        "what is seen on the line."
    )
    address: str
    port: str
    request: str
    tries: int
    heard: str = ""

    def words(self) -> dict[str, str]:
        return {"tries_word": "try" if self.tries == 1 else "tries"}
