"""Decides what of a tree a page shows: at most so many rows, and so much text in all.

What has failed comes first, with what it is in; then what is higher in the tree; then what is
nearer to either end of its list. So a long run keeps its frame, its beginning and its end.
"""

from __future__ import annotations

from attrs import field, frozen

from .span import Block, Span, walk

MAX_ROWS = 2_000
MAX_TEXT = 1_000_000
MAX_BLOCK = 20_000
MAX_BLOCKS = 50
"""Rows of a page, characters of all blocks and of one, and blocks of one row."""


@frozen
class Shown:
    """A block, or its beginning: `left_out` characters of it are missing."""

    label: str
    text: str
    form: str
    left_out: int


@frozen
class Row:
    """A span of the page; `depth` counts from zero. `blocks_left_out` were too many."""

    depth: int
    span: Span
    blocks: list[Shown] = field(factory=list[Shown])
    blocks_left_out: int = 0


@frozen
class Gap:
    """Spans that stand here in the tree and not on the page."""

    depth: int
    count: int


@frozen
class Selection:
    """The blocks of the root, the rows below it in order, and how many spans the tree has."""

    root: Row
    rows: list[Row | Gap]
    spans: int
    shown: int


def select(root: Span, max_rows: int = MAX_ROWS, max_text: int = MAX_TEXT) -> Selection:
    """Return what a page shows of a tree. The time is that of sorting its spans."""
    spans = [*walk(root)]
    order = _by_importance(root, spans)[:max_rows]
    room = max_text
    rows: dict[Span, Row] = {}
    depths = {span: depth for depth, span in spans}
    for span in [root, *order]:
        shown = list[Shown]()
        for block in span.blocks[:MAX_BLOCKS]:
            shown.append(_cut(block, room))
            room -= len(shown[-1].text)
        rows[span] = Row(depths.get(span, 0), span, shown, max(0, len(span.blocks) - MAX_BLOCKS))
    return Selection(rows[root], _in_order(spans, rows), len(spans), len(order))


def _by_importance(root: Span, spans: list[tuple[int, Span]]) -> list[Span]:
    """Return the spans, the most important first; each comes after the one that it is in."""
    failed = set[Span]()
    rank: dict[Span, tuple[bool, int, int]] = {}
    for depth, span in reversed([(-1, root), *spans]):
        if span.status == "failed" or any(child in failed for child in span.children):
            failed.add(span)
        last = len(span.children) - 1
        for at, child in enumerate(span.children):
            rank[child] = (child not in failed, depth + 1, min(at, last - at))
    return sorted((span for _, span in spans), key=rank.__getitem__)


def _in_order(spans: list[tuple[int, Span]], rows: dict[Span, Row]) -> list[Row | Gap]:
    """Put the rows in the order of the tree, with gaps where spans are missing."""
    result: list[Row | Gap] = []
    missing, at = 0, 0
    for depth, span in spans:
        row = rows.get(span)
        if row is None:
            at = min(at, depth) if missing else depth
            missing += 1
            continue
        if missing:
            result.append(Gap(at, missing))
            missing = 0
        result.append(row)
    return [*result, Gap(at, missing)] if missing else result


def _cut(block: Block, room: int) -> Shown:
    size = max(0, min(len(block.text), MAX_BLOCK, room))
    return Shown(block.label, block.text[:size], block.form, len(block.text) - size)
