"""What `flue-client dev` prints: each answer, each event and each chunk on a line of its own."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from ..errors import printable
from ._json import dumps
from ._local import LocalFlue
from ._request import Request

#: The fields that say what happened, the most telling first.
_SAYING = (
    "text",
    "delta",
    "message",
    "toolName",
    "result",
    "error",
    "operationKind",
    "input",
    "outcome",
    "output",
    "errorText",
    "data",
)
_COLORS = {2: "32", 3: "36", 4: "33", 5: "31"}


def watch(server: LocalFlue) -> None:
    """Print each answer and each event on a line of its own."""
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def paint(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if color else text

    def answered(request: Request, status: int) -> None:
        query = "&".join(f"{name}={value}" if value else name for name, value in request.query)
        target = f"{request.path}{'?' + query if query else ''}"
        code = paint(str(status), _COLORS.get(status // 100, "0"))
        line = printable(f"{request.method} {target}")
        print(f"{time.strftime('%H:%M:%S')} {code} {line}", flush=True)

    def happened(whose: str, event: dict[str, Any]) -> None:
        what = printable(f"{whose} {event['type']}")
        line = f"{time.strftime('%H:%M:%S')}     {what} {_gist(event)}"
        bad = event.get("isError") or event.get("outcome") == "failed"
        print(paint(line.rstrip(), "31" if bad else "2"), flush=True)

    server.on_answer.append(answered)
    server.on_event.append(lambda run_id, event: happened(run_id[-6:], event))
    server.on_chunk.append(lambda agent, name, chunk: happened(f"{agent}/{name}", chunk))


def _gist(event: dict[str, Any]) -> str:
    """The part of an event that says what happened, on one short line."""
    for name in _SAYING:
        value = event.get(name)
        if value is not None and not (name == "message" and isinstance(value, dict)):
            text = value if isinstance(value, str) else dumps(value)
            line = printable(text.replace("\n", " "))
            return line if len(line) <= 90 else f"{line[:87]}..."
    return ""
