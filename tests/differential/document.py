"""Writes `docs/environment.md` from the table: `python -m tests.differential.document`."""

from __future__ import annotations

from pathlib import Path

from .rows import GROUPS, Row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "environment.md"
INTRODUCTION = """# The environment: the client beside httpx and curl

The client has sockets of its own, because they can be interrupted at any moment and are fast.
They obey the environment as httpx and curl do. This table is generated from
`tests/differential/rows.py`, and a test puts each row before the client, sync and async, before
httpx 0.28 and before curl 7.88, against real servers and proxies: a row fails when one of them does
something else than it says. Nothing is known of what no row asks.

A row says who was asked and what came of it. `{http}`, `{https}` and the like stand for the ports
of servers, `{ca}` for a file with the right certificates, `{stale}` for one with others,
`{cadir}` and `{staledir}` for folders of them. `tunnels` is a proxy's CONNECT. `error: setup` is
a mistake that is told before anything is sent, `error: tls` a refused handshake or certificate,
`error: failed` a connection or an answer that is none, `error: answer` one that is not what was
asked for.
"""


def document() -> str:
    parts = [INTRODUCTION]
    for title, rows in GROUPS.items():
        parts.append(f"## {title}\n\n| | outcome | differs |\n|---|---|---|")
        parts.append("\n".join(map(line, rows)) + "\n")
    return "\n".join(parts)


def line(row: Row) -> str:
    differs = [f"{peer}: {said} ({why})" for peer, (said, why) in row.differs.items()]
    return f"| {_cell(row.name)} | {_cell(row.ours)} | {_cell('<br>'.join(differs))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(document())
