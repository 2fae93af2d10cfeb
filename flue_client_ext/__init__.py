"""Flue for Python: start workflow runs, wait for them, and follow their events. Sync and async.

Importing this package costs next to nothing: each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from flue_client.models import *  # noqa: F403 - the spec decides which classes there are

    from ._core.backoff import BackoffOptions, FailedAttempt
    from ._core.stats import StreamStats
    from ._core.steps import Batch
    from ._flue.delivery import Checkpoint
    from ._flue.results import EventBatch, RunOutcome, WorkflowRunResult
    from .async_client import AsyncFlueClient
    from .async_stream import AsyncFlueEventStream
    from .client import FlueClient
    from .errors import (
        FlueAbortError,
        FlueApiError,
        FlueConnectionError,
        FlueError,
        FlueExecutionError,
        FlueProtocolError,
        FlueTimeoutError,
        InvokeOutcomeUnknownError,
        RunNotReadableError,
        StreamResetError,
        UnsupportedFlueEventVersionError,
        WorkflowApiNotFoundError,
    )
    from .signals import AbortController, AbortSignal
    from .stream import FlueEventStream

_PLACES = {
    "flue_client_ext._core.backoff": (
        "BackoffOptions",
        "FailedAttempt",
    ),
    "flue_client_ext._core.stats": ("StreamStats",),
    "flue_client_ext._core.steps": ("Batch",),
    "flue_client_ext._flue.delivery": ("Checkpoint",),
    "flue_client_ext._flue.results": (
        "EventBatch",
        "RunOutcome",
        "WorkflowRunResult",
    ),
    "flue_client_ext.async_client": ("AsyncFlueClient",),
    "flue_client_ext.async_stream": ("AsyncFlueEventStream",),
    "flue_client_ext.client": ("FlueClient",),
    "flue_client_ext.errors": (
        "FlueAbortError",
        "FlueApiError",
        "FlueConnectionError",
        "FlueError",
        "FlueExecutionError",
        "FlueProtocolError",
        "FlueTimeoutError",
        "InvokeOutcomeUnknownError",
        "RunNotReadableError",
        "StreamResetError",
        "UnsupportedFlueEventVersionError",
        "WorkflowApiNotFoundError",
    ),
    "flue_client_ext.signals": (
        "AbortController",
        "AbortSignal",
    ),
    "flue_client_ext.stream": ("FlueEventStream",),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "AbortController",
    "AbortSignal",
    "AgentEndEvent",
    "AgentStartEvent",
    "AsyncFlueClient",
    "AsyncFlueEventStream",
    "BackoffOptions",
    "Batch",
    "Checkpoint",
    "CompactionEvent",
    "CompactionStartEvent",
    "EventBase",
    "EventBatch",
    "FailedAttempt",
    "FlueAbortError",
    "FlueApiError",
    "FlueClient",
    "FlueConnectionError",
    "FlueError",
    "FlueEvent",
    "FlueEventStream",
    "FlueExecutionError",
    "FlueProtocolError",
    "FlueTimeoutError",
    "IdleEvent",
    "InvokeOutcomeUnknownError",
    "LogEvent",
    "MessageEndEvent",
    "MessageStartEvent",
    "OperationEvent",
    "OperationStartEvent",
    "RunEndEvent",
    "RunNotReadableError",
    "RunOutcome",
    "RunRecord",
    "RunResumeEvent",
    "RunStartEvent",
    "StreamResetError",
    "StreamStats",
    "SubmissionSettledEvent",
    "TaskEvent",
    "TaskStartEvent",
    "TextDeltaEvent",
    "ThinkingDeltaEvent",
    "ThinkingEndEvent",
    "ThinkingStartEvent",
    "ToolEvent",
    "ToolStartEvent",
    "TurnEvent",
    "TurnMessagesEvent",
    "TurnStartEvent",
    "UnknownEvent",
    "UnsupportedFlueEventVersionError",
    "WorkflowApiNotFoundError",
    "WorkflowInvokeResult",
    "WorkflowRunResult",
    "WorkflowWaitResult",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name in ("durable_streams", "errors", "testing"):
        return import_module(f"{__name__}.{name}")
    module = import_module(_MODULE_OF.get(name, "flue_client.models"))
    if name not in _MODULE_OF and name not in module.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
