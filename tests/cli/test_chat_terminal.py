"""`chat` while its terminal is used: typed ahead, pasted into, resized, ended; a lost server."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from .conftest import WIDE, Local
from .terminal import Terminal, environment


def chat(
    local: Local, tmp_path: Path, agent: str, id: str, size: tuple[int, int] = (24, 80)
) -> Terminal:
    return Terminal("chat", agent, id, env=environment(local.url), cwd=tmp_path, size=size)


def prompts(terminal: Terminal, count: int) -> None:
    """Wait until so many prompts have been on the screen."""
    terminal.until(lambda: terminal.screen.text.count("you>") == count, f"prompt {count}")


def test_an_answer_longer_than_a_screen_that_is_resized(local: Local, tmp_path: Path) -> None:
    with chat(local, tmp_path, "long", "resized", (12, 60)) as terminal:
        prompts(terminal, 1)
        terminal.enter("resized")
        terminal.expect("line 59")
        assert not terminal.echoes
        for size in ((8, 24), (20, 100), (10, 40)):
            terminal.resize(*size)
        terminal.enter("/quit")  # typed ahead: the answer goes on
        local.let("resized")
        assert terminal.ended() == 0
        assert terminal.echoes
    answer = terminal.screen.text[terminal.screen.text.rindex("line 0") :].split("\n")
    assert answer[:60] == [f"line {number}" for number in range(60)]
    assert terminal.screen.text.count("the last line") == 1
    assert terminal.screen.text.count("/quit") == 1


def test_wide_characters_on_a_narrow_terminal(local: Local, tmp_path: Path) -> None:
    with chat(local, tmp_path, "wide", "wide", (10, 16)) as terminal:
        prompts(terminal, 1)
        terminal.enter("日本語の長い文章です、漢字")
        prompts(terminal, 2)
        terminal.enter("/quit")
        assert terminal.ended() == 0
    written = re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\s", "", terminal.received)
    assert "".join(WIDE.split()) in written
    shown = re.sub(r"\s", "", terminal.screen.text)
    assert shown.count("漢字漢字漢字漢字end.") == 1
    messages = local.flue.snapshot("wide", "wide")["messages"]
    assert messages[0]["parts"][0]["text"] == "日本語の長い文章です、漢字"


def test_pasted_lines_are_one_message(local: Local, tmp_path: Path) -> None:
    with chat(local, tmp_path, "assistant", "pasted") as terminal:
        prompts(terminal, 1)
        terminal.send("\x1b[200~first\nsecond\x1b[201~\r")
        terminal.expect("You said: first second")
        prompts(terminal, 2)
        terminal.enter("/quit")
        assert terminal.ended() == 0
    messages = local.flue.snapshot("assistant", "pasted")["messages"]
    assert messages[0]["parts"][0]["text"] == "first\nsecond"


@pytest.mark.parametrize("during", ["answer", "prompt"])
def test_sigterm_ends_a_chat_and_restores_the_terminal(
    local: Local, tmp_path: Path, during: str
) -> None:
    with chat(local, tmp_path, "slow", f"sigterm-{during}") as terminal:
        prompts(terminal, 1)
        if during == "answer":
            terminal.enter("sigterm")
            terminal.expect("Beginning")
        terminal.signal(signal.SIGTERM)
        assert terminal.ended() == 143
        assert terminal.echoes
    assert terminal.received.rfind("\x1b[?25l") < terminal.received.rfind("\x1b[?25h")
    assert "flue-client: terminated" in terminal.screen.text
    if during == "answer":
        assert local.flue.snapshot("slow", "sigterm-answer")["settlements"] == []
        local.let("sigterm")


def test_a_server_that_is_lost_in_mid_answer(tmp_path: Path) -> None:
    local = Local()
    with local.flue.run(), chat(local, tmp_path, "slow", "lost") as terminal:
        prompts(terminal, 1)
        terminal.enter("never answered")
        terminal.expect("Beginning")
        local.flue.close()
        terminal.expect("no connection, trying again")
        terminal.interrupt()
        terminal.expect("flue-client: ")
        prompts(terminal, 2)
        terminal.enter("/quit")
        assert terminal.ended() == 0
    assert "no connection" not in terminal.screen.text


def test_two_chats_share_one_conversation(local: Local, tmp_path: Path) -> None:
    with (
        chat(local, tmp_path, "slow", "shared") as one,
        chat(local, tmp_path, "slow", "shared") as other,
    ):
        for terminal in (one, other):
            prompts(terminal, 1)
        one.enter("shared")
        one.expect("Beginning")
        other.enter("meanwhile")
        local.let("shared")
        local.let("meanwhile")
        for terminal in (one, other):
            terminal.expect("Beginning and end.")
            prompts(terminal, 2)
            terminal.enter("/quit")
            assert terminal.ended() == 0
    outcomes = [each["outcome"] for each in local.flue.snapshot("slow", "shared")["settlements"]]
    assert outcomes == ["completed", "completed"]
