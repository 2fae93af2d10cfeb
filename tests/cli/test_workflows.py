"""`invoke`, `run`, `get`, `events` and `follow`, started as processes."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext import Checkpoint, FlueClient

from .conftest import Local
from .terminal import Terminal, environment, piped

SUMMARY = {"summary": "Hello big wide world"}
TEXT = json.dumps({"text": "Hello big wide world"})


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def started(local: Local, name: str, input: Any) -> str:
    with FlueClient(local.url, token=None) as client:
        return client.workflows.invoke(name, input=input).run_id


def test_results_are_json_on_stdout_and_nothing_else(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    (tmp_path / "input.json").write_text(TEXT)
    first = piped("invoke", "summarize", "--input", "@input.json", env=env, cwd=tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    (run,) = json.loads(first.stdout).values()

    waiting = ("invoke", "summarize", "--input=-", "--wait")
    waited = piped(*waiting, env=env, cwd=tmp_path, input=TEXT)
    assert json.loads(waited.stdout)["result"] == SUMMARY

    ran = piped("run", "summarize", "--input", TEXT, "-q", env=env, cwd=tmp_path)
    assert (ran.stderr, json.loads(ran.stdout)["result"]) == ("", SUMMARY)

    listed = piped("events", run, "--types", "run_start, run_end", env=env, cwd=tmp_path)
    assert [event["type"] for event in lines(listed.stdout)] == ["run_start", "run_end"]
    assert lines(listed.stdout)[-1]["result"] == SUMMARY
    record = json.loads(piped("get", run, env=env, cwd=tmp_path).stdout)
    assert (record["runId"], record["status"]) == (run, "completed")


def test_the_view_of_a_run_that_is_piped_is_plain_lines(local: Local, tmp_path: Path) -> None:
    env = environment(local.url, FORCE_COLOR="1")
    ran = piped("run", "research", "--input", '{"pace": 0}', env=env, cwd=tmp_path)
    assert json.loads(ran.stdout)["result"]["answer"].startswith("The answer is **42**")
    assert "\x1b" not in ran.stderr
    shown = ran.stderr.splitlines()
    assert shown[0].startswith("▸ research run_")
    assert "The answer is **42**, which is also the answer to much else. 🎉" in shown
    assert any(re.fullmatch(r"✓ tool calculator: 42  \S+ m?s", line) for line in shown)
    assert re.fullmatch(r"✓ completed  \S+ m?s · 342 tokens", shown[-1])
    some = ("events", json.loads(ran.stdout)["runId"], "--types=text_delta", "--format=pretty")
    said = piped(*some, env=env, cwd=tmp_path).stdout.splitlines()
    assert (len(said), said[0]) == (2, "Let me work that out.")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("run fail --input {}", 2, "the demo workflow fails on purpose"),
        ("invoke fail --input {} --wait", 2, "500"),
        ("get run_unknown", 1, "404 run_not_found"),
        ("get run_1 --server http://127.0.0.1:1", 1, "Connection refused"),
        ("events run_1 --server http://127.0.0.1:1", 1, "Connection refused"),
        ("invoke fail --wait --server http://127.0.0.1:1", 1, "Connection refused"),
        ("ask assistant a hello --server http://127.0.0.1:1", 1, "Connection refused"),
        ("run summarize --input nonsense", 1, "Invalid value for '--input': this is not JSON"),
        ("get run_1 --header tokenwithoutname", 1, "a header is written 'Name: value'"),
        ("follow", 1, "Missing argument 'RUN'"),
        ("nonsense", 1, "No such command 'nonsense'"),
        ("get run_1 --server http://me:secret@host", 1, "must not contain a user name"),
    ],
)
def test_a_failure_is_a_line_on_stderr_and_an_exit_code(
    local: Local, tmp_path: Path, command: str, code: int, words: str
) -> None:
    ran = piped(*command.split(), env=environment(local.url), cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ("flue-client doctor" in ran.stderr) == ("Connection refused" in words)
    assert "not known" not in ran.stderr  # a refused connection has carried nothing
    assert "goes on" not in ran.stderr
    assert "--offset" not in ran.stderr  # nothing was read
    assert "tokenwithoutname" not in ran.stderr
    assert "secret" not in ran.stderr


def test_a_missing_server_is_named(tmp_path: Path) -> None:
    ran = piped("get", "run_1", env=environment(), cwd=tmp_path)
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert "--server" in ran.stderr
    assert "FLUE_BASE_URL" in ran.stderr


def test_the_token_and_headers_are_sent_and_not_shown(tmp_path: Path) -> None:
    from flue_client_ext.testing import demo_server

    with demo_server(token="open sesame").run() as url:
        env = environment(url, FLUE_TOKEN="open sesame")
        known = piped("invoke", "countdown", "--input", '{"start": 0}', env=env, cwd=tmp_path)
        unknown = ("get", "run_1", "--header", "Authorization: Bearer wrong secret")
        refused = piped(*unknown, env=env, cwd=tmp_path)
    assert known.returncode == 0
    assert (refused.returncode, "401" in refused.stderr) == (1, True)
    assert "secret" not in refused.stderr


def test_a_run_on_a_terminal_is_shown_as_it_goes_and_ctrl_c_says_how_to_go_on(
    local: Local, tmp_path: Path
) -> None:
    env = environment(local.url)
    with Terminal("run", "held", "--input", '"ctrl-c"', env=env, cwd=tmp_path) as terminal:
        terminal.expect("info holding")
        terminal.until(lambda: re.search(r"\d\.\d s", terminal.screen.text) is not None, "a time")
        terminal.interrupt()
        assert terminal.ended() == 130
        shown = terminal.screen.text
    assert "flue-client: interrupted" in shown
    assert re.search(r"\d\.\d s", shown) is None, "the region is gone"
    said = re.search(r"flue-client\s+follow\s+(run_\w+)\s+--offset=([\w-]+)", shown)
    assert said, shown
    with Terminal("follow", said[1], env=env, cwd=tmp_path) as terminal:
        terminal.expect("info holding")
        terminal.interrupt()
        assert terminal.ended() == 130
        assert f"Run {said[1]} goes on at the server" in " ".join(terminal.screen.text.split())
    local.let("ctrl-c")
    again = piped("follow", said[1], f"--offset={said[2]}", env=env, cwd=tmp_path)
    assert lines(again.stdout)[-1]["result"] == {"held": "ctrl-c"}


def test_a_killed_run_goes_on_by_its_file_and_is_started_once(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    command = ("run", "held", "--input", '"killed"', "--resume", "position.json")
    with Terminal(*command, env=env, cwd=tmp_path) as terminal:
        terminal.expect("info holding")
        saved = tmp_path / "position.json"
        terminal.until(saved.exists, "the file")
        terminal.kill()
    run = Checkpoint.load(saved)
    assert run is not None
    local.let("killed")
    again = piped(*command, env=env, cwd=tmp_path)
    assert json.loads(again.stdout) == {"runId": run.run_id, "result": {"held": "killed"}}
    assert f"Going on with run {run.run_id}" in again.stderr
    assert json.loads(piped(*command, env=env, cwd=tmp_path).stdout) == json.loads(again.stdout)
    assert local.started.count("killed") == 1


def test_events_come_once_over_two_calls_with_one_file(local: Local, tmp_path: Path) -> None:
    run = started(local, "held", "twice")
    env = environment(local.url)
    command = ("follow", run, "--format", "ndjson", "--resume", "position.json")
    with Terminal(*command, env=env, cwd=tmp_path, size=(24, 400)) as terminal:
        terminal.expect("holding")
        terminal.interrupt()
        assert terminal.ended() == 130
        first = [line for line in terminal.screen.text.splitlines() if line.startswith("{")]
        assert "position.json" in terminal.screen.text
    local.let("twice")
    second = piped(*command, env=env, cwd=tmp_path)
    assert second.returncode == 0
    assert [json.loads(line) for line in first] + lines(second.stdout) == local.flue.events(run)
    third = piped(*command, env=env, cwd=tmp_path)
    assert (third.returncode, third.stdout) == (0, "")


def test_the_answer_is_shown_once_on_a_terminal_that_moves(local: Local, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    command = ("run", "research", "--input", '{"pace": 0.02}')
    env = environment(local.url)
    with Terminal(*command, env=env, cwd=tmp_path, out=out) as terminal:
        assert terminal.ended() == 0
        shown = terminal.screen.text
    assert json.loads(out.read_text())["result"]["question"]
    assert shown.count("The answer is **42**") == 1
    assert shown.count("Let me work that out.") == 1
    assert re.search(r"✓ completed  \S+ m?s · 342 tokens", shown)
    assert "\x1b[?25h" in terminal.received, "the cursor is shown again"


def test_sigterm_saves_the_position_and_says_how_to_go_on(local: Local, tmp_path: Path) -> None:
    run = started(local, "held", "terminated")
    command = ("follow", run, "--format", "ndjson", "--resume", "position.json", "--offset=now")
    env = environment(local.url)
    with Terminal("follow", run, env=env, cwd=tmp_path) as terminal:
        terminal.expect("info holding")
        terminal.signal(signal.SIGTERM)
        assert terminal.ended() == 143
        assert "flue-client: terminated" in terminal.screen.text
        assert re.search(r"flue-client\s+follow\s+run_", terminal.screen.text)
    local.let("terminated")
    rest = piped(*command, env=env, cwd=tmp_path)  # whether or not there is anything to come
    assert (rest.returncode, rest.stderr) == (0, "")
