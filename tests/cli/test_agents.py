"""`ask`, `history` and `watch`, started as processes."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from flue_client_ext import FlueClient
from flue_client_ext.testing import ConversationContext, LocalFlue, Message
from tests.servers.flue2 import Flue2Server

from .conftest import HOSTILE, Local
from .terminal import Terminal, environment, piped
from .test_workflows import lines


def asked(local: Local, id: str, text: str) -> str:
    with FlueClient(local.url, token=None) as client:
        return client.agents.conversation("assistant", id).ask(text).submission_id


def test_a_reply_is_json_on_stdout_and_shown_on_stderr(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    ran = piped("ask", "assistant", "ask-1", "-", env=env, cwd=tmp_path, input="What is 6 * 7?")
    reply = json.loads(ran.stdout)
    assert (ran.returncode, reply["text"]) == (0, "Let me calculate.\n\nThe answer is 42.")
    assert [reply["submissionId"]] == local.flue.submission_ids("assistant", "ask-1")
    shown = ran.stderr.splitlines()
    assert shown[:2] == ["A product.", "Let me calculate."]
    assert re.match(r'✓ tool calculator \{"a": 6, "b": 7\}: 42  \S+ m?s', shown[2])
    assert shown[3:] == ["The answer is 42."]

    history = piped("history", "assistant", "ask-1", env=env, cwd=tmp_path)
    snapshot = local.flue.snapshot("assistant", "ask-1")
    assert lines(history.stdout) == snapshot["messages"]
    pretty = ("history", "assistant", "ask-1", "--format=pretty")
    shown = piped(*pretty, env=env, cwd=tmp_path).stdout.splitlines()
    assert shown[:3] == ["you", "What is 6 * 7?", "assistant"]
    assert shown[-1] == "The answer is 42."


def test_a_failed_submission_is_exit_code_2(local: Local, tmp_path: Path) -> None:
    ran = piped("ask", "fails", "f", "x", "-q", env=environment(local.url), cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "the model refuses" in ran.stderr


def test_text_that_is_taken_back_is_gone_from_the_screen(local: Local, tmp_path: Path) -> None:
    command = ("ask", "retries", "r", "retried")
    with Terminal(*command, env=environment(local.url), cwd=tmp_path) as terminal:
        terminal.expect("The first attempt.")
        local.let("retried")
        assert terminal.ended() == 0
    assert "The first" not in terminal.screen.text
    assert re.fullmatch(r"The second\.\n\d\S* m?s", terminal.screen.text.strip())
    updates = ("watch", "retries", "r", "--once", "--format=pretty", "--offset=-1")
    shown = piped(*updates, env=environment(local.url), cwd=tmp_path).stdout
    taken_back = "The first attempt.\n(what was said so far is taken back)\n"
    assert shown == f"you\nretried\nassistant\n{taken_back}The second.\n✓ completed\n"


def test_an_interrupted_question_is_finished_by_its_key(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    command = ("ask", "slow", "s", "wait for it")
    with Terminal(*command, env=env, cwd=tmp_path, size=(24, 300)) as terminal:
        terminal.expect("Beginning")
        terminal.interrupt()
        assert terminal.ended() == 130
        said = re.search(r"To go on.*: flue-client (.*)", terminal.screen.text)
    assert said, terminal.screen.text
    local.let("wait for it")
    again = piped(*shlex.split(said[1]), env=env, cwd=tmp_path)
    assert json.loads(again.stdout)["text"] == "Beginning and end."
    assert len(local.flue.submission_ids("slow", "s")) == 1


def test_updates_come_once_over_several_calls_with_one_file(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    command = ("watch", "assistant", "w", "--once", "--resume", "position.json")
    settled = "--types=submission-settled"
    first = asked(local, "w", "hello")
    ran = piped(*command, settled, env=env, cwd=tmp_path)
    assert [chunk["submissionId"] for chunk in lines(ran.stdout)] == [first]
    second = asked(local, "w", "again")
    ran = piped(*command, settled, env=env, cwd=tmp_path)
    assert [chunk["submissionId"] for chunk in lines(ran.stdout)] == [second]
    assert piped(*command, env=env, cwd=tmp_path).stdout == ""


def test_a_watched_conversation_is_drawn_as_it_grows(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    with Terminal("watch", "slow", "watched", env=env, cwd=tmp_path) as terminal:
        terminal.expect("There is no such conversation yet.")
        with FlueClient(local.url, token=None) as client:
            conversation = client.agents.conversation("slow", "watched")
            sent = conversation.send("watched")
            terminal.expect("the agent is at work")
            terminal.expect("Beginning")
            local.let("watched")
            conversation.wait(sent)
        terminal.expect("Beginning and end.")
        terminal.expect("waiting")
        terminal.interrupt()
        assert terminal.ended() == 130
    shown = [line for line in terminal.screen.text.splitlines() if line]
    at = shown.index("you")
    assert shown[at : at + 4] == ["you", "watched", "assistant", "Beginning and end."]
    assert "To go on: flue-client watch slow watched" in terminal.screen.text


def test_tokens_and_cost_are_shown_where_the_agent_tells_them(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    ran = piped("ask", "counts", "c1", "x", env=env, cwd=tmp_path)
    assert re.fullmatch(r"\S+ m?s · 1,234 tokens · \$0\.0125", ran.stderr.splitlines()[-1])
    shown = piped("history", "counts", "c1", "--format=pretty", env=env, cwd=tmp_path).stdout
    assert "\nassistant  1,234 tokens · $0.0125\nCounting\n✓ tool add" in shown
    watching = ("watch", "counts", "c1", "--once", "--format=pretty")
    some = "--types=message-appended,message-delta,message-metadata,submission-settled"
    shown = piped(*watching, some, env=env, cwd=tmp_path).stdout
    assert shown == "you\nx\nCounting\nis done.\n✓ completed  1,234 tokens  $0.0125\n"


def test_updates_are_shown_as_they_come_and_resumed(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    command = ("watch", "slow", "pretty", "--resume", "position.json", "--format=pretty")
    with FlueClient(local.url, token=None) as client:
        conversation = client.agents.conversation("slow", "pretty")
        sent = conversation.send("pretty-1")
        with Terminal(*command, env=env, cwd=tmp_path) as terminal:
            terminal.expect("Beginning")
            terminal.expect("pretty-1")
            local.let("pretty-1")
            terminal.expect("✓ completed")
            terminal.interrupt()
            assert terminal.ended() == 130
        conversation.wait(sent)
        local.let("pretty-2")
        conversation.ask("pretty-2")
    assert terminal.screen.text.count("Beginning and end.") == 1
    assert "give the same command: the position is in position.json" in terminal.screen.text
    shown = piped(*command, "--once", env=env, cwd=tmp_path).stdout
    assert shown == "you\npretty-2\nassistant\nBeginning and end.\n✓ completed\n"
    last = ("watch", "slow", "pretty", "--once", "--tail=1")
    assert lines(piped(*last, env=env, cwd=tmp_path).stdout)[0]["type"] == "submission-settled"


def test_a_killed_question_goes_on_by_its_file_and_is_sent_once(
    local: Local, tmp_path: Path
) -> None:
    env = environment(local.url)
    command = ("ask", "slow", "killed", "killed ask", "--resume", "message.json")
    with Terminal(*command, env=env, cwd=tmp_path) as terminal:
        terminal.expect("Beginning")
        terminal.kill()
    local.let("killed ask")
    again = piped(*command, env=env, cwd=tmp_path)
    assert json.loads(again.stdout)["text"] == "Beginning and end."
    assert "Going on with the message whose key is in message.json" in again.stderr
    assert len(local.flue.submission_ids("slow", "killed")) == 1
    other = piped("ask", "slow", "x", "y", "--resume", "message.json", env=env, cwd=tmp_path)
    assert (other.returncode, "no key of a message to slow x" in other.stderr) == (1, True)


def test_an_answer_cannot_steer_the_terminal(local: Local, tmp_path: Path) -> None:
    command = ("ask", "hostile", "h", HOSTILE.replace("\0", ""))
    with Terminal(*command, env=environment(local.url), cwd=tmp_path) as terminal:
        assert terminal.ended() == 0
    assert "\x1b[31m" not in terminal.received
    assert "\x1b]0" not in terminal.received
    assert "\\x1b[31mred" in terminal.screen.text


def test_a_genuine_server_is_asked_and_watched(genuine2: Flue2Server, tmp_path: Path) -> None:
    env = environment(genuine2.url)
    ran = piped("ask", "tools", "cli", "6/3", env=env, cwd=tmp_path)
    assert json.loads(ran.stdout)["text"].endswith('The tool says {"quotient":2}.'), ran.stderr
    assert re.search(r'✓ tool divide \{"a": 6, "b": 3\}: \{"quotient": 2\}', ran.stderr)
    failed = piped(
        "ask", "tools", "cli", "6/3", "--server", f"{genuine2.url}/x", env=env, cwd=tmp_path
    )
    assert (failed.returncode, "404" in failed.stderr, "doctor" in failed.stderr) == (1, True, True)
    watched = piped("watch", "tools", "cli", "--once", env=env, cwd=tmp_path)
    assert lines(watched.stdout)[-1]["type"] == "submission-settled"


def test_updates_go_on_behind_a_compaction_in_mid_text(tmp_path: Path) -> None:
    flue = LocalFlue(delta_hold=0.0)

    @flue.agent("compacts")
    def compacts(message: Message, conversation: ConversationContext) -> None:
        def words() -> Iterator[str]:
            yield "Before "
            conversation.compact()
            yield "and after."

        conversation.reply(words())

    with flue.run() as url:
        env = environment(url)
        assert piped("ask", "compacts", "c", "x", "-q", env=env, cwd=tmp_path).returncode == 0
        watching = ("watch", "compacts", "c", "--once", "--format=pretty", "--offset=-1")
        shown = piped(*watching, env=env, cwd=tmp_path).stdout
    assert shown == "you\nx\nassistant\nBefore and after.\n✓ completed\n"
