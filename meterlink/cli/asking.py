"""Questions to the people at the meter: on stderr, and only in a terminal; without one a command refuses at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import click

from meterlink.cli import output
from meterlink.cli.family_words import prompt_words
from meterlink.cli.options import Given
from meterlink.driver import Driver
from meterlink.errors import ConfigError, NotAbandonedError, NotConfirmedError
from meterlink.interrupts import interrupts_heard
from meterlink.language import Language, Words
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.visit.order import Order
from meterlink.visit.plan import TimeSource
from meterlink.visit.session import prompts_of
from meterlink.visit.work import Confirmed

C = TypeVar("C", bound=Callable[..., Any] | click.Command)


class UnansweredError(click.Abort):
    """The end of the input at a question (Ctrl-D, Ctrl-Z on Windows): nobody answers any more. Ctrl-C is no answer."""


_LANG_HELP: Final = "language of what people read: ru or en  [METERLINK_LANG]"
_YES_HELP: Final = "confirm on somebody's behalf, for scripts; nothing is asked"
_PERFORMER_HELP: Final = "which performer of the order does the work, by id; the first where it is not said"
_SOURCE_HELP: Final = (
    "why this computer's clock may be believed: system (kept right by the network), confirmed (compared with a trusted "
    "clock just now)"
)
CONFIRMING_TRIES: Final = 3
"""So often what confirms may be mistyped; people stand on ladders."""

_WHY: Final = {
    "json": "--json asks nothing, and --yes was not given",
    "no terminal": "there is no terminal to ask in, and --yes was not given",
    "serial": "what was typed was not its serial number, {tries} times",
    "work": "what was typed was not its id, {tries} times",
    "unanswered": "the question was not answered",
    "performer": "the order knows no performer {id!r}; it has {known}",
}
_ADVICE: Final = {"performer": "Give one of them, or leave --performer out."}
_WORDS: Final = Words(
    {
        Language.EN: {
            "serial": "Type the serial number of the meter to have this written (nothing else confirms)",
            "other serial": "Attempt {attempt} of {tries}: {typed!r} is not the serial number of this meter.",
            "work": "Type the id of the work to close it without knowing what stands in the meter (nothing else "
            "confirms)",
            "other work": "Attempt {attempt} of {tries}: {typed!r} is not the id of this work.",
            "nothing": "Attempt {attempt} of {tries}: nothing was typed.",
            "prompt": "Before the dialogue with the meter: {prompt}.",
            "enter": "Press Enter when that is done",
            "source": "This computer shows {now}. Is that right? system: the network keeps it right; confirmed: I "
            "compared it with a trusted clock just now",
            "moment": "%Y-%m-%d %H:%M:%S %Z",
            "system": "system",
            "confirmed": "confirmed",
            "unknown": "unknown",
            "none of them": "{typed!r} is none of: {words}.",
        },
        Language.RU: {
            "serial": "Наберите заводской номер прибора, чтобы это записать (ничто другое не подтверждает)",
            "other serial": "Попытка {attempt} из {tries}: {typed!r} - не номер этого прибора.",
            "work": "Наберите номер работы, чтобы закрыть её, не зная, что стоит в приборе (ничто другое не "
            "подтверждает)",
            "other work": "Попытка {attempt} из {tries}: {typed!r} - не номер этой работы.",
            "nothing": "Попытка {attempt} из {tries}: ничего не набрано.",
            "prompt": "Перед обменом с прибором: {prompt}.",
            "enter": "Нажмите Enter, когда сделано",
            "source": "Этот компьютер показывает {now}. Это верно? сеть: часы ведёт сеть; сверено: я только что "
            "сверил их с надёжными часами",
            "moment": "%d.%m.%Y %H:%M:%S %Z",
            "system": "сеть",
            "confirmed": "сверено",
            "unknown": "неизвестно",
            "none of them": "{typed!r} - не один из ответов: {words}.",
        },
    }
)
_BY_TYPING: Final = "serial number typed"
_BY_OPTION: Final = "--yes"


def lang_option(command: C) -> C:
    """`--lang`."""

    def note(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
        if value is not None:
            ctx.ensure_object(Given).values["lang"] = value

    choice = click.Choice([each.value for each in Language])
    return click.option("--lang", type=choice, help=_LANG_HELP, expose_value=False, callback=note)(command)


def language_of(given: Given, usual: Language = Language.EN) -> Language:
    """What was asked for; else the variable; else the usual one."""
    said = given.values.get("lang") or os.environ.get("METERLINK_LANG", "").strip().lower()
    try:
        return Language(said) if said else usual
    except ValueError:
        known = ", ".join(each.value for each in Language)
        raise ConfigError(setting="METERLINK_LANG", why=f"{said!r} is none of {known}") from None


def yes_option(command: C) -> C:
    """`--yes`."""
    return click.option("--yes", is_flag=True, help=_YES_HELP)(command)


def performer_option(command: C) -> C:
    """`--performer`."""
    return click.option("--performer", metavar="ID", help=_PERFORMER_HELP)(command)


def time_source_option(command: C) -> C:
    """`--time-source`."""
    choice = click.Choice([TimeSource.SYSTEM.value, TimeSource.CONFIRMED.value])
    return click.option("--time-source", type=choice, help=_SOURCE_HELP)(command)


def can_ask() -> bool:
    """Whether somebody sits there."""
    return sys.stdin.isatty()


def refuse_unaskable(yes: bool, serial_number: str, *, as_json: bool) -> None:
    """NotConfirmedError at once where nobody could confirm later: whoever reads documents sees no plan."""
    if not yes and (why := _unaskable(as_json)):
        raise NotConfirmedError(serial_number=serial_number, why=why)


def _unaskable(as_json: bool) -> str:
    """Why nobody can be asked; empty where somebody can."""
    return _WHY["json"] if as_json else "" if can_ask() else _WHY["no terminal"]


def confirm(driver: Driver, serial_number: str, by: str, yes: bool, language: Language) -> Confirmed:
    """The meter's serial number, typed by a person; NotConfirmedError when it was not."""
    if yes:
        return Confirmed(by=by, how=_BY_OPTION)
    why = _untyped("serial", lambda typed: driver.same_serial(typed, serial_number), language)
    if why:
        raise NotConfirmedError(serial_number=serial_number, why=why)
    return Confirmed(by=by, how=_BY_TYPING)


