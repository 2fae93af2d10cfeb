"""How submissions of a 2.x server end: completed, failed, retried, joined, aborted.

Plain httpx, none of our own code, as in `test_genuine_server`.
"""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from tests.genuine.conversation import Conversation, text_of, types
from tests.servers.flue2 import VERSIONS, Flue2Server

pytestmark = pytest.mark.parametrize("genuine2", VERSIONS, indirect=True)


def test_a_refusing_model_fails_the_submission(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/fails")
    settled = conversation.ask("hello")[-1]
    assert settled["outcome"] == "failed"
    assert settled["error"]["type"] == "operation_failed"
    assert settled["error"]["meta"]["reason"] == "The model refuses."
    reply = conversation.reply()
    assert text_of(reply) == "I was about to "
    assert "settlement" not in reply
    snapshot = {key: settled[key] for key in ("submissionId", "outcome", "error")}
    assert conversation.settlements()[settled["submissionId"]].items() >= snapshot.items()


def test_an_agent_that_throws_fails_without_a_reply(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/fails")
    chunks = conversation.ask("start")
    assert types(chunks) == ["message-appended", "submission-settled"]
    assert chunks[-1]["error"]["type"] == "internal_error"
    assert "answeredBySubmissionId" not in chunks[-1]
    assert [message["role"] for message in conversation.history()["messages"]] == ["user"]


def test_a_retried_model_takes_its_text_back(api2: httpx.Client, genuine2: Flue2Server) -> None:
    conversation = Conversation(api2, "agents/retries")
    chunks = conversation.ask(uuid4().hex)
    deltas = [chunk["delta"] for chunk in chunks if chunk["type"] == "message-delta"]
    assert deltas == ["The first ", "The second attempt."]
    resets = [chunk["snapshot"] for chunk in chunks if chunk["type"] == "conversation-reset"]
    reply = conversation.reply()
    if genuine2.version == "2.0.0":  # keeps the text of both attempts
        assert resets == []
        assert text_of(reply) == "".join(deltas)
    else:
        (snapshot,) = resets
        assert {**snapshot["messages"][-1], "parts": reply["parts"]} == reply
        assert snapshot["messages"][-1]["parts"] == []
        assert text_of(reply) == deltas[1]
    assert chunks[-1]["outcome"] == "completed"


def test_a_compaction_is_a_reset_that_changes_nothing(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/forgets")
    conversation.ask("first")
    chunks = conversation.ask("second")
    assert types(chunks)[-3:] == ["message-completed", "conversation-reset", "submission-settled"]
    later, now = chunks[-2]["snapshot"], conversation.history()
    assert later["messages"] == now["messages"]
    assert later["settlements"] == now["settlements"][:1]
    assert "incarnation" not in later


def test_a_message_that_arrives_meanwhile_joins_the_response(
    api2: httpx.Client, genuine2: Flue2Server
) -> None:
    host, guest = uuid4().hex, uuid4().hex
    conversation = Conversation(api2, "agents/slow")
    first = conversation.send(host)
    genuine2.say(host, "one ")
    second = conversation.send(guest)
    assert guest not in map(text_of, conversation.history()["messages"])
    genuine2.end(host, "two ")
    genuine2.end(guest, "three")
    conversation.settled(first)
    chunks = conversation.settled(second)
    kinds = types(chunks)
    assert kinds.index("message-completed") < kinds.index("message-appended")
    settled = conversation.settlements()
    assert {each["outcome"] for each in settled.values()} == {"completed"}
    assert {each["answeredBySubmissionId"] for each in settled.values()} == {first["submissionId"]}
    messages = conversation.history()["messages"]
    replies = [message for message in messages if message["role"] == "assistant"]
    assert [reply["submissionId"] for reply in replies] == [first["submissionId"]]
    assert text_of(replies[0]) == "one two three"


def test_an_abort_settles_what_runs_and_what_is_queued(
    api2: httpx.Client, genuine2: Flue2Server
) -> None:
    key = uuid4().hex
    conversation = Conversation(api2, "agents/slow")
    running = conversation.send(key)
    genuine2.say(key, "one ")
    queued = conversation.send("never said")
    assert conversation.abort() is True
    for sent in (running, queued):
        settled = conversation.settled(sent)[-1]
        assert settled["outcome"] == "aborted"
        assert settled["error"]["type"] == "submission_aborted"
    assert "answeredBySubmissionId" not in conversation.settlements()[queued["submissionId"]]
    _, reply, *advisories = conversation.history()["messages"]
    assert text_of(reply) == "one "
    for sent, advisory in zip((running, queued), advisories, strict=True):
        assert advisory.items() >= {"role": "system", "purpose": "advisory"}.items()
        assert advisory["signal"]["attributes"]["submissionId"] == sent["submissionId"]
        assert advisory["settlement"] == {"outcome": "aborted"}
    assert conversation.abort() is False


def test_a_conversation_goes_on_after_an_abort(api2: httpx.Client, genuine2: Flue2Server) -> None:
    key, later = uuid4().hex, uuid4().hex
    conversation = Conversation(api2, "agents/slow")
    aborted = conversation.send(key)
    genuine2.say(key, "one ")
    conversation.abort()
    conversation.settled(aborted)
    sent = conversation.send(later)
    assert sent["uid"] == aborted["uid"]
    genuine2.end(later, "two")
    assert conversation.settled(sent)[-1]["outcome"] == "completed"
    assert text_of(conversation.reply()) == "two"


def test_a_body_of_an_abort_is_ignored(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    conversation.ask("hello")
    answer = api2.post(f"{conversation.path}/abort", content="{")
    assert (answer.status_code, answer.json()) == (200, {"aborted": False})
