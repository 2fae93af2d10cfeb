"""The agents of genuine servers of the betas: what a client can rely on, version by version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.conversation import error_of
from tests.servers.beta import BETAS, BetaServer
from tests.servers.http import client_of

pytestmark = pytest.mark.parametrize("genuine_beta", BETAS, indirect=True)

OF_BETA_8 = ("beta.8", "beta.9")
"""The versions that have conversations; the others have streams of events."""
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def api(genuine_beta: BetaServer) -> Iterator[httpx.Client]:
    with client_of(genuine_beta.url, timeout=60) as client:
        yield client


def fresh(agent: str) -> str:
    return f"/agents/{agent}/{uuid4().hex}"


def has_conversations(server: BetaServer) -> bool:
    return server.version in OF_BETA_8


def ask(api: httpx.Client, path: str, message: str, **fields: Any) -> dict[str, Any]:
    answer = api.post(f"{path}?wait=result", json={"message": message, **fields})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def read(api: httpx.Client, path: str, offset: str = "-1") -> list[dict[str, Any]]:
    """The items of the stream: the chunks, and on older versions the events."""
    answer = api.get(path, params={"view": "updates", "offset": offset})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()
    return items


def settled(api: httpx.Client, path: str, submission_id: str) -> dict[str, Any]:
    """Follow by long-polls to the end of a submission; return its settlement."""
    offset = "-1"
    while True:
        params = {"view": "updates", "offset": offset, "live": "long-poll"}
        answer = api.get(path, params=params)
        for item in answer.json() if answer.content else []:
            end = item["type"] in ("submission-settled", "submission_settled")
            if end and item["submissionId"] == submission_id:
                return dict(item)
        offset = answer.headers["stream-next-offset"]


@pytest.mark.parametrize(
    ("agent", "message", "text"),
    [
        ("echo", "hello é世界🎉", "You said: hello é世界🎉"),
        ("tools", "6/3", 'The tool says {"quotient":2}.'),
        ("reasons", "why", "I am sure 😀."),
    ],
)
def test_an_agent_answers(api: httpx.Client, agent: str, message: str, text: str) -> None:
    told = ask(api, fresh(agent), message)
    assert told["result"]["text"] == text
    assert told["result"]["model"] == {"provider": "fake", "id": agent}
    assert told["result"]["usage"]["totalTokens"] in (46, 92)
    assert told.keys() == {"result", "streamUrl", "offset", "submissionId"}


def test_a_slow_agent_says_what_it_is_told(api: httpx.Client, genuine_beta: BetaServer) -> None:
    path, key = fresh("slow"), uuid4().hex
    admitted = api.post(path, json={"message": key}).json()
    assert admitted.keys() == {"streamUrl", "offset", "submissionId"}
    genuine_beta.say(key, "one ", "two ")
    genuine_beta.end(key, "three")
    ended = settled(api, path, admitted["submissionId"])
    assert (ended["outcome"], ended["result"]["text"]) == ("completed", "one two three")


def test_a_failure_of_the_model_settles_the_submission(api: httpx.Client) -> None:
    path = fresh("fails")
    answer = api.post(f"{path}?wait=result", json={"message": "x"})
    assert error_of(answer) == (500, "operation_failed")
    (ended,) = (item for item in read(api, path) if item["type"].endswith("settled"))
    assert (ended["outcome"], ended["error"]["type"]) == ("failed", "operation_failed")


def test_an_agent_without_a_route_is_not_found(api: httpx.Client) -> None:
    for agent in ("hidden", "nobody"):
        answer = api.post(fresh(agent), json={"message": "x"})
        assert error_of(answer) == (404, "agent_not_found")


def test_a_get_tells_the_generation(api: httpx.Client, genuine_beta: BetaServer) -> None:
    path = fresh("echo")
    stops = api.get(f"{path}/abort")
    ask(api, path, "hello")
    told = api.get(path).json()
    if has_conversations(genuine_beta):
        assert (told["v"], "incarnation" in told) == (1, False)
        assert error_of(stops) == (405, "method_not_allowed")
    else:
        assert {event["v"] for event in told} == {3}
        assert (stops.status_code, stops.text) == (404, "404 Not Found")


def test_a_message_of_2_x_is_refused_and_runs_nothing(api: httpx.Client) -> None:
    path = fresh("echo")
    answer = api.post(path, json={"kind": "user", "body": "hello", "idempotencyKey": "k"})
    assert error_of(answer) == (400, "invalid_request")
    assert error_of(api.get(path)) == (404, "stream_not_found")


def test_an_idempotency_key_is_ignored(api: httpx.Client) -> None:
    path = fresh("echo")
    first = ask(api, path, "hello", idempotencyKey="k")
    again = ask(api, path, "hello", idempotencyKey="k")
    assert first["submissionId"] != again["submissionId"]


def test_an_offset_beyond_the_end(api: httpx.Client, genuine_beta: BetaServer) -> None:
    path, beyond = fresh("echo"), "0000000000000000_0000000000009999"
    ask(api, path, "hello")
    answer = api.get(path, params={"view": "updates", "offset": beyond})
    if has_conversations(genuine_beta):
        assert error_of(answer) == (500, "conversation_stream_store_failure")
        assert "beyond" in answer.json()["error"]["meta"]["reason"]
    else:
        assert (answer.status_code, answer.json()) == (200, [])
        assert answer.headers["stream-next-offset"] == beyond


def test_an_abort_stops_what_runs(api: httpx.Client, genuine_beta: BetaServer) -> None:
    path, key = fresh("slow"), uuid4().hex
    admitted = api.post(path, json={"message": key}).json()
    genuine_beta.say(key, "one ")
    answer = api.post(f"{path}/abort")
    if has_conversations(genuine_beta):
        assert (answer.status_code, answer.json()) == (200, {"aborted": True})
        assert settled(api, path, admitted["submissionId"])["outcome"] == "aborted"
    else:
        assert (answer.status_code, answer.text) == (404, "404 Not Found")
        genuine_beta.end(key)


def test_an_image_is_an_attachment(api: httpx.Client, genuine_beta: BetaServer) -> None:
    path = fresh("echo")
    image = {"type": "image", "data": PIXEL, "mimeType": "image/png"}
    assert ask(api, path, "look", images=[image])["result"]["text"] == "You said: look (1 images)"
    if has_conversations(genuine_beta):
        (file,) = api.get(path).json()["messages"][0]["parts"][1:]
        answer = api.get(f"{path}/attachments/{file['id']}")
        assert (answer.headers["content-type"], len(answer.content)) == ("image/png", file["size"])


def test_a_workflow_stands_beside_the_agents(api: httpx.Client) -> None:
    told = api.post("/workflows/summarize?wait=result", json={"text": "one two three four"}).json()
    assert told["result"] == {"summary": "one two three"}
    events = api.get(f"/runs/{told['runId']}").json()
    assert [event["type"] for event in events] == ["run_start", "log", "run_end"]