def confirm_abandoning(work: str, yes: bool, language: Language, *, as_json: bool) -> None:
    """The id of a work that is given up, typed by a person; NotAbandonedError when it was not, or nobody can be
    asked."""
    why = "" if yes else _unaskable(as_json) or _untyped("work", lambda typed: typed == work, language)
    if why:
        raise NotAbandonedError(work=work, why=why)


def _untyped(asked: str, fits: Callable[[str], bool], language: Language) -> str:
    """Why what confirms was not typed; empty where it was."""
    for attempt in range(1, CONFIRMING_TRIES + 1):
        try:
            typed = ask(_WORDS(asked, language)).strip()
        except UnansweredError:
            return _WHY["unanswered"]
        if typed and fits(typed):
            return ""
        wrong = f"other {asked}" if typed else "nothing"
        output.aside(_WORDS(wrong, language, attempt=attempt, tries=CONFIRMING_TRIES, typed=typed))
    return _WHY[asked].format(tries=CONFIRMING_TRIES)


def performer_of(order: Order, wanted: str | None) -> str:
    """The id of who does the work."""
    known = [each.id for each in order.performers]
    if wanted is None:
        return known[0]
    if wanted not in known:
        why = _WHY["performer"].format(id=wanted, known=", ".join(known))
        raise ConfigError(setting="--performer", why=why, advice=_ADVICE["performer"])
    return wanted


def said_source(said: str | None) -> TimeSource:
    """What was said, where nobody is asked."""
    return TimeSource.UNKNOWN if said is None else TimeSource(said)


def time_source_of(said: str | None, now: datetime, language: Language) -> TimeSource:
    """What was said, or what is answered; unknown where nobody can be asked."""
    if said is not None or not can_ask():
        return said_source(said)
    question = _WORDS("source", language, now=format(now, _WORDS("moment", language)))
    return TimeSource(choose(question, {each: _WORDS(each, language) for each in TimeSource}, language))


def prompt(actions: Collection[Action], profile: Profile, yes: bool, language: Language) -> None:
    """What a person has to do before the meter is talked to; only told where nobody can be asked."""
    for each in prompts_of(actions, profile):
        told = _WORDS("prompt", language, prompt=prompt_words(each, profile.driver, language))
        if can_ask() and not yes:
            ask(f"{told} {_WORDS('enter', language)}")
        else:
            output.aside(told)


def ask(question: str) -> str:
    """One line; Enter alone is an empty one."""
    answer: str = _prompt(question, default="", show_default=False)
    return answer


def ask_hidden(question: str) -> str:
    """The same for what nobody may read over a shoulder; Enter alone is no answer."""
    answer: str = _prompt(question, hide_input=True)
    return answer


def choose(question: str, answers: Mapping[str, str], language: Language, usual: str | None = None) -> str:
    """The code of one of several answers; `answers` has the word for each code, and either may be typed."""
    codes = {said.casefold(): code for code, word in answers.items() for said in (word, code)}
    words = ", ".join(answers.values())
    while True:
        typed: str = _prompt(f"{question} ({words})", default=None if usual is None else answers[usual])
        if typed.strip().casefold() in codes:
            return codes[typed.strip().casefold()]
        output.aside(_WORDS("none of them", language, typed=typed, words=words))


def _prompt(question: str, **how: Any) -> Any:
    """A question on stderr; UnansweredError at the end of the input, click's Abort at Ctrl-C."""
    output.Progress.vanish()
    try:
        with interrupts_heard():
            return click.prompt(question, err=True, **how)
    except click.Abort as abort:
        if not how.get("hide_input"):  # there click ends the line itself
            output.aside("")  # the key left the cursor behind the question
        if isinstance(abort.__context__, EOFError):
            raise UnansweredError from None
        raise
