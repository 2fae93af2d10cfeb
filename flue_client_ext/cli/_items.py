"""The items of a batch: the lines of a file, each with a key that names it in the next run too."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import attrs


@attrs.frozen
class Item:
    """A line: its number in the file, its place among the items, its value, and its key.

    The key is made of the value and counts equal ones: lines may be added, removed and moved
    between two runs, and what is done stays done.
    """

    line: int
    index: int
    value: Any
    key: str


def read_items(file: Path) -> list[Item]:
    """Read the JSON lines of a file (`-` is stdin); blank ones are passed over.

    Raises `ValueError`, which names the line, for one that is no JSON.
    """
    stdin = str(file) == "-"
    content = sys.stdin.buffer.read() if stdin else file.read_bytes()
    seen = Counter[str]()
    items: list[Item] = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            raise ValueError(f"{'stdin' if stdin else file}, line {number}, is not JSON") from None
        digest = _digest(value)
        seen[digest] += 1
        items.append(Item(number, len(items), value, f"{digest}-{seen[digest]}"))
    return items


def results_of(file: Path) -> Path:
    """Where the results of a file go: beside it."""
    return file.with_name(f"{file.name.removesuffix('.jsonl')}.results.jsonl")


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
