"""The distributions, built once, and an empty environment with the wheel in it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Built(NamedTuple):
    wheel: Path
    sdist: Path


def run(*command: str | Path, cwd: Path = ROOT, **more: str) -> str:
    """Run a program to its end and return what it printed; on failure, show all of it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**environment, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A wheel that was built from the source distribution, as an installer would do it."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(wheel, sdist)


class Environment:
    """A virtual environment without pip and without this checkout."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.folder = folder
        self.python = folder / "bin" / "python"

    def install(self, *what: str | Path) -> None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        run(*pip, "--python", self.python, "install", "--quiet", *what)

    def run(self, *arguments: str | Path, **more: str) -> str:
        """Run Python outside the checkout, so that only what is installed can be imported."""
        return run(self.python, *arguments, cwd=self.folder, **more)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that holds the wheel and what it depends on, and nothing else."""
    environment = Environment(tmp_path_factory.mktemp("empty"))
    environment.install(built.wheel)
    return environment
