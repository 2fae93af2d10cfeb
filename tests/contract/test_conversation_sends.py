"""How a server of conversations answers a send: admitted or refused.

Plain httpx, none of our own code, as in all tests of conversations in this folder.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contract.conversation import START, Conversation, error_of, text_of, types
from tests.contract.images import image

HELLO = {"kind": "user", "body": "hello"}
MALFORMED = "Delivered messages must be"
RESERVED = {"kind": "signal", "type": "memory", "body": 5}
BAD_TAG = {"kind": "signal", "type": "t", "body": "x", "tagName": "1 tag"}
BAD_ATTRIBUTE = {"kind": "signal", "type": "a", "body": "x", "attributes": {"a": 1}}


def test_a_send_is_admitted_with_where_to_read_on(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    answer = conversation.post(**HELLO)
    admission = answer.json()
    assert answer.status_code == 202
    assert list(admission) == ["streamUrl", "offset", "submissionId", "uid"]
    assert admission["streamUrl"] == answer.headers["location"] == str(answer.request.url)
    assert admission["offset"] == answer.headers["stream-next-offset"] == START
    assert admission["submissionId"].startswith("sub_0")
    assert admission["uid"].startswith("inst_0")
    assert "cache-control" not in answer.headers


def test_the_stream_url_is_made_from_the_host_header(api: httpx.Client) -> None:
    path = Conversation(api, "echo").path
    headers = {"host": "internal:9999", "x-forwarded-host": "public", "x-forwarded-proto": "https"}
    answer = api.post(f"{path}?y=1", json=HELLO, headers=headers)
    assert answer.json()["streamUrl"] == f"http://internal:9999{path}"


def test_the_admission_offset_lies_before_the_own_message(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    for text in ("first", "second"):
        admission = conversation.send(text)
        first, *_ = conversation.settled(admission)
        assert first["type"] == "message-appended"
        assert first["message"]["submissionId"] == admission["submissionId"]
        assert text_of(first["message"]) == text


def test_a_second_send_continues_the_same_incarnation(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    first, second = conversation.send("first"), conversation.send("second")
    assert first["uid"] == second["uid"]
    assert first["submissionId"] != second["submissionId"]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ("hello", MALFORMED), ([], MALFORMED), ({}, MALFORMED), ({"message": "hello"}, MALFORMED),
        ({"kind": "user"}, MALFORMED), ({"kind": "user", "body": 5}, MALFORMED),
        ({"kind": "signal", "type": "", "body": "x"}, MALFORMED),
        ({"kind": "signal", "body": "x"}, MALFORMED), (BAD_ATTRIBUTE, MALFORMED),
        (RESERVED, 'Signal type "memory" is framework-reserved'),
        (BAD_TAG, 'Signal message "tagName"'),
        ({**HELLO, "attachments": None}, MALFORMED),
        ({**HELLO, "attachments": [image(type="document")]}, MALFORMED),
        ({**HELLO, "attachments": [image(filename=None)]}, MALFORMED),
        ({**HELLO, "attachments": [image("A" * 14_680_068)]}, "Image data exceeds the 14680064"),
        ({**HELLO, "idempotencyKey": ""}, "`idempotencyKey` must be a non-empty string"),
        ({**HELLO, "idempotencyKey": "k" * 257}, "`idempotencyKey` must be at most 256"),
        ({**HELLO, "uid": 1}, "`uid` must be a string"),
        ({**HELLO, "uid": "inst_x", "initialData": {}}, "A send conditioned on an existing"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_malformed_message_creates_nothing(api: httpx.Client, body: Any, details: str) -> None:
    conversation = Conversation(api, "echo")
    answer = api.post(conversation.path, json=body)
    assert error_of(answer) == (400, "invalid_request")
    assert answer.json()["error"]["details"].startswith(details)
    assert error_of(api.get(conversation.path)) == (404, "stream_not_found")


@pytest.mark.parametrize("query", ["wait=result", "wait=", "wait", "wait=no"])
def test_a_send_that_waits_is_refused(api: httpx.Client, query: str) -> None:
    conversation = Conversation(api, "echo")
    answer = api.post(f"{conversation.path}?{query}", json=HELLO)
    assert error_of(answer) == (400, "invalid_request")


def test_a_body_that_is_no_json_has_its_own_errors(api: httpx.Client) -> None:
    path = Conversation(api, "echo").path
    as_json, as_text = {"content-type": "application/json"}, {"content-type": "text/plain"}
    assert error_of(api.post(path, content='{"kind":', headers=as_json)) == (400, "invalid_json")
    refused = api.post(path, content="{}", headers=as_text)
    assert error_of(refused) == (415, "unsupported_media_type")
    assert error_of(api.post(path)) == (400, "invalid_request")


def test_an_empty_text_and_unknown_fields_are_admitted(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    conversation.ask("", whatever=1)
    assert conversation.texts() == ["", "You said: "]


def test_a_signal_is_a_message_of_the_system(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    fields = {"tagName": "note", "attributes": {"to": "you"}}
    sent = conversation.post(kind="signal", type="reminder", body="wake up", **fields).json()
    conversation.settled(sent)
    signal, reply = conversation.history()["messages"]
    assert {**signal, "id": ""} == {
        "id": "",
        "role": "system",
        "purpose": "dispatch",
        "display": "diagnostic",
        "submissionId": sent["submissionId"],
        "signal": fields,
        "parts": [{"type": "text", "text": "wake up", "state": "done"}],
    }
    assert "wake up" in text_of(reply)


def test_initial_data_count_for_the_creating_send_only(api: httpx.Client) -> None:
    conversation = Conversation(api, "greets")
    missing, wrong = conversation.post(**HELLO), conversation.post(**HELLO, initialData={"name": 5})
    for refused, words in (
        (missing, "Invalid type: Expected Object but received undefined."),
        (wrong, "Invalid type: Expected string but received 5."),
    ):
        assert error_of(refused) == (400, "invalid_request")
        assert words in refused.json()["error"]["details"]
    assert error_of(api.get(conversation.path)) == (404, "stream_not_found")
    for name in ("Ada", 5):
        conversation.ask("hello", initialData={"name": name})
    assert conversation.texts() == ["hello", "Hello, Ada!"] * 2


def test_a_refused_creation_leaves_updates_without_a_conversation(api: httpx.Client) -> None:
    conversation = Conversation(api, "greets")
    assert conversation.post(**HELLO).status_code == 400
    assert error_of(api.get(conversation.path)) == (404, "stream_not_found")
    assert types(conversation.updates("-1").json()) == ["stream-checkpoint"]
    assert api.head(conversation.path).headers["stream-next-offset"] == "-1"
    assert error_of(conversation.updates(START)) == (416, "stream_offset_gone")
    assert conversation.abort() is False
    assert conversation.send("hello", uid=None, initialData={"name": "Ada"})["offset"] == START
