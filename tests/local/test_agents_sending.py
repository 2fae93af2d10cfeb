"""Sends to an agent of the local server, where it can be told apart from a genuine one.

What both do is in `tests/contract`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext.testing import LocalFlue, Message
from flue_client_ext.testing._delivery import decoded
from tests.contract.conversation import Conversation, error_of
from tests.servers.http import client_of


def named(message: Message) -> str:
    return message.text


def test_a_keyed_submission_id_is_that_of_the_genuine_server() -> None:
    server = LocalFlue()
    server.agent("Chat", path="agents/chat")(named)
    with server.run() as url, client_of(url) as http:
        sent = Conversation(http, "chat", "k1").send("idem", idempotencyKey="evt-1")
    assert sent["submissionId"] == "sub_ik_2b664f8cd1289ce24cb8239bca456e18"
    server.close()


@pytest.mark.parametrize(
    ("text", "data"),
    [("aGk=", b"hi"), ("aGk", b"hi"), ("aG\nk =", b"hi"), ("", b""), ("_-8=", None)]
    + [("a", None), ("aGk==", None), ("=", None), ("aé==", None)],
)
def test_base64_is_decoded_as_a_browser_does(text: str, data: bytes | None) -> None:
    assert decoded(text) == data


def test_agents_and_workflows_live_side_by_side() -> None:
    server = LocalFlue()
    server.agent(named)
    server.workflow("named")(lambda run: "result")
    with server.run() as url, client_of(url) as http:
        assert http.post("/workflows/named?wait=result").json()["result"] == "result"
        assert Conversation(http, "named").send("hello")
        assert error_of(http.get("/runs/run_x")) == (404, "run_not_found")
        assert error_of(http.get("/agents/nosuch/x")) == (404, "route_not_found")
    server.close()


@pytest.mark.parametrize(
    ("function", "arguments", "kind", "words"),
    [
        (lambda: None, {}, TypeError, r"takes \(message, conversation\) or \(message\)"),
        (lambda a, b, c: None, {}, TypeError, "not 3 parameters"),
        (lambda a: None, {"joins": 1}, TypeError, "joins must be a bool"),
        (lambda a: None, {"path": [5]}, TypeError, "path must be a str"),
    ],
)
def test_an_agent_that_could_never_answer_is_refused(
    function: Callable[..., Any], arguments: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        LocalFlue().agent("x", **arguments)(function)
