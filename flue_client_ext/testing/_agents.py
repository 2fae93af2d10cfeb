"""Agents: Python functions under names, and the paths at which their conversations are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ._request import Target
from ._schema import Check, compile_schema

Path = tuple[str, ...]
_MANY = 2


@attrs.frozen
class Agent:
    """A registered function: how it is called, where it is mounted, what it accepts."""

    name: str
    function: Callable[..., Any]
    takes_conversation: bool
    paths: tuple[Path, ...]
    check: Check | None
    joins: bool


def define(
    name: str,
    function: Callable[..., Any],
    paths: Sequence[str],
    schema: Mapping[str, Any] | None,
    joins: bool,
) -> Agent:
    """Read a function's signature: `(message, conversation)`, or `(message)` alone."""
    count = len(inspect.signature(function).parameters)
    if count not in (1, _MANY):
        wanted = "(message, conversation) or (message)"
        raise TypeError(f"agent {name!r} takes {wanted}, not {count} parameters")
    mounts = tuple(tuple(path.strip("/").split("/")) for path in paths)
    check = None if schema is None else compile_schema(schema)
    return Agent(name, function, count == _MANY, mounts, check, joins)


class Agents(dict[str, Agent]):
    """The agents of one server, by name."""

    def locate(self, segments: Path) -> Target | None:
        """Return the conversation of which a path speaks, and what of it, by the longest mount."""
        found = [
            (len(path), Target(agent.name, rest[0], rest[1:]))
            for agent in self.values()
            for path in agent.paths
            if segments[: len(path)] == path and _served(rest := segments[len(path) :])
        ]
        return max(found, key=lambda one: one[0])[1] if found else None


def _served(rest: Path) -> bool:
    """Say whether a route is there: `{id}`, `{id}/abort`, `{id}/attachments/{attachmentId}`."""
    if not all(rest):
        return False
    tail = rest[1:]
    return bool(rest) and (
        tail in ((), ("abort",)) or (len(tail) == _MANY and tail[0] == "attachments")
    )
