"""How submissions end: completed, failed, retried, joined, aborted."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from tests.contract.agents import Agents
from tests.contract.conversation import Conversation, text_of, types


def test_a_refusing_model_fails_the_submission(api: httpx.Client) -> None:
    conversation = Conversation(api, "fails")
    settled = conversation.ask("hello")[-1]
    submission = settled["submissionId"]
    operation = f"direct({submission})"
    assert (settled["outcome"], settled["answeredBySubmissionId"]) == ("failed", submission)
    assert settled["error"] == {
        "name": "FlueError",
        "message": f"{operation} failed: The model refuses.",
        "type": "operation_failed",
        "details": "",
        "meta": {"operation": operation, "reason": "The model refuses."},
    }
    reply = conversation.reply()
    assert text_of(reply) == "I was about to "
    assert "settlement" not in reply
    snapshot = {key: settled[key] for key in ("submissionId", "outcome", "error")}
    assert conversation.settlements()[submission].items() >= snapshot.items()


def test_an_agent_that_throws_fails_without_a_reply(api: httpx.Client) -> None:
    conversation = Conversation(api, "fails")
    chunks = conversation.ask("start")
    assert types(chunks) == ["message-appended", "submission-settled"]
    assert chunks[-1]["error"]["type"] == "internal_error"
    assert "broken" not in str(chunks[-1]["error"])
    assert "answeredBySubmissionId" not in chunks[-1]
    assert conversation.texts() == ["start"]


def test_a_retried_model_takes_its_text_back(api: httpx.Client, agents: Agents) -> None:
    conversation = Conversation(api, "retries")
    chunks = conversation.ask(uuid4().hex)
    deltas = [chunk["delta"] for chunk in chunks if chunk["type"] == "message-delta"]
    assert deltas == ["The first ", "The second attempt."]
    resets = [chunk for chunk in chunks if chunk["type"] == "conversation-reset"]
    reply = conversation.reply()
    if agents.version == "2.0.0":  # keeps the text of both attempts
        assert resets == []
        assert text_of(reply) == "".join(deltas)
    else:
        assert types(chunks)[1:-1] == [
            "message-started", "message-delta", "message-completed", "conversation-reset",
            "message-delta", "message-completed",
        ]  # fmt: skip
        (reset,) = resets
        snapshot = reset["snapshot"]
        assert snapshot["messages"][-1] == {**reply, "parts": []}
        assert snapshot["settlements"] == []
        assert "incarnation" not in snapshot
        assert snapshot["offset"].endswith(f"{reset['position']['batch']:016d}")
        assert text_of(reply) == deltas[1]
    assert chunks[-1]["outcome"] == "completed"


def test_a_compaction_is_a_reset_that_changes_nothing(api: httpx.Client) -> None:
    conversation = Conversation(api, "forgets")
    conversation.ask("first")
    chunks = conversation.ask("second")
    assert types(chunks)[-3:] == ["message-completed", "conversation-reset", "submission-settled"]
    later, now = chunks[-2]["snapshot"], conversation.history()
    assert later["messages"] == now["messages"]
    assert later["settlements"] == now["settlements"][:1]
    assert "incarnation" not in later


def test_a_message_that_arrives_meanwhile_joins_the_response(
    api: httpx.Client, agents: Agents
) -> None:
    host, guest = uuid4().hex, uuid4().hex
    conversation = Conversation(api, "slow")
    first = conversation.send(host)
    agents.say(host, "one ")
    second = conversation.send(guest)
    assert guest not in conversation.texts()
    assert conversation.settlements() == {}
    agents.end(host, "two ")
    agents.end(guest, "three")
    conversation.settled(first)
    chunks = conversation.settled(second)
    kinds = types(chunks)
    assert kinds.index("message-completed") < kinds.index("message-appended")
    settled = conversation.settlements()
    assert list(settled) == [second["submissionId"], first["submissionId"]]
    assert {each["outcome"] for each in settled.values()} == {"completed"}
    assert {each["answeredBySubmissionId"] for each in settled.values()} == {first["submissionId"]}
    _, reply, joined = conversation.history()["messages"]
    assert conversation.texts() == [host, "one two three", guest]
    assert reply["submissionId"] == first["submissionId"]
    assert joined["turnId"] == reply["turnId"]


def test_what_waits_when_a_model_fails_fails_with_it(api: httpx.Client, agents: Agents) -> None:
    host, guest = uuid4().hex, uuid4().hex
    conversation = Conversation(api, "slow")
    first = conversation.send(host)
    agents.say(host, "one")
    second = conversation.send(guest)
    agents.fail(host, "The model refuses.")
    conversation.settled(first)
    settled = conversation.settlements()
    assert list(settled) == [second["submissionId"], first["submissionId"]]
    assert settled[second["submissionId"]]["error"] == settled[first["submissionId"]]["error"]
    assert {each["answeredBySubmissionId"] for each in settled.values()} == {first["submissionId"]}
    assert conversation.texts() == [host, "one", guest]


def test_what_waits_when_an_attempt_fails_joins_the_next(api: httpx.Client, agents: Agents) -> None:
    host, guest = uuid4().hex, uuid4().hex
    conversation = Conversation(api, "slow")
    first = conversation.send(host)
    agents.say(host, "one ")
    conversation.send(guest)
    agents.fail(host, "overloaded")
    agents.end(guest, "two")
    chunks = conversation.settled(first)
    resets = [chunk["snapshot"] for chunk in chunks if chunk["type"] == "conversation-reset"]
    taken_back = [[text_of(message) for message in reset["messages"]] for reset in resets]
    assert taken_back == ([] if agents.version == "2.0.0" else [[host, "", guest]])
    assert {each["outcome"] for each in conversation.settlements().values()} == {"completed"}
    kept = "one two" if agents.version == "2.0.0" else "two"
    assert text_of(conversation.reply()) == kept


def test_an_abort_settles_what_runs_and_what_is_queued(api: httpx.Client, agents: Agents) -> None:
    key = uuid4().hex
    conversation = Conversation(api, "slow")
    running = conversation.send(key)
    agents.say(key, "one ")
    queued = conversation.send("never said")
    assert conversation.abort() is True
    for sent in (running, queued):
        settled = conversation.settled(sent)[-1]
        assert settled["outcome"] == "aborted"
        assert settled["error"]["type"] == "submission_aborted"
    settlements = conversation.settlements()
    assert "answeredBySubmissionId" in settlements[running["submissionId"]]
    assert "answeredBySubmissionId" not in settlements[queued["submissionId"]]
    _, reply, *advisories = conversation.history()["messages"]
    assert text_of(reply) == "one "
    for sent, advisory in zip((running, queued), advisories, strict=True):
        submission = sent["submissionId"]
        assert advisory == {
            "id": f"entry_submission_aborted_{submission}",
            "role": "system",
            "purpose": "advisory",
            "display": "diagnostic",
            "signal": {
                "attributes": {"submissionId": submission, "kind": "direct", "reason": "aborted"}
            },
            "settlement": {"outcome": "aborted"},
            "parts": [{"type": "text", "text": "Submission was aborted.", "state": "done"}],
        }
    assert conversation.abort() is False


def test_a_conversation_goes_on_after_an_abort(api: httpx.Client, agents: Agents) -> None:
    key, later = uuid4().hex, uuid4().hex
    conversation = Conversation(api, "slow")
    aborted = conversation.send(key)
    agents.say(key, "one ")
    conversation.abort()
    conversation.settled(aborted)
    sent = conversation.send(later)
    assert sent["uid"] == aborted["uid"]
    agents.end(later, "two")
    assert conversation.settled(sent)[-1]["outcome"] == "completed"
    assert text_of(conversation.reply()) == "two"


@pytest.mark.parametrize("body", ["", "{", '{"x": 1}'])
def test_a_body_of_an_abort_is_ignored(api: httpx.Client, body: str) -> None:
    conversation = Conversation(api, "echo")
    conversation.ask("hello")
    answer = api.post(f"{conversation.path}/abort", content=body)
    assert (answer.status_code, answer.json()) == (200, {"aborted": False})
    assert "cache-control" not in answer.headers
