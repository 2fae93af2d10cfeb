"""A request as the server has understood it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class Target:
    """What a path below an agent's mount is about: a conversation, or the rest behind its id.

    `events` says that the conversation itself is read as a stream, as a run is.
    """

    agent: str
    conversation: str
    rest: tuple[str, ...] = ()
    events: bool = False


def segments(path: str) -> tuple[str, ...]:
    """Split a request's path; a slash that was escaped is part of its segment."""
    return tuple(_plain(part) for part in path.split("/")[1:])


def escaped(segment: str) -> str:
    """Write a segment so that `segments` finds it again."""
    return segment.replace("%", "%25").replace("/", "%2F")


def _plain(segment: str) -> str:
    return segment.replace("%2F", "/").replace("%25", "%")


@attrs.frozen
class Request:
    """A request as it arrived: `path` below the mount prefix, header names in lower case.

    Its path is decoded, but for a slash or a percent sign within a segment. `target` is the
    conversation at that path, if an agent is mounted there.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    raw_path: str
    target: Target | None = None

    def param(self, name: str) -> str | None:
        """Return the first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def json(self) -> Any:
        """Return the body as JSON; `ValueError` when it is none."""
        return json.loads(self.body)

    @property
    def run_id(self) -> str | None:
        """The run that is read, for `/runs/{runId}`."""
        return self._segment("/runs/")

    @property
    def workflow(self) -> str | None:
        """The workflow that is invoked, for `/workflows/{name}`."""
        return self._segment("/workflows/")

    @property
    def agent(self) -> str | None:
        """The agent whose conversation it is about."""
        return None if self.target is None else self.target.agent

    @property
    def conversation(self) -> str | None:
        """The id of the conversation that it is about."""
        return None if self.target is None else self.target.conversation

    @property
    def reads_events(self) -> bool:
        """Whether it reads a run's events or a conversation's updates."""
        if self.method != "GET":
            return False
        if self.target is not None:
            updates = self.target.events or self.param("view") == "updates"
            return updates and not self.target.rest
        return self.run_id is not None and self.param("meta") is None

    @property
    def live(self) -> str | None:
        """How a read of events waits for news, `"sse"` or `"long-poll"`, if it does."""
        return self.param("live") if self.reads_events else None

    def _segment(self, start: str) -> str | None:
        rest = self.path.removeprefix(start)
        return _plain(rest) if rest != self.path and rest and "/" not in rest else None
