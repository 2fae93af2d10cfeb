"""Upstream's TypeScript client reading a run: the answer that ours is compared with."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from tests.servers.node import run_node
from tests.servers.upstream import scripts

SdkMode = Literal["events", "stream-false", "stream-longpoll", "stream-sse"]


class SdkRead(NamedTuple):
    events: list[dict[str, Any]]
    offset: str | None
    """Where the stream stood at its end; None for `events`, which does not tell."""


def sdk_read(
    base_url: str,
    run_id: str,
    mode: SdkMode,
    *,
    offset: str | None = None,
    tail: int | None = None,
    timeout: float = 120.0,
) -> SdkRead:
    """Read a run to its end with `@flue/sdk`; raise with what it printed if it fails."""
    folder = scripts()
    arguments = [base_url, run_id, mode, offset or "", "" if tail is None else str(tail)]
    printed = run_node(folder / "sdk-read.mjs", *arguments, cwd=folder, timeout=timeout)
    # Not `splitlines`: an event may hold U+2028 or U+0085.
    *events, last = (json.loads(line) for line in printed.removesuffix("\n").split("\n"))
    if last["count"] != len(events):
        raise RuntimeError(f"{last['count']} events were announced, {len(events)} arrived.")
    return SdkRead(events, last["offset"])
