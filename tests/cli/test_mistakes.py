"""What the command says of mistakes: of its user, and of a server that does not answer."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import patiently

from .conftest import Local
from .terminal import Terminal, environment, piped


@pytest.fixture
def nowhere() -> Iterator[str]:
    """A URL where nobody listens, and nobody can begin to."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_options_of_the_server_may_stand_before_the_command(local: Local, tmp_path: Path) -> None:
    front = (f"--server={local.url}", "--header", "x-front: 1", "--timeout", "50")
    run = ("run", "echo", "--input", "1", "--quiet")
    ran = piped(*front, *run, env=environment(), cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["result"] == 1
    assert local.flue.requests[-1].headers["x-front"] == "1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnu", "echo"], "No such command 'rnu'. Did you mean 'run'?"),
        (["qqq"], "No such command 'qqq'."),
        (["ask", "slow", "empty", "-"], "stdin is empty"),
    ],
)
def test_a_wrong_command_line_is_refused_in_words(
    local: Local, tmp_path: Path, arguments: list[str], words: str
) -> None:
    ran = piped(*arguments, env=environment(local.url), cwd=tmp_path, input=" \n")
    assert (ran.returncode, ran.stdout, words in ran.stderr) == (1, "", True)
    assert "Did you mean" not in ran.stderr or "rnu" in ran.stderr
    assert local.flue.conversation_ids("slow").count("empty") == 0


def test_a_type_that_is_not_known_is_named(local: Local, tmp_path: Path) -> None:
    run = ("run", "echo", "--input", "1", "--format", "ndjson")
    ran = piped(*run, "--types", "tol,run_end", env=environment(local.url), cwd=tmp_path)
    assert (ran.returncode, ran.stdout.count("\n")) == (0, 1)
    assert "type 'tol' is known; did you mean tool?" in ran.stderr
    assert "run_end" not in ran.stderr


@pytest.mark.parametrize("command", [("ask", "slow", "nobody", "Why?"), ("follow", "run_1")])
def test_a_server_that_is_not_there_is_told_of_in_a_pipe(
    nowhere: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    def attempt(seconds: float) -> None:
        limit = ("--timeout", f"{seconds:g}")
        ran = piped(*command, *limit, env=environment(nowhere), cwd=tmp_path)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert ran.stderr.count("no connection, trying again") == 1

    patiently(attempt, 1, 4, 20)


@pytest.mark.parametrize("command", [("ask", "slow", "nobody", "Why?"), ("chat", "slow", "nobody")])
def test_a_server_that_is_not_there_is_told_of_on_a_terminal(
    nowhere: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    with Terminal(*command, env=environment(nowhere), cwd=tmp_path) as terminal:
        terminal.expect("no connection, trying again")
        terminal.interrupt()
        assert terminal.ended() == 130
