"""What users register with a server: workflows and agents, by decorators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, overload

from . import _agents, _workflows
from ._conversation import ConversationContext
from ._message import Message
from ._model import SCRIPTED
from ._rules import FLAG, TEXT
from ._run import RunContext
from ._state import ServerState

_Text: TypeAlias = str | None | Awaitable[str | None]
A = TypeVar("A", bound=Callable[[Message], _Text] | Callable[[Message, ConversationContext], _Text])
W = TypeVar("W", bound=Callable[[RunContext], Any] | Callable[[Any, RunContext], Any])


class Registration(ServerState):
    """A server with the decorators that tell it what to run."""

    @overload
    def workflow(self, name: W) -> W: ...

    @overload
    def workflow(
        self,
        name: str | None = None,
        *,
        input_schema: Mapping[str, Any] | None = None,
        readable: bool = True,
    ) -> Callable[[W], W]: ...

    def workflow(
        self,
        name: W | str | None = None,
        *,
        input_schema: Mapping[str, Any] | None = None,
        readable: bool = True,
    ) -> W | Callable[[W], W]:
        """Register the decorated function, plain or async, as a workflow.

        `@server.workflow` alone gives it the function's name, `@server.workflow("name")` another.
        It takes `(input, run)`, or `(run)` alone to refuse any input as a Flue workflow without a
        schema does. What it returns is the run's result, what it raises the run's error. With an
        `input_schema` (JSON Schema) other input is rejected before a run exists, and no input is
        `{}`. `readable=False` is a workflow that does not export `runs`.
        """

        if name is not None and not isinstance(name, str):
            return self.workflow()(name)
        known_as = name

        def register(function: W) -> W:
            known = known_as or function.__name__
            self.workflows[known] = _workflows.define(known, function, input_schema, readable)
            return function

        return register

    @overload
    def agent(self, name: A) -> A: ...

    @overload
    def agent(
        self,
        name: str | None = None,
        *,
        path: str | Sequence[str] | None = None,
        initial_data_schema: Mapping[str, Any] | None = None,
        joins: bool = True,
        model: str = SCRIPTED,
    ) -> Callable[[A], A]: ...

    def agent(
        self,
        name: A | str | None = None,
        *,
        path: str | Sequence[str] | None = None,
        initial_data_schema: Mapping[str, Any] | None = None,
        joins: bool = True,
        model: str = SCRIPTED,
    ) -> A | Callable[[A], A]:
        """Register the decorated function, plain or async, as an agent with conversations.

        `@server.agent` alone gives it the function's name, `@server.agent("name")` another. It
        takes `(message, conversation)`, or `(message)` alone, and returns the text of its answer,
        or `None` after it has answered by `conversation.reply(...)`. What it raises fails the
        submission, a `ModelError` with its words.

        Its conversations are at `agents/{name}/{id}`, or below `path`, or below each of several:
        they are the same ones. With an `initial_data_schema` (JSON Schema) a conversation begins
        with such data only; data left out is seen as null. A message that arrives while the agent
        answers joins the response where a step ends; with `joins=False` it waits for its own.

        On a beta its conversations are at `agents/{name}/{id}` only, begin without data, and each
        message waits for its own response, in which the `model` is named as `provider/name`.
        """
        if name is not None and not isinstance(name, str):
            return self.agent()(name)
        FLAG.check("joins", joins)
        TEXT.check("model", model)
        known_as = name

        def register(function: A) -> A:
            known = known_as or function.__name__
            paths = [path] if isinstance(path, str) else path or [f"agents/{known}"]
            for one in paths:
                TEXT.check("path", one)
            agent = _agents.define(known, function, paths, initial_data_schema, joins, model)
            self.agents[known] = agent
            self.submissions.resume(agent)
            return function

        return register
