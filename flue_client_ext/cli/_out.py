"""What goes out: results on stdout, all else on stderr, in whatever encoding these have."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from ._printable import json_text, printable_line, printable_text


def prepare() -> None:
    """Let no character that an encoding lacks end the command (PYTHONIOENCODING, Windows)."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty()


def is_unicode(stream: TextIO) -> bool:
    """Whether every character can be written."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def print_json(value: Any, *, lines: bool = False) -> None:
    """Print a value on stdout: indented on a terminal, else (and with `lines`) as one line."""
    indent = 2 if is_terminal(sys.stdout) and not lines else None
    _write(json_text(value, indent=indent, ascii_only=not is_unicode(sys.stdout)))


def print_text(text: str) -> None:
    """Print text for people on stdout."""
    _write(printable_text(text))


def note(text: str) -> None:
    """Print one line on stderr."""
    print(printable_line(text), file=sys.stderr, flush=True)


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
