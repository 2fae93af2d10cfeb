"""Flue for Python: talk to agents, start workflow runs and follow them. Sync and async.

Importing this package is fast: each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

if TYPE_CHECKING:
    # No `__all__` for type checkers: "as" and "*" mark what is public, so that a class that is new
    # in the spec needs no line here.
    from flue_client.models import *  # noqa: F403

    from . import doctor as doctor
    from . import durable_streams as durable_streams
    from . import errors as errors
    from . import report as report
    from . import testing as testing
    from ._drivers.async_many import AsyncRunOutcomes as AsyncRunOutcomes
    from ._flue.conversation_results import Admission as Admission
    from ._flue.conversation_results import Reply as Reply
    from ._flue.conversation_results import ReplyOutcome as ReplyOutcome
    from ._flue.conversation_state import ConversationState as ConversationState
    from ._flue.generations import Generation as Generation
    from ._flue.reply_change import DataUpdate as DataUpdate
    from ._flue.reply_change import ReasoningDelta as ReasoningDelta
    from ._flue.reply_change import ReplyChange as ReplyChange
    from ._flue.reply_change import Retracted as Retracted
    from ._flue.reply_change import TextDelta as TextDelta
    from ._flue.reply_change import ToolCall as ToolCall
    from ._flue.reply_change import ToolResult as ToolResult
    from ._flue.results import EventBatch as EventBatch
    from ._flue.results import RunOutcome as RunOutcome
    from ._flue.results import WorkflowRunResult as WorkflowRunResult
    from ._flue.update_delivery import UpdateBatch as UpdateBatch
    from ._stream.arguments import UNSET as UNSET
    from ._stream.arguments import Unset as Unset
    from ._stream.backoff import BackoffOptions as BackoffOptions
    from ._stream.backoff import FailedAttempt as FailedAttempt
    from ._stream.stats import StreamStats as StreamStats
    from ._values.steps import Batch as Batch
    from .async_client import AsyncFlueClient as AsyncFlueClient
    from .async_conversation import AsyncConversation as AsyncConversation
    from .async_event_stream import AsyncAgentEventStream as AsyncAgentEventStream
    from .async_event_stream import AsyncFlueEventStream as AsyncFlueEventStream
    from .async_reply_stream import AsyncReplyStream as AsyncReplyStream
    from .async_update_stream import AsyncStateStream as AsyncStateStream
    from .async_update_stream import AsyncUpdateStream as AsyncUpdateStream
    from .attachments import Attachment as Attachment
    from .checkpoint import AgentCheckpoint as AgentCheckpoint
    from .checkpoint import Checkpoint as Checkpoint
    from .checkpoint import UpdateCheckpoint as UpdateCheckpoint
    from .client import FlueClient as FlueClient
    from .conversation import Conversation as Conversation
    from .errors import FlueAbortError as FlueAbortError
    from .errors import FlueApiError as FlueApiError
    from .errors import FlueConnectionError as FlueConnectionError
    from .errors import FlueError as FlueError
    from .errors import FlueExecutionError as FlueExecutionError
    from .errors import FlueProtocolError as FlueProtocolError
    from .errors import FlueTimeoutError as FlueTimeoutError
    from .errors import InvokeOutcomeUnknownError as InvokeOutcomeUnknownError
    from .errors import RunNotReadableError as RunNotReadableError
    from .errors import StreamResetError as StreamResetError
    from .errors import UnsupportedByServerError as UnsupportedByServerError
    from .errors import UnsupportedFlueEventVersionError as UnsupportedFlueEventVersionError
    from .errors import WorkflowApiNotFoundError as WorkflowApiNotFoundError
    from .event_stream import AgentEventStream as AgentEventStream
    from .event_stream import FlueEventStream as FlueEventStream
    from .reply_stream import ReplyStream as ReplyStream
    from .signals import AbortController as AbortController
    from .signals import AbortSignal as AbortSignal
    from .update_stream import StateStream as StateStream
    from .update_stream import UpdateStream as UpdateStream

_PLACES = {
    "flue_client_ext._stream.arguments": (
        "UNSET",
        "Unset",
    ),
    "flue_client_ext._stream.backoff": (
        "BackoffOptions",
        "FailedAttempt",
    ),
    "flue_client_ext._stream.stats": ("StreamStats",),
    "flue_client_ext._values.steps": ("Batch",),
    "flue_client_ext._flue.conversation_results": (
        "Admission",
        "Reply",
        "ReplyOutcome",
    ),
    "flue_client_ext._flue.conversation_state": ("ConversationState",),
    "flue_client_ext._flue.generations": ("Generation",),
    "flue_client_ext._flue.reply_change": (
        "DataUpdate",
        "ReasoningDelta",
        "ReplyChange",
        "Retracted",
        "TextDelta",
        "ToolCall",
        "ToolResult",
    ),
    "flue_client_ext._flue.results": (
        "EventBatch",
        "RunOutcome",
        "WorkflowRunResult",
    ),
    "flue_client_ext._flue.update_delivery": ("UpdateBatch",),
    "flue_client_ext._drivers.async_many": ("AsyncRunOutcomes",),
    "flue_client_ext.async_client": ("AsyncFlueClient",),
    "flue_client_ext.async_conversation": ("AsyncConversation",),
    "flue_client_ext.async_event_stream": (
        "AsyncAgentEventStream",
        "AsyncFlueEventStream",
    ),
    "flue_client_ext.async_reply_stream": ("AsyncReplyStream",),
    "flue_client_ext.async_update_stream": (
        "AsyncStateStream",
        "AsyncUpdateStream",
    ),
    "flue_client_ext.attachments": ("Attachment",),
    "flue_client_ext.checkpoint": (
        "AgentCheckpoint",
        "Checkpoint",
        "UpdateCheckpoint",
    ),
    "flue_client_ext.client": ("FlueClient",),
    "flue_client_ext.conversation": ("Conversation",),
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
        "UnsupportedByServerError",
        "UnsupportedFlueEventVersionError",
        "WorkflowApiNotFoundError",
    ),
    "flue_client_ext.signals": (
        "AbortController",
        "AbortSignal",
    ),
    "flue_client_ext.event_stream": (
        "AgentEventStream",
        "FlueEventStream",
    ),
    "flue_client_ext.reply_stream": ("ReplyStream",),
    "flue_client_ext.update_stream": (
        "StateStream",
        "UpdateStream",
    ),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}

_SUBMODULES = ("doctor", "durable_streams", "errors", "report", "testing")
_MODELS = "flue_client.models"


def _load(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    models: tuple[str, ...] = () if name in _MODULE_OF else import_module(_MODELS).__all__
    if name == "__all__":
        return sorted({*_MODULE_OF, *models, "__version__"})
    if name not in _MODULE_OF and name not in models:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF.get(name, _MODELS)), name)


if not TYPE_CHECKING:  # with it, every name would seem to exist

    def __getattr__(name: str) -> Any:
        value = globals()[name] = _load(name)
        return value

    def __dir__() -> list[str]:
        return __getattr__("__all__")
