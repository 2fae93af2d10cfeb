"""Upstream's TypeScript clients folding conversations: the states that ours are compared with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from attrs import asdict, frozen

from tests.servers.node import CHECKOUT, run_node
from tests.servers.upstream import scripts

PROJECT = CHECKOUT / "tests" / "upstream2"
Json = dict[str, Any]


@frozen
class Page:
    """The answer to a request for updates, and the offset behind it."""

    chunks: list[Json]
    offset: str


@frozen
class Folding:
    """A conversation to be followed from `snapshot` on; the last page tells something new."""

    snapshot: Json
    pages: list[Page]
    sdk: Literal["2", "beta"] = "2"


@frozen
class Replies:
    """Submissions whose replies are read from a snapshot."""

    snapshot: Json
    submissions: list[str]


def fold(foldings: Sequence[Folding]) -> list[dict[str, Json]]:
    """Return the states of each conversation, by the offset at which upstream's client had them."""
    requests = [{**asdict(each), "end": each.pages[-1].offset} for each in foldings]
    return [dict(states) for states in _run(requests)]


def read_replies(replies: Sequence[Replies]) -> list[list[Json]]:
    return _run([asdict(each) for each in replies])


def _run(requests: list[Json]) -> list[Any]:
    folder = scripts(PROJECT)
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "requests.json"
        file.write_text(json.dumps(requests))
        printed = run_node(folder / "fold.mjs", file, cwd=folder, timeout=120)
    # Not `splitlines`: a text may hold U+2028.
    return [json.loads(line) for line in printed.removesuffix("\n").split("\n")]
