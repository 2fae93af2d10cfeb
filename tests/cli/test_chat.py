"""`chat` on a terminal, and with lines that are piped in."""

from __future__ import annotations

from pathlib import Path

from tests.servers.flue2 import Flue2Server

from .conftest import Local
from .terminal import Terminal, environment, piped


def test_a_chat_streams_stops_attaches_and_remembers(local: Local, tmp_path: Path) -> None:
    (tmp_path / "a dot.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with Terminal("chat", "slow", "c", env=environment(local.url), cwd=tmp_path) as terminal:
        terminal.expect("A new conversation with slow.")
        terminal.expect("you>")
        terminal.enter("first")
        terminal.expect("Beginning")
        terminal.interrupt()
        terminal.expect("Stopped.")
        local.let("second")
        terminal.enter("second")
        terminal.expect("Beginning and end.")
        terminal.enter("/attach 'a dot.png'")
        terminal.expect("[1 attached] you>")
        local.let("third")
        terminal.enter("third")
        terminal.until(lambda: terminal.screen.text.count("and end.") == 2, "the third answer")
        terminal.enter("/nonsense")
        terminal.expect("There is no such command")
        terminal.enter("/abort")
        terminal.expect("Nothing to stop.")
        terminal.enter("/history")
        terminal.expect("[file")
        terminal.enter("/quit")
        assert terminal.ended() == 0
    outcomes = [each["outcome"] for each in local.flue.snapshot("slow", "c")["settlements"]]
    assert outcomes == ["aborted", "completed", "completed"]

    with Terminal("chat", "slow", "c", env=environment(local.url), cwd=tmp_path) as terminal:
        terminal.expect("third")
        terminal.expect("you>")
        terminal.interrupt()
        terminal.expect("/quit or Ctrl-D leaves.")
        terminal.send("\x1b[A")
        terminal.expect("you> third")
        terminal.send("\x15\x04")
        assert terminal.ended() == 0


def test_lines_that_are_piped_in_are_answered(local: Local, tmp_path: Path) -> None:
    ran = piped(
        "chat",
        "assistant",
        "piped",
        env=environment(local.url),
        cwd=tmp_path,
        input="hello\n\n//slash\n/nothing\n",
    )
    assert ran.stdout.splitlines() == ["You said: hello", "You said: /slash"]
    assert ran.returncode == 0
    failed = piped("chat", "fails", "piped", env=environment(local.url), cwd=tmp_path, input="x")
    assert (failed.returncode, "the model refuses" in failed.stderr) == (2, True)


def test_a_genuine_agent_is_stopped_and_asked_again(genuine2: Flue2Server, tmp_path: Path) -> None:
    env = environment(genuine2.url)
    with Terminal("chat", "slow", "cli-chat", env=env, cwd=tmp_path) as terminal:
        terminal.expect("you>")
        terminal.enter("cli-chat-1")
        genuine2.say("cli-chat-1", "Some ", "words ")
        terminal.expect("Some words")
        terminal.interrupt()
        terminal.expect("Stopped.")
        terminal.enter("cli-chat-2")
        genuine2.end("cli-chat-2", "All of it.")
        terminal.expect("All of it.")
        terminal.enter("/quit")
        assert terminal.ended() == 0
