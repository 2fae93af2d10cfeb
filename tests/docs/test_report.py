"""The Python blocks of `docs/report.md` run, and write pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from flue_client_ext.report import MAX_ROWS, MAX_TEXT
from flue_client_ext.testing import demo_server

from .blocks import DOCS, Block, run_script, scripts

PAGE = DOCS / "report.md"


@pytest.mark.parametrize("block", scripts(PAGE), ids=lambda block: block.name)
def test_a_block_of_the_page_writes_a_report(block: Block, tmp_path: Path) -> None:
    server = demo_server()
    with server.run() as url:
        run_script(block, tmp_path, url)
    server.close()
    (written,) = tmp_path.glob("*.html")
    assert "calculator" in written.read_text(encoding="utf-8")


def test_the_page_states_the_limits() -> None:
    text = PAGE.read_text()
    assert f"{MAX_ROWS:,} steps" in text
    assert MAX_TEXT == 1_000_000


def test_the_picture_is_small() -> None:
    assert (DOCS / "report.png").stat().st_size < 200_000
