"""Sending to a server whose generation is not known: which requests it takes, what may run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueApiError,
    FlueConnectionError,
    FlueExecutionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
    UnsupportedByServerError,
)
from flue_client_ext._flue.conversation_api import ConversationApi
from flue_client_ext._flue.conversation_results import Admission, Reply
from flue_client_ext._flue.detection import supported
from flue_client_ext._flue.dialects import Outgoing
from flue_client_ext._flue.generations import Generation, Generations
from flue_client_ext._flue.sending import send
from flue_client_ext._stream.backoff import BackoffOptions as Backoff
from flue_client_ext._values.steps import Flow, Sleep

from .conversing import ID, URL, ConversationPlay, operation, waiting
from .play import CUT

BODY = {"kind": "user", "body": "hi", "idempotencyKey": "key-1"}
BETA_BODY = {"message": "hi"}
ADMITTED = {"streamUrl": "http://internal:1/x", "offset": "-1", "submissionId": ID}
ABORT: tuple[str, str, Any] = ("GET", "/abort", {})
PROBE = {"kind": "user", "body": "", "uid": "none-of-this-name"}


def sending(
    outgoing: Outgoing | None = None,
    generations: Generations | None = None,
    backoff: Backoff | None = None,
    timeout: float | None = None,
) -> ConversationPlay:
    message = outgoing or Outgoing(BODY)

    def begin(api: ConversationApi) -> Flow[Admission]:
        return send(api, message, deadline=True)

    return operation(begin, backoff, generations=generations, timeout=timeout)


def prompting(generations: Generations | None = None) -> ConversationPlay:
    return waiting(lambda waiting: waiting.prompt(Outgoing(BODY)), generations=generations)


def body(play: ConversationPlay) -> Any:
    assert play.request.method == "POST"
    return json.loads(play.request.body or b"")


def plain_404(play: ConversationPlay) -> None:
    play.answer(404, b"404 Not Found", content_type="text/plain; charset=UTF-8")


def told(generation: Generation) -> Generations:
    generations = Generations()
    generations.remember(URL, generation)
    return generations


def reach_beta(play: ConversationPlay, generation: Generation) -> None:
    """Answer as a server of this generation until it gets a body of its own."""
    assert body(play) == BODY
    play.error(400, "invalid_request")
    assert play.asked == ABORT
    if generation == "beta.3":
        plain_404(play)
    else:
        play.error(405, "method_not_allowed")
        assert body(play) == PROBE
        play.error(400, "invalid_request")
    assert body(play) == BETA_BODY


def test_a_server_of_2_x_gets_one_request_and_is_remembered() -> None:
    generations = Generations()
    play = sending(generations=generations)
    play.json(202, {**ADMITTED, "uid": "u1"})
    assert (play.ended, play.opened, generations.of(URL)) == (True, 1, "2")


@pytest.mark.parametrize("generation", ["beta.3", "beta.8"])
def test_a_refused_body_is_sent_again_in_the_dialect_of_the_betas(generation: Generation) -> None:
    generations = Generations()
    play = sending(generations=generations)
    reach_beta(play, generation)
    play.json(202, ADMITTED)
    assert play.result == Admission(ID, "-1")
    assert generations.of(URL) == generation
    again = sending(generations=generations)
    assert body(again) == BETA_BODY
    again.json(202, ADMITTED)
    assert (again.ended, again.opened) == (True, 1)


def test_a_refusal_by_a_server_of_2_x_is_that_servers_error() -> None:
    generations = Generations()
    play = sending(generations=generations)
    play.error(400, "invalid_request", of="the message")
    play.error(405, "method_not_allowed")
    assert body(play) == PROBE
    with pytest.raises(FlueApiError) as caught:
        play.error(404, "agent_instance_not_found")
    assert (caught.value.status, caught.value.meta) == (400, {"of": "the message"})
    assert (generations.of(URL), play.opened) == ("2", 3)


@pytest.mark.parametrize("name", ["2", "stated"])
def test_a_refusal_by_a_known_server_of_2_x_takes_one_request(name: str) -> None:
    play = sending(generations=Generations("beta.8") if name == "stated" else told("2"))
    with pytest.raises(FlueApiError) as caught:
        play.error(400, "invalid_request")
    assert (caught.value.status, play.opened) == (400, 1)


def test_a_server_that_was_upgraded_is_found_out_anew() -> None:
    generations = told("beta.8")
    play = sending(generations=generations)
    assert body(play) == BETA_BODY
    play.error(400, "invalid_request")
    play.error(405, "method_not_allowed")
    play.error(404, "agent_instance_not_found")
    assert body(play) == BODY
    play.json(202, {**ADMITTED, "uid": "u1"})
    assert play.result.idempotency_key == "key-1"
    assert generations.of(URL) == "2"


@pytest.mark.parametrize("need", ["idempotency_key", "uid", "initial_data", "send_signal"])
@pytest.mark.parametrize("generation", ["beta.3", "beta.8"])
def test_an_option_that_the_betas_ignore_is_an_error_and_nothing_runs(
    generation: Generation, need: str
) -> None:
    play = sending(Outgoing(BODY, (need,)))
    play.error(400, "invalid_request")
    with pytest.raises(UnsupportedByServerError) as caught:
        if generation == "beta.3":
            plain_404(play)
        else:
            play.error(405, "method_not_allowed")
            play.error(400, "invalid_request")
    error = caught.value
    assert (error.what, error.generation, error.conversation_url) == (need, generation, URL)


def test_on_a_known_beta_such_an_option_sends_nothing() -> None:
    with pytest.raises(UnsupportedByServerError):
        sending(Outgoing(BODY, ("uid",)), told("beta.8"))


def test_a_send_to_a_beta_is_one_POST_whose_outcome_may_stay_open() -> None:
    play = sending(generations=told("beta.8"))
    with pytest.raises(InvokeOutcomeUnknownError) as caught:
        play.fail(CUT)
    assert (caught.value.idempotency_key, play.opened) == (None, 1)


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_search_that_is_refused_is_an_error(status: int) -> None:
    play = sending(backoff=BackoffOptions(max_retries=0))
    play.error(400, "invalid_request")
    with pytest.raises(FlueApiError) as caught:
        play.error(status, "no")
    assert caught.value.status == status


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_an_answer_that_tells_nothing_is_not_remembered(status: int) -> None:
    generations = Generations()
    play = sending(generations=generations, backoff=BackoffOptions(max_retries=0))
    play.error(400, "invalid_request")
    play.error(405, "method_not_allowed")
    with pytest.raises(FlueApiError) as caught:
        play.error(status, "no")
    assert (caught.value.status, generations.of(URL)) == (status, None)


@pytest.mark.parametrize("late", [False, True])
def test_a_search_that_fails_leaves_no_outcome_open(late: bool) -> None:
    play = sending(backoff=BackoffOptions(max_retries=0))
    play.error(400, "invalid_request")
    play.error(405, "method_not_allowed")
    with pytest.raises(FlueConnectionError) as caught:
        play.deadline() if late else play.fail(CUT)
    assert type(caught.value) is (FlueTimeoutError if late else FlueConnectionError)


def test_a_prompt_of_a_beta_is_one_held_request() -> None:
    usage, model = {"input": 1}, {"provider": "p", "id": "m"}
    play = prompting(told("beta.8"))
    assert play.asked == ("POST", "", {"wait": "result"})
    assert body(play) == BETA_BODY
    assert play.step.timeout is None
    play.json(200, {**ADMITTED, "result": {"text": "yes", "usage": usage, "model": model}})
    expected = Reply("yes", {}, None, None, ID, None, usage, model)
    assert play.result == expected


@pytest.mark.parametrize("generation", ["beta.3", "beta.8"])
def test_a_first_prompt_holds_the_request_that_the_server_accepts(generation: Generation) -> None:
    play = prompting()
    assert play.asked == ("POST", "", {})
    reach_beta(play, generation)
    assert play.asked == ("POST", "", {"wait": "result"})
    play.json(200, {**ADMITTED, "result": {"text": "yes"}})
    assert (play.result.text, play.result.submission_id) == ("yes", ID)


def test_a_prompt_is_never_repeated_once_it_was_sent() -> None:
    play = prompting(told("beta.3"))
    with pytest.raises(InvokeOutcomeUnknownError):
        play.fail(CUT)
    assert play.opened == 1


@pytest.mark.parametrize(
    ("type", "failure"),
    [
        ("operation_failed", "failed"),
        ("submission_timeout", "failed"),
        ("submission_aborted", "aborted"),
    ],
)
def test_a_prompt_whose_submission_failed_says_so(type: str, failure: str) -> None:
    play = prompting(told("beta.8"))
    with pytest.raises(FlueExecutionError) as caught:
        play.error(500, type)
    error = caught.value
    assert (error.target, error.target_id, error.failure) == ("agent_submission", "", failure)
    assert error.error["type"] == type
    assert error.submission_id is None


@pytest.mark.parametrize(("status", "type"), [(500, "internal_error"), (404, "agent_not_found")])
def test_any_other_answer_to_a_prompt_is_an_api_error(status: int, type: str) -> None:
    play = prompting(told("beta.8"))
    with pytest.raises(FlueApiError) as caught:
        play.error(status, type)
    assert (caught.value.status, caught.value.retryable) == (status, False)


def test_a_call_that_the_server_has_not_is_told_from_a_wrong_address() -> None:
    def aborting() -> ConversationPlay:
        play = operation(lambda api: supported(api, "abort", api.abort()))
        plain_404(play)
        assert play.asked == ("GET", "", {})
        return play

    with pytest.raises(UnsupportedByServerError) as caught:
        aborting().error(404, "stream_not_found")
    assert (caught.value.what, caught.value.generation) == ("abort", "beta.3")
    with pytest.raises(UnsupportedByServerError):
        aborting().json(200, [{"v": 3, "type": "idle", "eventIndex": 0}])
    with pytest.raises(FlueApiError) as wrong:
        plain_404(aborting())
    assert wrong.value.status == 404


def test_a_call_that_a_known_server_has_not_sends_nothing() -> None:
    with pytest.raises(UnsupportedByServerError):
        operation(lambda api: supported(api, "abort", api.abort()), generations=told("beta.3"))


def test_a_history_that_is_a_page_of_events_is_no_history() -> None:
    generations = Generations()
    play = operation(lambda api: api.history(), generations=generations)
    with pytest.raises(UnsupportedByServerError) as caught:
        play.json(200, [{"v": 3, "type": "idle", "eventIndex": 0}])
    assert (caught.value.what, generations.of(URL)) == ("history", "beta.3")


def test_a_wrong_address_of_a_known_server_takes_one_request() -> None:
    play = operation(lambda api: supported(api, "abort", api.abort()), generations=told("2"))
    with pytest.raises(FlueApiError) as caught:
        plain_404(play)
    assert (caught.value.status, play.opened) == (404, 1)


def test_of_many_first_sends_one_finds_the_generation_out() -> None:
    generations = Generations()
    plays = [sending(generations=generations) for _ in range(3)]
    for play in plays:
        play.error(400, "invalid_request")
    first, *others = plays
    assert first.asked == ABORT
    for play in others:
        assert play.slept() == 0.02
        assert isinstance(play.step, Sleep)
    first.error(405, "method_not_allowed")
    first.error(400, "invalid_request")
    for play in others:
        play.slept()
    for play in plays:
        assert body(play) == BETA_BODY
        play.json(202, ADMITTED)
    assert [play.opened for play in plays] == [4, 2, 2]


def test_where_a_search_fails_the_next_send_goes_on_with_it() -> None:
    generations = Generations()
    first, second = (sending(generations=generations) for _ in range(2))
    first.error(400, "invalid_request")
    second.error(400, "invalid_request")
    with pytest.raises(FlueApiError):
        first.error(403, "forbidden")
    second.slept()
    assert second.asked == ABORT


def test_a_search_that_stands_still_holds_no_other_up_for_long() -> None:
    generations = Generations()
    still, second = (sending(generations=generations) for _ in range(2))
    still.error(400, "invalid_request")
    second.error(400, "invalid_request")
    asleep = 0.0
    while isinstance(second.step, Sleep):
        asleep += second.slept()
    assert (second.asked, round(asleep, 3)) == (ABORT, 5.0)


def test_a_deadline_may_pass_while_another_call_searches() -> None:
    generations = Generations()
    still = sending(generations=generations)
    still.error(400, "invalid_request")
    second = sending(generations=generations, timeout=1.0)
    second.error(400, "invalid_request")
    with pytest.raises(FlueTimeoutError):
        for _ in range(100):
            second.slept()
