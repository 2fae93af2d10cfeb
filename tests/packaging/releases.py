"""What `make build` tries: the files of `dist/`, installed alone and with each extra.

Each installation takes seconds, so `make test` leaves them out.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, Built, Environment

#: What an extra is for, each tried in a process of its own.
USES = {
    "cli": "from flue_client_ext.cli._group import group; group(['run', '--help'])",
    "testing": (
        "from flue_client_ext import FlueClient; from flue_client_ext.testing import demo_server\n"
        "with demo_server().run() as url, FlueClient(url) as client:\n"
        "    print(client.agents.conversation('assistant', 'a').ask('hello').text)"
    ),
    "opentelemetry": "import opentelemetry.context as c, flue_client_ext as f; print(c, f.errors)",
}


@pytest.fixture(scope="session")
def built() -> Built:
    """What `make build` has made."""
    dist = ROOT / "dist"
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    return Built(wheel, sdist)


@pytest.mark.parametrize("extra", USES)
def test_the_wheel_works_with_an_extra(built: Built, extra: str, tmp_path: Path) -> None:
    environment = Environment(tmp_path / extra)
    environment.install(f"flue-client[{extra}] @ {built.wheel.as_uri()}")
    said = environment.run("-I", "-W", "error", "-c", USES[extra])
    assert said.strip()


def test_the_source_distribution_installs_by_itself(built: Built, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "sdist")
    environment.install(built.sdist)
    assert "FlueClient" in environment.run(
        "-I", "-c", "import flue_client_ext as f; print(f.FlueClient)"
    )


#: Wrong in one line, so that a checker which does not see the types would show.
TYPED = """
from flue_client_ext import FlueClient, RunEndEvent
from flue_client_ext.testing import LocalFlue

def result(client: FlueClient, server: LocalFlue) -> str:
    for event in client.runs.stream("run_1"):
        if event.type == "run_end":
            end: RunEndEvent = event
            print(end.workflow_name)
    return server.url
"""


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_the_installed_wheel_is_typed(checker: str, installed: Environment, tmp_path: Path) -> None:
    """The attribute `workflow_name` is that of another event: the one error of the program."""
    (tmp_path / "program.py").write_text(TYPED)
    options = {
        "mypy": ("--strict", f"--python-executable={installed.python}", "--no-error-summary"),
        "pyright": (f"--pythonpath={installed.python}",),
    }
    checked = subprocess.run(
        [sys.executable, "-m", checker, *options[checker], "program.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        timeout=240,
    )
    errors = [
        line for line in checked.stdout.splitlines() if "error" in line and "program.py" in line
    ]
    assert checked.returncode == 1, checked.stdout
    (error,) = errors
    assert "workflow_name" in error
