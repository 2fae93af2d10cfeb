"""The command that holds all others, and imports the one that is used."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from itertools import groupby
from typing import NoReturn

import click

from .._version import __version__
from ._commands import COMMANDS, LOCAL, Entry
from ._out import print_text

_ALL = {entry.name: entry for entry in (*COMMANDS, *LOCAL)}
_LOCAL = {entry.name for entry in LOCAL}
#: What may stand before the command as well as behind it; each has a value.
_OPTIONS = ("--server", "--header", "--timeout")


class _Commands(click.Group):
    """Knows its commands by their names; a module is imported when its command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_ALL)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = _ALL.get(cmd_name)
        if entry is None:
            return None
        if cmd_name in _LOCAL:  # for the help and for completion: `main` runs them without click
            return click.Command(cmd_name, help=entry.help, add_help_option=False)
        command: click.Command = import_module(entry.module).command
        command.name = cmd_name
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _behind_the_command(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not (args[0] in _ALL or args[0].startswith("-") or ctx.resilient_parsing):
            _unknown(ctx, args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, entries in groupby(_ALL.values(), _section):
            with formatter.section(section):
                formatter.write_dl([(entry.name, entry.help) for entry in entries])


def _behind_the_command(args: list[str]) -> list[str]:
    """Put the options of the server that stand before the command behind it."""
    at = 0
    while at < len(args) and args[at].partition("=")[0] in _OPTIONS:
        at += 1 if "=" in args[at] else 2
    return [*args[at : at + 1], *args[:at], *args[at + 1 :]]


def _unknown(ctx: click.Context, name: str) -> NoReturn:
    near = get_close_matches(name, _ALL, 1)
    ctx.fail(f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))


def _section(entry: Entry) -> str:
    return entry.section


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.version_option(__version__, message="flue-client %(version)s")
@click.pass_context
def group(context: click.Context) -> None:
    """Talk to a Flue server: start and follow workflow runs, ask agents.

    Results are JSON on stdout, all else goes to stderr. The server is --server or FLUE_BASE_URL,
    the token FLUE_TOKEN. Exit codes: 0; 1, the request failed or the command line is wrong; 2, the
    run or the submission failed; 130, Ctrl-C.
    """
    if context.invoked_subcommand is None:
        print_text(context.get_help())
