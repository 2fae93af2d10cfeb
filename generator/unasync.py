"""Makes the blocking half of the surface out of the async half.

The async modules of `flue_client_ext` are written by hand. Each is turned into its blocking twin
name by name, so that both have the same parameters and the same documentation: `AsyncX` becomes
`X`, `async` and `await` are removed, and the tables below hold the exceptions. Code that only
blocking or only async code needs is in `sync_*.py` and `async_*.py` of `_http` and `_drivers`,
under the same names.

    python generator/unasync.py            write the twins
    python generator/unasync.py --check    change nothing; print a diff and fail if there is any
"""

from __future__ import annotations

import difflib
import io
import re
import sys
import tempfile
import textwrap
import tokenize
from collections.abc import Iterator
from pathlib import Path

from generate import ROOT, RUFF_FORMAT, RUFF_STYLE, refuse_other_tools, run

PACKAGE = ROOT / "flue_client_ext"
RUFF_CHECK = ["check", "--isolated", "--quiet", "--fix", "--unsafe-fixes", "--select=I,F401,C416"]

TWINS = {
    "async_client.py": "client.py",
    "async_runs.py": "runs.py",
    "async_workflows.py": "workflows.py",
    "async_agents.py": "agents.py",
    "async_agent_streams.py": "agent_streams.py",
    "async_conversation.py": "conversation.py",
    "async_submissions.py": "submissions.py",
    "async_conversation_streams.py": "conversation_streams.py",
    "async_stream.py": "stream.py",
    "async_event_stream.py": "event_stream.py",
    "async_update_stream.py": "update_stream.py",
    "async_reply_stream.py": "reply_stream.py",
    "_async_session.py": "_session.py",
}
"""Modules of `flue_client_ext`: the original, and its twin."""

NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aiter": "iter",
    "anext": "next",
    "aclose": "close",
    "StopAsyncIteration": "StopIteration",
    "AsyncSocket": "SyncSocket",
    "async_aside": "sync_aside",
    "async_channel": "sync_channel",
    "async_driver": "sync_driver",
    "async_many": "sync_many",
    "async_socket": "sync_socket",
}

CODE = {
    r"\bAwaitable\[(\w+)\]": r"\1",
    r"Awaitable, ": "",
}
"""Replacements in code: the blocking form of a type that names an awaitable."""

PHRASES = {
    "for async code, on asyncio or trio.": "for blocking code; usable from many threads.",
    "for async code": "for blocking code",
    ", async or not,": "",
    "an async iterator": "an iterator",
    "iterate over it with `async for`, once": "iterate over it, once",
    "from any task or thread": "from any thread",
    "async for": "for",
    "async with": "with",
    "Leaving an `with`": "Leaving a `with`",
    "If the task is cancelled instead (by a time limit over `anext(stream)`, for example), the"
    " connection is closed, and the stream resumes from its offset when the next item is asked"
    " for.": "If Ctrl-C interrupts a wait instead, the stream resumes from its offset when the next"
    " item is asked for; interrupted elsewhere, it raises `RuntimeError` then.",
}
"""Replacements in docstrings; a later one also applies to the results of the earlier ones."""

_HEADER = "# Made from {original} by `make generate`: edit that one.\n"
_PREFIX = re.compile(r"^(_?)(?:Async(?=[A-Z])|async_(?=[a-z]))")
_WORD = re.compile(r"\w+")
_WIDTH = 100


def main() -> int:
    refuse_other_tools()
    drift = [line for name, text in twins() for line in _difference(name, text)]
    if "--check" in sys.argv[1:]:
        sys.stdout.writelines(drift)
        if drift:
            print("\nThe blocking surface does not fit the async one. Run: make generate")
        return 1 if drift else 0
    for name, text in twins():
        (PACKAGE / name).write_text(text)
    return 0


def twins() -> Iterator[tuple[str, str]]:
    """Yield the name of each twin, and the text that it must have."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / PACKAGE.name  # the name tells which imports are its own
        target.mkdir()
        for original, twin in TWINS.items():
            text = _HEADER.format(original=original) + blocking((PACKAGE / original).read_text())
            (target / twin).write_text(text)
        run("ruff", *RUFF_CHECK, *RUFF_STYLE, str(target))
        run("ruff", *RUFF_FORMAT, *RUFF_STYLE, str(target))
        for twin in TWINS.values():
            yield twin, (target / twin).read_text()


def _difference(name: str, text: str) -> Iterator[str]:
    twin = PACKAGE / name
    return difflib.unified_diff(
        (twin.read_text() if twin.exists() else "").splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"{PACKAGE.name}/{name} (as it is)",
        f"{PACKAGE.name}/{name} (as made from the async one)",
    )


def blocking(source: str) -> str:
    """Return the twin of a module's `source`; sorting and layout are left to the formatter."""
    lines = source.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    for token in reversed(tokens):  # from the end, so that the places before it stay right
        (first, start), (last, end) = token.start, token.end
        new = _respelled_token(token)
        if new == token.string:
            continue
        if not new:
            end += 1  # the blank behind `async` and `await`
        lines[first - 1 : last] = [lines[first - 1][:start] + new + lines[last - 1][end:]]
    code = "".join(lines)
    for pattern, replacement in CODE.items():
        code = re.sub(pattern, replacement, code)
    return code


def _respelled_token(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.STRING and token.string.startswith('"""'):
        return _respelled_docstring(token.string, token.start[1])
    if token.type in (tokenize.STRING, tokenize.COMMENT):
        return _WORD.sub(lambda word: respelled(word[0]), token.string)
    if token.type != tokenize.NAME:
        return token.string
    return "" if token.string in ("async", "await") else respelled(token.string)


def respelled(name: str) -> str:
    """The blocking spelling of one name."""
    return NAMES.get(name) or _PREFIX.sub(r"\1", name)


def _respelled_docstring(text: str, indent: int) -> str:
    """Replace phrases, also those that span lines, and fill the paragraphs that change."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(_respelled_paragraph(one, indent) for one in paragraphs)


def _respelled_paragraph(text: str, indent: int) -> str:
    flat = new = " ".join(text.split())
    for phrase, replacement in PHRASES.items():
        new = new.replace(phrase, replacement)
    new = _WORD.sub(lambda word: respelled(word[0]), new)
    if new == flat:
        return text
    margin = " " * indent
    filled = textwrap.fill(new, _WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    first = "" if text.startswith('"""') else margin
    return first + filled.replace("\n", "\n" + margin)


if __name__ == "__main__":
    sys.exit(main())
