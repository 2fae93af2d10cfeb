"""Workflows: Python functions under names, and their execution as runs.

Each run has a thread of its own, an async one a loop of its own in it, so that a workflow that
blocks holds up nobody, and a run outlives the connection that started it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from . import _errors as errors
from ._body import MISSING
from ._log import LiveRun
from ._rules import parameters
from ._run import RunContext
from ._runs import Runs
from ._schema import Check, compile_schema

_log = logging.getLogger("flue_client.testing")
_NO_YIELD = "tell what happens by run.log(...) or run.emit(...), and return the result"


@attrs.frozen
class Workflow:
    """A registered function: how it is called, what it accepts, whether its runs are readable."""

    name: str
    function: Callable[..., Any]
    takes_input: bool
    check: Check | None
    readable: bool


def define(
    name: str, function: Callable[..., Any], schema: Mapping[str, Any] | None, readable: bool
) -> Workflow:
    """Read a function's signature: `(input, run)` takes input, `(run)` refuses it as Flue does."""
    count = parameters(f"workflow {name!r}", function, _NO_YIELD)
    if count not in (1, 2):
        raise TypeError(f"workflow {name!r} takes (input, run) or (run), not {count} parameters")
    if count == 1 and schema is not None:
        raise TypeError(f"workflow {name!r} has an input_schema, so it takes (input, run)")
    check = None if schema is None else compile_schema(schema)
    return Workflow(name, function, count == 2, check, readable)


def admit(workflow: Workflow, runs: Runs, given: Any) -> LiveRun:
    """Check the input, record the run and start it; raise a `Problem` for a refused input."""
    if not workflow.takes_input and given is not MISSING:
        raise errors.input_unexpected()
    seen: Any = (None if workflow.check is None else {}) if given is MISSING else given
    issues = workflow.check(seen) if workflow.check else []
    if issues:
        raise errors.input_rejected(issues)
    run = runs.admit(workflow.name, *(() if given is MISSING else (given,)))
    name = f"flue-{workflow.name}-{run.run_id[-6:]}"
    threading.Thread(
        target=_execute, args=(workflow, runs, run, seen), name=name, daemon=True
    ).start()
    return run


def _execute(workflow: Workflow, runs: Runs, run: LiveRun, given: Any) -> None:
    context = RunContext(run, runs.clock)
    try:
        result = workflow.function(*([given, context] if workflow.takes_input else [context]))
        if inspect.isawaitable(result):
            result = asyncio.run(_awaited(result))
        _json_only(result)
    except BaseException as error:  # whatever ends the function ends the run, and only the run
        _log.warning("workflow %s failed in %s", workflow.name, run.run_id, exc_info=error)
        runs.end(run, None, error)
    else:
        runs.end(run, result, None)


async def _awaited(result: Any) -> Any:
    return await result


def _json_only(result: Any) -> None:
    try:
        json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise errors.ActionOutputSerializationError() from None
