"""CHANGELOG.md has the form of Keep a Changelog."""

from __future__ import annotations

import re

from .blocks import ROOT

LINES = (ROOT / "CHANGELOG.md").read_text().splitlines()
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
RELEASE = re.compile(r"\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d")


def headings(level: int) -> list[str]:
    mark = "#" * level + " "
    return [line.removeprefix(mark) for line in LINES if line.startswith(mark)]


def test_releases_have_dates_and_changes_have_kinds() -> None:
    releases = headings(2)
    assert releases[0] == "[Unreleased]"
    assert [each for each in releases if not RELEASE.fullmatch(each)] == []
    assert set(headings(3)) <= KINDS


def test_every_change_is_under_a_kind() -> None:
    kind = ""
    for line in LINES:
        if line.startswith("## "):
            kind = ""
        elif line.startswith("### "):
            kind = line
        assert not line.startswith("- ") or kind, line
