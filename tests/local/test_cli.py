"""The `flue-client` command."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest

from flue_client_ext._version import __version__
from flue_client_ext.testing import LocalFlue
from tests.contract.conversation import Conversation, text_of
from tests.local.support import ended
from tests.servers.http import client_of

CLI = [sys.executable, "-m", "flue_client_ext.testing._cli"]
ROOT = Path(__file__).parents[2]
FLOWS = """
from flue_client_ext.testing import LocalFlue
server = LocalFlue()
number = 7

@server.workflow("hello")
def hello(input, run):
    run.log("greeting\\nsomebody")
    return f"hello {input}"
"""


def environment() -> dict[str, str]:
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@contextmanager
def serving(
    folder: Path, *arguments: str, errors: IO[str] | None = None
) -> Generator[tuple[str, list[str]]]:
    """Run the command until it listens; yields the URL, and the lines that it prints behind it."""
    command = [*CLI, *arguments, "--port", "0"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=errors, text=True
    )
    assert process.stdout is not None
    printed: list[str] = []
    giving_up = threading.Timer(60, process.kill)  # what ends the reads below
    giving_up.start()
    reader = threading.Thread(target=take, args=(process.stdout, printed))
    reader.start()
    try:
        wait_for_line(printed, "Flue on ")
        yield printed.pop(0).removeprefix("Flue on "), printed
    finally:
        process.send_signal(signal.SIGINT)
        reader.join()
        process.stdout.close()
        process.wait(60)
        giving_up.cancel()
    assert process.returncode == 0


def take(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip("\n"))


def wait_for_line(printed: list[str], words: str) -> None:
    """Wait until the command has printed a line with these words."""
    until = time.monotonic() + 60
    while not any(words in line for line in list(printed)):
        assert time.monotonic() < until, printed
        time.sleep(0.01)


def test_dev_serves_the_ready_workflows_and_says_what_happens(tmp_path: Path) -> None:
    with serving(tmp_path, "dev", "--token", "it's 7") as (url, printed):
        headers = {"Authorization": "Bearer it's 7"}
        body = {"text": "hello"}
        path = f"{url}/workflows/summarize?wait=result"
        assert httpx.post(path, json=body, headers=headers).status_code == 200
        assert httpx.get(f"{url}/runs/x").status_code == 401
    assert printed[:2] == ["workflows: countdown, fail, research, summarize", "agents: assistant"]
    assert printed[2] == f"export FLUE_BASE_URL={url}"
    assert shlex.split(printed[3]) == ["export", "FLUE_TOKEN=it's 7"]
    assert not any("it's 7" in line for line in printed[4:])
    said = "\n".join(re.sub(r"^\d\d:\d\d:\d\d", "", line) for line in printed)
    assert " 200 POST /workflows/summarize?wait=result" in said
    assert " 401 GET /runs/x" in said
    assert re.search(r" \w{6} log summarizing", said)
    assert "\x1b" not in said


def test_dev_serves_the_ready_agent(tmp_path: Path) -> None:
    with serving(tmp_path, "dev") as (url, printed), client_of(url) as http:
        for name, text, answer in (
            ("a", "hello there", "You said: hello there "),
            ("b", "What is 6 * 7?", "Let me calculate.The answer is 42."),
        ):
            conversation = Conversation(http, "assistant", name)
            conversation.ask(text)
            assert text_of(conversation.history()["messages"][-1]) == answer
        wait_for_line(printed, "assistant/b tool-output 42")
        wait_for_line(printed, "assistant/a submission-settled completed")


def test_dev_speaks_like_the_generation_that_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, "dev", "--generation", "beta.3") as (url, printed):
        path = f"{url}/agents/assistant/a"
        answer = httpx.post(path, params={"wait": "result"}, json={"message": "hello"})
        assert answer.json()["result"]["text"] == "You said: hello "
        assert httpx.get(path).json()[-1]["type"] == "submission_settled"
        wait_for_line(printed, "assistant/a submission_settled")


def test_dev_serves_a_server_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "flows.py").write_text(FLOWS)
    for target in ("flows:server", "flows"):
        with serving(tmp_path, "dev", target) as (url, printed):
            answer = httpx.post(f"{url}/workflows/hello?wait=result", json="you")
            assert answer.json()["result"] == "hello you"
        assert any("log greeting somebody" in line for line in printed)


def refused(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a command that ends by itself; return its code and what it says in the last line."""
    ran = subprocess.run(
        [*CLI, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ran.returncode, (ran.stderr or ran.stdout).splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("dev flows:server --token t", 2, "give yours to LocalFlue(...)"),
        ("dev flows:server --store s", 2, "give yours to LocalFlue(...)"),
        ("dev flows:server --generation 2", 2, "give yours to LocalFlue(...)"),
        ("dev --port 65536", 2, "a port is a number from 0 to 65535, not '65536'"),
        ("dev --port http", 2, "a port is a number from 0 to 65535, not 'http'"),
        ("replay run.jsonl --speed 0", 2, "a speed is a number above 0, not '0'"),
        ("replay run.jsonl --speed fast", 2, "a speed is a number above 0, not 'fast'"),
        ("dev flows.py", 1, "flows.py is a file: name its module, as in flows:server"),
        ("dev flows.py:app", 1, "flows.py:app is a file: name its module, as in flows:app"),
        ("--version", 0, f"flue-client {__version__}"),
    ],
)
def test_a_command_that_cannot_work_is_refused_in_a_sentence(
    tmp_path: Path, command: str, code: int, words: str
) -> None:
    (tmp_path / "flows.py").write_text(FLOWS)
    returned, said = refused(tmp_path, *command.split())
    assert returned == code
    assert words in said


