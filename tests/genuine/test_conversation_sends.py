"""How a 2.x server answers a send: admitted, refused, or deduplicated.

Plain httpx, none of our own code, as in `test_genuine_server`.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.genuine.conversation import Conversation, error_of, text_of
from tests.servers.flue2 import PRIVATE_TOKEN, VERSIONS

pytestmark = pytest.mark.parametrize("genuine2", VERSIONS, indirect=True)
HELLO = {"kind": "user", "body": "hello"}


def test_a_send_is_admitted_with_where_to_read_on(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    answer = conversation.post(**HELLO)
    assert answer.status_code == 202
    admission = answer.json()
    assert set(admission) == {"streamUrl", "offset", "submissionId", "uid"}
    assert admission["streamUrl"] == answer.headers["location"] == str(answer.request.url)
    assert admission["offset"] == answer.headers["stream-next-offset"]


def test_the_stream_url_is_made_from_the_host_header(api2: httpx.Client) -> None:
    path = f"/agents/echo/{uuid4().hex}"
    headers = {"host": "internal:9999", "x-forwarded-host": "public", "x-forwarded-proto": "https"}
    answer = api2.post(path, json=HELLO, headers=headers)
    assert answer.json()["streamUrl"] == f"http://internal:9999{path}"


def test_the_admission_offset_lies_before_the_own_message(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    for text in ("first", "second"):
        admission = conversation.send(text)
        first, *_ = conversation.settled(admission)
        assert first["type"] == "message-appended"
        assert first["message"]["submissionId"] == admission["submissionId"]
        assert text_of(first["message"]) == text


def test_a_second_send_continues_the_same_incarnation(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    first, second = conversation.send("first"), conversation.send("second")
    assert first["uid"] == second["uid"]
    assert first["submissionId"] != second["submissionId"]


@pytest.mark.parametrize("name", ["a%2Fb", "..%2F..", "%C3%A9%F0%9F%8E%89", "a%20b", "x" * 2000])
def test_any_segment_names_a_conversation(api2: httpx.Client, name: str) -> None:
    conversation = Conversation(api2, "agents/echo", f"{name}{uuid4().hex}")
    conversation.ask("hello")
    assert len(conversation.history()["messages"]) == 2


def test_a_blank_segment_names_no_conversation(api2: httpx.Client) -> None:
    answer = Conversation(api2, "agents/echo", "%20").post(**HELLO)
    assert error_of(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        "hello", [], {}, {"message": "hello"}, {"kind": "user"}, {"kind": "user", "body": 1},
        {"kind": "signal", "type": "", "body": "x"}, {"kind": "signal", "body": "x"},
        {"kind": "signal", "type": "resources", "body": "x"},
        {"kind": "signal", "type": "t", "body": "x", "tagName": "1 tag"},
        {**HELLO, "idempotencyKey": ""}, {**HELLO, "idempotencyKey": "k" * 257},
        {**HELLO, "uid": 1}, {**HELLO, "uid": "inst_x", "initialData": {}},
        {**HELLO, "attachments": [{"type": "text", "data": "", "mimeType": "text/plain"}]},
    ],
)  # fmt: skip
def test_a_malformed_message_creates_nothing(api2: httpx.Client, body: Any) -> None:
    conversation = Conversation(api2, "agents/echo")
    assert error_of(api2.post(conversation.path, json=body)) == (400, "invalid_request")
    assert error_of(api2.get(conversation.path)) == (404, "stream_not_found")


def test_a_send_that_waits_is_refused(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    for wait in ("result", "", "no"):
        answer = api2.post(conversation.path, params={"wait": wait}, json=HELLO)
        assert error_of(answer) == (400, "invalid_request")


def test_a_body_that_is_no_json_has_its_own_errors(api2: httpx.Client) -> None:
    path = Conversation(api2, "agents/echo").path
    as_json, as_text = {"content-type": "application/json"}, {"content-type": "text/plain"}
    assert error_of(api2.post(path, content="{", headers=as_json)) == (400, "invalid_json")
    refused = api2.post(path, content="{}", headers=as_text)
    assert error_of(refused) == (415, "unsupported_media_type")


def test_an_empty_text_and_unknown_fields_are_admitted(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    conversation.ask("", whatever=1)
    user, reply = conversation.history()["messages"]
    assert text_of(user) == ""
    assert text_of(reply) == "You said: "


def test_a_signal_is_a_message_of_the_system(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    fields = {"tagName": "note", "attributes": {"to": "you"}}
    answer = conversation.post(kind="signal", type="reminder", body="wake up", **fields)
    conversation.settled(answer.json())
    signal = conversation.history()["messages"][0]
    assert signal["role"] == "system"
    assert signal["submissionId"] == answer.json()["submissionId"]
    assert signal["signal"]["tagName"] == "note"
    assert signal["signal"]["attributes"].items() >= {"to": "you"}.items()


def test_a_key_sent_again_is_the_same_submission(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    first = conversation.send("hello", idempotencyKey="k", uid=None)
    again = conversation.send("hello", idempotencyKey="k", uid=None)
    assert re.fullmatch("sub_ik_[0-9a-f]{32}", first["submissionId"])
    assert "deduplicated" not in first
    assert again == {**first, "deduplicated": True, "offset": "-1"}
    conversation.settled(first)
    assert conversation.send("hello", idempotencyKey="k") == again
    assert len(conversation.history()["messages"]) == 2


@pytest.mark.parametrize("other", [{"body": "other"}, {"initialData": {"a": 1}}])
def test_a_key_with_another_payload_is_a_conflict(api2: httpx.Client, other: Any) -> None:
    conversation = Conversation(api2, "agents/echo")
    first = conversation.send("hello", idempotencyKey="k")
    answer = conversation.post(**{**HELLO, "idempotencyKey": "k", **other})
    assert error_of(answer) == (409, "submission_conflict")
    assert answer.json()["error"]["meta"]["submissionId"] == first["submissionId"]


def test_a_key_belongs_to_its_conversation(api2: httpx.Client) -> None:
    one, other = (Conversation(api2, "agents/echo") for _ in range(2))
    first, second = (
        conversation.send("hello", idempotencyKey="k") for conversation in (one, other)
    )
    assert "deduplicated" not in second
    assert first["submissionId"] != second["submissionId"]


def test_eight_sends_of_one_key_at_once_are_one_submission(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: conversation.send("hello", idempotencyKey="k"), range(8)))
    assert len({admission["submissionId"] for admission in sent}) == 1
    assert sum("deduplicated" not in admission for admission in sent) == 1
    conversation.settled({**sent[0], "offset": "-1"})
    assert len(conversation.history()["messages"]) == 2


def test_a_failed_submission_stays_failed_under_its_key(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/fails")
    first = conversation.send("hello", idempotencyKey="k")
    conversation.settled(first)
    again = conversation.send("hello", idempotencyKey="k")
    assert again["submissionId"] == first["submissionId"]
    assert [s["outcome"] for s in conversation.history()["settlements"]] == ["failed"]


def test_a_null_uid_only_creates(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    uid = conversation.send("hello", uid=None)["uid"]
    answer = conversation.post(**HELLO, uid=None)
    assert error_of(answer) == (409, "agent_instance_exists")
    assert answer.json()["error"]["meta"]["uid"] == uid


def test_a_uid_only_continues_its_incarnation(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    assert error_of(conversation.post(**HELLO, uid="inst_x")) == (404, "agent_instance_not_found")
    uid = conversation.send("hello")["uid"]
    assert conversation.send("again", uid=uid)["uid"] == uid
    assert error_of(conversation.post(**HELLO, uid="inst_x")) == (404, "agent_instance_not_found")


def test_initial_data_count_for_the_creating_send_only(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/greets")
    for data in ({}, {"initialData": {"name": 1}}):
        assert error_of(conversation.post(**HELLO, **data)) == (400, "invalid_request")
    assert error_of(api2.get(conversation.path)) == (404, "stream_not_found")
    for name in ("Ada", "Grace"):
        conversation.ask("hello", initialData={"name": name})
    replies = [text_of(message) for message in conversation.history()["messages"][1::2]]
    assert replies == ["Hello, Ada!"] * 2


def test_two_mounts_of_an_agent_have_the_same_conversations(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    conversation.ask("hello")
    other = conversation.path.replace("agents/echo", "private/chat")
    assert api2.get(other).status_code == 401
    api2.headers["authorization"] = f"Bearer {PRIVATE_TOKEN}"
    assert api2.get(other).json() == conversation.history()


def test_a_refusal_is_the_applications_own_answer(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/private")
    answer = conversation.post(**HELLO)
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    api2.headers["authorization"] = f"Bearer {PRIVATE_TOKEN}"
    conversation.ask("hello")


@pytest.mark.parametrize("path", ["/agents/nobody/x", "/workflows/echo", "/runs/run_1", "/"])
def test_what_is_not_mounted_is_a_plain_404(api2: httpx.Client, path: str) -> None:
    for answer in (api2.get(path), api2.post(path, json=HELLO)):
        assert (answer.status_code, answer.text) == (404, "404 Not Found")
