"""Agents in the dialects of the betas: scripts, failures, faults, restarts, what is not there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flue_client_ext.testing import (
    ConversationContext,
    LocalFlue,
    Message,
    ModelError,
    RunContext,
    ToolCall,
    VirtualClock,
    faults,
)
from flue_client_ext.testing._dialect import Generation
from tests.contract.conversation import error_of
from tests.servers.http import client_of
from tests.servers.local_agents import LocalAgents

BETAS: list[Generation] = ["beta.8", "beta.3"]
Json = dict[str, Any]


class Server:
    """A server of one generation, with an agent that a test gives it, and what it says."""

    def __init__(self, generation: Generation, **options: Any) -> None:
        self.generation = generation
        self.local = LocalFlue(generation=generation, **options)
        self.http = client_of(self.local.start("127.0.0.1", 0))

    def close(self) -> None:
        self.http.close()
        self.local.close()

    def ask(self, text: str, agent: str = "chat", conversation: str = "x") -> Json:
        """Send a message, and return its settlement."""
        answer = self.http.post(f"/agents/{agent}/{conversation}", json={"message": text})
        assert answer.status_code == 202, answer.text
        return self.local.settled(agent, conversation, answer.json()["submissionId"])

    def stream(
        self, path: str = "/agents/chat/x", offset: str = "-1", **query: str
    ) -> httpx.Response:
        """Read what there is behind an offset."""
        view = {"view": "updates"} if self.generation == "beta.8" else {}
        return self.http.get(path, params={**view, "offset": offset, **query})

    def types(self) -> list[str]:
        """The types of all that is in the stream, deltas of one kind in a row once."""
        found: list[str] = []
        for entry in self.stream().json():
            if not (entry["type"].endswith("delta") and found[-1:] == [entry["type"]]):
                found.append(entry["type"])
        return found

    def texts(self) -> list[tuple[str, str]]:
        """The role and the text of every message, as the test is told them."""
        messages = self.local.snapshot("chat", "x")["messages"]
        return [
            (one["role"], "".join(part.get("text", "") for part in one["parts"]))
            for one in messages
        ]


@pytest.fixture(params=BETAS)
def beta(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(request.param)
    yield server
    server.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    opened: list[Server] = []

    def start(generation: Generation, **options: Any) -> Server:
        opened.append(Server(generation, **options))
        return opened[-1]

    yield start
    for server in opened:
        server.close()


OPERATION = ["operation_start", "agent_start"]
ENDED = ["agent_end", "operation", "idle", "submission_settled"]
SAID = ["turn", "message_end"]


def test_a_reply_is_the_result_of_its_submission(beta: Server) -> None:
    beta.local.agent("chat", model="acme/small")(lambda message: message.text.upper())
    told = beta.ask("hello")["result"]
    assert (told["text"], told["model"]) == ("HELLO", {"provider": "acme", "id": "small"})
    assert (told["usage"]["input"], told["usage"]["totalTokens"]) == (10, 12)
    assert beta.texts() == [("user", "hello"), ("assistant", "HELLO")]


def test_a_send_may_wait_for_its_result(beta: Server) -> None:
    beta.local.agent("chat")(lambda message: message.text.upper())
    answer = beta.http.post("/agents/chat/x?wait=result", json={"message": "hello"})
    assert (answer.status_code, answer.json()["result"]["text"]) == (200, "HELLO")
    assert answer.json()["submissionId"] == beta.local.submission_ids("chat", "x")[0]


def test_each_step_is_a_message_of_its_own(beta: Server) -> None:
    @beta.local.agent
    def chat(message: Message, conversation: ConversationContext) -> None:
        calls = [
            ToolCall("look", {"at": 1}, {"seen": 2}),
            ToolCall("look", {}, "no", is_error=True),
        ]
        conversation.reply("One.", calls=calls, usage={"input": 5, "output": 2})
        conversation.reply(["Two", "."], reasoning="Hm.", usage={"input": 6, "output": 3})
        assert conversation.text == "One.\n\nTwo."
        assert [one["role"] for one in conversation.messages] == ["user", "assistant", "assistant"]

    result = beta.ask("go")["result"]
    assert (result["text"], result["usage"]["totalTokens"]) == ("Two.", 16)
    one, two = beta.local.snapshot("chat", "x")["messages"][1:]
    text, good, bad = one["parts"]
    assert (text["text"], good["output"], bad["errorText"]) == ("One.", {"seen": 2}, "no")
    assert (good["input"], good["state"], bad["state"]) == (
        *({"at": 1}, "output-available"),
        "output-error",
    )
    assert [part["type"] for part in two["parts"]] == ["reasoning", "text"]
    assert one["metadata"]["usage"]["totalTokens"] == 7


def test_the_events_of_two_steps(serve: Callable[..., Server]) -> None:
    server = serve("beta.3")

    @server.local.agent
    def chat(message: Message, conversation: ConversationContext) -> None:
        conversation.reply("One.", calls=[ToolCall("look", {}, 1)])
        conversation.reply("Two.")

    server.ask("go")
    turn = ["turn_start", "message_start", "text_delta", *SAID]
    tool = ["tool_start", "tool", "message_start", "message_end", "turn_messages"]
    assert server.types() == [*OPERATION, *turn, *tool, *turn, "turn_messages", *ENDED]
    events = server.stream().json()
    roles = [one["role"] for one in events[-4]["messages"]]
    assert roles == ["assistant", "toolResult", "assistant"]


def test_event_numbers_begin_at_zero_with_each_submission(serve: Callable[..., Server]) -> None:
    server = serve("beta.3")
    server.local.agent("chat")(lambda message: message.text)
    server.ask("a")
    server.ask("b")
    events = server.stream().json()
    starts = [event for event in events if event["type"] == "operation_start"]
    assert [event["eventIndex"] for event in starts] == [0, 0]
    assert len({event["conversationId"] for event in starts}) == 1
    numbers = [event["eventIndex"] for event in events[: len(events) // 2]]
    assert numbers == [0, 1, 2, *range(4, len(numbers) + 1)]


def test_a_retried_attempt_stays_and_another_follows(beta: Server) -> None:
    @beta.local.agent
    def chat(message: Message, conversation: ConversationContext) -> str:
        conversation.reply("The first ", retried=True)
        return "The second."

    assert beta.ask("go")["result"]["text"] == "The second."
    if beta.generation == "beta.8":
        step = ["message-started", "message-delta", "message-completed"]
        started = ["conversation-reset", "message-appended"]
        assert beta.types() == [*started, *step, *step, "submission-settled"]
    else:
        turn = ["turn_start", "message_start", "text_delta", *SAID, "turn_messages"]
        again = ["agent_end", "agent_start"]
        assert beta.types() == [*OPERATION, *turn, *again, *turn, *ENDED]
        first = next(event for event in beta.stream().json() if event["type"] == "turn")
        assert (first["isError"], first["response"]["finishReason"]) == (True, "error")


def test_a_model_that_fails_fails_the_submission(beta: Server) -> None:
    @beta.local.agent
    def chat(message: Message) -> None:
        raise ModelError("The model refuses.")

    answer = beta.http.post("/agents/chat/x?wait=result", json={"message": "x"})
    [submission] = beta.local.submission_ids("chat", "x")
    words = f"direct({submission}) failed: The model refuses."
    assert answer.json()["error"] == {
        "type": "operation_failed",
        "message": words,
        "details": "",
    }
    assert answer.status_code == 500
    settlement = beta.local.settled("chat", "x", submission)
    assert settlement["outcome"] == "failed"
    assert settlement["error"] == {
        "name": "FlueError",
        "message": words,
        "type": "operation_failed",
        "details": "",
    }


def test_a_model_may_fail_in_the_midst_of_a_step(beta: Server) -> None:
    def words() -> Iterator[str]:
        yield "I was about to "
        raise ModelError("It is gone.")

    beta.local.agent("chat")(lambda message, conversation: conversation.reply(words()))
    assert beta.ask("x")["outcome"] == "failed"
    assert beta.texts()[1] == ("assistant", "I was about to ")


def test_an_agent_that_raises_is_an_internal_error(beta: Server) -> None:
    @beta.local.agent
    def chat(message: Message, conversation: ConversationContext) -> None:
        conversation.reply("Well, ", calls=[ToolCall("look", {}, object())])

    answer = beta.http.post("/agents/chat/x?wait=result", json={"message": "x"})
    assert error_of(answer) == (500, "internal_error")
    [submission] = beta.local.submission_ids("chat", "x")
    error = beta.local.settled("chat", "x", submission)["error"]
    assert error["type"] == "internal_error"
    assert "quote the settlement" not in error["details"]


def test_what_a_generation_has_not_is_not_written(beta: Server) -> None:
    @beta.local.agent(initial_data_schema={"type": "object"})
    def chat(message: Message, conversation: ConversationContext) -> None:
        assert conversation.initial_data is None
        conversation.metadata({"stage": 1})
        conversation.reply("Done.", data={"progress": 1}, metadata={"by": "me"})

    assert beta.ask("x")["outcome"] == "completed"
    written = beta.stream().text
    assert "progress" not in written and "stage" not in written


def test_anything_may_be_emitted(beta: Server) -> None:
    @beta.local.agent
    def chat(message: Message, conversation: ConversationContext) -> None:
        conversation.emit({"type": "data", "name": "progress", "data": 1})
        conversation.reply("Done.")

    assert beta.ask("x")["outcome"] == "completed"
    [emitted] = [entry for entry in beta.stream().json() if entry["type"] == "data"]
    where = {"beta.8": "position", "beta.3": "eventIndex"}[beta.generation]
    assert (emitted["data"], where in emitted) == (1, True)


def test_messages_wait_for_a_response_of_their_own(beta: Server) -> None:
    with LocalAgents(generation=beta.generation) as running:
        path = f"{running.url}/agents/slow/x"
        sent = [httpx.post(path, json={"message": key}).json() for key in ("a", "b")]
        running.end("a", "first")
        running.end("b", "second")
        results = [
            running.server.settled("slow", "x", one["submissionId"])["result"]["text"]
            for one in sent
        ]
    assert results == ["first", "second"]


def test_a_conversation_outlives_its_server(beta: Server, tmp_path: Path) -> None:
    with LocalAgents(generation=beta.generation, database=tmp_path / "store.db") as running:
        path = f"{running.url}/agents/slow/x"
        view = "?view=updates&offset=-1"
        first, second = (httpx.post(path, json={"message": key}).json() for key in "ab")
        running.say("a", "half ")
        httpx.get(path + view)
        running.restart(crash=True)
        running.end("a", "whole")
        running.end("b", "too")
        settled = [
            running.server.settled("slow", "x", one["submissionId"])["result"]["text"]
            for one in (first, second)
        ]
        assert settled == ["whole", "too"]
        history = running.server.snapshot("slow", "x")
        running.restart(crash=True)
        assert running.server.snapshot("slow", "x") == history
        entries = httpx.get(path + view).json()
    if beta.generation == "beta.3":
        starts = [entry for entry in entries if entry["type"] == "operation_start"]
        assert [entry["eventIndex"] for entry in starts] == [0, 0, 0]
        assert starts[0]["submissionId"] == starts[1]["submissionId"]


def test_a_lost_store_of_beta_8_fails_what_reads_on(serve: Callable[..., Server]) -> None:
    server = serve("beta.8")
    server.local.agent("chat")(lambda message: message.text)
    server.ask("a")
    saved = server.local.snapshot("chat", "x")["offset"]
    server.local.inject(faults.DropStream(keep=2))
    failure = 500, "conversation_stream_store_failure"
    assert error_of(server.stream(offset=saved)) == failure
    assert error_of(server.stream(offset=saved, live="long-poll")) == failure
    with pytest.raises(httpx.RemoteProtocolError):
        server.stream(offset=saved, live="sse")
    server.local.drop_conversation("chat", "x")
    assert error_of(server.stream(offset=saved)) == (404, "stream_not_found")


def test_a_lost_store_of_beta_3_has_nothing_behind_an_offset(serve: Callable[..., Server]) -> None:
    server = serve("beta.3")
    server.local.agent("chat")(lambda message: message.text)
    server.ask("a")
    saved = server.local.snapshot("chat", "x")["offset"]
    server.local.inject(faults.DropStream(keep=2))
    answer = server.stream(offset=saved)
    assert (answer.json(), answer.headers["stream-next-offset"]) == ([], saved)
    assert [entry["type"] for entry in server.stream().json()] == OPERATION


def test_a_poll_without_news_is_empty(beta: Server) -> None:
    beta.local.agent("chat")(lambda message: message.text)
    beta.ask("a")
    offset = beta.local.snapshot("chat", "x")["offset"]
    beta.local.inject(faults.EmptyPoll())
    answer = beta.stream(offset=offset, live="long-poll")
    assert answer.headers["stream-next-offset"] == offset
    if beta.generation == "beta.8":
        assert (answer.status_code, answer.json()) == (200, [])
        assert "stream-cursor" not in answer.headers
    else:
        assert (answer.status_code, answer.content) == (204, b"")
        assert "stream-cursor" in answer.headers


def test_a_poll_holds_as_long_as_the_clock_says(beta: Server) -> None:
    with LocalAgents(generation=beta.generation, clock=VirtualClock(autojump=0.02)) as running:
        path = f"{running.url}/agents/echo/x"
        sent = httpx.post(path, json={"message": "x"}).json()
        running.server.settled("echo", "x", sent["submissionId"])
        offset = running.server.snapshot("echo", "x")["offset"]
        query = {"view": "updates", "offset": offset, "live": "long-poll"}
        answer = httpx.get(path, params=query, timeout=10)
    assert (answer.status_code, answer.text) == {
        "beta.8": (200, "[]"),
        "beta.3": (204, ""),
    }[beta.generation]


@pytest.mark.odd_answers
def test_faults_strike_the_reads_of_a_beta(beta: Server) -> None:
    beta.local.agent("chat")(lambda message: message.text)
    beta.ask("a")
    whole = beta.stream().text
    with beta.local.inject(faults.Cut(after_events=2, how="clean")) as cut:
        short = beta.stream().text
        assert cut.hits == 1
    assert whole.startswith(short) and len(json.loads(f"{short}]")) == 2


def test_pages_end_at_a_hundred_entries(serve: Callable[..., Server]) -> None:
    server = serve("beta.3", page_size=10)
    server.local.agent("chat")(lambda message: message.text)
    server.ask("a")
    first = server.stream()
    assert len(first.json()) == 10 and "stream-up-to-date" not in first.headers
    rest = server.stream(offset=first.headers["stream-next-offset"])
    assert rest.json()[-1]["type"] == "submission_settled"
    assert rest.headers["stream-up-to-date"] == "true"


def test_the_validator_of_a_read_is_honoured(serve: Callable[..., Server]) -> None:
    server = serve("beta.3")
    server.local.agent("chat")(lambda message: message.text)
    server.ask("a")
    tag = server.stream().headers["etag"]
    again = server.http.get(
        "/agents/chat/x", params={"offset": "-1"}, headers={"if-none-match": tag}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("body", [{"message": 5}, {"kind": "user", "body": "x"}, [], "x", None])
def test_a_body_of_another_shape_runs_nothing(beta: Server, body: Any) -> None:
    beta.local.agent("chat")(lambda message: message.text)
    assert error_of(beta.http.post("/agents/chat/x", json=body)) == (400, "invalid_request")
    assert error_of(beta.stream()) == (404, "stream_not_found")
    assert beta.local.conversation_ids("chat") == []


IMAGES: list[Any] = [
    5,
    [5],
    [{"type": "document", "data": "", "mimeType": ""}],
    [{"type": "image", "data": 5, "mimeType": "image/png"}],
    [{"type": "image", "data": "A" * 14_680_068, "mimeType": "image/png"}],
]


@pytest.mark.parametrize("images", IMAGES)
def test_images_of_another_shape_are_refused(beta: Server, images: Any) -> None:
    beta.local.agent("chat")(lambda message: message.text)
    answer = beta.http.post("/agents/chat/x", json={"message": "x", "images": images})
    assert error_of(answer) == (400, "invalid_request")


def test_what_a_key_would_deduplicate_is_sent_twice(beta: Server) -> None:
    beta.local.agent("chat")(lambda message: message.text)
    body = {"message": "x", "idempotencyKey": "k", "uid": None}
    sent = [beta.http.post("/agents/chat/x", json=body).json() for _ in range(2)]
    assert len({one["submissionId"] for one in sent}) == 2
    assert not {"uid", "deduplicated"} & {*sent[0], *sent[1]}


def test_agents_of_a_beta_have_one_address_each(beta: Server) -> None:
    beta.local.agent("chat", path="private/chat")(lambda message: message.text)
    assert beta.ask("x")["outcome"] == "completed"
    blank = beta.http.get("/agents/chat/%20")
    assert error_of(blank) == (400, "invalid_request")
    for path in ("/agents/chat", "/agents/chat/", "/agents/chat/x/y"):
        assert beta.http.get(path).text == "404 Not Found"


def test_workflows_stand_beside_the_agents_of_a_beta(beta: Server) -> None:
    beta.local.agent("chat")(lambda message: message.text)

    @beta.local.workflow
    def greet(run: RunContext) -> str:
        return "hello"

    answer = beta.http.post("/workflows/greet?wait=result")
    assert answer.json()["result"] == "hello"
    assert beta.http.get(f"/runs/{answer.json()['runId']}").json()[-1]["type"] == "run_end"
    assert error_of(beta.http.post("/workflows/nosuch")) == (404, "workflow_not_found")
    assert beta.ask("x")["outcome"] == "completed"


def test_flue_2_said_explicitly_has_no_workflows(serve: Callable[..., Server]) -> None:
    server = serve("2")
    server.local.workflow("greet")(lambda run: "hello")
    for path in ("/workflows/greet", "/runs/run_x"):
        answer = server.http.get(path)
        assert (answer.status_code, answer.text) == (404, "404 Not Found")
    server.local.agent("chat")(lambda message: message.text)
    answer = server.http.post("/agents/chat/x", json={"kind": "user", "body": "x"})
    assert "uid" in answer.json()


@pytest.mark.parametrize("generation", ["3", "beta.9", 2])
def test_another_generation_is_refused(generation: Any) -> None:
    with pytest.raises(ValueError, match="generation"):
        LocalFlue(generation=generation)
