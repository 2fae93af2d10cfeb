"""Where the lines of a chat come from: a prompt with editing and history, or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from ._out import is_terminal

ReadLine = Callable[[str], str]
"""Shows a prompt and returns a line; `EOFError` at the end, `KeyboardInterrupt` for Ctrl-C."""


def is_interactive() -> bool:
    return is_terminal(sys.stdin) and is_terminal(sys.stdout)


def line_reader(earlier: Iterable[str], commands: Iterable[str]) -> ReadLine:
    """Return what reads lines. `earlier`: what the arrow keys bring back, the latest last."""
    return _prompt(earlier, commands) if is_interactive() else _from_pipe


def _prompt(earlier: Iterable[str], commands: Iterable[str]) -> ReadLine:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import InMemoryHistory

    session: PromptSession[str] = PromptSession(
        history=InMemoryHistory(list(earlier)),
        completer=WordCompleter(list(commands), sentence=True),
        complete_while_typing=False,
        enable_history_search=True,
    )
    return lambda words: session.prompt([("bold ansicyan", words)])


def _from_pipe(words: str) -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
