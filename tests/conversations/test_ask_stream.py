"""Replies as they come, in each world."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from flue_client_ext import (
    AbortController,
    FlueConnectionError,
    FlueExecutionError,
    FlueTimeoutError,
    Retracted,
    StreamResetError,
    TextDelta,
)
from tests.servers.agents import AgentServer
from tests.servers.conversation import Conversation, message
from tests.servers.proxy import TcpProxy
from tests.streams.reading import Reader
from tests.unary.support import failure, overdue
from tests.worlds import World

from .conftest import QUICK

PATH = "/agents/support/t1"
MODES: list[Any] = [True, "sse", "auto", False]


def never(_: str) -> None:
    """An agent that leaves its submissions to the test."""


def begin(found: Conversation, id: str) -> None:
    """Start a reply."""
    found.append({"type": "message-started", "messageId": f"m_{id}", "submissionId": id})


def say(found: Conversation, id: str, delta: str) -> None:
    chunk = {"type": "message-delta", "messageId": f"m_{id}", "kind": "text", "delta": delta}
    found.append(chunk)


def begin_with(agents: AgentServer, id: str, delta: str) -> None:
    agents.change(PATH, lambda found: begin(found, id))
    agents.change(PATH, lambda found: say(found, id, delta))


def end(found: Conversation, id: str) -> None:
    found.settle(id, answeredBySubmissionId=id)


@pytest.fixture
def under_way(any_world: World, agents: AgentServer) -> Any:
    """Begin a streamed reply, read in a thread; return its reader and its submission."""

    def start(live: Any = "auto", **options: Any) -> tuple[Reader, str]:
        agents.agent = never
        talk = any_world.client(agents.url).agents.conversation("support", "t1")
        reader = Reader(talk.ask_stream("hello", live=live, backoff_options=QUICK, **options))
        assert agents.wait_requests(2)
        return reader, reader.stream.admission.submission_id

    return start


@pytest.mark.parametrize("live", MODES)
def test_a_reply_comes_as_text_and_then_whole(talk: Any, live: Any) -> None:
    with talk.ask_stream("hello", live=live) as stream:
        assert list(stream) == [TextDelta("echo hello")]
        assert stream.text == stream.reply.text == "echo hello"
        assert stream.reply.submission_id == stream.admission.submission_id


@pytest.mark.parametrize("live", MODES)
def test_text_is_shown_while_it_comes(agents: AgentServer, under_way: Any, live: Any) -> None:
    reader, id = under_way(live)
    begin_with(agents, id, "he")
    assert reader.wait_items(1)
    assert reader.stream.text == "he"
    assert isinstance(failure(lambda: reader.stream.reply), RuntimeError)
    agents.change(PATH, lambda found: say(found, id, "llo"))
    assert reader.wait_items(2)
    agents.change(PATH, lambda found: end(found, id))
    assert reader.join() == [TextDelta("he"), TextDelta("llo")]
    assert reader.stream.reply.text == reader.stream.text == "hello"
    reads = [request.target for request in agents.requests if request.method == "GET"]
    assert all("view=updates" in target for target in reads)


def test_text_that_is_taken_back_is_retracted(agents: AgentServer, under_way: Any) -> None:
    reader, id = under_way()
    begin_with(agents, id, "first")
    assert reader.wait_items(1)
    again = {**message(id, "assistant"), "id": f"m_{id}"}

    def take_back(found: Conversation) -> None:
        snapshot = {**found.snapshot(), "messages": [again], "settlements": []}
        found.append({"type": "conversation-reset", "snapshot": snapshot})

    agents.change(PATH, take_back)
    assert reader.wait_items(2)
    assert reader.stream.text == ""
    agents.change(PATH, lambda found: say(found, id, "second"))
    agents.change(PATH, lambda found: end(found, id))
    assert reader.join() == [TextDelta("first"), Retracted(), TextDelta("second")]
    assert reader.stream.reply.text == "second"


@pytest.mark.parametrize("outcome", ["failed", "aborted"])
def test_what_did_not_complete_raises_at_the_end(
    agents: AgentServer, under_way: Any, outcome: str
) -> None:
    reader, id = under_way()
    begin_with(agents, id, "half")
    agents.change(PATH, lambda found: found.settle(id, outcome, error={"message": "boom"}))
    error = failure(reader.join)
    assert type(error) is FlueExecutionError
    assert (error.failure, error.submission_id) == (outcome, id)
    assert reader.stream.text == "half"


def test_leaving_early_is_no_error_and_there_is_no_reply(
    agents: AgentServer, under_way: Any
) -> None:
    reader, id = under_way()
    begin_with(agents, id, "half")
    assert reader.wait_items(1)
    reader.stream.cancel()
    assert reader.join() == [TextDelta("half")]
    assert isinstance(failure(lambda: reader.stream.reply), RuntimeError)
    assert reader.stream.admission.idempotency_key is not None


def test_an_aborted_signal_ends_the_stream(agents: AgentServer, under_way: Any) -> None:
    controller = AbortController()
    reader, _ = under_way(signal=controller.signal)
    controller.abort()
    assert reader.join() == []


def test_a_deadline_names_the_submission_and_its_key(agents: AgentServer, talk: Any) -> None:
    agents.agent = never
    error = overdue(
        lambda **options: list(talk.ask_stream("hello", idempotency_key="k", **options)),
        far=lambda error: type(error) is FlueTimeoutError and error.submission_id,
    )
    assert type(error) is FlueTimeoutError
    assert error.idempotency_key == "k"


@pytest.mark.parametrize("live", MODES)
def test_cut_connections_change_nothing_in_the_reply(
    any_world: World, agents: AgentServer, live: Any
) -> None:
    agents.agent = never
    with TcpProxy(("127.0.0.1", agents.port)) as proxy:
        client = any_world.client(proxy.url)
        reader = Reader(
            client.agents.ask_stream("support", "t1", "hello", live=live, backoff_options=QUICK)
        )
        assert agents.wait_requests(2)
        id = reader.stream.admission.submission_id
        agents.change(PATH, lambda found: begin(found, id))
        for number in range(20):
            proxy.cut_all()
            agents.change(PATH, partial(say, id=id, delta=f"{number} "))
            assert reader.wait_items(number + 1)
        proxy.cut_all()
        agents.change(PATH, lambda found: end(found, id))
        reader.join()
    text = "".join(f"{number} " for number in range(20))
    assert reader.stream.text == reader.stream.reply.text == text


def test_a_lost_store_is_a_reset_that_names_the_submission(
    agents: AgentServer, under_way: Any
) -> None:
    reader, id = under_way()
    begin_with(agents, id, "half")
    assert reader.wait_items(1)
    agents.lose_store(PATH)
    error = failure(reader.join)
    assert type(error) is StreamResetError
    assert error.submission_id == id


def test_a_message_that_was_known_is_shown_at_once(talk: Any, agents: AgentServer) -> None:
    talk.ask("hello", idempotency_key="k")
    stream = talk.ask_stream("hello", idempotency_key="k")
    assert list(stream) == [TextDelta("echo hello")]
    assert stream.admission.deduplicated


def test_the_key_of_a_stream_finishes_its_send(talk: Any) -> None:
    stream = talk.ask_stream("hello")
    admission = talk.send("hello", idempotency_key=stream.idempotency_key)
    assert list(stream) == [TextDelta("echo hello")]
    assert stream.admission.submission_id == admission.submission_id
    with talk.ask_stream("hello", idempotency_key=None) as without:
        assert without.idempotency_key is None


def test_bad_arguments_are_refused_before_anything_is_sent(talk: Any, agents: AgentServer) -> None:
    for text, options in (
        (7, {}), ("x", {"attachments": [1]}), ("x", {"idempotency_key": ""}), ("x", {"live": 3}),
    ):  # fmt: skip
        with pytest.raises((TypeError, ValueError)):
            talk.ask_stream(text, **options)
    with pytest.raises(TypeError, match="from_path"):
        talk.ask_stream("x", attachments=["dot.gif"])
    assert agents.requests == []


def test_tokens_are_known_while_a_reply_comes(agents: AgentServer, under_way: Any) -> None:
    reader, id = under_way("sse")
    assert reader.stream.usage is None
    told = {"type": "message-metadata", "messageId": f"m_{id}", "metadata": {"usage": {"input": 3}}}
    agents.change(PATH, lambda found: begin(found, id))
    agents.change(PATH, lambda found: found.append(told))
    agents.change(PATH, lambda found: say(found, id, "he"))
    assert reader.wait_items(1)
    assert reader.stream.usage == {"input": 3}
    agents.change(PATH, lambda found: end(found, id))
    reader.join()
    assert reader.stream.usage == {"input": 3}


def why(stream: Any) -> str:
    """What `reply` says where there is none."""
    error = failure(lambda: stream.reply)
    assert type(error) is RuntimeError
    return str(error)


def test_a_stream_that_was_cancelled_says_how_to_get_the_reply(
    agents: AgentServer, under_way: Any, talk: Any
) -> None:
    reader, id = under_way()
    assert "read this stream to its end" in why(reader.stream)
    begin_with(agents, id, "half")
    assert reader.wait_items(1)
    reader.stream.cancel()
    reader.join()
    for _ in range(2):
        said = why(reader.stream)
        assert said.startswith("this stream was cancelled before the reply was whole")
        assert "conversation.read(stream.admission)" in said
        reader.stream.close()
    agents.change(PATH, lambda found: end(found, id))
    assert talk.read(reader.stream.admission).submission_id == id


def test_a_stream_that_failed_or_was_never_read_says_so(agents: AgentServer, talk: Any) -> None:
    with talk.ask_stream("x") as unread:
        assert "read this stream to its end" in why(unread)
        unread.cancel()
        assert "nothing was sent" in why(unread)
    assert "nothing was sent" in why(unread)
    assert agents.requests == []
    agents.agent = never
    with talk.ask_stream("x", timeout=0.2) as late:
        assert isinstance(failure(list, late), FlueConnectionError)
    assert why(late).startswith("this stream has ended before the reply was whole")


def drop(make: Callable[[], object]) -> None:
    make()
    gc.collect()


def test_a_message_that_was_never_sent_is_a_warning(talk: Any, agents: AgentServer) -> None:
    conversation = getattr(talk, "real", talk)
    with pytest.warns(ResourceWarning, match="its message was not sent"):
        drop(lambda: conversation.ask_stream("x"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(talk.ask_stream("x"))
        talk.ask_stream("x").close()
        conversation.ask_stream("x").cancel()
        conversation.updates()
        conversation.observe()
        gc.collect()
    assert [each for each in caught if "message was not sent" in str(each.message)] == []
    assert len(agents.sends()) == 1
