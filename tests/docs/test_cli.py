"""`docs/cli.md` has every command."""

from __future__ import annotations

import re

from flue_client_ext.cli._commands import COMMANDS, LOCAL
from flue_client_ext.cli._group import group

from .blocks import DOCS

PAGE = DOCS / "cli.md"


def test_every_command_is_on_the_page() -> None:
    text = PAGE.read_text()
    rows = re.findall(r"^\| `([a-z-]+)", text, re.MULTILINE)
    named = {*rows, *re.findall(r"`([a-z-]+)`", text)}
    assert {entry.name for entry in (*COMMANDS, *LOCAL)} <= named


def test_the_table_of_options_is_that_of_the_commands() -> None:
    import click

    rows = re.findall(r"^\| `(--[a-z]+)` \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE)
    told = {option: set(re.findall(r"`([a-z-]+)`", commands)) for option, commands in rows}
    context = click.Context(group)
    known: dict[str, set[str]] = {}
    for entry in COMMANDS:
        command = group.get_command(context, entry.name)
        assert command is not None
        for parameter in command.params:
            for name in parameter.opts:
                known.setdefault(name, set()).add(entry.name)
    assert {option: known[option] for option in told} == told
    assert told.keys() >= {"--input", "--wait", "--live", "--offset", "--tail", "--types"}
