"""How commands are written: nouns loaded when they are used, help texts in the house form, examples below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

_HELP = "show this text and leave"
_EXAMPLES = "Examples"


class _WithExamples(click.Command):
    """A command that shows true examples, which a test runs."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _HELP
        return option

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section(_EXAMPLES):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        super().format_epilog(ctx, formatter)


class Command(_WithExamples):
    """A verb, or a noun that needs none."""


class Group(_WithExamples, click.Group):
    """A noun with its verbs; also the whole program, whose nouns stand in modules of their own.

    `nouns` gives the module of each, which holds a command of the same name.
    """

    def __init__(self, *args: Any, nouns: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._nouns = dict(nouns or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self._nouns, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = self._nouns.get(cmd_name)
        if module is None:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(module), cmd_name)
        return command


Group.command_class = Command
Group.group_class = Group
