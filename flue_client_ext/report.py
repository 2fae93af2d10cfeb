"""Reports: a run or a conversation as one HTML page, which needs no network and no script.

The page has the operations, turns, tools and tasks as nested bars with their durations, tokens and
cost, and what was said, called, answered and refused. It fits a phone, prints, and is dark where
the system is. Whatever the server said is text on it: a content security policy lets a browser
load and run nothing.

The size of a page is bounded: `MAX_ROWS` steps and `MAX_TEXT` characters of text. It says what it
leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable

from flue_client.models import ConversationChunk, ConversationSnapshot, FlueEvent, RunRecord

from ._report.conversation_tree import conversation_tree
from ._report.page import page
from ._report.run_tree import run_tree
from ._report.selection import MAX_ROWS, MAX_TEXT

__all__ = ["MAX_ROWS", "MAX_TEXT", "conversation_report", "run_report"]


def run_report(
    record: RunRecord | None, events: Iterable[FlueEvent], *, title: str | None = None
) -> str:
    """Return the page of a run, from its record and its events.

    The record may be older than the events, or `None`; the events may be some of a run, of one that
    goes on, or of an agent's instance on the betas. A step without an end says so. The `title` is
    the workflow's name unless it is given. Takes time in proportion to the events. Raises nothing
    of its own, whatever they hold: what iterating over `events` raises passes.
    """
    known = {} if record is None else record.to_dict()
    root = run_tree(known, (event.to_dict() for event in events))
    return page(root, title or root.name or "events", "run")


def conversation_report(
    snapshot: ConversationSnapshot,
    *,
    updates: Iterable[ConversationChunk] = (),
    title: str | None = None,
) -> str:
    """Return the page of a conversation, from its snapshot.

    Snapshots of Flue 2.x have hardly any times. The `updates` of the conversation, from its
    beginning, have those of messages and tool calls; without them the page shows the order and the
    durations of tools. `title` names the conversation as you do. Raises nothing of its own: what
    iterating over `updates` raises passes.
    """
    root = conversation_tree(snapshot.to_dict(), (chunk.to_dict() for chunk in updates))
    return page(root, title or "conversation", "conversation")
