"""Every Python block of the README runs, in a process of its own, on the local server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flue_client_ext.testing import demo_server

from .blocks import README, run_script, scripts

SCRIPTS = scripts(README)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with demo_server().run() as url:
        yield url


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_a_block_of_the_readme_runs_as_it_stands(number: int, url: str, tmp_path: Path) -> None:
    assert run_script(SCRIPTS[number], tmp_path, url).strip()
