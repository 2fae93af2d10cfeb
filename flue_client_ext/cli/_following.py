"""Follows a stream for a command: shows its items, and keeps the position in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._events import Show
from ._going_on import going_on
from ._interruption import Interruption
from ._options import Format, Server

if TYPE_CHECKING:
    from .._saved import Saved
    from ..checkpoint import AgentCheckpoint, Checkpoint, UpdateCheckpoint
    from ..event_stream import AgentEventStream, FlueEventStream
    from ..update_stream import UpdateStream

    Position = Checkpoint | UpdateCheckpoint | AgentCheckpoint


def start_of(
    offset: str | None, tail: int | None, resume: Path | None, kind: type[Saved] | None = None
) -> dict[str, Any]:
    """Return the options of a stream that say where to begin: a saved position wins. `kind`: what
    is saved, if it is not the position in a run."""
    from ..checkpoint import Checkpoint

    saved = None if resume is None else (kind or Checkpoint).load(resume)
    if saved is not None:
        return {"resume": saved}
    given: dict[str, Any] = {"tail": tail, "offset": offset}
    return {name: value for name, value in given.items() if value is not None}


def follow_run(
    stream: FlueEventStream,
    show: Show,
    server: Server,
    saved: Path | None,
    *,
    started: bool = False,
) -> None:
    """Show each event of a run. `started`: the server has it, whether anything is read or not."""

    def words() -> str:
        run = f"Run {stream.run_id} goes on at the server."
        again = server.command("follow", stream.run_id, f"--offset={stream.offset}")
        return f"{run} {_again(again, saved)}"

    follow(stream, show, saved, words, known=started)


def follow_conversation(
    stream: UpdateStream | AgentEventStream,
    show: Show,
    server: Server,
    names: tuple[str, str],
    format: Format,
    saved: Path | None,
) -> None:
    """Show each update of the conversation `names`, or each event of the agent."""

    def words() -> str:
        from_there = f"--offset={stream.offset}"
        return _again(server.command("watch", *names, f"--format={format}", from_there), saved)

    follow(stream, show, saved, words)


def follow(
    stream: FlueEventStream | UpdateStream | AgentEventStream,
    show: Show,
    saved: Path | None,
    words: Callable[[], str],
    *,
    known: bool = False,
) -> None:
    """Show each item of `stream`. `words`: how to go on after an interruption. They are said of
    what is `known` to be at the server, or has been read from.

    The position is saved after each batch and at the end: a process that is killed shows
    at most the items of one batch again.
    """

    def said(_: BaseException) -> str:
        return words() if known or stream.stats.last_byte_age is not None else ""

    show.follows(stream)
    with stream, going_on(said), Interruption() as interruption:
        interruption.stops(stream.cancel)
        shown: Position | None = None  # with offset "now" there is none before the first item
        kept: Position | None = None
        try:
            for item in stream:
                show.show(item)
                shown = stream.checkpoint
                if saved is not None and (kept is None or shown.offset != kept.offset):
                    shown.save(saved)
                    kept = shown
        finally:
            if saved is not None and shown is not None and shown is not kept:
                shown.save(saved)
        if interruption.happened:
            raise KeyboardInterrupt


def _again(command: str, saved: Path | None) -> str:
    if saved is None:
        return f"To go on: {command}"
    return f"To go on, give the same command: the position is in {saved}"
