"""A test that hangs costs itself, not the run, and the report names the place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patiently
from tests.servers.node import CHECKOUT

LIMITS = (1, 4, 12)
"""Seconds: at first too few for a test of a busy machine, even for one that does nothing."""

IN_A_WAIT = "import threading\ndef hang(): threading.Event().wait()\n"
IN_C = "import itertools\ndef hang(): all(itertools.repeat(True))\n"
IN_A_TEST = "def test_hang(): hang()\n"
IN_A_FIXTURE = """
import pytest
@pytest.fixture(scope="session")
def late():
    yield
    hang()
def test_late(late): pass
"""
AFTER_A_FAILURE = """
import pytest
@pytest.fixture
def late():
    yield
    hang()
def test_late(late): raise ValueError
"""
AT_EXIT = """
import threading
def test_leaves(): threading.Thread(target=hang).start()
"""


def run(folder: Path, source: str, seconds: float, *options: str) -> tuple[int, str]:
    """Run a file of tests under this project's settings, with limits of so many seconds."""
    (folder / "test_it.py").write_text(source)
    (folder / "conftest.py").write_text(
        "from tests import limits\nfrom tests.limits import *\n"
        f"limits.EXIT_LIMIT = {float(seconds)}\n"
    )
    (folder / "test_other.py").write_text("def test_fine(): pass\n")
    settings = [f"--config-file={CHECKOUT / 'pyproject.toml'}", f"--rootdir={folder}"]
    limits = ["-o", f"timeout={seconds:g}", "-o", f"faulthandler_timeout={2 * seconds:g}"]
    plugins = ["-p", "pytest_timeout", "-p", "xdist"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *settings, *limits, *plugins, *options, str(folder)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("place", [IN_A_TEST, IN_A_FIXTURE], ids=["test", "fixture"])
def test_a_hanging_wait_fails_its_test_and_the_others_run(tmp_path: Path, place: str) -> None:
    def attempt(seconds: float) -> None:
        code, said = run(tmp_path, IN_A_WAIT + place, seconds)
        assert code == 1
        assert f"Timeout (>{seconds:.1f}s)" in said
        assert "test_it.py:2" in said
        assert "test_other.py ." in said

    patiently(attempt, *LIMITS)


@pytest.mark.parametrize(
    "hangs", [IN_C + IN_A_TEST, IN_A_WAIT + AFTER_A_FAILURE], ids=["in C", "after a failure"]
)
def test_a_test_beyond_exceptions_costs_a_worker_and_the_others_run(
    tmp_path: Path, hangs: str
) -> None:
    def attempt(seconds: float) -> None:
        code, said = run(tmp_path, hangs, seconds, "-n1")
        assert code == 1
        assert 'test_it.py", line 2 in hang' in said
        assert "crashed while running" in said
        assert "1 passed" in said

    patiently(attempt, *LIMITS)


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
def test_a_process_that_does_not_end_after_its_tests_is_ended(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    def attempt(seconds: float) -> None:
        code, said = run(tmp_path, IN_A_WAIT + AT_EXIT, seconds, *workers)
        assert code == (0 if workers else 1)
        assert "2 passed" in said
        assert 'test_it.py", line 2 in hang' in said

    patiently(attempt, *LIMITS)


def test_every_test_has_a_limit(pytestconfig: pytest.Config) -> None:
    limits = [float(pytestconfig.getini(n)) for n in ("timeout", "faulthandler_timeout")]
    assert 0 < limits[0] < limits[1]
