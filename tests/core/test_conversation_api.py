"""The requests of a conversation, and what each answer means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueApiError,
    FlueProtocolError,
    InvokeOutcomeUnknownError,
    WorkflowApiNotFoundError,
)
from flue_client_ext._flue.conversation_results import Admission
from flue_client_ext._flue.dialects import Outgoing
from flue_client_ext._flue.sending import send as send_to
from flue_client_ext._stream.credentials import Credentials

from .conversing import ID, URL, ConversationPlay, operation, snapshot
from .play import CUT

KEYED = {"kind": "user", "body": "hi", "idempotencyKey": "key-1"}
ADMITTED = {"streamUrl": "http://internal:1/x", "offset": "o1", "submissionId": ID, "uid": "u1"}
OPERATIONS: dict[str, Any] = {
    "send": lambda api: send_to(api, Outgoing(KEYED), deadline=True),
    "history": lambda api: api.history(),
    "history_before": lambda api: api.history_before("c1"),
    "abort": lambda api: api.abort(),
    "attachment": lambda api: api.attachment("att_1"),
}


def send(body: dict[str, Any] = KEYED, **options: Any) -> ConversationPlay:
    return operation(lambda api: send_to(api, Outgoing(body), deadline=True), **options)


def test_a_send_is_one_POST_of_the_body_to_the_conversation() -> None:
    play = send(credentials=Credentials(token="t1"))
    request = play.request
    assert (request.method, request.url) == ("POST", URL)
    assert json.loads(request.body or b"") == KEYED
    assert dict(request.headers) == {
        "accept": "application/json",
        "accept-encoding": "identity",
        "authorization": "Bearer t1",
        "content-type": "application/json",
        "user-agent": "test-agent",
    }
    play.json(202, ADMITTED)
    assert play.result == Admission(ID, "o1", "u1", False, "key-1")


def test_a_signal_keeps_all_its_fields() -> None:
    body = {"kind": "signal", "type": "t", "body": "b", "tagName": "x", "attributes": {"a": "1"}}
    assert json.loads(send(body).request.body or b"") == body


def test_a_replay_says_so() -> None:
    play = send()
    play.json(202, {**ADMITTED, "offset": "-1", "deduplicated": True})
    assert play.result == Admission(ID, "-1", "u1", True, "key-1")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 415])
@pytest.mark.parametrize("keyed", [False, True])
def test_a_send_that_is_refused_is_an_api_error_with_the_key(status: int, keyed: bool) -> None:
    play = send(KEYED if keyed else {"kind": "user", "body": "hi"})
    with pytest.raises(FlueApiError) as caught:
        play.error(status, "some_type", uid="u1")
    assert (caught.value.status, caught.value.type) == (status, "some_type")
    assert caught.value.meta == {"uid": "u1"}
    assert caught.value.idempotency_key == ("key-1" if keyed else None)
    assert not caught.value.retryable
    assert play.opened == 1


@pytest.mark.parametrize("keyed", [False, True])
def test_a_busy_server_may_be_asked_again_if_there_is_a_key(keyed: bool) -> None:
    body = KEYED if keyed else {"kind": "user", "body": "hi"}
    play = send(body, backoff=BackoffOptions(max_retries=0))
    with pytest.raises(FlueApiError) as caught:
        play.error(503, "runtime_unavailable")
    assert caught.value.retryable is keyed


def test_a_send_with_a_key_is_repeated_more_often_than_a_read() -> None:
    play = send()
    for _ in range(15):
        play.fail(CUT)
        play.slept()
    play.json(202, ADMITTED)
    assert play.opened == 16


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[]",
        b"null",
        b"{}",
        b'{"submissionId": "s"}',
        b'{"submissionId": 5, "offset": ""}',
    ],
)
def test_an_admission_that_is_none_is_a_protocol_error(body: bytes) -> None:
    play = send()
    with pytest.raises(FlueProtocolError) as caught:
        play.answer(202, body)
    assert caught.value.idempotency_key == "key-1"


def test_an_admission_that_may_have_been_cut_leaves_the_outcome_open() -> None:
    play = send()
    with pytest.raises(InvokeOutcomeUnknownError) as caught:
        play.answer(202, b'{"submissionId"', True)
    assert caught.value.idempotency_key == "key-1"


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_404_that_is_not_of_an_agent_says_so(name: str) -> None:
    play = operation(OPERATIONS[name])
    with pytest.raises(FlueApiError) as caught:
        play.answer(404, b"404 Not Found", content_type="text/plain")
    assert not isinstance(caught.value, WorkflowApiNotFoundError)
    assert caught.value.type is None
    assert URL in caught.value.message
    assert caught.value.conversation_url == URL


def test_the_history_is_asked_for_whole_or_in_part() -> None:
    assert operation(lambda api: api.history()).asked == ("GET", "", {})
    play = operation(lambda api: api.history(5))
    assert play.asked == ("GET", "", {"limit": "5"})
    play.json(200, {**snapshot(), "before": "c1"})
    assert play.result.before == "c1"


def test_earlier_messages_are_asked_for_by_cursor() -> None:
    play = operation(lambda api: api.history_before("c/1", 5))
    assert play.asked == ("GET", "", {"before": "c/1", "limit": "5"})
    play.json(200, {"v": 1, "conversationId": "c", "messages": [], "before": None})
    assert (play.result.messages, play.result.before) == ([], None)


def test_a_server_without_pages_of_history_does_not_pass_for_one() -> None:
    play = operation(lambda api: api.history_before("c1"))
    with pytest.raises(FlueProtocolError):
        play.json(200, snapshot())


@pytest.mark.parametrize("aborted", [False, True])
def test_an_abort_says_whether_there_was_anything_to_stop(aborted: bool) -> None:
    play = operation(lambda api: api.abort())
    assert play.asked == ("POST", "/abort", {})
    assert play.request.body is None
    play.fail(CUT)
    play.slept()
    play.json(200, {"aborted": aborted})
    assert play.result is aborted


@pytest.mark.parametrize("value", [{}, {"aborted": "yes"}, [], None])
def test_an_abort_that_says_nothing_is_a_protocol_error(value: Any) -> None:
    play = operation(lambda api: api.abort())
    with pytest.raises(FlueProtocolError):
        play.json(200, value)


def test_an_attachment_is_one_segment_of_the_path() -> None:
    play = operation(lambda api: api.attachment("a/b ?"))
    assert play.request.url == f"{URL}/attachments/a%2Fb%20%3F"
    play.answer(200, b"\x89PNG", content_type="image/png")
    assert play.result == b"\x89PNG"
