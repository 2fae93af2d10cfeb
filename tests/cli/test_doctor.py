"""`doctor`, started as a process: on a terminal, and between pipes."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.docs.blocks import DOCS
from tests.unary.forward_proxy import ForwardProxy

from .conftest import Local
from .terminal import Terminal, environment, piped

CANARY = "canary5f1d8c0b3e7a49f2a6d4"


def test_a_healthy_server_on_a_narrow_terminal(local: Local, tmp_path: Path) -> None:
    arguments = ("doctor", "--agent", "assistant", "--conversation", "new")
    env = environment(local.url)
    with Terminal(*arguments, env=env, cwd=tmp_path, size=(40, 60)) as terminal:
        terminal.expect("Nothing is wrong.")
        assert terminal.ended() == 0
        assert f"The base URL is {local.url}" in terminal.screen.text
        assert max(map(len, terminal.received.splitlines())) <= 60


def test_a_url_that_is_wrong_and_what_to_do(local: Local, tmp_path: Path) -> None:
    wrong = f"{local.url}/workflows/echo"
    done = piped("doctor", "--server", wrong, env=environment(), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(r"^error +Nothing of Flue .*\[prefix_wrong\]$", flat(done.stdout), re.M)
    assert f"> Use {local.url} as the base URL" in done.stdout
    assert done.stdout.endswith("\n1 error.\n")


def flat(text: str) -> str:
    """The text without the line breaks of wrapping."""
    return re.sub(r"\n {9}(?! |>)", " ", text)


def test_the_report_as_json(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    done = piped("doctor", "--json", env=env, cwd=tmp_path)
    report = json.loads(done.stdout)
    assert (done.returncode, report["healthy"], report["base_url"]) == (0, True, local.url)
    named = ("--agent", "no-such-agent", "--run", "run_none", "--timeout", "30")
    done = piped("doctor", "--json", *named, env=env, cwd=tmp_path)
    wrong = [
        each["code"] for each in json.loads(done.stdout)["findings"] if each["level"] != "info"
    ]
    assert (done.returncode, wrong) == (1, ["run_not_readable", "agent_not_found"])


def test_a_missing_server_is_a_finding_too(tmp_path: Path) -> None:
    done = piped("doctor", env=environment(), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "[base_url_invalid]" in done.stdout
    misused = piped("doctor", "--watch", "-1", env=environment(), cwd=tmp_path)
    assert (misused.returncode, misused.stdout) == (1, "")


def test_no_secret_is_printed(local: Local, tmp_path: Path) -> None:
    with ForwardProxy() as proxy:
        secret = f"http://user:{CANARY}@127.0.0.1:{proxy.port}"
        env = environment(local.url, FLUE_TOKEN=CANARY, http_proxy=secret)
        done = piped("doctor", "--header", f"x-key: {CANARY}", env=env, cwd=tmp_path)
        assert (done.returncode, CANARY in done.stdout + done.stderr) == (0, False)
        assert f"127.0.0.1:{proxy.port}, from http_proxy" in flat(done.stdout)


def test_the_page_names_options_that_exist(tmp_path: Path) -> None:
    help = piped("doctor", "--help", env=environment(), cwd=tmp_path).stdout
    text = (DOCS / "doctor.md").read_text()
    named = set(re.findall(r"`(--[a-z]+)[ `]", text))
    assert {"--json", "--run", "--watch", "--agent", "--conversation", "--path"} <= named
    assert all(option in help for option in named)
