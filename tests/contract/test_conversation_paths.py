"""Where conversations are, which methods they take, and what an application puts before them."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from tests.contract.agents import genuine_only
from tests.contract.conversation import Conversation, error_of
from tests.servers.flue2 import PRIVATE_TOKEN

HELLO = {"kind": "user", "body": "hello"}
ALLOWED = "GET, HEAD, POST"


@pytest.mark.parametrize(
    "name",
    ["a%2Fb", "a%252Fb", "%25", "..%2F..", "%C3%A9%F0%9F%8E%89", "a%20b", "x.y~z!$&'()*+,;=:@"]
    + ["x" * 2000],
    ids=lambda name: name[:20],
)
def test_any_segment_names_a_conversation(api: httpx.Client, name: str) -> None:
    conversation = Conversation(api, "echo", f"{name}{uuid4().hex}")
    admission = conversation.send("hello")
    assert admission["streamUrl"].endswith(conversation.path)
    conversation.settled(admission)
    assert len(conversation.history()["messages"]) == 2


def test_an_escaped_slash_and_an_escaped_escape_are_two_ids(api: httpx.Client) -> None:
    end = uuid4().hex
    one, other = (Conversation(api, "echo", name + end) for name in ("a%2Fb", "a%252Fb"))
    assert one.send("hello")["uid"] != other.send("hello")["uid"]


def test_a_blank_segment_names_no_conversation(api: httpx.Client) -> None:
    for path in ("/agents/echo/%20", "/agents/echo/%20/abort"):
        assert error_of(api.post(path, json=HELLO)) == (400, "invalid_request")


def test_two_mounts_of_an_agent_have_the_same_conversations(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    conversation.ask("hello")
    other = conversation.path.replace("agents/echo", "private/chat")
    api.headers["authorization"] = f"Bearer {PRIVATE_TOKEN}"
    assert api.get(other).json() == conversation.history()
    assert api.post(other, json=HELLO).json()["streamUrl"] == str(api.base_url.join(other))


@genuine_only
def test_a_refusal_is_the_applications_own_answer(api: httpx.Client) -> None:
    conversation = Conversation(api, "private")
    for path in (conversation.path, f"/private/chat/{conversation.id}"):
        answer = api.post(path, json=HELLO)
        assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    api.headers["authorization"] = f"Bearer {PRIVATE_TOKEN}"
    conversation.ask("hello")


@pytest.mark.parametrize(
    "path",
    ["/", "/agents/nobody/x", "/agents/echo", "/agents/echo/", "/agents/echo/x/"]
    + ["/agents/echo/x/y", "/agents/echo/x/attachments/a/b", "/workflows/echo", "/runs/run_1"],
)
def test_what_is_not_mounted_is_a_plain_404(api: httpx.Client, path: str) -> None:
    for answer in (api.get(path), api.post(path, json=HELLO)):
        assert (answer.status_code, answer.text) == (404, "404 Not Found")
        assert answer.headers["content-type"] == "text/plain; charset=UTF-8"


@pytest.mark.parametrize(
    ("method", "below", "allowed"),
    [
        ("DELETE", "", ALLOWED),
        ("PUT", "", ALLOWED),
        ("OPTIONS", "", ALLOWED),
        ("GET", "/abort", "POST"),
        ("HEAD", "/attachments/x", "GET"),
    ],
)
def test_other_methods_are_refused_with_the_allowed_ones(
    api: httpx.Client, method: str, below: str, allowed: str
) -> None:
    answer = api.request(method, f"{Conversation(api, 'echo').path}{below}")
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert method == "HEAD" or error_of(answer) == (405, "method_not_allowed")
