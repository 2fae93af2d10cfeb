"""The logger `flue_client`. It gets nothing secret: no header, no body, no query of a URL.

A process that has not imported `logging` has no handler, so it is not imported here either."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from .._values.http import Head
from .._values.steps import Failure, Note, Open, Sleep, Step

if TYPE_CHECKING:
    import logging


@cache
def logger() -> logging.Logger:
    import logging

    found = logging.getLogger("flue_client")
    found.addHandler(logging.NullHandler())
    return found


def configure(environment: Mapping[str, str] = os.environ) -> None:
    """Attach a handler to this logger only when `FLUE_LOG` is `debug` or `info`; once."""
    level = environment.get("FLUE_LOG", "").strip().upper()
    if level not in ("DEBUG", "INFO"):
        if level:
            _warn(level)
        return
    import logging

    if any(getattr(h, "flue_log", False) for h in logger().handlers):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    handler.flue_log = True  # type: ignore[attr-defined]
    logger().addHandler(handler)
    logger().setLevel(level)


def _warn(level: str) -> None:
    import warnings

    words = f"FLUE_LOG is {level.lower()!r}, which has no effect: debug and info are its values"
    warnings.warn(words, stacklevel=5)  # where the client is made


def trace(step: Step, reply: Any) -> None:
    """Log one step with its reply."""
    if "logging" not in sys.modules:
        return
    if isinstance(step, Note):
        getattr(logger(), step.level)("%s", step.text)
    elif logger().isEnabledFor(10):  # logging.DEBUG
        _trace_io(step, reply)


def _trace_io(step: Step, reply: Any) -> None:
    debug = logger().debug
    if isinstance(reply, Failure):
        debug("%s: %s (%s)", type(step).__name__.lower(), reply.kind, reply.cause)
    elif isinstance(step, Open) and isinstance(reply, Head):
        request = step.request
        debug("%s %s -> %d", request.method, request.shown_url, reply.status)
    elif isinstance(step, Sleep):
        debug("slept %.3f s", step.seconds)
