"""A send is never doubled and never lost, whatever its connections suffer.

python -m tests.conversations.test_exactly_once 10000    # as many sends, in a minute or two
"""

from __future__ import annotations

import random
import sys
from typing import Any

from flue_client_ext import BackoffOptions, FailedAttempt, FlueClient, InvokeOutcomeUnknownError
from tests.servers.agents import AgentServer
from tests.servers.proxy import TcpProxy
from tests.unary.support import failure
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
    send_through_cuts(agents, SENDS)


def send_through_cuts(agents: AgentServer, sends: int) -> None:
    chance = random.Random(10)
    agents.agent = lambda text: None
    with TcpProxy(("127.0.0.1", agents.port)) as proxy, FlueClient(proxy.url) as client:
        talk = client.agents.conversation("support", "t1")
        backoff = cutting(proxy, chance)
        admissions = []
        for number in range(sends):
            proxy.cut_bytes = chance.choice(CUTS)
            proxy.cut_how = chance.choice(("reset", "close"))
            proxy.cut_all()
            admissions.append(talk.send(str(number), backoff_options=backoff))
        messages = agents.conversations["/agents/support/t1"].messages
    said = [message["parts"][0]["text"] for message in messages]
    assert said == [str(number) for number in range(sends)]
    assert [message["submissionId"] for message in messages] == [
        admission.submission_id for admission in admissions
    ]
    assert any(admission.deduplicated for admission in admissions)
    assert len(agents.sends()) > sends


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


if __name__ == "__main__":
    with AgentServer() as server:
        send_through_cuts(server, int(sys.argv[1]))
        print(f"{sys.argv[1]} messages, {len(server.sends())} POSTs arrived")
