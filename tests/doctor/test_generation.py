"""Which API answers, and which generation of Flue: genuine servers, and URLs that are wrong."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from flue_client_ext import FlueClient
from flue_client_ext.testing import LocalFlue
from tests.servers.beta import BetaServer
from tests.servers.connection import Connection, Request
from tests.servers.flue import FlueServer
from tests.servers.flue2 import PRIVATE_TOKEN, Flue2Server
from tests.servers.raw import RawServer
from tests.servers.reverse import ReverseProxy
from tests.unary.support import says

from .conftest import Served
from .support import SHORT, only, report, the_wrong, wrong


def generation(url: str, **options: Any) -> dict[str, Any]:
    made = report(url, **options)
    assert wrong(made) == []
    return dict(only(made, "generation").facts)


def test_a_genuine_server_of_beta_5(genuine: FlueServer) -> None:
    assert generation(genuine.url) == {"workflows": True, "agents": "beta.3"}


@pytest.mark.parametrize(
    ("genuine_beta", "agents"),
    [("beta.9", "beta.8"), ("beta.8", "beta.8"), ("beta.7", "beta.3")],
    indirect=["genuine_beta"],
)
def test_genuine_servers_of_the_betas_and_their_conversations(
    genuine_beta: BetaServer, agents: str
) -> None:
    body = {"message": "hello"}
    httpx.post(f"{genuine_beta.url}/agents/echo/doctor?wait=result", json=body, timeout=60)
    names = {"agent": "echo", "conversation_id": "doctor"}
    made = report(genuine_beta.url, watch=SHORT, **names)
    assert made.healthy
    assert only(made, "generation").facts == {"workflows": True, "agents": agents}
    assert only(made, "agent").facts == {"exists": True}
    assert only(made, "stream").facts["watched"] >= SHORT
    the_wrong(genuine_beta.url, "agent_not_found", agent="hidden")


def test_a_genuine_server_of_2_1(genuine2: Flue2Server) -> None:
    made = generation(genuine2.url, agent="echo")
    assert made == {"workflows": False, "agents": "2"}
    assert generation(genuine2.url, path="private/chat/doctor", token=PRIVATE_TOKEN) == made


def test_a_genuine_server_of_2_1_without_the_name_of_an_agent(genuine2: Flue2Server) -> None:
    """Its agents cannot be listed."""
    found = the_wrong(genuine2.url, "no_api")
    assert (found.facts["status"], found.facts["content_type"]) == (404, "text/plain")
    assert "agent=" in found.advice
    the_wrong(genuine2.url, "no_api", agent="no-such-agent")


def test_an_agent_that_wants_a_token_of_its_own(genuine2: Flue2Server) -> None:
    assert the_wrong(genuine2.url, "unauthorized", path="private/chat/doctor")


def test_local_servers_of_either_kind_and_of_both(workflows: Served, agents: LocalFlue) -> None:
    assert generation(workflows.url) == {"workflows": True, "agents": None}
    assert generation(agents.url, agent="echo") == {"workflows": False, "agents": "2"}
    both = LocalFlue()
    both.workflow("w")(lambda run: 1)
    both.agent("a")(lambda message: "")
    with both.run() as url:
        assert generation(url, agent="a") == {"workflows": True, "agents": "2"}


def envelope(connection: Connection, status: int, kind: str) -> None:
    connection.json(status, {"error": {"type": kind, "message": "m", "details": "d"}})


def beta(request: Request, connection: Connection) -> None:
    """Answer as 1.0.0-beta.9 answers reads of what it does not have."""
    path = request.target.partition("?")[0]
    if path.startswith("/runs/"):
        envelope(connection, 404, "run_not_found")
    elif path.endswith("/abort"):
        envelope(connection, 405, "method_not_allowed")
    elif path.startswith("/agents/"):
        envelope(connection, 404, "agent_not_found")
    else:
        connection.answer(404, b"404 Not Found", {"content-type": "text/plain"})


def test_a_server_of_beta_8_or_9() -> None:
    with RawServer(beta) as server:
        assert generation(server.url) == {"workflows": True, "agents": "beta.8"}


def test_agents_of_a_beta_whose_runs_are_guarded() -> None:
    """The named agent answers, and what the server says of another tells its generation."""

    def guarded(request: Request, connection: Connection) -> None:
        if request.target.startswith("/runs/"):
            envelope(connection, 401, "unauthorized")
        elif request.target.startswith("/agents/chat/") and request.method == "GET":
            envelope(connection, 404, "stream_not_found")
        else:
            beta(request, connection)

    with RawServer(guarded) as server:
        made = report(server.url, agent="chat")
        assert wrong(made) == ["unauthorized"]
        assert only(made, "generation").facts == {"workflows": True, "agents": "beta.8"}


@pytest.mark.parametrize("version", ["0.5.3", "1.0.0-beta.2", "x" * 500])
def test_a_server_that_is_too_old(version: str) -> None:
    """It describes itself, as later ones do not."""
    document = json.dumps({"info": {"title": "Flue Public API", "version": version}}).encode()

    def old(request: Request, connection: Connection) -> None:
        if request.target == "/openapi.json":
            connection.answer(200, document, {"content-type": "application/json"})
        else:
            envelope(connection, 404, "run_not_found")

    with RawServer(old) as server:
        assert the_wrong(server.url, "server_too_old").facts == {"version": version[:40]}


@pytest.mark.parametrize("pasted", ["/workflows/ends", "/runs/run_1", "/v2/api"])
def test_a_url_with_too_long_a_path(pasted: str, workflows: Served) -> None:
    found = the_wrong(workflows.url + pasted, "prefix_wrong")
    assert found.facts == {"base_url": workflows.url}
    assert workflows.url in found.advice


@pytest.mark.parametrize("prefix", ["/api", "/flue", "/api/flue"])
def test_a_url_that_lacks_the_prefix(prefix: str, workflows: Served) -> None:
    with ReverseProxy(workflows.url, prefix=prefix) as proxy:
        root = proxy.url.removesuffix(prefix)
        assert the_wrong(root, "prefix_wrong").facts == {"base_url": proxy.url}
        assert report(proxy.url).healthy


def test_a_url_that_lacks_the_prefix_of_an_agent(agents: LocalFlue) -> None:
    with ReverseProxy(agents.url, prefix="/api") as proxy:
        root = proxy.url.removesuffix("/api")
        assert the_wrong(root, "prefix_wrong", agent="echo").facts == {"base_url": proxy.url}
        the_wrong(root, "no_api")


@pytest.mark.parametrize(
    ("status", "kind"), [(200, "text/html"), (404, "text/html"), (404, "application/json")]
)
def test_something_else_than_flue(status: int, kind: str) -> None:
    with RawServer(says(status, b'{"canary": 1}', {"content-type": kind})) as server:
        url = f"{server.url}/api"
        found = the_wrong(url, "no_api")
        assert (found.facts["status"], found.facts["content_type"]) == (status, kind)
        assert found.facts["tried"][0] == server.url
        assert url not in found.facts["tried"]
        assert "canary" not in repr(found)
        assert len(server.requests) < 15


def test_an_agent_that_the_server_does_not_have(workflows: Served) -> None:
    the_wrong(workflows.url, "agent_not_found", agent="no-such-agent")


def test_an_agent_that_a_genuine_beta_does_not_have(genuine: FlueServer) -> None:
    the_wrong(genuine.url, "agent_not_found", agent="no-such-agent")


def test_an_agent_without_the_conversation(agents: LocalFlue) -> None:
    made = report(agents.url, agent="echo", conversation_id="new")
    assert only(made, "agent").facts == {"exists": False}
    assert only(made, "stream_not_checked")
    assert made.healthy


def test_a_run_that_can_be_read(workflows: Served) -> None:
    made = report(workflows.url, run_id=workflows.ended)
    assert only(made, "run_readable").facts == {"status": "completed"}
    assert made.healthy


def test_a_run_whose_workflow_does_not_export_runs(workflows: Served, genuine: FlueServer) -> None:
    found = the_wrong(workflows.url, "run_not_readable", run_id=workflows.hidden)
    assert "export const runs" in found.advice
    with FlueClient(genuine.url) as client:
        hidden = client.workflows.invoke("hidden").run_id
        readable = client.workflows.invoke("echo", input=1, wait="result").run_id
    the_wrong(genuine.url, "run_not_readable", run_id=hidden)
    assert report(genuine.url, run_id=readable).healthy


def test_a_run_of_a_server_that_has_none(agents: LocalFlue) -> None:
    found = the_wrong(agents.url, "run_not_readable", run_id="run_1", agent="echo")
    assert found.facts == {"workflows": False}
