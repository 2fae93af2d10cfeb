"""The calls of agents in each world, over small servers of the betas."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext import (
    AgentCheckpoint,
    Attachment,
    FlueApiError,
    FlueExecutionError,
    InvokeOutcomeUnknownError,
    Reply,
    StreamResetError,
    TextDelta,
    UnsupportedByServerError,
)
from tests.servers.agents import AgentServer
from tests.servers.beta_agents import BetaAgentServer
from tests.servers.beta_instance import MODEL, USAGE
from tests.servers.raw import RawServer
from tests.unary.support import Aside, failure
from tests.worlds import World

PATH = "/agents/support/t1"
BETAS = ["beta.8", "beta.3"]
PNG = Attachment(b"png", "image/png", "a.png")
#: What each generation has not, as calls of a conversation that exists.
MISSING: dict[str, dict[str, Any]] = {
    "beta.8": {
        "stream": lambda talk: list(talk.stream(live=False)),
        "send_signal": lambda talk: talk.send_signal("order", "7"),
        "idempotency_key": lambda talk: talk.send("x", idempotency_key="mine"),
        "uid": lambda talk: talk.ask("x", uid=None),
        "initial_data": lambda talk: talk.send("x", initial_data={}),
    },
    "beta.3": {
        "send_signal": lambda talk: talk.send_signal("order", "7"),
        "idempotency_key": lambda talk: talk.ask("x", idempotency_key="mine"),
        "uid": lambda talk: talk.send("x", uid="u1"),
        "initial_data": lambda talk: talk.send("x", initial_data=1),
        "abort": lambda talk: talk.abort(),
        "history": lambda talk: talk.history(),
        "observe": lambda talk: list(talk.observe(live=False)),
        "updates": lambda talk: list(talk.updates(live=False)),
        "attachment": lambda talk: talk.attachment("att_1"),
        "ask_stream": lambda talk: list(talk.ask_stream("x")),
        "on_update": lambda talk: talk.ask("x", on_update=lambda update: None),
    },
}


@pytest.fixture(params=BETAS)
def beta(request: pytest.FixtureRequest) -> Iterator[BetaAgentServer]:
    with BetaAgentServer(request.param) as server:
        yield server


@pytest.fixture
def beta_3() -> Iterator[BetaAgentServer]:
    with BetaAgentServer("beta.3") as server:
        yield server


@pytest.fixture
def beta_8() -> Iterator[BetaAgentServer]:
    with BetaAgentServer("beta.8") as server:
        yield server


def never(_: str) -> None:
    """An agent that leaves its submissions to the test."""


def talk_of(any_world: World, server: RawServer, **options: Any) -> Any:
    return any_world.client(server.url, **options).agents.conversation("support", "t1")


@pytest.mark.parametrize("call", ["prompt", "ask"])
def test_one_script_gets_its_reply_on_every_generation(
    any_world: World, beta: BetaAgentServer, agents: AgentServer, call: str
) -> None:
    for server in (beta, agents):
        client = any_world.client(server.url)
        reply = getattr(client.agents.conversation("support", "t1"), call)("hello")
        assert isinstance(reply, Reply)
        assert (reply.text, reply.data) == ("echo hello", {})
        known = (USAGE, MODEL) if server is beta else (None, None)
        assert (reply.usage, reply.model) == known
    assert beta.posts() == [{"message": "hello"}]


def test_a_generation_is_found_once_and_for_all_conversations(
    any_world: World, beta: BetaAgentServer
) -> None:
    client = any_world.client(beta.url)
    for id in ("t1", "t2"):
        client.agents.send("support", id, "hello")
    client.with_options(timeout=20).agents.send("support", "t3", "hello")
    wanted = ["POST"] + ["GET"] + ["POST"] * (1 if beta.has_events else 2) + ["POST"] * 2
    assert [request.method for request in beta.requests] == wanted
    assert len(beta.posts()) == 3


def test_many_first_messages_find_the_generation_out_once(
    any_world: World, beta: BetaAgentServer
) -> None:
    messages = [str(number) for number in range(20)]
    outcomes = any_world.client(beta.url).agents.map("support", messages, concurrency=20)
    assert [outcome.reply.text for outcome in outcomes] == [f"echo {each}" for each in messages]
    looks = [each for each in beta.requests if each.target.endswith("/abort")]
    assert len(looks) == 1
    assert len(beta.posts()) == len(messages)


def test_a_stated_generation_is_not_looked_for(any_world: World, beta: BetaAgentServer) -> None:
    client = any_world.client(beta.url, generation=beta.generation)
    client.agents.send("support", "t1", "hello")
    error = failure(client.with_options(generation="2").agents.send, "support", "t1", "hello")
    assert isinstance(error, FlueApiError)
    assert len(beta.requests) == 2
    client.with_options(generation=None).agents.send("support", "t2", "hello")
    assert len(beta.posts()) == 2


def test_sending_waiting_and_reading_are_the_same_in_steps(
    any_world: World, beta: BetaAgentServer
) -> None:
    talk = talk_of(any_world, beta)
    admission = talk.send("hello")
    assert (admission.uid, admission.idempotency_key) == (None, None)
    elsewhere = talk_of(any_world, beta)
    again = pickle.loads(pickle.dumps(admission))
    for found in (talk, elsewhere):
        settlement = found.wait(again)
        assert settlement.submission_id == admission.submission_id
        assert settlement.outcome == "completed"
        assert found.read(admission.submission_id) == found.read(again)
    assert elsewhere.read(again).text == "echo hello"
    assert len(beta.posts()) == 1


@pytest.mark.parametrize("live", [True, "sse", "auto", False])
def test_a_submission_that_settles_later_is_waited_for(
    any_world: World, beta: BetaAgentServer, live: Any
) -> None:
    beta.agent = never
    talk = talk_of(any_world, beta)
    admission = talk.send("hello")
    before = len(beta.requests)
    aside = Aside(lambda: talk.read(admission, live=live))
    assert beta.wait_requests(before + 1)
    beta.settle(PATH, admission.submission_id, "at last")
    assert aside.result().text == "at last"


@pytest.mark.parametrize("call", ["prompt", "ask"])
def test_a_submission_that_fails_is_an_execution_error(
    any_world: World, beta: BetaAgentServer, call: str
) -> None:
    error = failure(getattr(talk_of(any_world, beta), call), "fails")
    assert type(error) is FlueExecutionError
    assert (error.failure, error.error["type"]) == ("failed", "operation_failed")
    assert (error.target_id == "") is (call == "prompt")


def test_a_prompt_that_was_cut_leaves_the_outcome_open(
    any_world: World, beta: BetaAgentServer
) -> None:
    beta.agent = never
    talk = talk_of(any_world, beta)
    aside = Aside(lambda: failure(talk.prompt, "hello"))
    assert beta.wait_until(lambda: bool(beta.posts()))
    beta.reset_all()
    error = aside.result()
    assert isinstance(error, InvokeOutcomeUnknownError)
    assert (error.idempotency_key, error.conversation_url) == (None, talk.url)
    assert beta.posts() == [{"message": "hello"}]


@pytest.mark.parametrize(
    ("generation", "what"), [(of, what) for of, calls in MISSING.items() for what in calls]
)
@pytest.mark.parametrize("way", ["found", "known"])
def test_what_a_generation_has_not_is_an_error_and_runs_nothing(
    any_world: World, generation: Any, what: str, way: str
) -> None:
    with BetaAgentServer(generation) as server:
        talk = talk_of(any_world, server)
        earlier = talk if way == "known" else talk_of(any_world, server)
        earlier.ask("hello")
        before = len(server.requests)
        error = failure(MISSING[generation][what], talk)
        assert isinstance(error, UnsupportedByServerError)
        assert error.what == what
        assert error.generation == (None if (what, way) == ("stream", "found") else generation)
        assert error.conversation_url == talk.url
        assert way == "found" or len(server.requests) == before
        assert server.posts() == [{"message": "hello"}]


def test_images_are_what_attachments_are(any_world: World, beta: BetaAgentServer) -> None:
    talk = talk_of(any_world, beta)
    talk.prompt("look", images=[PNG])
    talk.ask("look", attachments=[PNG])
    sent = [image for body in beta.posts() for image in body["images"]]
    assert sent == [PNG.to_dict()] * 2


def test_many_messages_are_asked(any_world: World, beta: BetaAgentServer) -> None:
    client = any_world.client(beta.url)
    outcomes = list(client.agents.map("support", ["a", "b", "fails"], return_errors=True))
    assert [each.ok and each.reply.text for each in outcomes] == ["echo a", "echo b", False]
    assert isinstance(outcomes[2].error, FlueExecutionError)
    assert sorted(body["message"] for body in beta.posts()) == ["a", "b", "fails"]


def test_a_server_that_was_upgraded_is_noticed(
    any_world: World, beta: BetaAgentServer, agents: AgentServer
) -> None:
    client = any_world.client(beta.url)
    client.agents.send("support", "t1", "hello")
    beta.handler = agents.handler
    assert client.agents.conversation("support", "t1").ask("hello").uid is not None
    client.agents.send("support", "t1", "hello", idempotency_key="mine")
    assert len(beta.posts()) == 2  # the first, and the one that 2.x has refused


@pytest.mark.parametrize("call", ["ask", "wait", "stream"])
def test_an_upgrade_from_events_to_updates_is_noticed(
    any_world: World, beta_3: BetaAgentServer, call: str
) -> None:
    talk = talk_of(any_world, beta_3)
    talk.ask("hello")
    beta_3.lose_store()
    beta_3.generation = "beta.8"
    other = talk_of(any_world, beta_3)
    admission = other.send("hello")
    if call == "ask":
        assert talk.ask("again").text == "echo again"
    elif call == "wait":
        assert talk.wait(admission).outcome == "completed"
    else:
        assert isinstance(failure(lambda: list(talk.stream())), UnsupportedByServerError)
    assert talk.history() == other.history()
    assert len(beta_3.posts()) == (3 if call == "ask" else 2)


def test_a_server_that_was_rolled_back_is_noticed_by_one_error(
    any_world: World, beta: BetaAgentServer, agents: AgentServer
) -> None:
    of_beta, beta.handler = beta.handler, agents.handler
    talk = talk_of(any_world, beta)
    assert talk.ask("hello").uid is not None
    beta.handler = of_beta
    error = failure(talk.ask, "hello")
    assert isinstance(error, FlueApiError)
    assert (error.status, error.type) == (400, "invalid_request")
    assert talk.ask("again").text == "echo again"
    assert beta.posts() == [{"message": "again"}]


def test_conversations_of_beta_8_have_the_calls_of_2_x(
    any_world: World, beta_8: BetaAgentServer, tmp_path: Path
) -> None:
    talk = talk_of(any_world, beta_8)
    talk.ask("look", attachments=[PNG])
    messages = talk.history().messages
    assert [message.role for message in messages] == ["user", "assistant"]
    file = messages[0].parts[1]
    talk.save_attachment(file, tmp_path / "file")
    assert talk.attachment(file) == (tmp_path / "file").read_bytes() == PNG.data
    state = list(talk.observe(live=False))[-1]
    assert (len(state.messages), state.busy) == (2, False)
    updates = list(talk.updates(live=False))
    assert updates[-1].type == "submission-settled"
    assert list(talk.updates(offset="now", live=False)) == []
    beta_8.agent = never
    admission = talk.send("hello")
    assert (talk.abort(), talk.abort()) == (True, False)
    error = failure(talk.wait, admission)
    assert isinstance(error, FlueExecutionError)
    assert error.failure == "aborted"


def test_a_reply_of_beta_8_is_streamed(any_world: World, beta_8: BetaAgentServer) -> None:
    stream = talk_of(any_world, beta_8).ask_stream("hello")
    changes = list(stream)
    assert "".join(each.text for each in changes if isinstance(each, TextDelta)) == "echo hello"
    assert (stream.text, stream.reply.usage, stream.usage) == ("echo hello", USAGE, USAGE)
    assert stream.idempotency_key is None
    history = [request for request in beta_8.requests if "view" not in request.target]
    assert sum(request.method == "GET" for request in history) == 1  # that of `abort`


def test_a_checkpoint_of_beta_8_is_good_for_its_conversation_only(
    any_world: World, beta_8: BetaAgentServer
) -> None:
    talk = talk_of(any_world, beta_8)
    talk.ask("hello")
    stream = talk.updates(live=False)
    assert len(list(stream)) == 5
    talk.ask("again")
    assert len(list(talk.updates(live=False, resume=stream.checkpoint))) == 5
    beta_8.lose_store()
    for _ in range(3):
        talk.ask("hello")
    error = failure(list, talk.updates(live=False, resume=stream.checkpoint))
    assert isinstance(error, StreamResetError)


@pytest.mark.parametrize("live", [True, "sse", "auto", False])
def test_an_offset_beyond_the_head_is_a_reset(
    any_world: World, beta: BetaAgentServer, live: Any
) -> None:
    talk = talk_of(any_world, beta)
    talk.ask("hello")
    follow = talk.stream if beta.has_events else talk.updates
    error = failure(list, follow(offset=f"{99:016d}", live=live))
    assert isinstance(error, StreamResetError)
    assert error.offset == f"{99:016d}"


def test_events_come_once_although_their_index_begins_again(
    any_world: World, beta_3: BetaAgentServer
) -> None:
    talk = talk_of(any_world, beta_3)
    for text in ("a", "b", "c"):
        talk.ask(text)
    stream = talk.stream(live=False)
    events = list(stream)
    names = [(event.submission_id, event.event_index) for event in events]
    assert len(names) == len({*names}) == 24
    assert [event.type for event in events].count("submission_settled") == 3
    assert stream.checkpoint == AgentCheckpoint(PATH, stream.offset, names[-1][0], 9)


def test_a_checkpoint_goes_on_behind_any_event(any_world: World, beta_3: BetaAgentServer) -> None:
    talk = talk_of(any_world, beta_3)
    for text in ("a", "b"):
        talk.ask(text)
    whole = list(talk.stream(live=False))
    checkpoint, seen = None, []
    for _ in whole:
        stream = talk.stream(live=False, resume=checkpoint)
        seen.append(next(iter(stream)))
        checkpoint = AgentCheckpoint.from_json(stream.checkpoint.to_json())
        stream.close()
    assert seen == whole
    assert list(talk.stream(live=False, resume=checkpoint)) == []


@pytest.mark.parametrize("count", [1, 10, 12])
def test_a_checkpoint_of_a_lost_instance_is_a_reset_at_any_event(
    any_world: World, beta_3: BetaAgentServer, count: int
) -> None:
    talk = talk_of(any_world, beta_3)
    for text in ("a", "b"):
        talk.ask(text)
    stream = talk.stream(live=False)
    for _ in range(count):
        next(stream)
    saved = stream.checkpoint
    stream.close()
    beta_3.lose_store()
    assert type(failure(list, talk.stream(live=False, resume=saved))) is StreamResetError
    new = failure(list, talk.stream(live=False))
    assert isinstance(new, FlueApiError)
    assert new.type == "stream_not_found"


def test_a_live_stream_of_events_goes_on(any_world: World, beta_3: BetaAgentServer) -> None:
    talk = talk_of(any_world, beta_3)
    talk.ask("a")
    client, before = any_world.client(beta_3.url), len(beta_3.requests)
    stream = client.agents.stream("support", "t1", offset="now")
    aside = Aside(lambda: next(iter(stream)))
    assert beta_3.wait_until(lambda: any("live=" in r.target for r in beta_3.requests[before:]))
    admission = talk.send("b")
    assert aside.result().submission_id == admission.submission_id
    stream.close()


def test_now_has_a_checkpoint_once_it_was_read(any_world: World, beta_3: BetaAgentServer) -> None:
    talk = talk_of(any_world, beta_3)
    talk.ask("a")
    stream = talk.stream(live=False, offset="now")
    with pytest.raises(ValueError, match="offset"):
        _ = stream.checkpoint
    assert list(stream) == []
    admission = talk.send("b")
    talk.wait(admission)
    rest = list(talk.stream(live=False, resume=stream.checkpoint))
    assert {event.submission_id for event in rest} == {admission.submission_id}


def test_a_tail_has_the_latest_events(any_world: World, beta_3: BetaAgentServer) -> None:
    talk = talk_of(any_world, beta_3)
    talk.ask("a")
    assert [event.type for event in talk.stream(live=False, tail=1)] == ["submission_settled"]


def test_a_checkpoint_of_another_conversation_is_refused(
    any_world: World, beta_3: BetaAgentServer
) -> None:
    talk = talk_of(any_world, beta_3)
    other = AgentCheckpoint("/agents/support/t2", "o1")
    with pytest.raises(ValueError, match="resume"):
        talk.stream(resume=other)
    with pytest.raises(ValueError, match="resume"):
        talk.stream(resume=AgentCheckpoint(PATH, "o1"), offset="-1")
    with pytest.raises(TypeError, match="resume"):
        talk.stream(resume="o1")
