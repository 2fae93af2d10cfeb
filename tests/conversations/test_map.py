"""One message to each of many conversations."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import FlueExecutionError, ReplyOutcome
from tests.servers.agents import AgentServer
from tests.unary.support import Aside, failure, leftover_threads
from tests.worlds import World


@pytest.fixture
def client(any_world: World, agents: AgentServer) -> Any:
    return any_world.client(agents.url)


def test_each_message_is_asked_in_a_conversation_of_its_own(
    client: Any, agents: AgentServer
) -> None:
    told: list[tuple[int, int]] = []
    outcomes = list(
        client.agents.map("support", ["a", "b", "c"], on_progress=lambda *now: told.append(now))
    )
    assert [outcome.reply.text for outcome in outcomes] == ["echo a", "echo b", "echo c"]
    assert [outcome.index for outcome in outcomes] == [0, 1, 2]
    assert len({outcome.id for outcome in outcomes}) == 3
    assert set(agents.conversations) == {f"/agents/support/{outcome.id}" for outcome in outcomes}
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert leftover_threads() == []


def test_ids_are_used_as_they_are_given(client: Any, agents: AgentServer) -> None:
    outcomes = list(client.agents.map("support", ["a", "b"], ids=["x 1", "y"], ordered=False))
    assert {outcome.id for outcome in outcomes} == {"x 1", "y"}
    assert set(agents.conversations) == {"/agents/support/x%201", "/agents/support/y"}


def test_the_same_keys_send_nothing_twice(client: Any, agents: AgentServer) -> None:
    messages, options = ["a", "b"], {"ids": ["x", "y"], "idempotency_keys": ["1", "2"]}
    first = list(client.agents.map("support", messages, **options))
    again = list(client.agents.map("support", messages, **options))
    kept = [len(each.messages) for each in agents.conversations.values()]
    assert kept == [2, 2]  # a message and its reply
    assert [one.submission_id for one in first] == [one.submission_id for one in again]
    assert [one.reply.text for one in again] == ["echo a", "echo b"]


@pytest.mark.parametrize("ordered", [False, True])
def test_a_failure_is_raised_or_an_outcome(client: Any, agents: AgentServer, ordered: bool) -> None:
    agents.agent = lambda text: None if text == "bad" else "good"
    agents.fails = "bad"
    messages = ["good", "bad", "good"]
    outcomes: list[ReplyOutcome] = list(
        client.agents.map("support", messages, return_errors=True, ordered=ordered)
    )
    (failed,) = (outcome for outcome in outcomes if not outcome.ok)
    assert isinstance(failed.error, FlueExecutionError)
    assert (failed.index, failed.reply) == (1, None)
    assert failed.submission_id == failed.error.submission_id
    assert sorted(outcome.index for outcome in outcomes) == [0, 1, 2]
    assert isinstance(
        failure(lambda: list(client.agents.map("support", messages))), FlueExecutionError
    )


def test_as_many_are_under_way_as_were_wanted(client: Any, agents: AgentServer) -> None:
    agents.agent = lambda text: None
    messages = [str(number) for number in range(6)]

    def said() -> int:
        """The conversations that have their message: it comes a moment after they do."""
        return sum(bool(each.messages) for each in list(agents.conversations.values()))

    aside = Aside(lambda: list(client.agents.map("support", messages, concurrency=2)))
    for done in range(len(messages)):
        under_way = min(done + 2, len(messages))
        assert agents.wait_until(lambda: said() >= under_way)  # noqa: B023
        assert len(agents.conversations) == under_way
        path = list(agents.conversations)[done]
        (sent,) = agents.conversations[path].messages
        agents.change(path, lambda found: found.reply(sent["submissionId"], "x"))  # noqa: B023
    assert len(aside.result()) == len(messages)


@pytest.mark.parametrize(
    ("messages", "options"),
    [
        ("text", {}),
        ([b"x"], {}),
        (["a"], {"ids": []}),
        (["a", "b"], {"ids": ["x", "x"]}),
        (["a"], {"ids": [""]}),
        (["a"], {"ids": "x"}),
        (["a"], {"ids": ["x"], "idempotency_keys": []}),
        (["a"], {"ids": ["x"], "idempotency_keys": [""]}),
        (["a"], {"ids": ["x"], "idempotency_keys": "k"}),
        (["a"], {"idempotency_keys": ["k"]}),
        (["a"], {"concurrency": 0}),
        (["a"], {"on_progress": 5}),
        (["a"], {"initial_data": object()}),
        (["a"], {"timeout": -1}),
        (["a"], {"live": "no"}),
    ],
)
def test_bad_arguments_are_refused_before_the_first_message(
    client: Any, agents: AgentServer, messages: Any, options: Any
) -> None:
    assert isinstance(
        failure(lambda: client.agents.map("support", messages, **options)), ValueError | TypeError
    )
    assert agents.accepted == 0


def test_nothing_to_ask_is_no_outcome(client: Any) -> None:
    assert list(client.agents.map("support", [])) == []
