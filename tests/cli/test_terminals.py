"""Terminals and pipes of all kinds, and text that would take them over."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from flue_client_ext import FlueClient

from .conftest import HOSTILE, Local
from .terminal import Terminal, environment, piped

RESEARCH = ("run", "research", "--input", '{"pace": 0.01}')


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_every_character_comes_out_in_an_old_encoding(
    local: Local, tmp_path: Path, encoding: str
) -> None:
    env = environment(local.url, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    ran = piped(*RESEARCH, env=env, cwd=tmp_path)
    assert (ran.returncode, "Traceback" in ran.stderr) == (0, False)
    assert json.loads(ran.stdout)["result"]["answer"].endswith("🎉")
    assert "\\U0001f389" in ran.stderr
    assert "+ completed" in ran.stderr
    events = ("events", json.loads(ran.stdout)["runId"], "--format", "pretty")
    assert "\\U0001f389" in piped(*events, env=env, cwd=tmp_path).stdout


def test_a_dumb_terminal_gets_lines_only(local: Local, tmp_path: Path) -> None:
    env = environment(local.url, TERM="dumb")
    with Terminal(*RESEARCH, env=env, cwd=tmp_path) as terminal:
        assert terminal.ended() == 0
    assert "\x1b" not in terminal.received
    assert "✓ completed" in terminal.screen.text


def test_no_color_is_obeyed_on_a_narrow_terminal(local: Local, tmp_path: Path) -> None:
    env = environment(local.url, NO_COLOR="1")
    with Terminal(*RESEARCH, env=env, cwd=tmp_path, size=(6, 20)) as terminal:
        assert terminal.ended() == 0
    assert re.search(r"\x1b\[(\d+;)*(3|4|9)\d", terminal.received) is None
    assert "✓ completed" in terminal.screen.text
    text = " ".join(terminal.screen.text.split())
    assert text.count("the answer to much else.") == 1


@pytest.mark.parametrize("format", ["pretty", "ndjson"])
def test_text_of_the_server_cannot_steer_the_terminal(
    local: Local, tmp_path: Path, format: str
) -> None:
    with FlueClient(local.url, token=None) as client:
        run = client.workflows.invoke("hostile", input="fail").run_id
    command = ("follow", run, "--format", format)
    with Terminal(*command, env=environment(local.url), cwd=tmp_path, size=(40, 3000)) as terminal:
        assert terminal.ended() == 2
    harmless = r"\x1b\[(\d*;?)*[mAK]|\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh]"
    rest = re.sub(harmless, "", terminal.received)
    assert re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u202e]", rest) is None
    assert "\x1b[31mred" not in terminal.received
    assert terminal.screen.title == ""
    if format == "ndjson":
        logs = [json.loads(line) for line in terminal.screen.text.splitlines() if '"log"' in line]
        assert [event["message"] for event in logs if event["type"] == "log"] == [HOSTILE]


def test_a_record_with_hostile_text_is_harmless_too(local: Local, tmp_path: Path) -> None:
    with FlueClient(local.url, token=None) as client:
        run = client.workflows.run("hostile", input="end").run_id
    with Terminal("get", run, env=environment(local.url), cwd=tmp_path) as terminal:
        assert terminal.ended() == 0
    assert re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", terminal.received) is None
    assert json.loads(terminal.received)["result"] == {"said": HOSTILE}


def test_a_reader_that_leaves_early_is_no_failure_to_tell(local: Local, tmp_path: Path) -> None:
    import subprocess

    from .terminal import CLI

    with FlueClient(local.url, token=None) as client:
        run = client.workflows.run("research", input={"pace": 0}).run_id
    reader, stdout = os.pipe()
    os.close(reader)  # before there is anything to read
    process = subprocess.Popen(
        [*CLI, "events", run],
        env=environment(local.url),
        cwd=tmp_path,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    os.close(stdout)
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 1
