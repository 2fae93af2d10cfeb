"""`report`, started as a process: the page is a file, and nothing is said on stdout."""

from __future__ import annotations

from pathlib import Path

import pytest

from flue_client_ext import FlueClient

from .conftest import Local
from .terminal import environment, piped


def test_the_report_of_a_run_is_a_file(local: Local, tmp_path: Path) -> None:
    with FlueClient(local.url, token=None) as client:
        run = client.workflows.run("research", input={"pace": 0}).run_id
    wrote = piped("report", run, "-o", "run.html", env=environment(local.url), cwd=tmp_path)
    assert (wrote.returncode, wrote.stdout, wrote.stderr) == (0, "", "wrote run.html\n")
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    for words in (run, "research", "calculator", "342 (300 in, 42 out)", "🎉"):
        assert words in page


def test_the_report_of_a_conversation_has_its_times(local: Local, tmp_path: Path) -> None:
    with FlueClient(local.url, token=None) as client:
        client.agents.conversation("assistant", "of-a-report").ask("6 * 7")
    target = ("assistant", "of-a-report")
    wrote = piped("report", *target, env=environment(local.url), cwd=tmp_path)
    assert wrote.returncode == 0, wrote.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "assistant / of-a-report" in page
    assert "<rect" in page


def test_a_page_on_stdout_is_utf_8_in_any_encoding(local: Local, tmp_path: Path) -> None:
    with FlueClient(local.url, token=None) as client:
        run = client.workflows.run("hostile", input=1).run_id
    env = environment(local.url, PYTHONIOENCODING="cp1252")
    wrote = piped("report", run, "--output", "-", env=env, cwd=tmp_path)
    assert (wrote.returncode, wrote.stderr) == (0, "")
    assert wrote.stdout.startswith("<!DOCTYPE html>")
    assert "\x1b" not in wrote.stdout
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("target", ["run_unknown", "assistant unknown"])
def test_what_does_not_exist_makes_no_file(local: Local, tmp_path: Path, target: str) -> None:
    failed = piped("report", *target.split(), env=environment(local.url), cwd=tmp_path)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "404" in failed.stderr
    assert [*tmp_path.iterdir()] == []
