"""Event streams through proxies that hold them back, cut them, or do not pass them on."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import FlueClient
from flue_client_ext._values.limits import LIMITS
from flue_client_ext.testing import LocalFlue
from tests.patience import patiently
from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server
from tests.servers.reverse import ReverseProxy

from .conftest import Served
from .support import PATIENCE, SHORT, only, report, the_wrong, wrong

KINDS = ["run", "conversation"]


@pytest.fixture(params=KINDS)
def named(request: Any, workflows: Served, agents: LocalFlue) -> tuple[str, dict[str, Any]]:
    """A server, and what names a stream of it that has not ended."""
    if request.param == "run":
        return workflows.url, {"run_id": workflows.running}
    return agents.url, {"agent": "echo", "conversation_id": "c1"}


def test_a_stream_that_arrives_and_stays_open(named: tuple[str, dict[str, Any]]) -> None:
    url, names = named
    made = report(url, watch=SHORT, **names)
    assert wrong(made) == []
    facts = only(made, "stream").facts
    assert facts["closed"] is False
    assert facts["watched"] >= SHORT
    assert 0 <= facts["first_byte"] <= facts["watched"]
    assert "stream_not_checked" not in [each.code for each in made.findings]


def test_a_stream_that_a_proxy_collects(
    named: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, names = named
    monkeypatch.setattr(LIMITS, "start", SHORT)
    with ReverseProxy(url, buffers=True) as proxy:

        def attempt(seconds: float) -> None:
            found = the_wrong(proxy.url, "stream_buffered", timeout=seconds, **names)
            assert found.facts["seconds"] >= SHORT

        patiently(attempt, 1.0, 4.0, PATIENCE)


def test_a_stream_whose_head_alone_arrives(
    named: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, names = named
    monkeypatch.setattr(LIMITS, "start", SHORT)
    with ReverseProxy(url, buffers=True, sends_heads=True) as proxy:
        assert the_wrong(proxy.url, "stream_buffered", **names).facts == {"seconds": SHORT}


def test_a_stream_that_begins_and_is_then_held_back(
    named: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, names = named
    monkeypatch.setattr(LIMITS, "beat", SHORT)
    with ReverseProxy(url, buffers=True, begins=True) as proxy:
        found = the_wrong(proxy.url, "stream_withheld", watch=2 * SHORT, **names)
        assert found.facts["seconds"] > SHORT


def test_a_stream_that_a_proxy_cuts(named: tuple[str, dict[str, Any]]) -> None:
    url, names = named
    with ReverseProxy(url, cuts=True) as proxy:
        found = the_wrong(proxy.url, "stream_cut", watch=10.0, **names)
        assert found.facts["seconds"] < 10


@pytest.mark.parametrize("status", [200, 406])
def test_a_stream_that_a_proxy_does_not_pass_on(
    status: int, named: tuple[str, dict[str, Any]]
) -> None:
    url, names = named
    with ReverseProxy(url, no_streams=status) as proxy:
        found = the_wrong(proxy.url, "stream_refused", **names)
        assert found.facts == {"status": status, "content_type": "text/html"}


def test_a_stream_without_its_headers(named: tuple[str, dict[str, Any]]) -> None:
    url, names = named
    with ReverseProxy(url, strips=["stream-next-offset"]) as proxy:
        the_wrong(proxy.url, "stream_headers_missing", **names)


def test_a_stream_that_is_compressed(named: tuple[str, dict[str, Any]]) -> None:
    url, names = named
    with ReverseProxy(url, compresses=True, only_streams=True) as proxy:
        found = the_wrong(proxy.url, "compressed", **names)
        assert found.facts["content_type"] == "text/event-stream"


def test_a_stream_is_watched_no_longer_than_asked(named: tuple[str, dict[str, Any]]) -> None:
    url, names = named
    made = report(url, watch=0.0, **names)
    assert only(made, "stream").facts["watched"] < LIMITS.start


def test_the_stream_of_a_run_that_has_ended(workflows: Served) -> None:
    made = report(workflows.url, run_id=workflows.ended, watch=10.0)
    assert only(made, "stream").facts == {"closed": True}
    assert made.healthy


def test_streams_of_genuine_servers(genuine: FlueServer, genuine2: Flue2Server) -> None:
    with FlueClient(genuine.url) as client, FlueClient(genuine2.url) as client2:
        run_id = client.workflows.invoke("gate", input={"key": "doctor"}).run_id
        client2.agents.conversation("echo", "doctor").ask("hello")
    try:
        for made in (
            report(genuine.url, run_id=run_id, watch=SHORT),
            report(genuine2.url, agent="echo", conversation_id="doctor", watch=SHORT),
        ):
            assert wrong(made) == []
            assert only(made, "stream").facts["watched"] >= SHORT
    finally:
        genuine.release("doctor")
