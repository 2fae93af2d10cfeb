"""The calls of agents over genuine servers of the betas, in each world."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flue_client_ext import (
    AgentCheckpoint,
    Attachment,
    FlueApiError,
    FlueClient,
    FlueExecutionError,
    InvokeOutcomeUnknownError,
    Retracted,
    StreamResetError,
    TextDelta,
    UnsupportedByServerError,
)
from tests.servers.beta import BETAS, BetaServer, BetaVersion
from tests.servers.flue2 import VERSIONS, Flue2Server
from tests.servers.proxy import TcpProxy
from tests.unary.support import Aside, failure
from tests.worlds import World

from .conftest import QUICK
from .test_betas import MISSING, PNG

OF_BETA_8: tuple[BetaVersion, ...] = ("beta.8", "beta.9")
OF_BETA_3: tuple[BetaVersion, ...] = ("beta.5", "beta.7")
PIXEL = Attachment(b"\x89PNG\r\n\x1a\n" + bytes(200), "image/png", "a.png")
BEYOND = "0000000000000000_0000000000009999"

every = pytest.mark.parametrize("genuine_beta", BETAS, indirect=True)
of_beta_8 = pytest.mark.parametrize("genuine_beta", OF_BETA_8, indirect=True)
of_beta_3 = pytest.mark.parametrize("genuine_beta", OF_BETA_3, indirect=True)


def talk_to(world: World, server: BetaServer, name: str, **options: Any) -> Any:
    return world.client(server.url, **options).agents.conversation(name, uuid4().hex)


def messages_of(server: BetaServer, talk: Any) -> int:
    """How many messages the server has taken up in a conversation."""
    client = FlueClient(server.url)
    with client:
        conversation = client.agents.conversation(url=talk.url)
        if server.version in OF_BETA_8:
            return len(conversation.history().settlements)
        events = conversation.stream(live=False)
        return sum(event.type == "submission_settled" for event in events)


@every
def test_an_agent_is_prompted_and_asked(any_world: World, genuine_beta: BetaServer) -> None:
    talk = talk_to(any_world, genuine_beta, "echo")
    for call in (talk.prompt, talk.ask, talk.prompt):
        reply = call("hello é世界🎉")
        assert reply.text == "You said: hello é世界🎉"
        assert reply.model == {"provider": "fake", "id": "echo"}
        assert reply.usage["totalTokens"] == 46
        assert (reply.data, reply.uid) == ({}, None)
    assert messages_of(genuine_beta, talk) == 3


@every
def test_the_reply_is_that_of_the_last_step(any_world: World, genuine_beta: BetaServer) -> None:
    talk = talk_to(any_world, genuine_beta, "tools")
    assert talk.prompt("6/3").text == 'The tool says {"quotient":2}.'
    reply = talk.ask("8/2")
    assert (reply.text, reply.usage["totalTokens"]) == ('The tool says {"quotient":4}.', 92)


@every
def test_a_send_is_waited_for_by_another_client(any_world: World, genuine_beta: BetaServer) -> None:
    talk = talk_to(any_world, genuine_beta, "echo")
    first, second = talk.send("one"), talk.send("two")
    other = any_world.client(genuine_beta.url).agents.conversation(url=talk.url)
    assert other.wait(first).outcome == "completed"
    assert other.read(second.submission_id).text == "You said: two"
    assert (first.uid, first.deduplicated, first.idempotency_key) == (None, False, None)


@every
@pytest.mark.parametrize("live", [True, "sse", "auto"])
def test_a_reply_that_comes_slowly_is_waited_for(
    any_world: World, genuine_beta: BetaServer, live: Any
) -> None:
    key = uuid4().hex
    talk = talk_to(any_world, genuine_beta, "slow")
    aside = Aside(lambda: talk.ask(key, live=live))
    genuine_beta.say(key, "one ", "two ")
    genuine_beta.end(key, "three")
    assert aside.result().text == "one two three"


@every
@pytest.mark.parametrize("call", ["prompt", "ask"])
def test_a_failure_of_the_model_is_an_execution_error(
    any_world: World, genuine_beta: BetaServer, call: str
) -> None:
    error = failure(getattr(talk_to(any_world, genuine_beta, "fails"), call), "hello")
    assert type(error) is FlueExecutionError
    assert (error.target, error.failure) == ("agent_submission", "failed")
    assert error.error["type"] == "operation_failed"
    assert (error.submission_id is None) is (call == "prompt")


@every
def test_an_unknown_agent_is_an_api_error(any_world: World, genuine_beta: BetaServer) -> None:
    for name in ("hidden", "nobody"):
        for call in ("prompt", "send"):
            error = failure(getattr(talk_to(any_world, genuine_beta, name), call), "x")
            assert isinstance(error, FlueApiError)
            assert (error.status, error.type) == (404, "agent_not_found")


@every
def test_images_arrive(any_world: World, genuine_beta: BetaServer) -> None:
    talk = talk_to(any_world, genuine_beta, "echo")
    assert talk.prompt("look", images=[PIXEL, PIXEL]).text == "You said: look (2 images)"
    assert talk.ask("look", attachments=[PIXEL]).text == "You said: look (1 images)"


@every
def test_a_prompt_that_is_cut_leaves_the_outcome_open(
    any_world: World, genuine_beta: BetaServer
) -> None:
    key = uuid4().hex
    with TcpProxy(("127.0.0.1", genuine_beta.port)) as proxy:
        talk = any_world.client(proxy.url).agents.conversation("slow", key)
        aside = Aside(lambda: failure(talk.prompt, key))
        genuine_beta.say(key, "one ")
        proxy.cut_all()
        error = aside.result()
    assert isinstance(error, InvokeOutcomeUnknownError)
    genuine_beta.end(key, "two")
    assert any_world.client(genuine_beta.url).agents.conversation("echo", "x").ask("x").text
    again = any_world.client(genuine_beta.url).agents.conversation("slow", key)
    assert messages_of(genuine_beta, again) == 1


@every
@pytest.mark.parametrize("way", ["found", "known"])
def test_what_a_beta_has_not_is_an_error_and_runs_nothing(
    any_world: World, genuine_beta: BetaServer, way: str
) -> None:
    generation = "beta.8" if genuine_beta.version in OF_BETA_8 else "beta.3"
    talk = talk_to(any_world, genuine_beta, "echo")
    talk.ask("hello")
    for what, call in MISSING[generation].items():
        client = any_world.client(genuine_beta.url)
        asked = talk if way == "known" else client.agents.conversation(url=talk.url)
        error = failure(call, asked)
        assert isinstance(error, UnsupportedByServerError), what
        assert (error.what, error.conversation_url) == (what, talk.url)
        assert error.generation in (generation, None)
    assert messages_of(genuine_beta, talk) == 1


@every
def test_many_messages_are_asked(any_world: World, genuine_beta: BetaServer) -> None:
    client = any_world.client(genuine_beta.url)
    outcomes = list(client.agents.map("echo", [str(n) for n in range(10)], concurrency=4))
    assert [each.reply.text for each in outcomes] == [f"You said: {n}" for n in range(10)]


@every
def test_workflows_stand_beside_the_agents(any_world: World, genuine_beta: BetaServer) -> None:
    client = any_world.client(genuine_beta.url)
    for call in (client.agents.prompt, client.agents.ask):
        assert call("echo", uuid4().hex, "x").text == "You said: x"
    done = client.workflows.run("summarize", input={"text": "one two three four"})
    assert done.result == {"summary": "one two three"}
    assert [event.type for event in client.runs.events(done.run_id)][-1] == "run_end"


@every
@pytest.mark.parametrize("live", [True, "sse", "auto", False])
def test_an_offset_beyond_the_head_is_a_reset(
    any_world: World, genuine_beta: BetaServer, live: Any
) -> None:
    talk = talk_to(any_world, genuine_beta, "echo")
    talk.ask("hello")
    follow = talk.updates if genuine_beta.version in OF_BETA_8 else talk.stream
    error = failure(list, follow(offset=BEYOND, live=live, backoff_options=QUICK))
    assert isinstance(error, StreamResetError)


@of_beta_8
def test_a_conversation_has_the_calls_of_2_x(
    any_world: World, genuine_beta: BetaServer, tmp_path: Path
) -> None:
    talk = talk_to(any_world, genuine_beta, "echo")
    reply = talk.ask("look", attachments=[PNG])
    snapshot = talk.history()
    assert [message.role for message in snapshot.messages] == ["user", "assistant"]
    assert reply.message == snapshot.messages[1]
    file = snapshot.messages[0].parts[1]
    talk.save_attachment(file, tmp_path / "file")
    assert talk.attachment(file) == (tmp_path / "file").read_bytes() == PNG.data
    state = list(talk.observe(live=False))[-1]
    assert state.messages == tuple(snapshot.messages)
    assert (state.busy, state.offset) == (False, snapshot.offset)
    assert list(talk.updates(live=False))[-1].type == "submission-settled"
    assert list(talk.updates(offset="now", live=False)) == []
    assert talk.abort() is False


@of_beta_8
def test_states_are_what_the_server_has(any_world: World, genuine_beta: BetaServer) -> None:
    key = uuid4().hex
    talk = talk_to(any_world, genuine_beta, "slow")
    admission = talk.send(key)
    stream = talk.observe()
    state = next(iter(stream))
    genuine_beta.say(key, "one ")
    genuine_beta.end(key, "two")
    while not (state.settlements and not state.busy):
        state = next(iter(stream))
    stream.close()
    said = [(each.id, each.role, each.parts) for each in state.messages]
    assert said == [(each.id, each.role, each.parts) for each in talk.history().messages]
    assert state.settlements[0].submission_id == admission.submission_id


@of_beta_8
def test_an_abort_stops_what_runs(any_world: World, genuine_beta: BetaServer) -> None:
    key = uuid4().hex
    talk = talk_to(any_world, genuine_beta, "slow")
    admission = talk.send(key)
    genuine_beta.say(key, "one ")
    assert talk.abort() is True
    error = failure(talk.wait, admission)
    assert isinstance(error, FlueExecutionError)
    assert (error.failure, error.submission_id) == ("aborted", admission.submission_id)
    notice = talk.history().messages[-1]
    assert (notice.role, notice.parts[0].text) == ("user", "Submission was aborted.")


@of_beta_8
def test_a_prompt_that_is_aborted_says_so(any_world: World, genuine_beta: BetaServer) -> None:
    key = uuid4().hex
    talk = talk_to(any_world, genuine_beta, "slow")
    aside = Aside(lambda: failure(talk.prompt, key))
    genuine_beta.say(key, "one ")
    assert any_world.client(genuine_beta.url).agents.conversation(url=talk.url).abort() is True
    error = aside.result()
    assert isinstance(error, FlueExecutionError)
    assert error.failure == "aborted"


@of_beta_8
@pytest.mark.parametrize("name", ["tools", "reasons"])
def test_a_reply_is_streamed(any_world: World, genuine_beta: BetaServer, name: str) -> None:
    stream = talk_to(any_world, genuine_beta, name).ask_stream("6/3")
    text = ""
    for change in stream:
        if isinstance(change, Retracted):
            text = ""
        elif isinstance(change, TextDelta):
            text += change.text
    assert text == stream.text == stream.reply.text
    assert stream.reply.usage["totalTokens"] in (46, 92)


@of_beta_8
def test_updates_come_once_through_cut_connections(
    any_world: World, genuine_beta: BetaServer
) -> None:
    talk = talk_to(any_world, genuine_beta, "tools")
    got: list[Any] = []
    with TcpProxy(("127.0.0.1", genuine_beta.port)) as proxy:
        path = talk.url.removeprefix(genuine_beta.url)
        cut = any_world.client(proxy.url).agents.conversation(path=path)
        stream = cut.updates(live="sse", backoff_options=QUICK)
        events = iter(stream)
        for text in ("6/3", "8/2", "9/3"):
            proxy.cut_all()
            id = talk.ask(text).submission_id
            while not got or got[-1].type != "submission-settled" or got[-1].submission_id != id:
                got.append(next(events))
                if len(got) % 5 == 0:
                    proxy.cut_all()
        stream.close()
    assert got == list(talk.updates(live=False))


@of_beta_3
def test_events_come_once_and_resume_anywhere(any_world: World, genuine_beta: BetaServer) -> None:
    talk = talk_to(any_world, genuine_beta, "tools")
    ids = [talk.ask(text).submission_id for text in ("6/3", "8/2")]
    whole = list(talk.stream(live=False))
    names = [(event.submission_id, event.event_index) for event in whole]
    assert len({*names}) == len(names)
    assert [*dict.fromkeys(event.submission_id for event in whole)] == ids
    assert {index for id, index in names if id == ids[1]} >= {0, 1}
    checkpoint: AgentCheckpoint | None = None
    seen: list[Any] = []
    for _ in whole:
        stream = talk.stream(live=False, resume=checkpoint)
        seen.append(next(iter(stream)))
        checkpoint = AgentCheckpoint.from_json(stream.checkpoint.to_json())
        stream.close()
    assert seen == whole


@of_beta_3
@pytest.mark.parametrize("live", ["sse", "long-poll"])
def test_events_come_once_through_cut_connections(
    any_world: World, genuine_beta: BetaServer, live: Any
) -> None:
    talk = talk_to(any_world, genuine_beta, "tools")
    got: list[Any] = []
    with TcpProxy(("127.0.0.1", genuine_beta.port)) as proxy:
        path = talk.url.removeprefix(genuine_beta.url)
        cut = any_world.client(proxy.url).agents.conversation(path=path)
        stream = cut.stream(live=live, backoff_options=QUICK)
        events = iter(stream)
        for text in ("6/3", "8/2", "9/3"):
            proxy.cut_all()
            id = talk.ask(text).submission_id
            while not got or got[-1].type != "submission_settled" or got[-1].submission_id != id:
                got.append(next(events))
                if len(got) % 5 == 0:
                    proxy.cut_all()
        stream.close()
    assert got == list(talk.stream(live=False))


@of_beta_3
def test_a_live_stream_shows_what_comes(any_world: World, genuine_beta: BetaServer) -> None:
    key = uuid4().hex
    client = any_world.client(genuine_beta.url)
    talk = client.agents.conversation("slow", key)
    admission = talk.send(key)
    stream = client.agents.stream("slow", key, live="sse")
    genuine_beta.say(key, "one ")
    genuine_beta.end(key, "two")
    text, last = "", None
    while last is None or last.type != "submission_settled":
        last = next(iter(stream))
        text += last.text if last.type == "text_delta" else ""
    stream.close()
    assert (text, last.submission_id) == ("one two", admission.submission_id)
    assert last.result["text"] == "one two"
    (tail,) = client.agents.stream("slow", key, tail=1, live=False)
    assert tail == last


@pytest.mark.parametrize("genuine2", VERSIONS, indirect=True)
def test_a_search_at_a_server_of_2_x_runs_nothing(any_world: World, genuine2: Flue2Server) -> None:
    client = any_world.client(genuine2.url)
    talk = client.agents.conversation("greets", uuid4().hex)  # needs initial data
    error = failure(talk.send, "x")
    assert isinstance(error, FlueApiError)
    assert (error.status, error.type) == (400, "invalid_request")
    error = failure(lambda: talk.stream(live=False))
    assert isinstance(error, UnsupportedByServerError)
    error = failure(talk.history)
    assert isinstance(error, FlueApiError)
    assert error.type == "stream_not_found"
