"""The Python block of `docs/doctor.md`, where something is wrong."""

from __future__ import annotations

from pathlib import Path

from flue_client_ext.testing import demo_server

from .blocks import DOCS, run_script, scripts

(SCRIPT,) = scripts(DOCS / "doctor.md")


def test_the_block_of_the_page_says_what_is_wrong(tmp_path: Path) -> None:
    with demo_server().run() as url:
        told = run_script(SCRIPT, tmp_path, f"{url}/workflows")
    assert told.startswith("prefix_wrong\n")
    assert told.endswith("something is wrong\n")
