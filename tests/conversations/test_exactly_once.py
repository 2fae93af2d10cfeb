"""A send is never doubled and never lost, whatever its connections suffer."""

from __future__ import annotations

import random
from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FailedAttempt,
    FlueApiError,
    FlueClient,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from tests.servers.agents import AgentServer
from tests.servers.proxy import TcpProxy
from tests.servers.raw import Connection, Handler, RawServer, Request
from tests.unary.support import QUICK, failure, in_turn, overdue, says
from tests.worlds import World

SENDS = 300
CUTS = (None, 0, 1, 60, 200)
"""Bytes of an answer after which its connection is cut, within the head or the body."""


def cutting(proxy: TcpProxy, chance: random.Random) -> BackoffOptions:
    """Retries at once, each over a connection that is cut in half of the cases."""

    def vary(_: FailedAttempt) -> None:
        proxy.cut_bytes = chance.choice((None, *CUTS))

    return BackoffOptions(
        initial_delay=0.001, max_delay=0.001, max_retries=40, on_failed_attempt=vary
    )


def test_sends_through_cut_connections_make_exactly_as_many_messages(
    agents: AgentServer,
) -> None:
    chance = random.Random(10)
    agents.agent = lambda text: None
    with TcpProxy(("127.0.0.1", agents.port)) as proxy, FlueClient(proxy.url) as client:
        talk = client.agents.conversation("support", "t1")
        backoff = cutting(proxy, chance)
        admissions = []
        for number in range(SENDS):
            proxy.cut_bytes = chance.choice(CUTS)
            proxy.cut_how = chance.choice(("reset", "close"))
            proxy.cut_all()
            admissions.append(talk.send(str(number), backoff_options=backoff))
        messages = agents.conversations["/agents/support/t1"].messages
    said = [message["parts"][0]["text"] for message in messages]
    assert said == [str(number) for number in range(SENDS)]
    assert [message["submissionId"] for message in messages] == [
        admission.submission_id for admission in admissions
    ]
    assert any(admission.deduplicated for admission in admissions)
    assert len(agents.sends()) > SENDS


@pytest.mark.odd_answers
def test_a_send_whose_answer_was_cut_without_a_length_is_repeated(
    any_world: World, agents: AgentServer
) -> None:
    serve = agents.handler

    def cut_first(request: Request, connection: Connection) -> None:
        if len(agents.requests) > 1:
            serve(request, connection)
            return
        connection.head(202, {"content-type": "application/json"})
        connection.send(b'{"submissionId": "sub_1')
        connection.close()

    agents.handler = cut_first
    talk = any_world.client(agents.url).agents.conversation("support", "t1")
    assert talk.send("x", backoff_options=QUICK).submission_id
    assert len(agents.sends()) == 2


def test_asking_through_cut_connections_gives_each_reply(
    any_world: World, agents: AgentServer
) -> None:
    chance = random.Random(11)
    with TcpProxy(("127.0.0.1", agents.port)) as proxy:
        talk = any_world.client(proxy.url).agents.conversation("support", "t1")
        for number in range(20):
            proxy.cut_bytes = chance.choice(CUTS)
            proxy.cut_all()
            reply = talk.ask(str(number), backoff_options=cutting(proxy, chance))
            assert reply.text == f"echo {number}"
    assert len(agents.conversations["/agents/support/t1"].messages) == 40


def test_a_send_without_a_key_is_one_POST_whose_outcome_may_stay_open(
    any_world: World, agents: AgentServer
) -> None:
    with TcpProxy(("127.0.0.1", agents.port), cut_bytes=0) as proxy:
        talk = any_world.client(proxy.url).agents.conversation("support", "t1")
        error: Any = failure(talk.send, "x", idempotency_key=None)
    assert type(error) is InvokeOutcomeUnknownError
    assert error.idempotency_key is None
    assert len(agents.sends()) <= 1


