"""Every console example of `docs/cli.md` runs in one shell, and prints what the page shows."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flue_client_ext.cli._commands import COMMANDS, LOCAL
from flue_client_ext.cli._group import group
from tests.docs.blocks import DOCS, blocks

from .conftest import Local
from .terminal import CLI, environment

PAGE = DOCS / "cli.md"


def examples() -> list[tuple[str, list[str]]]:
    """Each command with the lines below it."""
    found: list[tuple[str, list[str]]] = []
    for line in "".join(block.code for block in blocks(PAGE, "console")).splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def matches(shown: str, printed: str) -> bool:
    """Whether a line was printed as shown; `...` stands for anything."""
    pattern = ".*".join(map(re.escape, shown.split("...")))
    return re.fullmatch(pattern, printed.rstrip()) is not None


@pytest.mark.skipif(shutil.which("jq") is None, reason="the page pipes into jq: install it")
def test_the_examples_print_what_the_page_shows(local: Local, tmp_path: Path) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    program = commands / "flue-client"
    program.write_text(f'#!/bin/sh\nexec {" ".join(CLI)} "$@"\n')
    program.chmod(0o755)
    env = environment(local.url)
    script = "".join(f"{command}\necho '---'\n" for command, _ in examples())
    ran = subprocess.run(
        ["bash", "--norc", "-eo", "pipefail", "-c", script],
        env={**env, "PATH": f"{commands}:{env['PATH']}"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout
    printed = ran.stdout.split("---\n")[:-1]
    for (command, shown), each in zip(examples(), printed, strict=True):
        lines = each.splitlines()
        assert len(lines) == len(shown), (command, each)
        assert all(map(matches, shown, lines)), (command, each)


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
