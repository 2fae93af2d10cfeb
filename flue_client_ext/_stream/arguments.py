"""Checks the arguments that calls and streams take, for every kind of resource."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any, Literal, TypeAlias

from .._values.checks import mapping, number, text, whole, wrong_type, wrong_value
from .backoff import BackoffOptions
from .credentials import Credentials
from .options import Live, ReadOptions
from .sse import MAX_FRAME_BYTES

LiveOption: TypeAlias = bool | Literal["long-poll", "sse", "auto"]

_LIVE: dict[Any, Live] = {
    True: "long-poll",
    False: None,
    "long-poll": "long-poll",
    "sse": "sse",
    "auto": "auto",
}
_PROTOCOLS_OWN = ("offset", "live", "cursor")


class Unset:
    """The type of `UNSET`: an argument that was left out, where `None` means something.

    A function that passes options on has it as their default:
    `def fetch(run_id: str, timeout: float | None | Unset = UNSET)`.
    """

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"


UNSET = Unset()


def _offset(value: object) -> str:
    given = text(value, "offset")
    if not given or not given.isprintable():
        raise wrong_value("offset", '"-1", "now" or an offset that a server has returned', value)
    return given


def live_mode(value: object) -> Live:
    if isinstance(value, bool | str) and value in _LIVE:
        return _LIVE[value]
    raise wrong_value("live", 'True, False, "long-poll", "sse" or "auto"', value)


def timeout(value: object) -> float | None:
    if value is None:
        return None
    allowed = "a number of seconds above 0 (or None for no limit)"
    seconds = number(value, "timeout", allowed, lambda given: given > 0)
    return None if seconds == inf else float(seconds)


def call_timeout(given: float | None | Unset, default: float | None) -> float | None:
    """The deadline of a call: its own, or the default when it was left out."""
    return default if isinstance(given, Unset) else timeout(given)


def backoff_options(value: object) -> BackoffOptions | None:
    if value is not None and not isinstance(value, BackoffOptions):
        raise wrong_type("backoff_options", "BackoffOptions", value)
    return value


def params(value: object) -> Mapping[str, Any] | None:
    """Check the parameters that the user adds to those of the protocol."""
    if value is None:
        return None
    given = mapping(value, "params")
    for name in given:
        if not isinstance(name, str):
            raise TypeError(f"the names in params must be strings, not {name!r}")
        if name in _PROTOCOLS_OWN:
            raise ValueError(f"params must not contain {name!r}: the protocol uses it")
    return given


def read_options(
    credentials: Credentials,
    *,
    offset: object,
    live: object,
    backoff: object,
    pages_only: bool,
    max_frame_bytes: object = MAX_FRAME_BYTES,
) -> ReadOptions:
    """Check the options of a stream."""
    if pages_only and live in ("sse", "auto"):
        raise ValueError(f"pages_only leaves no use for SSE: leave it out with live={live!r}")
    return ReadOptions(
        credentials,
        _offset(offset),
        live_mode(live),
        backoff_options(backoff),
        pages_only,
        whole(max_frame_bytes, "max_frame_bytes", 1),
    )
