"""`docs/cli.md` has every command."""

from __future__ import annotations

import re

from flue_client_ext.cli._commands import COMMANDS, LOCAL

from .blocks import DOCS

PAGE = DOCS / "cli.md"


def test_every_command_is_on_the_page() -> None:
    text = PAGE.read_text()
    rows = re.findall(r"^\| `([a-z-]+)", text, re.MULTILINE)
    named = {*rows, *re.findall(r"`([a-z-]+)`", text)}
    assert {entry.name for entry in (*COMMANDS, *LOCAL)} <= named
