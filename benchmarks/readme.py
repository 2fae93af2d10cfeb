"""The benchmarks' README: each report stands between two markers and is replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.report import Section

README = Path(__file__).with_name("README.md")


def write(name: str, section: Section) -> None:
    """Put a benchmark's report with its day, and the machine's description, in their places."""
    measured = f"{section.text()}\n\nMeasured on {datetime.now(UTC):%Y-%m-%d}, in one run."
    fill(README, {"machine": describe(), name: measured})


def fill(page: Path, places: Mapping[str, str]) -> None:
    """Replace what stands between `<!-- NAME -->` and `<!-- /NAME -->` on a page."""
    text = page.read_text()
    for place, content in places.items():
        begin, end = f"<!-- {place} -->\n", f"<!-- /{place} -->\n"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{page.name} has no place for {place}")
        text = f"{before}{begin}{content}\n{end}{after}"
    page.write_text(text)
