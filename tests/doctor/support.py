"""A diagnosis that takes no longer than it must, and what is asked of a report."""

from __future__ import annotations

from typing import Any

from flue_client_ext.doctor import Finding, Report, diagnose

PATIENCE = 10.0
"""Seconds for what does come."""
SHORT = 0.3
"""Seconds for what does not come: long enough for a busy machine to send what does."""


def report(url: str | None, **options: Any) -> Report:
    return diagnose(url, **{"timeout": PATIENCE, "watch": 0.0, **options})


def only(report: Report, code: str) -> Finding:
    """Return the finding of this code, of which there is one."""
    (found,) = [each for each in report.findings if each.code == code]
    return found


def wrong(report: Report) -> list[str]:
    """The codes of what is wrong."""
    return [each.code for each in report.findings if each.level != "info"]


def the_wrong(url: str | None, code: str, **options: Any) -> Finding:
    """Diagnose, and return the one thing that is wrong, which has this code."""
    made = report(url, **options)
    assert wrong(made) == [code], made
    assert not made.healthy
    found = only(made, code)
    assert found.advice
    return found
