"""What `docs/report.md` states, and the picture on it."""

from __future__ import annotations

from flue_client_ext.report import MAX_ROWS, MAX_TEXT

from .blocks import DOCS

PAGE = DOCS / "report.md"


def test_the_page_states_the_limits() -> None:
    text = PAGE.read_text()
    assert f"{MAX_ROWS:,} steps" in text
    assert MAX_TEXT == 1_000_000


def test_the_picture_is_small() -> None:
    assert (DOCS / "report.png").stat().st_size < 200_000
