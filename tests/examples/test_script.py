"""`examples/script.py` on every generation of servers."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext.testing import LocalFlue, ModelError, demo_server
from tests.servers.flue2 import Flue2Server

from .support import load, run


@pytest.fixture(scope="module")
def script() -> Any:
    return load("script")


def talk(
    script: Any, server: LocalFlue, monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> object:
    with server.run() as url:
        monkeypatch.setenv("FLUE_BASE_URL", url)
        try:
            return script.main(arguments)
        finally:
            server.close()


@pytest.mark.parametrize("generation", [None, "beta.3", "beta.8", "2"])
def test_an_agent_is_asked_and_a_workflow_is_run(
    script: Any,
    generation: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = demo_server(generation=generation)
    assert talk(script, server, monkeypatch, "What is 6 * 7?") == 0
    said, about = capsys.readouterr()
    assert "The answer is 42." in said
    assert ("summary:" in said) == (generation != "2")
    assert ("no workflows" in about) == (generation == "2")


def test_the_exit_code_says_who_has_failed(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = LocalFlue()

    @server.agent
    def assistant(message: Any) -> str:
        raise ModelError("no")

    assert talk(script, server, monkeypatch) == 2
    assert talk(script, LocalFlue(token="secret"), monkeypatch) == 1


def test_it_runs_on_a_genuine_server(genuine2: Flue2Server) -> None:
    done = run("script", "hello", "--agent", "echo", url=genuine2.url)
    assert (done.returncode, done.stdout) == (0, "reply: You said: hello\n"), done.stderr
