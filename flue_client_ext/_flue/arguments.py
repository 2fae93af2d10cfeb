"""Checks of what users pass in, before any I/O: each message names the argument and what is
allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeAlias, cast

from .._stream.backoff import BackoffOptions
from .._stream.options import Live
from .delivery import Position

LiveOption: TypeAlias = bool | Literal["long-poll", "sse", "auto"]

_LIVE: dict[Any, Live] = {
    True: "long-poll",
    False: None,
    "long-poll": "long-poll",
    "sse": "sse",
    "auto": "auto",
}


class Unset:
    """The type of `UNSET`: an argument that was left out, where `None` means something."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()


def segment(value: object, what: str) -> str:
    """Return `value` if it can be one segment of a URL's path."""
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a string, not {type(value).__name__}")
    if value in ("", ".", ".."):
        raise ValueError(f"{what} must not be {value!r}: it would address another route")
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in value):
        raise ValueError(f"{what} must not contain control characters or lone surrogates")
    return value


def offset(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"offset must be a string, not {type(value).__name__}")
    if not value or not value.isprintable():
        raise ValueError('offset must be "-1", "now" or an offset that a server has returned')
    return value


def tail(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"tail must be a whole number, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"tail must be at least 1, not {value}")
    return value


def live(value: object) -> Live:
    if isinstance(value, bool | str) and value in _LIVE:
        return _LIVE[value]
    raise ValueError(f'live must be True, False, "long-poll", "sse" or "auto", not {value!r}')


def timeout(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"timeout must be a number of seconds or None, not {type(value).__name__}")
    if not value > 0:
        raise ValueError(f"timeout must be above 0 seconds (or None for no limit), not {value}")
    return None if value == float("inf") else float(value)


def concurrency(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"concurrency must be a whole number of at least 1, not {value!r}")
    return value


def wait(value: object) -> Literal["result"] | None:
    if value is None:
        return None
    if value == "result":
        return "result"
    raise ValueError(f'wait must be "result" or left out, not {value!r}')


def backoff(value: object) -> BackoffOptions | None:
    if value is None or isinstance(value, BackoffOptions):
        return value
    raise TypeError(f"backoff_options must be BackoffOptions, not {type(value).__name__}")


def call_timeout(given: float | None | Unset, default: float | None) -> float | None:
    """The deadline of a call: its own, or the default when it was left out."""
    return default if isinstance(given, Unset) else timeout(given)


def checkpoint(value: object) -> Position | None:
    if value is None or isinstance(value, Position):
        return value
    raise TypeError(f"resume must be a Checkpoint, not {type(value).__name__}")


def hook(value: object, what: str) -> Callable[..., object] | None:
    if value is None or callable(value):
        return value
    raise TypeError(f"{what} must be a function or None, not {type(value).__name__}")


def run_ids(value: object) -> list[str]:
    return [segment(run_id, "run_id") for run_id in several(value, "run_ids")]


def several(value: object, what: str) -> list[Any]:
    """Return the items of `value`. A string or a mapping is one value, passed by mistake."""
    kind = type(value).__name__
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | bytearray | Mapping):
        raise TypeError(f"{what} must be a list or another iterable, not {kind}")
    return list(cast(Iterable[object], value))


def params(value: object) -> Mapping[str, Any] | None:
    """Check the parameters that the user adds to those of the protocol."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError(f"params must be a mapping, not {type(value).__name__}")
    mapping = cast(Mapping[object, Any], value)
    for name in mapping:
        if not isinstance(name, str):
            raise TypeError(f"the names in params must be strings, not {name!r}")
        if name in ("offset", "live", "cursor"):
            raise ValueError(f"params must not contain {name!r}: the protocol uses it")
    return cast(Mapping[str, Any], value)


def max_frame_bytes(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"max_frame_bytes must be a whole number, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"max_frame_bytes must be at least 1, not {value}")
    return value
