"""The calls of the matrix: each is made of a server of any version, and checks what came of it.

A call gets the client and the generation of the server, and uses a conversation of its own. It
checks only what a success is; what it raises is the outcome."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flue_client_ext import Attachment, TextDelta

PIXEL = Attachment(b"\x89PNG\r\n\x1a\n" + bytes(200), "image/png")
TEXT = {"text": "one two three four"}
SUMMARY = {"summary": "one two three"}
LOGGED = ["run_start", "log", "run_end"]
SAID = "You said: hello"


def talk(client: Any) -> Any:
    return client.agents.conversation("echo", uuid4().hex)


def run_id(client: Any, generation: str) -> str:
    """The id of a run that has ended; a server without runs is asked for one that it never had."""
    if generation == "2":
        return "run_01M80VPT2H2QE6CABB19VD1PPP"
    return str(client.workflows.run("summarize", input=TEXT).run_id)


def workflows_invoke(client: Any, generation: str) -> None:
    assert client.workflows.invoke("summarize", input=TEXT).run_id.startswith("run_")


def workflows_invoke_wait(client: Any, generation: str) -> None:
    assert client.workflows.invoke("summarize", input=TEXT, wait="result").result == SUMMARY


def workflows_run(client: Any, generation: str) -> None:
    assert client.workflows.run("summarize", input=TEXT).result == SUMMARY


def workflows_map(client: Any, generation: str) -> None:
    outcomes = list(client.workflows.map("summarize", [TEXT, TEXT]))
    assert [outcome.result for outcome in outcomes] == [SUMMARY, SUMMARY]


def runs_get(client: Any, generation: str) -> None:
    assert client.runs.get(run_id(client, generation)).status == "completed"


def runs_events(client: Any, generation: str) -> None:
    events = client.runs.events(run_id(client, generation))
    assert [event.type for event in events] == LOGGED


def runs_stream(client: Any, generation: str) -> None:
    events = client.runs.stream(run_id(client, generation))
    assert [event.type for event in events] == LOGGED


def runs_wait(client: Any, generation: str) -> None:
    assert client.runs.wait(run_id(client, generation)).result == SUMMARY


def prompt(client: Any, generation: str) -> None:
    assert client.agents.prompt("echo", uuid4().hex, "hello").text == SAID


def ask(client: Any, generation: str) -> None:
    conversation = talk(client)
    assert [conversation.ask("hello").text for _ in range(2)] == [SAID, SAID]


def send(client: Any, generation: str) -> None:
    conversation = talk(client)
    admission = conversation.send("hello")
    assert conversation.wait(admission).outcome == "completed"
    assert conversation.read(admission.submission_id).text == SAID


def attachments(client: Any, generation: str) -> None:
    assert talk(client).ask("hello", attachments=[PIXEL]).text == f"{SAID} (1 images)"


def agents_map(client: Any, generation: str) -> None:
    replies = list(client.agents.map("echo", ["hello", "hello"]))
    assert [outcome.reply.text for outcome in replies] == [SAID, SAID]


def ask_stream(client: Any, generation: str) -> None:
    with talk(client).ask_stream("hello") as reply:
        deltas = [delta.text for delta in reply if isinstance(delta, TextDelta)]
    assert "".join(deltas) == reply.reply.text == SAID


def stream(client: Any, generation: str) -> None:
    conversation = talk(client)
    submission = conversation.ask("hello").submission_id
    events = list(conversation.stream(live=False))
    assert {event.submission_id for event in events} == {submission}
    assert events[-1].type == "submission_settled"


def abort(client: Any, generation: str) -> None:
    conversation = talk(client)
    conversation.ask("hello")
    assert conversation.abort() is False


def history(client: Any, generation: str) -> None:
    conversation = talk(client)
    conversation.ask("hello")
    snapshot = conversation.history(limit=20)
    assert [message.role for message in snapshot.messages] == ["user", "assistant"]


def history_before(client: Any, generation: str) -> None:
    conversation = talk(client)
    conversation.ask("hello")
    assert conversation.history_before("cursor").messages == []


def updates(client: Any, generation: str) -> None:
    conversation = talk(client)
    conversation.ask("hello")
    chunks = [chunk.type for chunk in conversation.updates(live=False)]
    assert (chunks[0], chunks[-1]) == ("conversation-reset", "submission-settled")
    assert list(conversation.updates(offset="now", live=False)) == []


def observe(client: Any, generation: str) -> None:
    conversation = talk(client)
    conversation.ask("hello")
    state = next(conversation.observe())
    assert (len(state.messages), state.busy) == (2, False)


def on_update(client: Any, generation: str) -> None:
    seen = list[str]()
    conversation = talk(client)
    conversation.wait(conversation.send("hello"), on_update=lambda chunk: seen.append(chunk.type))
    assert seen[-1] == "submission-settled"


def attachment(client: Any, generation: str) -> None:
    conversation = talk(client)
    conversation.ask("hello", attachments=[PIXEL])
    id = "att_1"
    if generation != "beta.3":
        id = conversation.history().messages[0].parts[1].id
    assert conversation.attachment(id) == PIXEL.data


def idempotency_key(client: Any, generation: str) -> None:
    conversation, key = talk(client), uuid4().hex
    sent = [conversation.send("hello", idempotency_key=key) for _ in range(2)]
    assert [admission.deduplicated for admission in sent] == [False, True]


def uid(client: Any, generation: str) -> None:
    conversation = talk(client)
    created = conversation.send("hello", uid=None)
    assert conversation.send("hello", uid=created.uid).uid == created.uid


def initial_data(client: Any, generation: str) -> None:
    assert talk(client).ask("hello", initial_data={"name": "Ada"}).text == SAID


def send_signal(client: Any, generation: str) -> None:
    conversation = talk(client)
    admission = conversation.send_signal("slack.message", "hello")
    assert conversation.wait(admission).outcome == "completed"