def test_dev_shows_where_a_workflow_failed(tmp_path: Path) -> None:
    with (tmp_path / "errors").open("w+") as errors:
        with serving(tmp_path, "dev", errors=errors) as (url, _):
            httpx.post(f"{url}/workflows/fail?wait=result", json={})
        errors.seek(0)
        said = errors.read()
    assert said.startswith("workflow fail failed in run_")
    assert "Traceback" in said
    assert said.endswith("RuntimeError: the demo workflow fails on purpose\n")


@pytest.mark.parametrize("target", ["flows:nothing", "flows:number", "nowhere:server"])
def test_dev_says_in_one_line_what_is_wrong_with_a_target(tmp_path: Path, target: str) -> None:
    (tmp_path / "flows.py").write_text(FLOWS)
    command = [*CLI, "dev", target, "--port", "0"]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("flue-client: ")
    assert ran.stderr.count("\n") == 1


def test_dev_keeps_runs_in_a_store(tmp_path: Path) -> None:
    store = ("dev", "--store", "runs.sqlite3")
    with serving(tmp_path, *store) as (url, _):
        answer = httpx.post(f"{url}/workflows/summarize?wait=result", json={"text": "a"})
    with serving(tmp_path, *store) as (url, _):
        assert len(httpx.get(f"{url}/runs/{answer.json()['runId']}").json()) == 3


def test_record_and_replay_go_through_a_file(server: LocalFlue, tmp_path: Path) -> None:
    run_id = ended(server, "count", 2)
    server.token = "t"
    command = [*CLI, "record", server.url, run_id, "run.jsonl"]

    def recorded(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    refused = recorded(environment())
    assert refused.returncode == 1
    assert "401" in refused.stderr
    done = recorded({**environment(), "FLUE_TOKEN": "t"})
    assert done.stdout == "run.jsonl: 4 events, completed\n"
    with serving(tmp_path, "replay", "run.jsonl") as (url, _):
        assert httpx.get(f"{url}/runs/{run_id}").json() == server.events(run_id)


SIGNALLED = """
import builtins, os, signal, sys
from flue_client_ext.testing import _cli

def announce(*arguments, **options):
    said(*arguments, **options)
    if "Ctrl-C ends it" in str(arguments):
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))

said, builtins.print = print, announce
sys.exit(_cli.main(["dev", "--port", "0"]))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_dev_ends_by_a_signal_as_soon_as_it_has_said_so(tmp_path: Path, name: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SIGNALLED, name],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
