"""`examples/demo.py`, which `make demo` runs."""

from __future__ import annotations

from tests.servers.flue import FlueServer

from .support import run


def test_the_demo_shows_a_run_and_a_reply_of_the_local_server() -> None:
    done = run("demo", url="")
    assert done.returncode == 0, done.stderr
    assert "run_end" in done.stdout
    assert "The answer is 42." in done.stdout


def test_the_demo_shows_a_run_of_a_genuine_server(genuine: FlueServer) -> None:
    done = run("demo", "--url", genuine.url, url="")
    assert done.returncode == 0, done.stderr
    assert "run_end" in done.stdout
