"""Every attempt of a call: its credentials, its limits, and its end by a deadline."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from flue_client_ext import (
    FlueProtocolError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from flue_client_ext._stream import call as module
from flue_client_ext._stream.credentials import Credentials
from flue_client_ext._values.http import Head, Response
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import Call, Read, Sleep

from .calls import begin
from .play import CUT, REFUSED, Play


def numbered() -> tuple[Credentials, list[str]]:
    used: list[str] = []

    def token() -> str:
        used.append(f"t{len(used) + 1}")
        return used[-1]

    return Credentials(token), used


def called_and_sent(play: Play) -> str:
    """Let the credentials be asked for; return the authorization of the request that follows."""
    assert isinstance(play.step, Call)
    play.called()
    return play.request.headers["authorization"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_401_evaluates_the_credentials_anew_three_times_in_a_row_at_most(method: str) -> None:
    credentials, used = numbered()
    play = begin(method, credentials)
    for number in (1, 2, 3, 4):
        assert called_and_sent(play) == f"Bearer t{number}"
        play.answer(401, b"no")
    assert (play.result.status, play.result.body) == (401, b"no")
    assert len(used) == 4


def test_a_401_is_sent_again_with_new_credentials_without_a_pause() -> None:
    credentials, _ = numbered()
    play = begin("POST", credentials)
    called_and_sent(play)
    play.answer(401)
    assert called_and_sent(play) == "Bearer t2"
    play.answer(202)
    assert play.result.status == 202


def test_a_401_is_final_when_nothing_can_be_evaluated_anew() -> None:
    play = begin(credentials=Credentials("fixed", {"x": "y"}))
    play.answer(401)
    assert play.result.status == 401
    assert play.opened == 1


def test_the_credentials_are_evaluated_for_every_retry_too() -> None:
    credentials, used = numbered()
    play = begin(credentials=credentials)
    assert called_and_sent(play) == "Bearer t1"
    play.fail(CUT)
    play.slept()
    assert called_and_sent(play) == "Bearer t2"
    play.answer(503)
    play.slept()
    assert called_and_sent(play) == "Bearer t3"
    play.answer(401)
    assert called_and_sent(play) == "Bearer t4"
    play.answer(200)
    assert used == ["t1", "t2", "t3", "t4"]


def test_the_401s_are_counted_anew_after_another_answer() -> None:
    credentials, used = numbered()
    play = begin(credentials=credentials)
    for status in (401, 401, 401, 503, 401, 401, 401):
        called_and_sent(play)
        play.answer(status)
        if status == 503:
            play.slept()
    called_and_sent(play)
    play.answer(200)
    assert play.result.status == 200
    assert len(used) == 8


def test_an_error_of_the_users_own_function_ends_the_call_as_it_is() -> None:
    def broken() -> str:
        raise LookupError("vault")

    play = begin("POST", Credentials(broken))
    with pytest.raises(LookupError):
        play.called()
    assert play.opened == 0


AT: dict[str, tuple[Callable[[Play], object], bool]] = {
    "asking for credentials": (lambda play: None, False),
    "connecting": (lambda play: play.called(), False),
    "waiting for the head": (lambda play: play.called(), True),
    "in the body": (lambda play: (play.called(), play.head(200)), True),
    "in the pause": (lambda play: (play.called(), play.fail(REFUSED)), False),
    "in the body of a 401": (lambda play: (play.called(), play.head(401)), True),
}


@pytest.mark.parametrize("place", AT)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_deadline_ends_the_call_wherever_it_is(method: str, place: str) -> None:
    reach, sent = AT[place]
    play = begin(method, numbered()[0])
    reach(play)
    unknown = method == "POST" and sent
    with pytest.raises(InvokeOutcomeUnknownError if unknown else FlueTimeoutError) as caught:
        play.deadline(sent)
    assert isinstance(caught.value, FlueTimeoutError) is not unknown
    assert caught.value.cause
    assert "SECRET" not in str(caught.value)


def test_every_wait_has_its_limit_unless_the_run_itself_is_waited_for() -> None:
    play = begin()
    assert play.step.timeout == LIMITS.read
    play.head(200)
    assert play.wants(Read(LIMITS.read))
    endless = begin("POST", limit=None)
    assert endless.step.timeout is None
    endless.head(200)
    assert endless.wants(Read(None))


def test_a_body_beyond_reason_is_refused_while_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BODY_BYTES", 10)
    play = begin()
    play.head(200)
    play.reply(b"12345")
    play.reply(b"67890")
    with pytest.raises(FlueProtocolError) as caught:
        play.reply(b"!")
    assert caught.value.url == "http://server.test/workflows/x"


def test_a_body_that_came_with_its_head_is_not_read_again() -> None:
    play = begin()
    play.reply(Head(200, {}, body=b"whole"))
    assert play.result == Response(200, {}, b"whole")


def test_a_body_with_its_head_obeys_the_rules_of_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = begin()
    play.reply(Head(200, {"content-type": "application/json"}, True, body=b'{"cut'))
    assert isinstance(play.step, Sleep)
    monkeypatch.setattr(module, "MAX_BODY_BYTES", 10)
    play = begin()
    with pytest.raises(FlueProtocolError):
        play.reply(Head(200, {}, body=b"eleven byte"))


def test_the_body_is_what_came_in_all_its_parts() -> None:
    play = begin()
    play.head(200, True, content_type="text/plain")
    play.body(b"ab", b"c", b"def")
    assert play.result == Response(200, {"content-type": "text/plain"}, b"abcdef", True)


@pytest.mark.parametrize("encoding", ["gzip", " BR ", "identity, gzip"])
def test_an_answer_that_is_encoded_unasked_is_a_protocol_error_not_garbage(encoding: str) -> None:
    play = begin()
    with pytest.raises(FlueProtocolError) as caught:
        play.head(200, content_encoding=encoding)
    assert caught.value.url == "http://server.test/workflows/x"


def test_an_error_may_be_encoded_and_identity_is_no_encoding() -> None:
    for status, encoding in ((400, "gzip"), (200, "identity"), (200, "Identity")):
        play = begin()
        play.answer(status, b"x", content_encoding=encoding)
        assert play.result.status == status


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_encoded_answer_says_what_became_of_the_request(method: str) -> None:
    play = begin(method)
    with pytest.raises(FlueProtocolError) as caught:
        play.head(202, content_encoding="identity, GZIP")
    assert "gzip" in caught.value.message
    assert ("accepted (202)" in caught.value.message) == (method == "POST")
    assert play.opened == 1


@pytest.mark.parametrize("coding", ["none", "identity", "", "utf-8"])
def test_an_answer_whose_coding_changes_nothing_is_read(coding: str) -> None:
    for method in ("GET", "POST"):
        play = begin(method)
        play.answer(200, b"{}", content_encoding=coding)
        assert play.result.body == b"{}"


def test_an_answer_without_a_body_may_name_any_coding() -> None:
    for method, status in (("HEAD", 200), ("GET", 204)):
        play = begin(method)
        play.answer(status, content_encoding="br")
        assert play.result.status == status


@pytest.mark.parametrize("status", [400, 403, 404, 413, 429])
def test_a_refused_POST_is_refused_though_its_answer_is_cut(status: int) -> None:
    play = begin("POST")
    play.head(status)
    play.fail(CUT)
    assert (play.result.status, play.result.body) == (status, b"")


@pytest.mark.parametrize("status", [200, 202, 500, 502, 504])
def test_a_POST_whose_answer_is_cut_is_unknown_where_it_may_have_run(status: int) -> None:
    play = begin("POST")
    play.head(status)
    with pytest.raises(InvokeOutcomeUnknownError):
        play.fail(CUT)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_401_that_is_cut_refreshes_the_credentials_all_the_same(method: str) -> None:
    credentials, _ = numbered()
    play = begin(method, credentials)
    called_and_sent(play)
    play.head(401)
    play.fail(CUT)
    assert called_and_sent(play) == "Bearer t2"
    play.answer(200)
    assert play.result.status == 200


def test_a_body_of_tiny_chunks_is_held_in_its_own_size() -> None:
    play = begin()
    play.head(200)
    tracemalloc.start()
    try:
        for _ in range(100_000):
            play.reply(b"x")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    play.reply(b"")
    assert play.result.body == b"x" * 100_000
    assert held < 400_000
