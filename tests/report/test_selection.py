"""How much of a long run a page shows, and which part."""

from __future__ import annotations

import time

from flue_client.models import parse_event
from flue_client_ext._report.selection import MAX_BLOCK, MAX_BLOCKS, Gap, Row, select
from flue_client_ext._report.span import Block, Span
from flue_client_ext.report import MAX_ROWS, run_report

from .events import deep, event, run_end, run_start, tree


def shape(root: Span, rows: int) -> list[str]:
    """The names of the rows, and of gaps their size."""
    chosen = select(root, rows).rows
    return [each.span.name if isinstance(each, Row) else f"({each.count})" for each in chosen]


def family(*names: str) -> list[Span]:
    return [Span("tool", name) for name in names]


def test_a_small_tree_is_shown_whole() -> None:
    root = Span("run", children=family("a", "b"))
    assert shape(root, 2) == ["a", "b"]


def test_of_a_long_list_both_ends_are_shown() -> None:
    root = Span("run", children=family(*"abcdefgh"))
    assert shape(root, 4) == ["a", "b", "(4)", "g", "h"]


def test_what_is_higher_comes_first() -> None:
    root = Span("run", children=family("a", "b"))
    root.children[0].children = family("aa", "ab", "ac")
    assert shape(root, 3) == ["a", "aa", "(2)", "b"]


def test_what_failed_is_shown_with_what_it_is_in() -> None:
    root = Span("run", children=family(*"abcdefgh"))
    root.children[4].children = family("ea", "eb", "ec")
    root.children[4].children[1].status = "failed"
    assert shape(root, 3) == ["a", "(3)", "e", "(1)", "eb", "(4)"]


def test_a_gap_stands_at_the_highest_of_what_it_leaves_out() -> None:
    root = Span("run", children=family("a", "b", "c"))
    root.children[0].children = family("aa")
    chosen = select(root, 2).rows
    assert [each for each in chosen if isinstance(each, Gap)] == [Gap(0, 2)]


def test_text_is_cut_where_the_page_is_full() -> None:
    root = Span("run", blocks=[Block("Result", "r" * 6)], children=family("a", "b"))
    for child in root.children:
        child.blocks = [Block("Text", "t" * 6)]
    chosen = select(root, max_text=15)
    rows = [chosen.root, *(each for each in chosen.rows if isinstance(each, Row))]
    assert [(len(row.blocks[0].text), row.blocks[0].left_out) for row in rows] == [
        (6, 0),
        (6, 0),
        (3, 3),
    ]


def test_a_block_and_the_number_of_blocks_have_a_limit() -> None:
    many = [Block("Text", str(number)) for number in range(MAX_BLOCKS + 5)]
    root = Span("run", blocks=[Block("Text", "x" * (MAX_BLOCK + 7)), *many])
    chosen = select(root).root
    assert (chosen.blocks[0].left_out, chosen.blocks_left_out) == (7, 6)


def test_fifty_thousand_events_make_a_page_of_bounded_size() -> None:
    logs = [event("log", at, level="info", message="word " * 40) for at in range(50_000)]
    failed = event("tool", 500, toolName="dig", toolCallId="c", isError=True, result="no luck")
    logs[25_000] = failed
    events = [parse_event(each) for each in (run_start(), *logs, run_end(50_000))]
    began = time.process_time()
    page = run_report(None, events)
    assert time.process_time() - began < 60  # quadratic would be minutes; this is a second or two
    assert len(page) < 3_000_000
    assert f"This page shows {MAX_ROWS:,} of 50,000 steps" in page
    assert "no luck" in page


def test_a_tree_of_any_depth_makes_a_page() -> None:
    assert len(select(tree(*deep(3_000))).rows) == MAX_ROWS + 1
    assert len(run_report(None, [parse_event(each) for each in deep(3_000)])) < 3_000_000
