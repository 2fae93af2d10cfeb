"""The console blocks of a page: run in one shell, and what the page says that they print."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen
from packaging.requirements import Requirement

from flue_client_ext.testing._cli import arguments
from tests.cli.terminal import CLI, environment

from .blocks import ROOT, Block

TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
EXTRAS = {"cli", "testing", "opentelemetry"}
TUTORIAL = "../flue-tutorial"
"""The folder that the tutorial works in: beside the checkout, whose pytest settings are its own."""


@frozen
class Example:
    """A command of a block, and the lines that the page shows below it."""

    command: str
    shown: tuple[str, ...]

    def matches(self, printed: str) -> bool:
        """Whether it printed what is shown. `...` in a line stands for anything; as a line of its
        own, for any lines."""
        lines = ["(?:.*\n)*" if line == "..." else f"{_pattern(line)}\n" for line in self.shown]
        ended = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
        return re.fullmatch("".join(lines), ended) is not None


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.split("...")))


def examples(blocks: Iterable[Block]) -> list[Example]:
    found: list[Example] = []
    for line in "".join(block.code for block in blocks).splitlines():
        if line.startswith("$ "):
            found.append(Example(line[2:], ()))
        else:
            last = found.pop()
            found.append(Example(last.command, (*last.shown, line)))
    return found


def run(several: list[Example], folder: Path, url: str) -> list[str]:
    """Run the commands in one shell, against the server at `url`; return what each printed."""
    commands = folder / "bin"
    commands.mkdir()
    program = commands / "flue-client"
    program.write_text(f'#!/bin/sh\nexec {" ".join(CLI)} "$@"\n')
    program.chmod(0o755)
    env = environment(url)
    script = "".join(f"{each.command}\necho '---'\n" for each in several)
    ran = subprocess.run(
        ["bash", "--norc", "-eo", "pipefail", "-c", script],
        env={**env, "PATH": f"{commands}:{env['PATH']}"},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout.split("---\n")[:-1]


def understood(command: str) -> bool:
    """Whether a command that is not run, because it installs or serves, could be."""
    match shlex.split(command):
        case ["make", target]:
            return target in TARGETS
        case ["pip", "install", what, *more]:
            return _installs(what) and set(more) <= {"pytest"}
        case ["flue-client", "completion", *_] | ["flue-client", "chat", _, _]:
            return True
        case ["flue-client", *rest]:
            return arguments(rest).command in ("dev", "record", "replay")
        case ["export", variable]:
            return variable.startswith("FLUE_")
        case ["mkdir" | "cd", folder]:
            return folder == TUTORIAL
        case ["python3", "-m", "venv", folder]:
            return folder == f"{TUTORIAL}/.venv"
        case [".", script]:
            return script in (f"{TUTORIAL}/.venv/bin/activate", ".venv/bin/activate")
        case _:
            return False


def _installs(what: str) -> bool:
    """This checkout, or its wheel by name, with extras that exist."""
    requirement = Requirement(what.replace(".", "flue-client", 1) if what[0] == "." else what)
    return requirement.name == "flue-client" and requirement.extras <= EXTRAS