def test_a_send_that_is_given_up_can_be_finished_by_its_key(
    any_world: World, agents: AgentServer
) -> None:
    never = BackoffOptions(max_retries=0)
    with TcpProxy(("127.0.0.1", agents.port), cut_bytes=60) as proxy:
        client = any_world.client(proxy.url)
        error: Any = failure(client.agents.send, "support", "t1", "x", backoff_options=never)
        assert type(error) is InvokeOutcomeUnknownError
        proxy.cut_bytes = None
        again = client.agents.send("support", "t1", "x", idempotency_key=error.idempotency_key)
    assert again.deduplicated
    assert len(agents.conversations["/agents/support/t1"].messages) == 2


PROVES_NOTHING = [401, 403, 408, 425, 429, 500, 502, 503, 504]
DECIDES = [400, 404, 409, 415, 416]
REFUSED_BY_FLUE = b'{"error": {"type": "some_type", "message": "m", "details": "d"}}'


def refusing_after(first: Handler, status: int, body: bytes) -> RawServer:
    kind = {"content-type": "application/json" if body else "text/plain"}
    return RawServer(in_turn(first, says(status, body, kind)))


def cut(_: Request, connection: Connection) -> None:
    connection.close()


@pytest.mark.odd_answers
@pytest.mark.parametrize("flue", [True, False])
def test_a_refusal_that_proves_nothing_leaves_an_earlier_POST_open(
    any_world: World, flue: bool
) -> None:
    for status in [*PROVES_NOTHING, *(() if flue else (302, 400, 404))]:
        with refusing_after(cut, status, REFUSED_BY_FLUE if flue else b"") as server:
            talk = any_world.client(server.url).agents.conversation("support", "t1")
            error: Any = failure(talk.send, "x", idempotency_key="key-1", backoff_options=QUICK)
            assert type(error) is InvokeOutcomeUnknownError
            assert (error.idempotency_key, error.cause) == ("key-1", f"status {status}")
            keys = {request.json()["idempotencyKey"] for request in server.requests}
            assert (keys, len(server.requests) > 1) == ({"key-1"}, True)


@pytest.mark.odd_answers
def test_a_refusal_of_the_message_decides_about_an_earlier_POST(any_world: World) -> None:
    for status in DECIDES:
        with refusing_after(cut, status, REFUSED_BY_FLUE) as server:
            talk = any_world.client(server.url).agents.conversation("support", "t1")
            error: Any = failure(talk.send, "x", backoff_options=QUICK)
            assert type(error) is FlueApiError
            assert (error.status, error.type, len(server.requests)) == (status, "some_type", 2)


@pytest.mark.odd_answers
@pytest.mark.parametrize(("call", "status"), [("send", 429), ("ask", 503)])
def test_a_deadline_after_a_refusal_is_no_unknown_outcome(
    any_world: World, call: str, status: int
) -> None:
    with RawServer(says(status, REFUSED_BY_FLUE, {"retry-after": "60"})) as server:
        agents = any_world.client(server.url).agents
        refused = f"after: status {status}"
        error: Any = overdue(
            getattr(agents, call), "support", "t1", "x", far=lambda each: refused in str(each.cause)
        )
        assert type(error) is FlueTimeoutError
        assert refused in str(error.cause)
        keys = [request.json()["idempotencyKey"] for request in server.requests]
        assert keys.count(error.idempotency_key) == 1 and len(set(keys)) == len(keys)


@pytest.mark.odd_answers
def test_a_POST_whose_every_attempt_is_refused_is_an_api_error(any_world: World) -> None:
    for status in [*PROVES_NOTHING, *DECIDES]:
        with RawServer(says(status, REFUSED_BY_FLUE)) as server:
            talk = any_world.client(server.url).agents.conversation("support", "t1")
            error: Any = failure(talk.send, "x", backoff_options=QUICK)
            assert type(error) is FlueApiError
            assert (error.status, bool(error.idempotency_key)) == (status, True)
