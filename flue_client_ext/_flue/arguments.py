"""Checks the arguments that only Flue's calls take."""

from __future__ import annotations

import re
from typing import Literal

from .._values.checks import several, text, whole, wrong_value

_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def segment(value: object, what: str) -> str:
    """Return `value` if it can be one segment of a URL's path."""
    given = text(value, what)
    if given in ("", ".", ".."):
        raise ValueError(f"{what} must not be {given!r}: it would address another route")
    if _UNUSABLE.search(given):
        raise ValueError(f"{what} must not contain control characters or lone surrogates")
    return given


def run_ids(value: object) -> list[str]:
    return [segment(run_id, "run_id") for run_id in several(value, "run_ids")]


def tail(value: object) -> int | None:
    return None if value is None else whole(value, "tail", 1)


def wait(value: object) -> Literal["result"] | None:
    if value is None:
        return None
    if value == "result":
        return "result"
    raise wrong_value("wait", '"result" or left out', value)


def concurrency(value: object) -> int:
    return whole(value, "concurrency", 1)
