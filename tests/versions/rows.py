"""The matrix: what becomes of each call on the servers of each version.

An outcome is `WORKS`, or the error with what it says to do instead. It is that of a generation: the
versions of one behave alike, and each is tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from attrs import field, frozen

from tests.servers import beta, flue2

from . import calls

GENERATIONS = {
    "beta.5": "beta.3",
    "beta.7": "beta.3",
    "beta.8": "beta.8",
    "beta.9": "beta.8",
    "2.0.0": "2",
    "2.0.5": "2",
    "2.1.0": "2",
}
"""The generation of each version that is tried, the oldest first."""
assert GENERATIONS.keys() == {*beta.BETAS, *get_args(flue2.Version)}

WORKS = "works"
NO_WORKFLOWS = "WorkflowApiNotFoundError"
NO_PAGES = "FlueProtocolError"
EVENTS = "follow the agent's events with client.agents.stream(name, id)"
CHUNKS = "use client.agents.updates(name, id) or client.agents.observe(name, id)"


@frozen
class Row:
    """`call` is how it is written, `what` how an error names it. Outcomes are of generations."""

    call: str
    make: Callable[[Any, str], None]
    what: str
    outcomes: dict[str, str] = field(factory=dict[str, str])

    def outcome(self, version: str) -> str:
        return self.outcomes.get(GENERATIONS[version], WORKS)


def unsupported(instead: str) -> str:
    return f"UnsupportedByServerError: {instead}"


def of_betas(call: str, make: Callable[[Any, str], None]) -> Row:
    return Row(call, make, "", {"2": NO_WORKFLOWS})


def of_all(call: str, make: Callable[[Any, str], None]) -> Row:
    return Row(call, make, "")


def since_beta_8(call: str, make: Callable[[Any, str], None], instead: str = EVENTS) -> Row:
    return Row(call, make, make.__name__, {"beta.3": unsupported(instead)})


def since_2(call: str, make: Callable[[Any, str], None], instead: str) -> Row:
    no = unsupported(instead)
    return Row(call, make, make.__name__, {"beta.3": no, "beta.8": no})


GROUPS: dict[str, list[Row]] = {
    "Workflows": [
        of_betas("workflows.invoke(name, input=)", calls.workflows_invoke),
        of_betas('workflows.invoke(..., wait="result")', calls.workflows_invoke_wait),
        of_betas("workflows.run(name, input=)", calls.workflows_run),
        of_betas("workflows.map(name, inputs)", calls.workflows_map),
    ],
    "Runs": [
        of_betas("runs.get(run_id)", calls.runs_get),
        of_betas("runs.events(run_id)", calls.runs_events),
        of_betas("runs.stream(run_id)", calls.runs_stream),
        of_betas("runs.wait(run_id)", calls.runs_wait),
    ],
    "Agents": [
        of_all("agents.prompt(name, id, message)", calls.prompt),
        of_all("ask(message)", calls.ask),
        of_all("send(message), wait, read", calls.send),
        of_all("ask(message, attachments=)", calls.attachments),
        of_all("agents.map(name, messages)", calls.agents_map),
        Row(
            "stream()",
            calls.stream,
            "stream",
            {"beta.8": unsupported(CHUNKS), "2": unsupported(CHUNKS)},
        ),
        since_2(
            "send(message, idempotency_key=)",
            calls.idempotency_key,
            "leave it out, since the server would ignore it: a send is one POST there",
        ),
        since_2(
            "send(message, uid=)",
            calls.uid,
            "leave it out; a conversation id of your own choice begins a new conversation",
        ),
        since_2(
            "send(message, initial_data=)",
            calls.initial_data,
            "put it into the message, or into the agent itself",
        ),
        since_2(
            "send_signal(type, body)",
            calls.send_signal,
            "use client.agents.send(name, id, message)",
        ),
    ],
    "Conversations": [
        since_beta_8("ask_stream(message)", calls.ask_stream),
        since_beta_8("history()", calls.history),
        since_beta_8("updates()", calls.updates),
        since_beta_8("observe()", calls.observe),
        since_beta_8("wait(submission, on_update=)", calls.on_update),
        since_beta_8("abort()", calls.abort, "wait until the submission settles; nothing stops it"),
        since_beta_8(
            "attachment(id)",
            calls.attachment,
            "keep the bytes yourself; the server does not return them",
        ),
        Row(
            "history_before(cursor)",
            calls.history_before,
            "history_before",
            {
                "beta.3": unsupported(EVENTS),
                "beta.8": unsupported("read the whole with client.agents.history(name, id)"),
                "2": NO_PAGES,
            },
        ),
    ],
}
ROWS = [row for rows in GROUPS.values() for row in rows]
