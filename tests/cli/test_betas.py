"""The commands for agents on servers before 2.0, local and genuine ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext.testing import demo_server
from tests.servers.beta import BetaServer

from .terminal import environment, piped
from .test_workflows import lines

GENERATIONS: list[Any] = ["beta.8", "beta.3"]


@pytest.fixture(scope="module")
def local_beta() -> Iterator[Callable[[Any], str]]:
    """The URL of a local server of a generation."""
    with ExitStack() as running:

        @cache
        def url(generation: Any) -> str:
            server = demo_server(generation=generation, delta_hold=0.0)
            running.callback(server.close)
            return running.enter_context(server.run())

        yield url


@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_agent_of_a_beta_is_asked_watched_and_reported(
    local_beta: Callable[[Any], str], generation: Any, tmp_path: Path
) -> None:
    env = environment(local_beta(generation))
    ran = piped("ask", "assistant", "t1", "What is 6 * 7?", env=env, cwd=tmp_path)
    reply = json.loads(ran.stdout)
    assert (reply["text"].endswith("The answer is 42."), ran.returncode) == (True, 0)
    assert (reply["usage"]["totalTokens"] > 0, reply["model"]["id"]) == (True, "scripted")
    assert ran.stderr.rstrip().endswith("tokens")

    talked = piped("chat", "assistant", "t1", env=env, cwd=tmp_path, input="hello\n")
    assert (talked.returncode, talked.stdout.splitlines()[0]) == (0, "You said: hello")

    watched = piped("watch", "assistant", "t1", "--once", env=env, cwd=tmp_path)
    settled = [each for each in lines(watched.stdout) if each["type"].startswith("submission")]
    assert [each["outcome"] for each in settled] == ["completed", "completed"]
    pretty = ("watch", "assistant", "t1", "--once", "--format=pretty")
    shown = piped(*pretty, env=env, cwd=tmp_path).stdout
    assert shown.startswith("you\nWhat is 6 * 7?\n") or generation == "beta.3"
    assert "tool calculator" in shown
    assert "The answer is 42." in shown
    assert "You said: hello" in shown

    wrote = piped("report", "assistant", "t1", "-o", "-", env=env, cwd=tmp_path)
    assert wrote.returncode == 0, wrote.stderr
    for words in ("assistant / t1", "calculator", "The answer is 42."):
        assert words in wrote.stdout


@pytest.mark.parametrize("generation", GENERATIONS)
def test_many_messages_are_sent_to_a_beta(
    local_beta: Callable[[Any], str], generation: Any, tmp_path: Path
) -> None:
    env = environment(local_beta(generation))
    (tmp_path / "in.jsonl").write_text('"one"\n"two"\n')
    ran = piped("ask-all", "assistant", "in.jsonl", env=env, cwd=tmp_path)
    assert (ran.returncode, json.loads(ran.stdout)["succeeded"]) == (0, 2), ran.stderr
    replies = lines((tmp_path / "in.results.jsonl").read_text())
    assert [each["text"] for each in replies] == ["You said: one ", "You said: two "]


def test_a_history_that_a_beta_does_not_have(
    local_beta: Callable[[Any], str], tmp_path: Path
) -> None:
    env = environment(local_beta("beta.3"))
    piped("ask", "assistant", "t2", "hello", "-q", env=env, cwd=tmp_path)
    failed = piped("history", "assistant", "t2", env=env, cwd=tmp_path)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "flue-client watch assistant t2 --once" in failed.stderr


@pytest.mark.parametrize("genuine_beta", ["beta.9", "beta.5"], indirect=True)
def test_a_genuine_agent_of_a_beta(genuine_beta: BetaServer, tmp_path: Path) -> None:
    env = environment(genuine_beta.url)
    ran = piped("ask", "tools", "cli", "6/3", env=env, cwd=tmp_path)
    assert json.loads(ran.stdout)["text"].endswith('The tool says {"quotient":2}.'), ran.stderr
    assert ran.stderr.rstrip().endswith("92 tokens")
    wrote = piped("report", "tools", "cli", "-o", "-", env=env, cwd=tmp_path)
    assert wrote.returncode == 0, wrote.stderr
    for words in ("tools / cli", "divide", "The tool says", "92 ("):
        assert words in wrote.stdout
    pretty = ("watch", "tools", "cli", "--once", "--format=pretty")
    shown = piped(*pretty, env=env, cwd=tmp_path).stdout
    assert shown.startswith("you\n6/3\n") or genuine_beta.version == "beta.5"  # no user there
    assert "✓ tool divide" in shown
