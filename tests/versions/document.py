"""Writes `docs/versions.md` from the matrix: `python -m tests.versions.document`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .rows import GENERATIONS, GROUPS, NO_PAGES, NO_WORKFLOWS, ROWS, WORKS, Row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "versions.md"
INTRODUCTION = """# Which call works on which version of Flue

The calls of the client, and genuine servers of upstream's packages. This page is generated from
`tests/versions/rows.py`, and a test makes each call on each of these servers, and on the newest of
each generation on asyncio and trio too: it works, or raises the error that stands here, before
anything runs on the server. The client finds out by itself which generation it talks to.

Calls without a namespace are those of a conversation, `client.agents.conversation(name, id)`. All
but `ask`, `history_before`, `send_signal` and `attachment` are in `client.agents` as well.
"""


INSTEAD = {
    NO_WORKFLOWS: "ask an agent: Flue 2.x has no workflows",
    NO_PAGES: "read the whole with `history`: servers have pages of it from 2.2 on",
}
"""What to do where the error itself does not say it in a field."""


def document() -> str:
    parts = [INTRODUCTION]
    for title, rows in GROUPS.items():
        versions = " | ".join(GENERATIONS)
        parts.append(f"## {title}\n\n| | {versions} |\n|---|{'---|' * len(GENERATIONS)}")
        parts.append("\n".join(map(_line, rows)) + "\n")
    parts.append("## Errors\n\n| error | versions | calls | what to do |\n|---|---|---|---|")
    parts.append("\n".join(_errors()) + "\n")
    return "\n".join(parts)


def _line(row: Row) -> str:
    cells = ["yes" if row.outcome(version) == WORKS else "error" for version in GENERATIONS]
    return f"| `{row.call}` | {' | '.join(cells)} |"


def _errors() -> Iterator[str]:
    """One line for each error of a span of versions, with the calls that raise it."""
    calls: dict[tuple[str, str], list[str]] = {}
    for row in ROWS:
        outcomes = {version: row.outcome(version) for version in GENERATIONS}
        for outcome in dict.fromkeys(outcomes.values()):
            if outcome != WORKS:
                versions = [version for version, told in outcomes.items() if told == outcome]
                span = f"{versions[0]} to {versions[-1]}"
                calls.setdefault((outcome, span), []).append(f"`{row.call}`")
    for (outcome, span), names in calls.items():
        error, _, instead = outcome.partition(": ")
        yield f"| `{error}` | {span} | {', '.join(names)} | {instead or INSTEAD[outcome]} |"


if __name__ == "__main__":
    PAGE.write_text(document())
