"""Sends under a condition: idempotency keys, and the incarnation that a `uid` names."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.contract.conversation import Conversation, error_of

HELLO = {"kind": "user", "body": "hello"}


def test_a_key_sent_again_is_the_same_submission(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    first = conversation.send("hello", idempotencyKey="k", uid=None)
    answer = conversation.post(**HELLO, idempotencyKey="k", uid=None, whatever=1)
    again = answer.json()
    assert re.fullmatch("sub_ik_[0-9a-f]{32}", first["submissionId"])
    assert "deduplicated" not in first
    assert again == {**first, "deduplicated": True, "offset": "-1"}
    assert answer.headers["stream-next-offset"] == "-1"
    assert conversation.send("hello", idempotencyKey="k", uid="inst_other") == again
    conversation.settled(first)
    assert conversation.send("hello", idempotencyKey="k") == again
    assert conversation.texts() == ["hello", "You said: hello"]


@pytest.mark.parametrize(
    "other",
    [{"body": "other"}, {"attachments": []}, {"initialData": None}]
    + [{"initialData": {"a": True}}],
    ids=str,
)
def test_a_key_with_another_payload_is_a_conflict(api: httpx.Client, other: Any) -> None:
    conversation = Conversation(api, "echo")
    first = conversation.send("hello", idempotencyKey="k", initialData={"a": 1})
    message = {**HELLO, "idempotencyKey": "k", "initialData": {"a": 1}}
    answer = conversation.post(**{**message, **other})
    assert error_of(answer) == (409, "submission_conflict")
    assert answer.json()["error"]["meta"] == {"submissionId": first["submissionId"]}


def test_a_key_belongs_to_its_conversation(api: httpx.Client) -> None:
    one, other = (Conversation(api, "echo") for _ in range(2))
    first, second = (
        conversation.send("hello", idempotencyKey="k") for conversation in (one, other)
    )
    assert "deduplicated" not in second
    assert first["submissionId"] != second["submissionId"]


def test_eight_sends_of_one_key_at_once_are_one_submission(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: conversation.send("hello", idempotencyKey="k"), range(8)))
    assert len({admission["submissionId"] for admission in sent}) == 1
    assert sum("deduplicated" not in admission for admission in sent) == 1
    conversation.settled({**sent[0], "offset": "-1"})
    assert len(conversation.history()["messages"]) == 2


def test_a_failed_submission_stays_failed_under_its_key(api: httpx.Client) -> None:
    conversation = Conversation(api, "fails")
    first = conversation.send("hello", idempotencyKey="k")
    conversation.settled(first)
    again = conversation.send("hello", idempotencyKey="k")
    assert again["submissionId"] == first["submissionId"]
    assert [s["outcome"] for s in conversation.history()["settlements"]] == ["failed"]


def test_a_null_uid_only_creates(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    uid = conversation.send("hello", uid=None)["uid"]
    answer = conversation.post(**HELLO, uid=None)
    assert error_of(answer) == (409, "agent_instance_exists")
    assert answer.json()["error"]["meta"] == {"uid": uid}


def test_a_uid_only_continues_its_incarnation(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    assert error_of(conversation.post(**HELLO, uid="inst_x")) == (404, "agent_instance_not_found")
    uid = conversation.send("hello")["uid"]
    assert conversation.send("again", uid=uid)["uid"] == uid
    assert error_of(conversation.post(**HELLO, uid="inst_x")) == (404, "agent_instance_not_found")
