"""The logger `flue_client`. Nothing secret is logged: no header, no body, no query of a URL."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from .._core.http import Head
from .._core.steps import Failure, Note, Open, Sleep, Step

logger = logging.getLogger("flue_client")
logger.addHandler(logging.NullHandler())


def configure(environment: Mapping[str, str] = os.environ) -> None:
    """Attach a handler to this logger only when `FLUE_LOG` is `debug` or `info`; once."""
    level = {"debug": logging.DEBUG, "info": logging.INFO}.get(
        environment.get("FLUE_LOG", "").strip().lower()
    )
    if level is None or any(getattr(h, "flue_log", False) for h in logger.handlers):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    handler.flue_log = True  # type: ignore[attr-defined]
    logger.addHandler(handler)
    logger.setLevel(level)


def trace(step: Step, reply: Any) -> None:
    """Log one step with its reply."""
    if isinstance(step, Note):
        logger.log(step.level, "%s", step.text)
    elif logger.isEnabledFor(logging.DEBUG):
        _trace_io(step, reply)


def _trace_io(step: Step, reply: Any) -> None:
    if isinstance(reply, Failure):
        logger.debug("%s: %s (%s)", type(step).__name__.lower(), reply.kind, reply.cause)
    elif isinstance(step, Open) and isinstance(reply, Head):
        request = step.request
        logger.debug("%s %s -> %d", request.method, request.shown_url, reply.status)
    elif isinstance(step, Sleep):
        logger.debug("slept %.3f s", step.seconds)
