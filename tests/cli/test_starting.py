"""What a command needs to start: few modules, and an extra that says how it is installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import pytest

from flue_client_ext.cli._commands import COMMANDS, LOCAL
from flue_client_ext.cli._group import group

from .conftest import Local
from .terminal import CLI, environment, piped

HEAVY = ("asyncio", "httpx", "prompt_toolkit", "rich", "jsonschema")


def imported(local: Local, tmp_path: Path, *arguments: str) -> set[str]:
    ran = subprocess.run(
        [CLI[0], "-X", "importtime", *CLI[1:], *arguments],
        env=environment(local.url),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}


def test_a_command_without_a_view_imports_nothing_heavy(local: Local, tmp_path: Path) -> None:
    run = ("run", "echo", "--input", "1", "--quiet")
    modules = imported(local, tmp_path, *run)
    assert "click" in modules
    assert [name for name in HEAVY if name in modules] == []


def test_without_the_extra_a_line_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError('no click', name='click')")
    env = environment()
    env["PYTHONPATH"] = f"{tmp_path}:{env['PYTHONPATH']}"
    ran = piped("get", "run_1", env=env, cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    checkout, published = 'pip install ".[cli]"', 'pip install "flue-client[cli]"'
    assert 0 < ran.stderr.find(checkout) < ran.stderr.find(published)
    helped = piped("dev", "--help", env=env, cwd=tmp_path)
    assert (helped.returncode, "MODULE:SERVER" in helped.stdout) == (0, True)


def test_dev_serves_through_this_command(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*CLI, "dev", "--port", "0"],
        env=environment(),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip().removeprefix("Flue on ")
    assert httpx.get(f"{url}/runs/run_1", trust_env=False).status_code == 404
    process.terminate()
    process.stdout.close()
    assert process.wait(60) == 0


@pytest.mark.parametrize("entry", [*COMMANDS, *LOCAL], ids=lambda entry: entry.name)
def test_every_command_is_there_and_helps(entry: object) -> None:
    import click

    name = entry.name  # type: ignore[attr-defined]
    context = click.Context(group, info_name="flue-client")
    command = group.get_command(context, name)
    assert command is not None
    assert command.help
    assert f"  {name} " in group.get_help(context)


def test_a_shell_completes_commands_and_options(tmp_path: Path) -> None:
    env = environment()
    script = piped("completion", "bash", env=env, cwd=tmp_path).stdout
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "flue-client"
    command.write_text(f'#!/bin/sh\nexec {" ".join(CLI)} "$@"\n')
    command.chmod(0o755)
    asked = (
        "COMP_WORDS=(flue-client follow --res); COMP_CWORD=2; _flue_client_completion flue-client;"
        ' echo "${COMPREPLY[@]}"'
    )
    ran = subprocess.run(
        ["bash", "--norc", "-c", script + asked],
        env={**env, "PATH": f"{tmp_path / 'bin'}:{env['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout.split() == ["--resume"]
