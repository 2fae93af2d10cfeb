"""The commands for agents on servers before 2.0, local and genuine ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext.cli._items import read_items
from flue_client_ext.testing import demo_server
from tests.servers.beta import BetaServer

from .conftest import Local
from .terminal import Terminal, environment, piped
from .test_workflows import lines


@pytest.mark.parametrize("generation", ["beta.8", "beta.3"])
def test_agents_of_a_beta_are_asked_and_watched(generation: Any, tmp_path: Path) -> None:
    with demo_server(generation=generation, delta_hold=0.0).run() as url:
        env = environment(url)
        ran = piped("ask", "assistant", "t1", "What is 6 * 7?", env=env, cwd=tmp_path)
        reply = json.loads(ran.stdout)
        assert reply["text"].endswith("The answer is 42."), ran.stderr
        assert (reply["usage"]["totalTokens"] > 0, reply["model"]["id"]) == (True, "scripted")
        assert ran.stderr.rstrip().endswith("tokens")

        talked = piped("chat", "assistant", "t1", env=env, cwd=tmp_path, input="hello\n")
        assert talked.stdout.startswith("You said: hello\n"), talked.stderr
        assert talked.returncode == 0

        watched = piped("watch", "assistant", "t1", "--once", env=env, cwd=tmp_path)
        settled = [each for each in lines(watched.stdout) if each["type"].startswith("submission")]
        assert [each["outcome"] for each in settled] == ["completed", "completed"]

        (tmp_path / "in.jsonl").write_text('"one"\n"two"\n')
        ran = piped("ask-all", "assistant", "in.jsonl", env=env, cwd=tmp_path)
        assert (ran.returncode, json.loads(ran.stdout)["succeeded"]) == (0, 2), ran.stderr
        replies = lines((tmp_path / "in.results.jsonl").read_text())
        assert [each["text"] for each in replies] == ["You said: one ", "You said: two "]

        history = piped("history", "assistant", "t1", env=env, cwd=tmp_path)
        if generation == "beta.8":
            assert len(lines(history.stdout)) == 5  # a message for each step
        else:
            assert (history.returncode, history.stdout) == (1, "")
            assert "flue-client watch assistant t1 --once" in history.stderr


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
    told = genuine_beta.version != "beta.5"  # whose events do not tell what users have said
    assert shown.startswith("you\n6/3\n") is told
    assert "✓ tool divide" in shown


def test_a_message_without_a_key_is_sent_once_if_its_answer_has_come(tmp_path: Path) -> None:
    local = Local(generation="beta.8")
    command = ("ask-all", "slow", "in.jsonl")
    (tmp_path / "in.jsonl").write_text('{"message": "batch", "id": "mine"}\n')
    begun = tmp_path / "in.results.jsonl.begun"
    with local.flue.run() as url:
        env = environment(url)
        with Terminal(*command, env=env, cwd=tmp_path) as terminal:
            terminal.until(
                lambda: begun.exists() and "submissionId" in begun.read_text(), "an admission"
            )
            terminal.kill()
        local.let("batch")
        ran = piped(*command, env=env, cwd=tmp_path)
        assert (ran.returncode, json.loads(ran.stdout)["succeeded"]) == (0, 1), ran.stderr
        assert len(local.flue.submission_ids("slow", "mine")) == 1


def test_a_message_that_a_server_has_lost_is_sent_anew(tmp_path: Path) -> None:
    command = ("ask-all", "assistant", "in.jsonl")
    (tmp_path / "in.jsonl").write_text('"hello"\n')
    with demo_server(generation="beta.8", delta_hold=0.0).run() as url:
        items = read_items(tmp_path / "in.jsonl")
        begun = {"key": items[0].key, "id": "lost", "submissionId": "lost", "idempotencyKey": "k"}
        (tmp_path / "in.results.jsonl.begun").write_text(json.dumps(begun) + "\n")
        codes = [piped(*command, env=environment(url), cwd=tmp_path).returncode for _ in range(2)]
    assert codes == [1, 0]
