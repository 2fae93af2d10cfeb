"""What agents of the local server reply: steps, retries, joins, queues, aborts, failures, waits."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal

import httpx
import pytest

import flue_client_ext
from flue_client_ext import FlueApiError, FlueClient
from flue_client_ext.testing import (
    ConversationContext,
    LocalFlue,
    Message,
    ModelError,
    ToolCall,
    VirtualClock,
)
from flue_client_ext.testing._json import dumps, encode
from flue_client_ext.testing._transcript import Transcript
from tests.contract.conversation import Conversation, Json, text_of, types
from tests.servers.http import client_of


@pytest.fixture
def server() -> Iterator[LocalFlue]:
    server = LocalFlue()
    with server.run():
        yield server
    server.close()


@pytest.fixture
def http(server: LocalFlue) -> Iterator[httpx.Client]:
    with client_of(server.url) as client:
        yield client


def test_a_returned_text_is_the_reply(server: LocalFlue, http: httpx.Client) -> None:
    @server.agent
    def upper(message: Message) -> str:
        return message.text.upper()

    conversation = Conversation(http, "upper")
    chunks = conversation.ask("hello")
    assert [chunk["delta"] for chunk in chunks if "delta" in chunk] == ["HELLO"]
    assert text_of(conversation.reply()) == "HELLO"


def test_an_async_agent_replies_too(server: LocalFlue, http: httpx.Client) -> None:
    @server.agent("waits")
    async def waits(message: Message, conversation: ConversationContext) -> str:
        await conversation.asleep(0)
        return f"{conversation.agent} {conversation.id}"

    conversation = Conversation(http, "waits", "x")
    conversation.ask("hello")
    assert text_of(conversation.reply()) == "waits x"


def test_an_agent_that_says_nothing_has_an_empty_reply(
    server: LocalFlue, http: httpx.Client
) -> None:
    server.agent("mute")(lambda message: None)
    conversation = Conversation(http, "mute")
    assert types(conversation.ask("hello"))[1:-1] == ["message-started", "message-completed"]
    assert conversation.reply()["parts"] == []


def test_a_retried_step_leaves_the_steps_before_it(server: LocalFlue, http: httpx.Client) -> None:
    @server.agent("late")
    def late(message: Message, conversation: ConversationContext) -> None:
        conversation.reply("One.", calls=[ToolCall("look", {}, "seen")])
        conversation.reply(["Two", " bad"], retried=True)
        conversation.reply("Two.")

    conversation = Conversation(http, "late")
    (reset,) = [c for c in conversation.ask("x") if c["type"] == "conversation-reset"]
    kept = [part["type"] for part in reset["snapshot"]["messages"][-1]["parts"]]
    assert kept == ["text", "dynamic-tool"]
    assert text_of(conversation.reply()) == "One.Two."


def test_a_model_that_fails_at_once_has_an_empty_message(
    server: LocalFlue, http: httpx.Client
) -> None:
    @server.agent("down")
    def down(message: Message) -> None:
        raise ModelError("provider is down")

    conversation = Conversation(http, "down")
    assert types(conversation.ask("x"))[1:-1] == ["message-started", "message-completed"]


def test_a_failure_may_be_any_that_a_settlement_can_tell(
    server: LocalFlue, http: httpx.Client
) -> None:
    error = {"type": "submission_timeout", "message": "Too late.", "details": ""}

    @server.agent("late")
    def late(message: Message) -> None:
        raise ModelError(error=error)

    settled = Conversation(http, "late").ask("x")[-1]
    assert (settled["outcome"], settled["error"]) == ("failed", error)


@pytest.mark.odd_answers
def test_any_chunk_can_be_emitted(server: LocalFlue, http: httpx.Client) -> None:
    notice = {"id": "m", "role": "critic", "parts": [{"type": "hologram", "rays": 3}]}

    @server.agent("odd")
    def odd(message: Message, conversation: ConversationContext) -> None:
        conversation.reply("Fine.")
        conversation.emit({"type": "message-appended", "message": notice})
        conversation.emit({"type": "message-sung", "tune": "la"})
        conversation.emit({"type": "data-part", "messageId": "nobody", "name": "x", "data": 1})

    conversation = Conversation(http, "odd")
    *_, appended, sung, lost, _ = conversation.ask("x")
    assert {**sung, "position": 0} == {
        "type": "message-sung",
        "conversationId": conversation.history()["conversationId"],
        "tune": "la",
        "position": 0,
    }
    assert appended["message"] == notice == conversation.history()["messages"][-1]
    assert lost["messageId"] == "nobody"
    assert len(conversation.history()["messages"]) == 3


@pytest.mark.parametrize("chunk", [5, {}, {"type": 5}])
def test_a_chunk_without_a_type_is_refused(
    server: LocalFlue, http: httpx.Client, chunk: Any
) -> None:
    server.agent("wrong")(lambda message, conversation: conversation.emit(chunk))
    assert Conversation(http, "wrong").ask("x")[-1]["error"]["type"] == "internal_error"


def test_an_agent_that_returns_no_text_fails(server: LocalFlue, http: httpx.Client) -> None:
    server.agent("wrong")(lambda message: 5)  # type: ignore[type-var]
    error = Conversation(http, "wrong").ask("x")[-1]["error"]
    assert error["type"] == "internal_error"
    assert (error["name"], "returned 5, not a str or None" in error["message"]) == (
        *("TypeError", True),
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"calls": [flue_client_ext.ToolCall("find", "call_1", {})]}, "flue_client_ext.testing"),
        ({"calls": 5}, "not iterable"),
        ({"text": 5}, "not iterable"),
        ({"text": ["fine", 5]}, "a delta must be a str, not 5"),
    ],
)
def test_a_misused_reply_says_why_in_the_error_of_its_submission(
    server: LocalFlue, http: httpx.Client, words: dict[str, Any], message: str
) -> None:
    server.agent("wrong")(lambda _, conversation: conversation.reply(**words))
    error = Conversation(http, "wrong").ask("x")[-1]["error"]
    assert (error["name"], error["type"]) == ("TypeError", "internal_error")
    assert message in error["message"]


@pytest.mark.parametrize("generation", ["beta.3", "beta.8"])
def test_a_beta_that_is_waited_for_tells_of_a_misuse_too(
    generation: Literal["beta.3", "beta.8"],
) -> None:
    server = LocalFlue(generation=generation)

    @server.agent
    def wrong(message: Message, conversation: ConversationContext) -> None:
        if message.text == "raise":
            raise TypeError("secret")
        conversation.reply(["fine"], pace=-1)

    with server.run() as url, FlueClient(url) as client:
        for text, words in (("x", "pace must be"), ("raise", "internal error")):
            with pytest.raises(FlueApiError, match=words) as raised:
                client.agents.prompt("wrong", "x", text)
            assert raised.value.type == "internal_error"
    server.close()


def test_another_model_error_than_that_of_the_server_is_told_apart(
    server: LocalFlue, http: httpx.Client
) -> None:
    @server.agent("wrong")
    def wrong(message: Message) -> None:
        raise flue_client_ext.ModelError({"message": "x"})  # type: ignore[misc]

    error = Conversation(http, "wrong").ask("x")[-1]["error"]
    assert "ModelError is that of flue_client_ext.testing" in error["message"]


def test_what_an_agent_raises_stays_at_the_server(server: LocalFlue, http: httpx.Client) -> None:
    @server.agent("wrong")
    def wrong(message: Message) -> None:
        raise TypeError("secret")

    error = Conversation(http, "wrong").ask("x")[-1]["error"]
    assert (error["name"], "secret" in json.dumps(error)) == ("Error", False)


@pytest.mark.parametrize(
    "words",
    [
        {"text": ["fine", 5]},
        {"text": "x", "pace": -1},
        {"data": [(5, "x")]},
        {"data": {"x": object()}},
        {"metadata": {"x": {1: 2}}},
        {"calls": [ToolCall("x", {}, object())]},
    ],
)
def test_what_is_not_json_fails_the_submission_and_is_not_written(
    server: LocalFlue, http: httpx.Client, words: dict[str, Any]
) -> None:
    @server.agent("wrong")
    def wrong(message: Message, conversation: ConversationContext) -> None:
        conversation.reply("Before.")
        conversation.reply(**words)

    conversation = Conversation(http, "wrong")
    assert conversation.ask("x")[-1]["error"]["type"] == "internal_error"
    transcript = Transcript(conversation.history()["conversationId"])
    for chunk in conversation.updates().json()[1:]:
        transcript.apply(chunk)
    snapshot = conversation.history()
    assert transcript.snapshot(snapshot["offset"]) == {
        name: value for name, value in snapshot.items() if name != "incarnation"
    }


def test_values_are_those_of_json_wherever_they_are_asked_for(
    server: LocalFlue, http: httpx.Client
) -> None:
    @server.agent("pairs")
    def pairs(message: Message, conversation: ConversationContext) -> None:
        conversation.reply(data={"pair": (1, float("nan"))})

    conversation = Conversation(http, "pairs")
    conversation.ask("x")
    assert conversation.reply()["parts"] == [{"type": "data-pair", "data": [1, None]}]
    assert server.snapshot("pairs", conversation.id) == conversation.history()


def test_an_observer_is_told_each_chunk(server: LocalFlue, http: httpx.Client) -> None:
    told: list[tuple[str, str, str]] = []
    server.on_chunk.append(lambda agent, name, chunk: told.append((agent, name, chunk["type"])))
    server.agent("mute")(lambda message: None)
    conversation = Conversation(http, "mute")
    sent = conversation.send("x")
    server.settled("mute", conversation.id, sent["submissionId"])
    kinds = types(conversation.updates().json()[1:])
    assert told == [("mute", conversation.id, kind) for kind in kinds]


def test_an_observer_may_ask_the_server_and_send_to_it(
    server: LocalFlue, http: httpx.Client
) -> None:
    server.agent("echo")(lambda message: message.text)
    conversation = Conversation(http, "echo")
    seen: list[int] = []

    def observe(agent: str, name: str, chunk: Json) -> None:
        if chunk["type"] == "submission-settled":
            seen.append(len(conversation.history()["settlements"]))
            if len(seen) < 3:
                conversation.send("again")
            else:
                assert conversation.abort() is False

    server.on_chunk.append(observe)
    conversation.ask("first")
    until = time.monotonic() + 10
    while len(seen) < 3:
        assert time.monotonic() < until
        time.sleep(0.001)
    assert seen == [1, 2, 3]


def test_an_observer_that_raises_changes_nothing(server: LocalFlue, http: httpx.Client) -> None:
    def observe(agent: str, name: str, chunk: Json) -> None:
        raise LookupError("observed")

    server.on_chunk.append(observe)
    server.agent("echo")(lambda message: message.text)
    assert Conversation(http, "echo").ask("x")[-1]["outcome"] == "completed"


def test_messages_join_between_the_steps_of_a_reply(server: LocalFlue, http: httpx.Client) -> None:
    sent = threading.Event()
    joined: list[str] = []

    @server.agent("steps")
    def steps(message: Message, conversation: ConversationContext) -> None:
        sent.wait(10)
        conversation.reply("One.")
        joined.extend(one.text for one in conversation.joined)
        conversation.reply("Two.")

    conversation = Conversation(http, "steps")
    first = conversation.send("first")
    for text in ("second", "third"):
        conversation.send(text)
    sent.set()
    conversation.settled(first)
    assert joined == ["second", "third"]
    assert conversation.texts() == [*["first", "One.Two.", "second", "third"]]


def test_an_agent_without_joins_answers_one_after_another(
    server: LocalFlue, http: httpx.Client
) -> None:
    sent = threading.Event()

    @server.agent("alone", joins=False)
    def alone(message: Message, conversation: ConversationContext) -> str:
        sent.wait(10)
        return f"{message.text}!"

    conversation = Conversation(http, "alone")
    admissions = [conversation.send(text) for text in ("a", "b", "c")]
    sent.set()
    conversation.settled(admissions[-1])
    assert conversation.texts() == [
        "a",
        "a!",
        "b",
        "b!",
        "c",
        "c!",
    ]
    for submission, settled in conversation.settlements().items():
        assert settled["answeredBySubmissionId"] == submission


def test_what_waits_when_an_agent_raises_runs_by_itself(
    server: LocalFlue, http: httpx.Client
) -> None:
    sent = threading.Event()

    @server.agent("once")
    def once(message: Message) -> str:
        sent.wait(10)
        if message.text == "first":
            raise LookupError("broken")
        return "fine"

    conversation = Conversation(http, "once")
    conversation.send("first")
    second = conversation.send("second")
    sent.set()
    conversation.settled(second)
    assert [one["outcome"] for one in conversation.settlements().values()] == [
        "failed",
        "completed",
    ]


def test_an_abort_settles_what_has_joined(server: LocalFlue, http: httpx.Client) -> None:
    joined, sent = threading.Event(), threading.Event()

    @server.agent("host")
    def host(message: Message, conversation: ConversationContext) -> None:
        sent.wait(10)
        conversation.reply("One.")
        joined.set()
        conversation.sleep(3600)

    conversation = Conversation(http, "host")
    first, second = conversation.send("first"), conversation.send("second")
    sent.set()
    joined.wait(10)
    assert conversation.abort() is True
    for submission in (first["submissionId"], second["submissionId"]):
        settled = conversation.settlements()[submission]
        assert settled["outcome"] == "aborted"
        assert settled["answeredBySubmissionId"] == first["submissionId"]


def test_an_abort_ends_a_sleeping_function(server: LocalFlue, http: httpx.Client) -> None:
    asleep, ended = threading.Event(), threading.Event()

    @server.agent("sleeps")
    def sleeps(message: Message, conversation: ConversationContext) -> None:
        asleep.set()
        try:
            conversation.sleep(3600)
        finally:
            ended.set()

    conversation = Conversation(http, "sleeps")
    conversation.send("x")
    assert asleep.wait(10)
    assert conversation.abort() is True
    assert ended.wait(10)


def test_an_abort_ends_an_async_function(server: LocalFlue, http: httpx.Client) -> None:
    asleep, ended = threading.Event(), threading.Event()

    @server.agent("sleeps")
    async def sleeps(message: Message, conversation: ConversationContext) -> None:
        asleep.set()
        try:
            await conversation.asleep(3600)
        finally:
            ended.set()

    conversation = Conversation(http, "sleeps")
    conversation.send("x")
    assert asleep.wait(10)
    assert conversation.abort() is True
    assert ended.wait(10)


def test_a_function_cannot_write_once_it_is_aborted(server: LocalFlue, http: httpx.Client) -> None:
    begun, aborted, ended = (threading.Event() for _ in range(3))

    @server.agent("deaf")
    def deaf(message: Message, conversation: ConversationContext) -> None:
        conversation.reply("One.")
        begun.set()
        aborted.wait(10)
        try:
            conversation.reply("Two.")
        finally:
            ended.set()

    conversation = Conversation(http, "deaf")
    conversation.send("x")
    begun.wait(10)
    conversation.abort()
    before = conversation.history()
    aborted.set()
    assert ended.wait(10)
    assert conversation.history() == before


def test_deltas_are_collected_for_a_second() -> None:
    clock = VirtualClock()
    server = LocalFlue(clock=clock)

    @server.agent("types")
    def types_slowly(message: Message, conversation: ConversationContext) -> None:
        conversation.reply((f"{n} " for n in range(4)), pace=0.4)

    with server.run() as url, client_of(url) as http:
        conversation = Conversation(http, "types")
        sent = conversation.send("x")
        for sleepers in (1, 1, 2, 2):  # the next delta, and the end of the second
            clock.wait_for_sleepers(sleepers)
            clock.advance(0.4)
        server.settled("types", conversation.id, sent["submissionId"])
        chunks = [chunk for chunk in conversation.updates().json() if "delta" in chunk]
    batches = [chunk["position"]["batch"] for chunk in chunks]
    assert batches[0] < batches[1] == batches[2] <= batches[3]
    server.close()


def test_a_function_sees_what_was_said_before(server: LocalFlue, http: httpx.Client) -> None:
    @server.agent("counts")
    def counts(message: Message, conversation: ConversationContext) -> str:
        conversation.reply("Said:")
        assert conversation.text == "Said:"
        return str(len(conversation.messages))

    conversation = Conversation(http, "counts")
    for _ in range(3):
        conversation.ask("x")
    assert text_of(conversation.reply()) == "Said:6"


SCRIPTS = [("echo", "hello"), ("tools", "7/2"), ("tools", "7/0"), ("data", "3"), ("fails", "x")]
SCRIPTS += [("fails", "start"), ("retries", "a"), ("reasons", "x"), ("forgets", "x")]


@pytest.mark.parametrize(("agent", "text"), SCRIPTS)
def test_the_chunks_up_to_an_offset_make_its_snapshot(
    api: httpx.Client, agent: str, text: str
) -> None:
    conversation = Conversation(api, agent)
    conversation.ask(text)
    conversation.ask(text)
    answer = conversation.updates()
    transcript = Transcript(conversation.history()["conversationId"])
    for chunk in answer.json()[1:]:
        transcript.apply(chunk)
    snapshot = conversation.history()
    del snapshot["incarnation"]
    made = transcript.snapshot(answer.headers["stream-next-offset"])
    assert joined(made) == joined(snapshot)


def joined(snapshot: Json) -> Any:
    """The snapshot as it travels: halves of a surrogate pair that meet are one character."""
    return json.loads(encode(dumps(snapshot)))
