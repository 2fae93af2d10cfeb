"""Agents: Python functions under names, and the paths at which their conversations are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ._dialect import Dialect
from ._request import Target
from ._rules import parameters
from ._schema import Check, compile_schema

Path = tuple[str, ...]
_MANY = 2
_MOUNT = "agents"
_NO_YIELD = "give the answer in pieces by conversation.reply([...]), or return its text"


@attrs.frozen
class Agent:
    """A registered function: how it is called, where it is mounted, what it accepts."""

    name: str
    function: Callable[..., Any]
    takes_conversation: bool
    paths: tuple[Path, ...]
    check: Check | None
    joins: bool
    model: str


def define(
    name: str,
    function: Callable[..., Any],
    paths: Sequence[str],
    schema: Mapping[str, Any] | None,
    joins: bool,
    model: str,
) -> Agent:
    """Read a function's signature: `(message, conversation)`, or `(message)` alone."""
    count = parameters(f"agent {name!r}", function, _NO_YIELD)
    if count not in (1, _MANY):
        wanted = "(message, conversation) or (message)"
        raise TypeError(f"agent {name!r} takes {wanted}, not {count} parameters")
    mounts = tuple(tuple(path.strip("/").split("/")) for path in paths)
    check = None if schema is None else compile_schema(schema)
    return Agent(name, function, count == _MANY, mounts, check, joins, model)


class Agents(dict[str, Agent]):
    """The agents of one server, by name."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self._dialect = dialect

    def locate(self, segments: Path) -> Target | None:
        """Return the conversation of which a path speaks, and what of it, by the longest mount.

        Where servers mount agents themselves, each name has its path, that of no agent too.
        """
        if not self._dialect.mounted:
            fixed = segments[:1] == (_MOUNT,) and bool(segments[1:2]) and bool(segments[1])
            return self._target(segments[1], segments[2:]) if fixed else None
        found = [
            (len(path), target)
            for agent in self.values()
            for path in agent.paths
            if segments[: len(path)] == path
            and (target := self._target(agent.name, segments[len(path) :])) is not None
        ]
        return max(found, key=lambda one: one[0])[1] if found else None

    def _target(self, agent: str, rest: Path) -> Target | None:
        """Return what the rest of a path is about: `{id}`, or a route behind it."""
        if not rest or not all(rest):
            return None
        route, named = (*rest[1:2], "")[0], rest[2:]
        served = route in self._dialect.routes and len(named) == (route == "attachments")
        return Target(agent, rest[0], rest[1:], self._dialect.events) if served else None
