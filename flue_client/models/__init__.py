"""Typed views over the JSON objects of the Flue API.

A view holds a JSON object exactly as it was received and reads typed, snake-case attributes from it:
nothing is checked, converted or copied when it is made. An optional field that is absent reads as
None; reading a required field that the server left out raises AttributeError. The types are those of
the spec and are not enforced: where a server sends something else, that is what an attribute gives,
except that an object reads as a view wherever the spec has one.

Views are immutable, and equal if they are of one class and their objects are equal; their hash is that
of the object's scalar fields. Whoever changes the dict that a view was made from changes the view.
Fields that the spec does not know are in `to_dict()`, and under their wire name in `view["name"]`.
"""

from __future__ import annotations

import reprlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeAlias,
    TypeGuard,
    TypeVar,
    cast,
)

import attrs

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    _R = DefaultTypeVar("_R", default=Any)
else:
    _R = TypeVar("_R")

AgentAttachmentType: TypeAlias = Literal["document", "image"]
"""What is attached. `document`, for `application/pdf`, is new in 2.2; older servers refuse
it.
"""
LiveMode: TypeAlias = Literal["long-poll", "sse"]
"""How to follow the stream: by reads that wait for news (`long-poll`), or by one
connection that stays open (`sse`).
"""

_SCALARS = (str, int, float, type(None))
_MAX_FIELDS = 40
_MAX_VALUE = 200

_brief = reprlib.Repr()
_brief.maxlevel = 4
_brief.maxdict = 12
_brief.maxlist = 6
_brief.maxstring = _MAX_VALUE
_brief.maxother = _MAX_VALUE


@attrs.frozen(repr=False, match_args=False)
class View:
    """A JSON object as it was received, with typed attributes that read from it."""

    _data: dict[str, Any]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return a view of a JSON object; TypeError if it is another JSON value."""
        if not _is_object(data):
            raise TypeError(f"{cls.__name__} needs a JSON object, not {type(data).__name__}")
        return cls(data)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object as it was received, in a new outer dict."""
        return dict(self._data)

    def __getitem__(self, name: str) -> Any:
        return self._data[name]

    def __contains__(self, name: object) -> bool:
        return name in self._data

    __iter__ = None

    def __hash__(self) -> int:
        # Equal views have equal scalar fields. Lists and objects cannot be hashed and are left out.
        fields = self._data.items()
        scalars = [(name, value) for name, value in fields if isinstance(value, _SCALARS)]
        return hash((type(self), frozenset(scalars)))

    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, Any]]]:
        return type(self), (self._data,)

    def __repr__(self) -> str:
        fields = [
            f"{_short(name)}: {_short(value)}"
            for name, value in list(self._data.items())[:_MAX_FIELDS]
        ]
        if len(self._data) > _MAX_FIELDS:
            fields.append("...")
        return f"{type(self).__name__}({{{', '.join(fields)}}})"


# Making a view by these takes two thirds of the constructor's time; events come by the million.
_new: Any = object.__new__
_set_data: Any = View.__dict__["_data"].__set__
_type = itemgetter("type")


def _short(value: Any) -> str:
    text = _brief.repr(value)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 3] + "..."


def _missing(view: View, name: str) -> AttributeError:
    return AttributeError(f"{type(view).__name__}: the server left out the required field {name!r}")


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _view(cls: type[View], value: Any) -> Any:
    return cls(value) if _is_object(value) else value


def _views(cls: type[View], value: Any) -> Any:
    return [_view(cls, item) for item in value] if _is_array(value) else value


def _parsed(parse: Callable[[Any], View], value: Any) -> Any:
    return [parse(item) for item in value] if _is_array(value) else value


class WorkflowInvokeResult(View):
    """The answer to an invocation that did not wait."""

    __slots__ = ()

    @property
    def run_id(self) -> str:
        """The id that the server gave to the new run."""
        try:
            value: str = self._data["runId"]
        except KeyError:
            raise _missing(self, "runId") from None
        return value


class WorkflowWaitResult(View, Generic[_R]):
    """The answer to an invocation that waited for the run's end."""

    __slots__ = ()

    @property
    def run_id(self) -> str:
        """The id that the server gave to the run."""
        try:
            value: str = self._data["runId"]
        except KeyError:
            raise _missing(self, "runId") from None
        return value

    @property
    def result(self) -> _R:
        """What the workflow returned, any JSON value; null if it returned nothing."""
        return cast(_R, self._data.get("result"))


class RunRecord(View):
    """What the server keeps about one workflow run."""

    __slots__ = ()

    @property
    def run_id(self) -> str:
        """The run's id."""
        try:
            value: str = self._data["runId"]
        except KeyError:
            raise _missing(self, "runId") from None
        return value

    @property
    def workflow_name(self) -> str:
        """The workflow that runs or ran."""
        try:
            value: str = self._data["workflowName"]
        except KeyError:
            raise _missing(self, "workflowName") from None
        return value

    @property
    def status(self) -> str:
        """How the run stands. Known values: `active`, `completed`, `errored`."""
        try:
            value: str = self._data["status"]
        except KeyError:
            raise _missing(self, "status") from None
        return value

    @property
    def started_at(self) -> str:
        """When the run started (RFC 3339, UTC)."""
        try:
            value: str = self._data["startedAt"]
        except KeyError:
            raise _missing(self, "startedAt") from None
        return value

    @property
    def ended_at(self) -> str | None:
        """When the run ended; absent while it is active."""
        value: str | None = self._data.get("endedAt")
        return value

    @property
    def is_error(self) -> bool | None:
        """Whether the run failed; absent while it is active."""
        value: bool | None = self._data.get("isError")
        return value

    @property
    def duration_ms(self) -> float | None:
        """How long the run took, in milliseconds; absent while it is active."""
        value: float | None = self._data.get("durationMs")
        return value

    @property
    def input(self) -> Any:
        """The input of the run, any JSON value; absent if it had none."""
        return self._data.get("input")

    @property
    def result(self) -> Any:
        """What the workflow returned, any JSON value; absent unless the run has completed."""
        return self._data.get("result")

    @property
    def error(self) -> Any:
        """Why the run failed; absent unless it did. An object with `name` and `message` on today's
        servers, sometimes with `type`, `details`, `dev` and `meta`.
        """
        return self._data.get("error")


class ErrorEnvelope(View):
    """What Flue answers instead of what was asked for."""

    __slots__ = ()

    @property
    def error(self) -> ErrorBody:
        """One error. Branch on its `type`, never on its prose."""
        try:
            value: ErrorBody = _view(ErrorBody, self._data["error"])
        except KeyError:
            raise _missing(self, "error") from None
        return value


class ErrorBody(View):
    """One error. Branch on its `type`, never on its prose."""

    __slots__ = ()

    @property
    def type(self) -> str:
        """What kind of error. Known values: `invalid_request`, `invalid_json`,
        `workflow_not_found`, `run_not_found`, `route_not_found`, `stream_not_found`,
        `method_not_allowed`, `unsupported_media_type`, `action_input_validation`,
        `workflow_input_unexpected`, `internal_error`, `run_store_unavailable`,
        `runtime_unavailable`; of agents also `agent_instance_not_found`,
        `agent_instance_exists`, `attachment_not_found`, `submission_conflict`,
        `stream_offset_gone`, `conversation_stream_store_failure`, `history_cursor_not_found`;
        of agents on the betas `agent_not_found`, and for a submission that was waited for
        `operation_failed`, `submission_aborted`, `submission_interrupted`,
        `submission_timeout`, `submission_retry_exhausted`.
        """
        try:
            value: str = self._data["type"]
        except KeyError:
            raise _missing(self, "type") from None
        return value

    @property
    def message(self) -> str:
        """One sentence for people."""
        try:
            value: str = self._data["message"]
        except KeyError:
            raise _missing(self, "message") from None
        return value

    @property
    def details(self) -> str:
        """More for people, possibly empty."""
        try:
            value: str = self._data["details"]
        except KeyError:
            raise _missing(self, "details") from None
        return value

    @property
    def dev(self) -> str | None:
        """Hints for developers; development servers only."""
        value: str | None = self._data.get("dev")
        return value

    @property
    def meta(self) -> dict[str, Any] | None:
        """Facts that belong to the type, such as `issues` of `action_input_validation`, a list of
        `message` and `path`.
        """
        value: dict[str, Any] | None = self._data.get("meta")
        return value

    @property
    def ref(self) -> str | None:
        """The name of the error in the server's log. New in 2.0."""
        value: str | None = self._data.get("ref")
        return value


class ControlFrame(View):
    """The payload of a `control` frame of an event stream, the stream headers in other words."""

    __slots__ = ()

    @property
    def stream_next_offset(self) -> str:
        """Where to resume; a checkpoint for everything that was sent before this frame."""
        try:
            value: str = self._data["streamNextOffset"]
        except KeyError:
            raise _missing(self, "streamNextOffset") from None
        return value

    @property
    def stream_cursor(self) -> str | None:
        """The cursor of the connection; absent on the frame that closes the stream, and among the
        updates of conversations.
        """
        value: str | None = self._data.get("streamCursor")
        return value

    @property
    def up_to_date(self) -> bool | None:
        """True if the end of the stream is reached for now; absent while more is on its way and on
        the frame that closes the stream.
        """
        value: bool | None = self._data.get("upToDate")
        return value

    @property
    def stream_closed(self) -> bool | None:
        """True if nothing more will ever come; this is the last frame. Agents never say it."""
        value: bool | None = self._data.get("streamClosed")
        return value


class ModelRequestInfo(View):
    """How a model was asked, without the conversation."""

    __slots__ = ()

    @property
    def provider_id(self) -> str:
        """The provider as the application registered it."""
        try:
            value: str = self._data["providerId"]
        except KeyError:
            raise _missing(self, "providerId") from None
        return value

    @property
    def provider_name(self) -> str:
        """The provider's name."""
        try:
            value: str = self._data["providerName"]
        except KeyError:
            raise _missing(self, "providerName") from None
        return value

    @property
    def requested_model(self) -> str:
        """The model that was asked for."""
        try:
            value: str = self._data["requestedModel"]
        except KeyError:
            raise _missing(self, "requestedModel") from None
        return value

    @property
    def api(self) -> str:
        """The protocol that was spoken, such as `openai-completions`."""
        try:
            value: str = self._data["api"]
        except KeyError:
            raise _missing(self, "api") from None
        return value

    @property
    def server_address(self) -> str | None:
        """The host that was asked."""
        value: str | None = self._data.get("serverAddress")
        return value

    @property
    def server_port(self) -> int | None:
        """The port that was asked."""
        value: int | None = self._data.get("serverPort")
        return value

    @property
    def reasoning_level(self) -> str | None:
        """How much reasoning was asked for, such as `medium`."""
        value: str | None = self._data.get("reasoningLevel")
        return value

    @property
    def max_tokens(self) -> float | None:
        """The limit of the answer, in tokens."""
        value: float | None = self._data.get("maxTokens")
        return value

    @property
    def temperature(self) -> float | None:
        """The sampling temperature."""
        value: float | None = self._data.get("temperature")
        return value

    @property
    def context_compacted(self) -> bool | None:
        """True if the conversation was summarised for this request."""
        value: bool | None = self._data.get("contextCompacted")
        return value


class ModelResponse(View):
    """How a model answered. Empty where it did not."""

    __slots__ = ()

    @property
    def response_id(self) -> str | None:
        """The provider's id of the answer."""
        value: str | None = self._data.get("responseId")
        return value

    @property
    def response_model(self) -> str | None:
        """The model that answered, as the provider calls it."""
        value: str | None = self._data.get("responseModel")
        return value

    @property
    def output(self) -> Message | None:
        """A message of a conversation. Upstream declares its shape unstable, so nothing here is
        promised: every field may be missing, and others occur (`api`, `provider`, `details`
        ...).
        """
        value: Message | None = _view(Message, self._data.get("output"))
        return value

    @property
    def usage(self) -> Usage | None:
        """What model work consumed."""
        value: Usage | None = _view(Usage, self._data.get("usage"))
        return value

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped, such as `stop` or `toolUse`."""
        value: str | None = self._data.get("finishReason")
        return value

    @property
    def error(self) -> ModelError | None:
        """Why a model gave no answer. Loosely typed, its shape is not declared stable."""
        value: ModelError | None = _view(ModelError, self._data.get("error"))
        return value


class ModelError(View):
    """Why a model gave no answer. Loosely typed, its shape is not declared stable."""

    __slots__ = ()

    @property
    def type(self) -> str | None:
        """What kind of error."""
        value: str | None = self._data.get("type")
        return value

    @property
    def name(self) -> str | None:
        """The name of the error's class."""
        value: str | None = self._data.get("name")
        return value

    @property
    def code(self) -> str | None:
        """The provider's code."""
        value: str | None = self._data.get("code")
        return value

    @property
    def message(self) -> str | None:
        """One sentence for people."""
        value: str | None = self._data.get("message")
        return value


class Usage(View):
    """What model work consumed."""

    __slots__ = ()

    @property
    def input(self) -> float:
        """Tokens sent."""
        try:
            value: float = self._data["input"]
        except KeyError:
            raise _missing(self, "input") from None
        return value

    @property
    def output(self) -> float:
        """Tokens received."""
        try:
            value: float = self._data["output"]
        except KeyError:
            raise _missing(self, "output") from None
        return value

    @property
    def cache_read(self) -> float:
        """Tokens read from the provider's cache."""
        try:
            value: float = self._data["cacheRead"]
        except KeyError:
            raise _missing(self, "cacheRead") from None
        return value

    @property
    def cache_write(self) -> float:
        """Tokens written to the provider's cache."""
        try:
            value: float = self._data["cacheWrite"]
        except KeyError:
            raise _missing(self, "cacheWrite") from None
        return value

    @property
    def total_tokens(self) -> float:
        """All tokens."""
        try:
            value: float = self._data["totalTokens"]
        except KeyError:
            raise _missing(self, "totalTokens") from None
        return value

    @property
    def cost(self) -> UsageCost:
        """What model work cost, in US dollars as far as the provider's prices are known."""
        try:
            value: UsageCost = _view(UsageCost, self._data["cost"])
        except KeyError:
            raise _missing(self, "cost") from None
        return value


class UsageCost(View):
    """What model work cost, in US dollars as far as the provider's prices are known."""

    __slots__ = ()

    @property
    def input(self) -> float:
        """Cost of the tokens sent."""
        try:
            value: float = self._data["input"]
        except KeyError:
            raise _missing(self, "input") from None
        return value

    @property
    def output(self) -> float:
        """Cost of the tokens received."""
        try:
            value: float = self._data["output"]
        except KeyError:
            raise _missing(self, "output") from None
        return value

    @property
    def cache_read(self) -> float:
        """Cost of the tokens read from the cache."""
        try:
            value: float = self._data["cacheRead"]
        except KeyError:
            raise _missing(self, "cacheRead") from None
        return value

    @property
    def cache_write(self) -> float:
        """Cost of the tokens written to the cache."""
        try:
            value: float = self._data["cacheWrite"]
        except KeyError:
            raise _missing(self, "cacheWrite") from None
        return value

    @property
    def total(self) -> float:
        """All of it."""
        try:
            value: float = self._data["total"]
        except KeyError:
            raise _missing(self, "total") from None
        return value


class Message(View):
    """A message of a conversation. Upstream declares its shape unstable, so nothing here is
    promised: every field may be missing, and others occur (`api`, `provider`, `details`
    ...).
    """

    __slots__ = ()

    @property
    def role(self) -> str | None:
        """Who speaks. Known values: `user`, `assistant`, `toolResult`."""
        value: str | None = self._data.get("role")
        return value

    @property
    def content(self) -> str | list[ContentBlock] | None:
        """What is said, a plain text or a list of blocks."""
        value: str | list[ContentBlock] | None = _views(ContentBlock, self._data.get("content"))
        return value

    @property
    def tool_call_id(self) -> str | None:
        """The call that this is the result of (`toolResult`)."""
        value: str | None = self._data.get("toolCallId")
        return value

    @property
    def tool_name(self) -> str | None:
        """The tool that was called (`toolResult`)."""
        value: str | None = self._data.get("toolName")
        return value

    @property
    def is_error(self) -> bool | None:
        """Whether the call failed (`toolResult`)."""
        value: bool | None = self._data.get("isError")
        return value

    @property
    def model(self) -> str | None:
        """The model that speaks (`assistant`)."""
        value: str | None = self._data.get("model")
        return value

    @property
    def usage(self) -> Usage | None:
        """What model work consumed."""
        value: Usage | None = _view(Usage, self._data.get("usage"))
        return value

    @property
    def stop_reason(self) -> str | None:
        """Why the model stopped (`assistant`)."""
        value: str | None = self._data.get("stopReason")
        return value


class ContentBlock(View):
    """A piece of a message. Upstream declares its shape unstable, so nothing here is promised:
    every field may be missing, and others occur.
    """

    __slots__ = ()

    @property
    def type(self) -> str | None:
        """What it is. Known values: `text`, `image`, `thinking`, `toolCall`."""
        value: str | None = self._data.get("type")
        return value

    @property
    def text(self) -> str | None:
        """The text (`text`)."""
        value: str | None = self._data.get("text")
        return value

    @property
    def thinking(self) -> str | None:
        """The reasoning (`thinking`)."""
        value: str | None = self._data.get("thinking")
        return value

    @property
    def data(self) -> str | None:
        """The image (`image`); events carry a placeholder instead of its bytes."""
        value: str | None = self._data.get("data")
        return value

    @property
    def mime_type(self) -> str | None:
        """The kind of image (`image`)."""
        value: str | None = self._data.get("mimeType")
        return value

    @property
    def id(self) -> str | None:
        """The id of the call (`toolCall`)."""
        value: str | None = self._data.get("id")
        return value

    @property
    def name(self) -> str | None:
        """The tool that is called (`toolCall`)."""
        value: str | None = self._data.get("name")
        return value

    @property
    def arguments(self) -> dict[str, Any] | None:
        """The arguments of the call (`toolCall`)."""
        value: dict[str, Any] | None = self._data.get("arguments")
        return value


class AgentPrompt(View):
    """A user's message, for a server of the betas."""

    __slots__ = ()

    @property
    def message(self) -> str:
        """The text, possibly empty."""
        try:
            value: str = self._data["message"]
        except KeyError:
            raise _missing(self, "message") from None
        return value

    @property
    def images(self) -> list[AgentPromptImage] | None:
        """Images that go with it."""
        value: list[AgentPromptImage] | None = _views(AgentPromptImage, self._data.get("images"))
        return value


class AgentPromptImage(View):
    """An image that goes with a prompt."""

    __slots__ = ()

    @property
    def type(self) -> str:
        """Says that this is an image."""
        try:
            value: str = self._data["type"]
        except KeyError:
            raise _missing(self, "type") from None
        return value

    @property
    def data(self) -> str:
        """The bytes in base64."""
        try:
            value: str = self._data["data"]
        except KeyError:
            raise _missing(self, "data") from None
        return value

    @property
    def mime_type(self) -> str:
        """The kind of image, such as `image/png`."""
        try:
            value: str = self._data["mimeType"]
        except KeyError:
            raise _missing(self, "mimeType") from None
        return value

    @property
    def filename(self) -> str | None:
        """The name that the file has. New in 1.0.0-beta.8."""
        value: str | None = self._data.get("filename")
        return value


class AgentUserMessage(View):
    """A user's message."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """Says that this is a user's message."""
        try:
            value: str = self._data["kind"]
        except KeyError:
            raise _missing(self, "kind") from None
        return value

    @property
    def body(self) -> str:
        """The text, possibly empty."""
        try:
            value: str = self._data["body"]
        except KeyError:
            raise _missing(self, "body") from None
        return value

    @property
    def attachments(self) -> list[AgentAttachment] | None:
        """Files that go with it."""
        value: list[AgentAttachment] | None = _views(AgentAttachment, self._data.get("attachments"))
        return value

    @property
    def initial_data(self) -> Any:
        """The data that the conversation is created with, any JSON value, checked against the
        agent's schema. Has no effect on a conversation that exists. Not together with a `uid`
        that is a string.
        """
        return self._data.get("initialData")

    @property
    def uid(self) -> str | None:
        """A string continues only the incarnation of this uid, `null` only creates. Left out, the
        message continues the conversation or creates it.
        """
        value: str | None = self._data.get("uid")
        return value

    @property
    def idempotency_key(self) -> str | None:
        """The name of this delivery. The same key and payload give the same submission; with
        another payload the key is refused. A submission that has failed stays failed.
        """
        value: str | None = self._data.get("idempotencyKey")
        return value


class AgentSignal(View):
    """A structured event for the agent, such as a webhook or a schedule."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """Says that this is a signal."""
        try:
            value: str = self._data["kind"]
        except KeyError:
            raise _missing(self, "kind") from None
        return value

    @property
    def type(self) -> str:
        """What kind of signal, in the application's words. Those of the runtime itself are
        refused, such as `submission_aborted`.
        """
        try:
            value: str = self._data["type"]
        except KeyError:
            raise _missing(self, "type") from None
        return value

    @property
    def body(self) -> str:
        """The text, possibly empty."""
        try:
            value: str = self._data["body"]
        except KeyError:
            raise _missing(self, "body") from None
        return value

    @property
    def attributes(self) -> dict[str, Any] | None:
        """Facts that belong to the signal; the values are strings."""
        value: dict[str, Any] | None = self._data.get("attributes")
        return value

    @property
    def tag_name(self) -> str | None:
        """The name of the tag in which the agent sees the signal."""
        value: str | None = self._data.get("tagName")
        return value

    @property
    def initial_data(self) -> Any:
        """The data that the conversation is created with, any JSON value, checked against the
        agent's schema. Has no effect on a conversation that exists. Not together with a `uid`
        that is a string.
        """
        return self._data.get("initialData")

    @property
    def uid(self) -> str | None:
        """A string continues only the incarnation of this uid, `null` only creates. Left out, the
        message continues the conversation or creates it.
        """
        value: str | None = self._data.get("uid")
        return value

    @property
    def idempotency_key(self) -> str | None:
        """The name of this delivery. The same key and payload give the same submission; with
        another payload the key is refused. A submission that has failed stays failed.
        """
        value: str | None = self._data.get("idempotencyKey")
        return value


class AgentAttachment(View):
    """A file that goes with a message."""

    __slots__ = ()

    @property
    def type(self) -> str:
        """What is attached. `document`, for `application/pdf`, is new in 2.2; older servers refuse
        it.
        """
        try:
            value: str = self._data["type"]
        except KeyError:
            raise _missing(self, "type") from None
        return value

    @property
    def data(self) -> str:
        """The bytes in base64."""
        try:
            value: str = self._data["data"]
        except KeyError:
            raise _missing(self, "data") from None
        return value

    @property
    def mime_type(self) -> str:
        """The kind of file, such as `image/png`."""
        try:
            value: str = self._data["mimeType"]
        except KeyError:
            raise _missing(self, "mimeType") from None
        return value

    @property
    def filename(self) -> str | None:
        """The name that the file has."""
        value: str | None = self._data.get("filename")
        return value


class AgentAdmission(View):
    """The answer to a message that was admitted."""

    __slots__ = ()

    @property
    def stream_url(self) -> str:
        """The URL of the conversation, made from the request's `Host`: behind a proxy it is an
        internal one, not to be followed.
        """
        try:
            value: str = self._data["streamUrl"]
        except KeyError:
            raise _missing(self, "streamUrl") from None
        return value

    @property
    def offset(self) -> str:
        """Updates from here on begin with the message itself (`beta.3`: events from here on are
        those of the submission); `-1` if the send was deduplicated.
        """
        try:
            value: str = self._data["offset"]
        except KeyError:
            raise _missing(self, "offset") from None
        return value

    @property
    def submission_id(self) -> str:
        """The submission that the message has become."""
        try:
            value: str = self._data["submissionId"]
        except KeyError:
            raise _missing(self, "submissionId") from None
        return value

    @property
    def uid(self) -> str | None:
        """The incarnation of the conversation. New in 2.0; absent on the betas."""
        value: str | None = self._data.get("uid")
        return value

    @property
    def deduplicated(self) -> bool | None:
        """True if an earlier send with the same key was admitted; absent otherwise."""
        value: bool | None = self._data.get("deduplicated")
        return value


class AgentPromptResult(View):
    """The answer to a message whose reply was waited for."""

    __slots__ = ()

    @property
    def result(self) -> AgentPromptResponse:
        """What a submission has given back, on the betas."""
        try:
            value: AgentPromptResponse = _view(AgentPromptResponse, self._data["result"])
        except KeyError:
            raise _missing(self, "result") from None
        return value

    @property
    def stream_url(self) -> str:
        """The URL of the conversation, made from the request's `Host`: behind a proxy it is an
        internal one, not to be followed.
        """
        try:
            value: str = self._data["streamUrl"]
        except KeyError:
            raise _missing(self, "streamUrl") from None
        return value

    @property
    def offset(self) -> str:
        """The offset of the admission, as without `wait`."""
        try:
            value: str = self._data["offset"]
        except KeyError:
            raise _missing(self, "offset") from None
        return value

    @property
    def submission_id(self) -> str:
        """The submission that the message has become."""
        try:
            value: str = self._data["submissionId"]
        except KeyError:
            raise _missing(self, "submissionId") from None
        return value


class AgentPromptResponse(View):
    """What a submission has given back, on the betas."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """The text of the reply."""
        try:
            value: str = self._data["text"]
        except KeyError:
            raise _missing(self, "text") from None
        return value

    @property
    def usage(self) -> Usage:
        """What model work consumed."""
        try:
            value: Usage = _view(Usage, self._data["usage"])
        except KeyError:
            raise _missing(self, "usage") from None
        return value

    @property
    def model(self) -> ModelName:
        """A model, by its provider and its id there."""
        try:
            value: ModelName = _view(ModelName, self._data["model"])
        except KeyError:
            raise _missing(self, "model") from None
        return value


class ModelName(View):
    """A model, by its provider and its id there."""

    __slots__ = ()

    @property
    def provider(self) -> str:
        """The provider's id."""
        try:
            value: str = self._data["provider"]
        except KeyError:
            raise _missing(self, "provider") from None
        return value

    @property
    def id(self) -> str:
        """The model's id."""
        try:
            value: str = self._data["id"]
        except KeyError:
            raise _missing(self, "id") from None
        return value


class AgentAbortResult(View):
    """The answer to an abort."""

    __slots__ = ()

    @property
    def aborted(self) -> bool:
        """Whether anything ran or waited."""
        try:
            value: bool = self._data["aborted"]
        except KeyError:
            raise _missing(self, "aborted") from None
        return value


class ConversationSnapshot(View):
    """A conversation as it stands at an offset."""

    __slots__ = ()

    @property
    def v(self) -> int:
        """The version of the format."""
        try:
            value: int = self._data["v"]
        except KeyError:
            raise _missing(self, "v") from None
        return value

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation, not the one in its URL."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def offset(self) -> str:
        """Where the updates continue."""
        try:
            value: str = self._data["offset"]
        except KeyError:
            raise _missing(self, "offset") from None
        return value

    @property
    def messages(self) -> list[ConversationMessage]:
        """The messages, oldest first."""
        try:
            value: list[ConversationMessage] = _views(ConversationMessage, self._data["messages"])
        except KeyError:
            raise _missing(self, "messages") from None
        return value

    @property
    def settlements(self) -> list[ConversationSettlement]:
        """How submissions have ended, in the order of their ends."""
        try:
            value: list[ConversationSettlement] = _views(
                ConversationSettlement, self._data["settlements"]
            )
        except KeyError:
            raise _missing(self, "settlements") from None
        return value

    @property
    def incarnation(self) -> str | None:
        """The generation of the server's store; another one means that the conversation was lost
        and begun anew. Absent inside of a `conversation-reset`, and on `beta.8`.
        """
        value: str | None = self._data.get("incarnation")
        return value

    @property
    def before(self) -> str | None:
        """The cursor for the messages before these, null if there are none. New in 2.2; absent
        where `limit` was not given or is not known.
        """
        value: str | None = self._data.get("before")
        return value


class ConversationPage(View):
    """Messages before a cursor. New in 2.2."""

    __slots__ = ()

    @property
    def v(self) -> int:
        """The version of the format."""
        try:
            value: int = self._data["v"]
        except KeyError:
            raise _missing(self, "v") from None
        return value

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def messages(self) -> list[ConversationMessage]:
        """The messages, oldest first."""
        try:
            value: list[ConversationMessage] = _views(ConversationMessage, self._data["messages"])
        except KeyError:
            raise _missing(self, "messages") from None
        return value

    @property
    def before(self) -> str | None:
        """The cursor for the messages before these, null if there are none."""
        try:
            value: str | None = self._data["before"]
        except KeyError:
            raise _missing(self, "before") from None
        return value


class ConversationMessage(View):
    """A message of a conversation. A message of an agent is a whole response: the text, the
    reasoning and the tool calls of all its steps are its parts. On `beta.8` each step is a
    message.
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """The message's id."""
        try:
            value: str = self._data["id"]
        except KeyError:
            raise _missing(self, "id") from None
        return value

    @property
    def role(self) -> str:
        """Who speaks. Known values: `user`, `assistant`, and `system` for signals and for notices
        of the runtime, whose role is `user` on `beta.8`.
        """
        try:
            value: str = self._data["role"]
        except KeyError:
            raise _missing(self, "role") from None
        return value

    @property
    def parts(self) -> list[ConversationPart]:
        """What the message says, in order."""
        try:
            value: list[ConversationPart] = _parsed(parse_part, self._data["parts"])
        except KeyError:
            raise _missing(self, "parts") from None
        return value

    @property
    def purpose(self) -> str | None:
        """What the message is. Known values: `user`, `assistant`, `dispatch` (a signal),
        `advisory` (a notice of the runtime). New in 2.0.
        """
        value: str | None = self._data.get("purpose")
        return value

    @property
    def display(self) -> str | None:
        """How a user interface should treat it. Known values: `visible`, `hidden`, `diagnostic`.
        New in 2.0.
        """
        value: str | None = self._data.get("display")
        return value

    @property
    def submission_id(self) -> str | None:
        """The submission that the message belongs to. On `beta.8` the messages of the agent in a
        snapshot have none.
        """
        value: str | None = self._data.get("submissionId")
        return value

    @property
    def turn_id(self) -> str | None:
        """The model turn that the message belongs to."""
        value: str | None = self._data.get("turnId")
        return value

    @property
    def signal(self) -> MessageSignal | None:
        """The signal that a message was made from."""
        value: MessageSignal | None = _view(MessageSignal, self._data.get("signal"))
        return value

    @property
    def settlement(self) -> MessageSettlement | None:
        """How the submission ended that a notice of the runtime is about."""
        value: MessageSettlement | None = _view(MessageSettlement, self._data.get("settlement"))
        return value

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Whatever the agent's author attaches, often `model` and `usage`. Nothing in it may be
        relied on. On `beta.8` it is the runtime's: `usage` and `model` of a message of the
        agent, and from 1.0.0-beta.9 on the `timestamp` of every message.
        """
        value: dict[str, Any] | None = self._data.get("metadata")
        return value

    @property
    def timestamp(self) -> str | None:
        """When the message was made (RFC 3339, UTC). New in 2.2."""
        value: str | None = self._data.get("timestamp")
        return value


class MessageSignal(View):
    """The signal that a message was made from."""

    __slots__ = ()

    @property
    def tag_name(self) -> str | None:
        """The name of the tag in which the agent sees the signal."""
        value: str | None = self._data.get("tagName")
        return value

    @property
    def attributes(self) -> dict[str, Any] | None:
        """Facts that belong to the signal; the values are strings."""
        value: dict[str, Any] | None = self._data.get("attributes")
        return value


class MessageSettlement(View):
    """How the submission ended that a notice of the runtime is about."""

    __slots__ = ()

    @property
    def outcome(self) -> str:
        """How the submission has ended. Known values: `failed`, `aborted`."""
        try:
            value: str = self._data["outcome"]
        except KeyError:
            raise _missing(self, "outcome") from None
        return value


class ConversationSettlement(View):
    """How a submission has ended."""

    __slots__ = ()

    @property
    def submission_id(self) -> str:
        """The submission that has ended."""
        try:
            value: str = self._data["submissionId"]
        except KeyError:
            raise _missing(self, "submissionId") from None
        return value

    @property
    def outcome(self) -> str:
        """How the submission has ended. Known values: `completed`, `failed`, `aborted`."""
        try:
            value: str = self._data["outcome"]
        except KeyError:
            raise _missing(self, "outcome") from None
        return value

    @property
    def error(self) -> SubmissionError | None:
        """Why a submission has failed or was aborted. Loosely typed, its shape is not declared
        stable.
        """
        value: SubmissionError | None = _view(SubmissionError, self._data.get("error"))
        return value

    @property
    def result(self) -> AgentPromptResponse | None:
        """What a submission has given back, on the betas."""
        value: AgentPromptResponse | None = _view(AgentPromptResponse, self._data.get("result"))
        return value

    @property
    def answered_by_submission_id(self) -> str | None:
        """The submission whose message is the answer: this one, or the one that it has joined.
        Absent where there is none.
        """
        value: str | None = self._data.get("answeredBySubmissionId")
        return value

    @property
    def timestamp(self) -> str | None:
        """When the submission ended (RFC 3339, UTC). New in 2.2."""
        value: str | None = self._data.get("timestamp")
        return value


class SubmissionError(View):
    """Why a submission has failed or was aborted. Loosely typed, its shape is not declared
    stable.
    """

    __slots__ = ()

    @property
    def name(self) -> str | None:
        """The name of the error's class."""
        value: str | None = self._data.get("name")
        return value

    @property
    def message(self) -> str | None:
        """One sentence for people."""
        value: str | None = self._data.get("message")
        return value

    @property
    def type(self) -> str | None:
        """What kind of error, such as `submission_aborted`, `submission_timeout`,
        `submission_retry_exhausted`, `operation_failed` or `internal_error`.
        """
        value: str | None = self._data.get("type")
        return value

    @property
    def details(self) -> str | None:
        """More for people, possibly empty."""
        value: str | None = self._data.get("details")
        return value

    @property
    def dev(self) -> str | None:
        """Hints for developers; development servers only."""
        value: str | None = self._data.get("dev")
        return value

    @property
    def meta(self) -> dict[str, Any] | None:
        """Facts that belong to the type."""
        value: dict[str, Any] | None = self._data.get("meta")
        return value


class ChunkPosition(View):
    """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
    legitimate.
    """

    __slots__ = ()

    @property
    def batch(self) -> int:
        """The batch in which the chunk was stored."""
        try:
            value: int = self._data["batch"]
        except KeyError:
            raise _missing(self, "batch") from None
        return value

    @property
    def index(self) -> int:
        """The place within the batch."""
        try:
            value: int = self._data["index"]
        except KeyError:
            raise _missing(self, "index") from None
        return value


class EventBase(View):
    """What every event carries. Only `v`, `eventIndex` and `timestamp` are always there; the
    ids are there where they apply.
    """

    __slots__ = ()

    @property
    def v(self) -> int:
        """The version of the event format. Readers reject events of any other version."""
        try:
            value: int = self._data["v"]
        except KeyError:
            raise _missing(self, "v") from None
        return value

    @property
    def event_index(self) -> int:
        """Identifies and orders the event within its run or its submission to an agent, each of
        which begins at 0. It is not an offset, and its gaps are legitimate: indexes are spent
        on events that are never published.
        """
        try:
            value: int = self._data["eventIndex"]
        except KeyError:
            raise _missing(self, "eventIndex") from None
        return value

    @property
    def timestamp(self) -> str:
        """When the event happened (RFC 3339, UTC)."""
        try:
            value: str = self._data["timestamp"]
        except KeyError:
            raise _missing(self, "timestamp") from None
        return value

    @property
    def run_id(self) -> str | None:
        """The run that the event belongs to."""
        value: str | None = self._data.get("runId")
        return value

    @property
    def instance_id(self) -> str | None:
        """The agent instance that emitted the event."""
        value: str | None = self._data.get("instanceId")
        return value

    @property
    def dispatch_id(self) -> str | None:
        """The dispatch that caused the event."""
        value: str | None = self._data.get("dispatchId")
        return value

    @property
    def submission_id(self) -> str | None:
        """The submission that caused the event."""
        value: str | None = self._data.get("submissionId")
        return value

    @property
    def agent_name(self) -> str | None:
        """The agent that emitted the event."""
        value: str | None = self._data.get("agentName")
        return value

    @property
    def conversation_id(self) -> str | None:
        """The conversation in which the event happened."""
        value: str | None = self._data.get("conversationId")
        return value

    @property
    def session(self) -> str | None:
        """The session in which the event happened, such as `default`."""
        value: str | None = self._data.get("session")
        return value

    @property
    def parent_session(self) -> str | None:
        """The session that started this one; set inside tasks."""
        value: str | None = self._data.get("parentSession")
        return value

    @property
    def task_id(self) -> str | None:
        """The task inside which the event happened."""
        value: str | None = self._data.get("taskId")
        return value

    @property
    def harness(self) -> str | None:
        """The harness that runs the agent, such as `default`."""
        value: str | None = self._data.get("harness")
        return value

    @property
    def operation_id(self) -> str | None:
        """The operation during which the event happened."""
        value: str | None = self._data.get("operationId")
        return value

    @property
    def turn_id(self) -> str | None:
        """The model turn during which the event happened."""
        value: str | None = self._data.get("turnId")
        return value


class RunStartEvent(EventBase):
    """The run has started. The first event of every run."""

    __slots__ = ()

    type: ClassVar[Literal["run_start"]] = "run_start"

    @property
    def run_id(self) -> str:
        """The run that has started."""
        try:
            value: str = self._data["runId"]
        except KeyError:
            raise _missing(self, "runId") from None
        return value

    @property
    def workflow_name(self) -> str:
        """The workflow that runs."""
        try:
            value: str = self._data["workflowName"]
        except KeyError:
            raise _missing(self, "workflowName") from None
        return value

    @property
    def started_at(self) -> str:
        """When the run started (RFC 3339, UTC)."""
        try:
            value: str = self._data["startedAt"]
        except KeyError:
            raise _missing(self, "startedAt") from None
        return value

    @property
    def input(self) -> Any:
        """The input of the run, any JSON value; absent if it has none."""
        return self._data.get("input")


class RunResumeEvent(EventBase):
    """The run goes on after an interruption of its server."""

    __slots__ = ()

    type: ClassVar[Literal["run_resume"]] = "run_resume"

    @property
    def run_id(self) -> str:
        """The run that goes on."""
        try:
            value: str = self._data["runId"]
        except KeyError:
            raise _missing(self, "runId") from None
        return value

    @property
    def workflow_name(self) -> str:
        """The workflow that runs."""
        try:
            value: str = self._data["workflowName"]
        except KeyError:
            raise _missing(self, "workflowName") from None
        return value

    @property
    def started_at(self) -> str:
        """When the run first started (RFC 3339, UTC)."""
        try:
            value: str = self._data["startedAt"]
        except KeyError:
            raise _missing(self, "startedAt") from None
        return value


class RunEndEvent(EventBase):
    """The run has ended. The last event of every run that ended by itself."""

    __slots__ = ()

    type: ClassVar[Literal["run_end"]] = "run_end"

    @property
    def run_id(self) -> str:
        """The run that has ended."""
        try:
            value: str = self._data["runId"]
        except KeyError:
            raise _missing(self, "runId") from None
        return value

    @property
    def is_error(self) -> bool:
        """Whether the run failed."""
        try:
            value: bool = self._data["isError"]
        except KeyError:
            raise _missing(self, "isError") from None
        return value

    @property
    def duration_ms(self) -> float:
        """How long the run took, in milliseconds."""
        try:
            value: float = self._data["durationMs"]
        except KeyError:
            raise _missing(self, "durationMs") from None
        return value

    @property
    def result(self) -> Any:
        """What the workflow returned, any JSON value; absent or null if it failed."""
        return self._data.get("result")

    @property
    def error(self) -> Any:
        """Why the run failed; absent unless it did. An object with `name` and `message` on today's
        servers, sometimes with `type`, `details`, `dev` and `meta`.
        """
        return self._data.get("error")


class AgentStartEvent(EventBase):
    """An agent has begun to work on an operation."""

    __slots__ = ()

    type: ClassVar[Literal["agent_start"]] = "agent_start"


class AgentEndEvent(EventBase):
    """An agent has finished its work on an operation."""

    __slots__ = ()

    type: ClassVar[Literal["agent_end"]] = "agent_end"

    @property
    def messages(self) -> list[Message]:
        """The messages of the conversation that this work added."""
        try:
            value: list[Message] = _views(Message, self._data["messages"])
        except KeyError:
            raise _missing(self, "messages") from None
        return value


class IdleEvent(EventBase):
    """A session has nothing left to do."""

    __slots__ = ()

    type: ClassVar[Literal["idle"]] = "idle"


class TurnStartEvent(EventBase):
    """A model turn, one request to a model, has begun."""

    __slots__ = ()

    type: ClassVar[Literal["turn_start"]] = "turn_start"

    @property
    def turn_id(self) -> str:
        """The turn that has begun."""
        try:
            value: str = self._data["turnId"]
        except KeyError:
            raise _missing(self, "turnId") from None
        return value

    @property
    def purpose(self) -> str:
        """What the turn is for. Known values: `agent`, `compaction`, `compaction_prefix`."""
        try:
            value: str = self._data["purpose"]
        except KeyError:
            raise _missing(self, "purpose") from None
        return value


class TurnMessagesEvent(EventBase):
    """What a model turn added to the conversation, the results of its tool calls included."""

    __slots__ = ()

    type: ClassVar[Literal["turn_messages"]] = "turn_messages"

    @property
    def turn_id(self) -> str:
        """The turn that added them."""
        try:
            value: str = self._data["turnId"]
        except KeyError:
            raise _missing(self, "turnId") from None
        return value

    @property
    def purpose(self) -> str:
        """What the turn is for. Known values: `agent`, `compaction`, `compaction_prefix`."""
        try:
            value: str = self._data["purpose"]
        except KeyError:
            raise _missing(self, "purpose") from None
        return value

    @property
    def message(self) -> Message:
        """A message of a conversation. Upstream declares its shape unstable, so nothing here is
        promised: every field may be missing, and others occur (`api`, `provider`, `details`
        ...).
        """
        try:
            value: Message = _view(Message, self._data["message"])
        except KeyError:
            raise _missing(self, "message") from None
        return value

    @property
    def tool_results(self) -> list[Message]:
        """The results of the tools that the message calls, possibly none."""
        try:
            value: list[Message] = _views(Message, self._data["toolResults"])
        except KeyError:
            raise _missing(self, "toolResults") from None
        return value


class TurnEvent(EventBase):
    """A model turn has ended."""

    __slots__ = ()

    type: ClassVar[Literal["turn"]] = "turn"

    @property
    def turn_id(self) -> str:
        """The turn that has ended."""
        try:
            value: str = self._data["turnId"]
        except KeyError:
            raise _missing(self, "turnId") from None
        return value

    @property
    def purpose(self) -> str:
        """What the turn is for. Known values: `agent`, `compaction`, `compaction_prefix`."""
        try:
            value: str = self._data["purpose"]
        except KeyError:
            raise _missing(self, "purpose") from None
        return value

    @property
    def duration_ms(self) -> float:
        """How long the turn took, in milliseconds."""
        try:
            value: float = self._data["durationMs"]
        except KeyError:
            raise _missing(self, "durationMs") from None
        return value

    @property
    def request(self) -> ModelRequestInfo:
        """How a model was asked, without the conversation."""
        try:
            value: ModelRequestInfo = _view(ModelRequestInfo, self._data["request"])
        except KeyError:
            raise _missing(self, "request") from None
        return value

    @property
    def response(self) -> ModelResponse:
        """How a model answered. Empty where it did not."""
        try:
            value: ModelResponse = _view(ModelResponse, self._data["response"])
        except KeyError:
            raise _missing(self, "response") from None
        return value

    @property
    def is_error(self) -> bool:
        """Whether the turn failed."""
        try:
            value: bool = self._data["isError"]
        except KeyError:
            raise _missing(self, "isError") from None
        return value


class MessageStartEvent(EventBase):
    """A message has begun. That of a model is still empty; its text follows in deltas."""

    __slots__ = ()

    type: ClassVar[Literal["message_start"]] = "message_start"

    @property
    def turn_id(self) -> str:
        """The id of the model turn that the message belongs to."""
        try:
            value: str = self._data["turnId"]
        except KeyError:
            raise _missing(self, "turnId") from None
        return value

    @property
    def message(self) -> Message:
        """A message of a conversation. Upstream declares its shape unstable, so nothing here is
        promised: every field may be missing, and others occur (`api`, `provider`, `details`
        ...).
        """
        try:
            value: Message = _view(Message, self._data["message"])
        except KeyError:
            raise _missing(self, "message") from None
        return value


class MessageEndEvent(EventBase):
    """A message is complete."""

    __slots__ = ()

    type: ClassVar[Literal["message_end"]] = "message_end"

    @property
    def turn_id(self) -> str:
        """The id of the model turn that the message belongs to."""
        try:
            value: str = self._data["turnId"]
        except KeyError:
            raise _missing(self, "turnId") from None
        return value

    @property
    def message(self) -> Message:
        """A message of a conversation. Upstream declares its shape unstable, so nothing here is
        promised: every field may be missing, and others occur (`api`, `provider`, `details`
        ...).
        """
        try:
            value: Message = _view(Message, self._data["message"])
        except KeyError:
            raise _missing(self, "message") from None
        return value


class TextDeltaEvent(EventBase):
    """The next piece of a model's text."""

    __slots__ = ()

    type: ClassVar[Literal["text_delta"]] = "text_delta"

    @property
    def text(self) -> str:
        """The piece. Two pieces can share one character: a lone surrogate at the end of one
        belongs to the beginning of the next.
        """
        try:
            value: str = self._data["text"]
        except KeyError:
            raise _missing(self, "text") from None
        return value


class ThinkingStartEvent(EventBase):
    """A model has begun to reason."""

    __slots__ = ()

    type: ClassVar[Literal["thinking_start"]] = "thinking_start"

    @property
    def content_index(self) -> int | None:
        """The place of the reasoning among the content blocks of its message."""
        value: int | None = self._data.get("contentIndex")
        return value


class ThinkingDeltaEvent(EventBase):
    """The next piece of a model's reasoning."""

    __slots__ = ()

    type: ClassVar[Literal["thinking_delta"]] = "thinking_delta"

    @property
    def delta(self) -> str:
        """The piece."""
        try:
            value: str = self._data["delta"]
        except KeyError:
            raise _missing(self, "delta") from None
        return value

    @property
    def content_index(self) -> int | None:
        """The place of the reasoning among the content blocks of its message."""
        value: int | None = self._data.get("contentIndex")
        return value


class ThinkingEndEvent(EventBase):
    """A model has finished a stretch of reasoning."""

    __slots__ = ()

    type: ClassVar[Literal["thinking_end"]] = "thinking_end"

    @property
    def content(self) -> str:
        """All of the reasoning."""
        try:
            value: str = self._data["content"]
        except KeyError:
            raise _missing(self, "content") from None
        return value

    @property
    def content_index(self) -> int | None:
        """The place of the reasoning among the content blocks of its message."""
        value: int | None = self._data.get("contentIndex")
        return value


class ToolStartEvent(EventBase):
    """A tool call has begun."""

    __slots__ = ()

    type: ClassVar[Literal["tool_start"]] = "tool_start"

    @property
    def tool_name(self) -> str:
        """The tool that is called."""
        try:
            value: str = self._data["toolName"]
        except KeyError:
            raise _missing(self, "toolName") from None
        return value

    @property
    def tool_call_id(self) -> str:
        """The call's id; its end has the same."""
        try:
            value: str = self._data["toolCallId"]
        except KeyError:
            raise _missing(self, "toolCallId") from None
        return value

    @property
    def args(self) -> Any:
        """The arguments of the call, any JSON value; absent if the server keeps them to itself."""
        return self._data.get("args")


class ToolEvent(EventBase):
    """A tool call has ended."""

    __slots__ = ()

    type: ClassVar[Literal["tool"]] = "tool"

    @property
    def tool_name(self) -> str:
        """The tool that was called."""
        try:
            value: str = self._data["toolName"]
        except KeyError:
            raise _missing(self, "toolName") from None
        return value

    @property
    def tool_call_id(self) -> str:
        """The call's id; its start has the same."""
        try:
            value: str = self._data["toolCallId"]
        except KeyError:
            raise _missing(self, "toolCallId") from None
        return value

    @property
    def is_error(self) -> bool:
        """Whether the call failed."""
        try:
            value: bool = self._data["isError"]
        except KeyError:
            raise _missing(self, "isError") from None
        return value

    @property
    def duration_ms(self) -> float:
        """How long the call took, in milliseconds."""
        try:
            value: float = self._data["durationMs"]
        except KeyError:
            raise _missing(self, "durationMs") from None
        return value

    @property
    def result(self) -> Any:
        """What the tool gave back, any JSON value. An object with `content` and `details` on
        today's servers.
        """
        return self._data.get("result")


class TaskStartEvent(EventBase):
    """A task, a piece of work delegated to another agent session, has begun."""

    __slots__ = ()

    type: ClassVar[Literal["task_start"]] = "task_start"

    @property
    def task_id(self) -> str:
        """The task that has begun."""
        try:
            value: str = self._data["taskId"]
        except KeyError:
            raise _missing(self, "taskId") from None
        return value

    @property
    def prompt(self) -> str:
        """What the task is asked to do."""
        try:
            value: str = self._data["prompt"]
        except KeyError:
            raise _missing(self, "prompt") from None
        return value

    @property
    def agent(self) -> str | None:
        """The agent that does it; absent for the default one."""
        value: str | None = self._data.get("agent")
        return value

    @property
    def cwd(self) -> str | None:
        """The folder in which it works."""
        value: str | None = self._data.get("cwd")
        return value


class TaskEvent(EventBase):
    """A task has ended."""

    __slots__ = ()

    type: ClassVar[Literal["task"]] = "task"

    @property
    def task_id(self) -> str:
        """The task that has ended."""
        try:
            value: str = self._data["taskId"]
        except KeyError:
            raise _missing(self, "taskId") from None
        return value

    @property
    def is_error(self) -> bool:
        """Whether the task failed."""
        try:
            value: bool = self._data["isError"]
        except KeyError:
            raise _missing(self, "isError") from None
        return value

    @property
    def duration_ms(self) -> float:
        """How long the task took, in milliseconds."""
        try:
            value: float = self._data["durationMs"]
        except KeyError:
            raise _missing(self, "durationMs") from None
        return value

    @property
    def agent(self) -> str | None:
        """The agent that did it; absent for the default one."""
        value: str | None = self._data.get("agent")
        return value

    @property
    def result(self) -> Any:
        """What the task gave back, any JSON value."""
        return self._data.get("result")


class OperationStartEvent(EventBase):
    """An operation of the workflow on its agent has begun."""

    __slots__ = ()

    type: ClassVar[Literal["operation_start"]] = "operation_start"

    @property
    def operation_id(self) -> str:
        """The operation that has begun."""
        try:
            value: str = self._data["operationId"]
        except KeyError:
            raise _missing(self, "operationId") from None
        return value

    @property
    def operation_kind(self) -> str:
        """What the operation does. Known values: `prompt`, `skill`, `task`, `shell`, `compact`."""
        try:
            value: str = self._data["operationKind"]
        except KeyError:
            raise _missing(self, "operationKind") from None
        return value


class OperationEvent(EventBase):
    """An operation of the workflow on its agent has ended."""

    __slots__ = ()

    type: ClassVar[Literal["operation"]] = "operation"

    @property
    def operation_id(self) -> str:
        """The operation that has ended."""
        try:
            value: str = self._data["operationId"]
        except KeyError:
            raise _missing(self, "operationId") from None
        return value

    @property
    def operation_kind(self) -> str:
        """What the operation does. Known values: `prompt`, `skill`, `task`, `shell`, `compact`."""
        try:
            value: str = self._data["operationKind"]
        except KeyError:
            raise _missing(self, "operationKind") from None
        return value

    @property
    def duration_ms(self) -> float:
        """How long the operation took, in milliseconds."""
        try:
            value: float = self._data["durationMs"]
        except KeyError:
            raise _missing(self, "durationMs") from None
        return value

    @property
    def is_error(self) -> bool:
        """Whether the operation failed."""
        try:
            value: bool = self._data["isError"]
        except KeyError:
            raise _missing(self, "isError") from None
        return value

    @property
    def error(self) -> Any:
        """Why the operation failed, any JSON value; absent unless it did."""
        return self._data.get("error")

    @property
    def result(self) -> Any:
        """What the operation gave back, any JSON value. An object with `text`, `usage` and `model`
        for prompts and tasks, with `stdout`, `stderr` and `exitCode` for shells, on today's
        servers.
        """
        return self._data.get("result")

    @property
    def usage(self) -> Usage | None:
        """What model work consumed."""
        value: Usage | None = _view(Usage, self._data.get("usage"))
        return value


class CompactionStartEvent(EventBase):
    """A conversation grew too long and is about to be summarised."""

    __slots__ = ()

    type: ClassVar[Literal["compaction_start"]] = "compaction_start"

    @property
    def reason(self) -> str:
        """What caused it. Known values: `threshold`, `overflow`, `manual`."""
        try:
            value: str = self._data["reason"]
        except KeyError:
            raise _missing(self, "reason") from None
        return value

    @property
    def estimated_tokens(self) -> float:
        """The estimated length of the conversation, in tokens."""
        try:
            value: float = self._data["estimatedTokens"]
        except KeyError:
            raise _missing(self, "estimatedTokens") from None
        return value


class CompactionEvent(EventBase):
    """A conversation was summarised."""

    __slots__ = ()

    type: ClassVar[Literal["compaction"]] = "compaction"

    @property
    def messages_before(self) -> int:
        """How many messages the conversation had."""
        try:
            value: int = self._data["messagesBefore"]
        except KeyError:
            raise _missing(self, "messagesBefore") from None
        return value

    @property
    def messages_after(self) -> int:
        """How many messages it has now."""
        try:
            value: int = self._data["messagesAfter"]
        except KeyError:
            raise _missing(self, "messagesAfter") from None
        return value

    @property
    def duration_ms(self) -> float:
        """How long it took, in milliseconds."""
        try:
            value: float = self._data["durationMs"]
        except KeyError:
            raise _missing(self, "durationMs") from None
        return value

    @property
    def is_error(self) -> bool:
        """Whether it failed."""
        try:
            value: bool = self._data["isError"]
        except KeyError:
            raise _missing(self, "isError") from None
        return value

    @property
    def error(self) -> Any:
        """Why it failed, any JSON value; absent unless it did."""
        return self._data.get("error")

    @property
    def usage(self) -> Usage | None:
        """What model work consumed."""
        value: Usage | None = _view(Usage, self._data.get("usage"))
        return value


class DataEvent(EventBase):
    """Data that the agent writes for the application. New in 1.0.0-beta.7."""

    __slots__ = ()

    type: ClassVar[Literal["data"]] = "data"

    @property
    def name(self) -> str:
        """The name of the data."""
        try:
            value: str = self._data["name"]
        except KeyError:
            raise _missing(self, "name") from None
        return value

    @property
    def data(self) -> Any:
        """The data, any JSON value."""
        try:
            value: Any = self._data["data"]
        except KeyError:
            raise _missing(self, "data") from None
        return value

    @property
    def id(self) -> str | None:
        """Which data of this name are replaced; absent where they stand alone."""
        value: str | None = self._data.get("id")
        return value


class LogEvent(EventBase):
    """A line that the workflow or the runtime logged."""

    __slots__ = ()

    type: ClassVar[Literal["log"]] = "log"

    @property
    def level(self) -> str:
        """How grave it is. Known values: `info`, `warn`, `error`."""
        try:
            value: str = self._data["level"]
        except KeyError:
            raise _missing(self, "level") from None
        return value

    @property
    def message(self) -> str:
        """The line."""
        try:
            value: str = self._data["message"]
        except KeyError:
            raise _missing(self, "message") from None
        return value

    @property
    def attributes(self) -> dict[str, Any] | None:
        """Facts that belong to the line."""
        value: dict[str, Any] | None = self._data.get("attributes")
        return value


class SubmissionSettledEvent(EventBase):
    """A submission to an agent has come to its end. Belongs to agents of `beta.3`; a workflow
    run is not known to emit it.
    """

    __slots__ = ()

    type: ClassVar[Literal["submission_settled"]] = "submission_settled"

    @property
    def submission_id(self) -> str:
        """The submission that has come to its end."""
        try:
            value: str = self._data["submissionId"]
        except KeyError:
            raise _missing(self, "submissionId") from None
        return value

    @property
    def outcome(self) -> str:
        """How it ended. Known values: `completed`, `failed`, `aborted`."""
        try:
            value: str = self._data["outcome"]
        except KeyError:
            raise _missing(self, "outcome") from None
        return value

    @property
    def result(self) -> Any:
        """What the submission gave back, any JSON value; of a message to an agent the `text`, the
        `usage` and the `model` of the reply.
        """
        return self._data.get("result")

    @property
    def error(self) -> Any:
        """Why it failed; absent unless it did. An object with `message` and sometimes `name`,
        `type`, `details`, `dev` and `meta`.
        """
        return self._data.get("error")


class UnknownEvent(EventBase):
    """An event of a type that this document does not know, from a newer server. What it
    carries beside the common fields is in the JSON object as it was received.
    """

    __slots__ = ()

    type: ClassVar[Literal["unknown"]] = "unknown"

    @property
    def wire_type(self) -> str | None:
        """The event's type as it was received; None if that is not a string."""
        value = self._data.get("type")
        return value if isinstance(value, str) else None


FlueEvent: TypeAlias = (
    RunStartEvent
    | RunResumeEvent
    | RunEndEvent
    | AgentStartEvent
    | AgentEndEvent
    | IdleEvent
    | TurnStartEvent
    | TurnMessagesEvent
    | TurnEvent
    | MessageStartEvent
    | MessageEndEvent
    | TextDeltaEvent
    | ThinkingStartEvent
    | ThinkingDeltaEvent
    | ThinkingEndEvent
    | ToolStartEvent
    | ToolEvent
    | TaskStartEvent
    | TaskEvent
    | OperationStartEvent
    | OperationEvent
    | CompactionStartEvent
    | CompactionEvent
    | DataEvent
    | LogEvent
    | SubmissionSettledEvent
    | UnknownEvent
)
"""Any event. Its `type` tells the classes apart, and so do isinstance and match."""

_EVENT_TYPES: dict[str, type[FlueEvent]] = {
    "run_start": RunStartEvent,
    "run_resume": RunResumeEvent,
    "run_end": RunEndEvent,
    "agent_start": AgentStartEvent,
    "agent_end": AgentEndEvent,
    "idle": IdleEvent,
    "turn_start": TurnStartEvent,
    "turn_messages": TurnMessagesEvent,
    "turn": TurnEvent,
    "message_start": MessageStartEvent,
    "message_end": MessageEndEvent,
    "text_delta": TextDeltaEvent,
    "thinking_start": ThinkingStartEvent,
    "thinking_delta": ThinkingDeltaEvent,
    "thinking_end": ThinkingEndEvent,
    "tool_start": ToolStartEvent,
    "tool": ToolEvent,
    "task_start": TaskStartEvent,
    "task": TaskEvent,
    "operation_start": OperationStartEvent,
    "operation": OperationEvent,
    "compaction_start": CompactionStartEvent,
    "compaction": CompactionEvent,
    "data": DataEvent,
    "log": LogEvent,
    "submission_settled": SubmissionSettledEvent,
}
EVENT_TYPES: Mapping[str, type[FlueEvent]] = MappingProxyType(_EVENT_TYPES)
"""The class of each event type that the spec knows."""


def parse_event(data: Any) -> FlueEvent:
    """Return the typed view of one event as it was decoded from JSON.

    Never fails: what has no known type is an UnknownEvent, and a JSON value that is not an object at
    all becomes an UnknownEvent of `{"value": data}`.
    """
    try:
        event: FlueEvent = _new(_EVENT_TYPES[data["type"]])
    except (KeyError, TypeError):
        return UnknownEvent(data if _is_object(data) else {"value": data})
    _set_data(event, data)
    return event


def parse_events(items: Sequence[Any]) -> list[FlueEvent]:
    """Return `parse_event` of each item, in four fifths of the time."""
    try:
        types = map(_EVENT_TYPES.__getitem__, map(_type, items))
        events: list[FlueEvent] = list(map(_new, types))
    except (KeyError, TypeError):
        return list(map(parse_event, items))
    deque(map(_set_data, events, items), 0)
    return events


class ChunkBase(View):
    """What every chunk may carry. All but the checkpoint carry both."""

    __slots__ = ()

    @property
    def conversation_id(self) -> str | None:
        """The server's id of the conversation."""
        value: str | None = self._data.get("conversationId")
        return value

    @property
    def position(self) -> ChunkPosition | None:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        value: ChunkPosition | None = _view(ChunkPosition, self._data.get("position"))
        return value


class StreamCheckpointChunk(ChunkBase):
    """Names the generation of the server's store. The first chunk of every JSON answer and of
    every event stream of 2.x.
    """

    __slots__ = ()

    type: ClassVar[Literal["stream-checkpoint"]] = "stream-checkpoint"

    @property
    def incarnation(self) -> str:
        """The generation. If it differs from the last one, the server has lost its store, and what
        was read before is void.
        """
        try:
            value: str = self._data["incarnation"]
        except KeyError:
            raise _missing(self, "incarnation") from None
        return value


class ConversationResetChunk(ChunkBase):
    """Replaces the whole conversation by the snapshot. Sent when the conversation is created,
    after a compaction, and when a failed model attempt is retried, whose text is taken
    back.
    """

    __slots__ = ()

    type: ClassVar[Literal["conversation-reset"]] = "conversation-reset"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def snapshot(self) -> ConversationSnapshot:
        """A conversation as it stands at an offset."""
        try:
            value: ConversationSnapshot = _view(ConversationSnapshot, self._data["snapshot"])
        except KeyError:
            raise _missing(self, "snapshot") from None
        return value


class MessageAppendedChunk(ChunkBase):
    """Adds a whole message, or replaces the one that has its id."""

    __slots__ = ()

    type: ClassVar[Literal["message-appended"]] = "message-appended"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def message(self) -> ConversationMessage:
        """A message of a conversation. A message of an agent is a whole response: the text, the
        reasoning and the tool calls of all its steps are its parts. On `beta.8` each step is a
        message.
        """
        try:
            value: ConversationMessage = _view(ConversationMessage, self._data["message"])
        except KeyError:
            raise _missing(self, "message") from None
        return value


class MessageStartedChunk(ChunkBase):
    """The agent begins a message. Has no effect on one that exists: there it is the next step.
    `model` is there on `beta.8` only.
    """

    __slots__ = ()

    type: ClassVar[Literal["message-started"]] = "message-started"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def message_id(self) -> str:
        """The message that is updated."""
        try:
            value: str = self._data["messageId"]
        except KeyError:
            raise _missing(self, "messageId") from None
        return value

    @property
    def submission_id(self) -> str | None:
        """The submission that is answered."""
        value: str | None = self._data.get("submissionId")
        return value

    @property
    def turn_id(self) -> str | None:
        """The model turn that begins."""
        value: str | None = self._data.get("turnId")
        return value

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Whatever the agent's author attaches."""
        value: dict[str, Any] | None = self._data.get("metadata")
        return value

    @property
    def model(self) -> ModelName | None:
        """A model, by its provider and its id there."""
        value: ModelName | None = _view(ModelName, self._data.get("model"))
        return value

    @property
    def timestamp(self) -> str | None:
        """When it happened (RFC 3339, UTC)."""
        value: str | None = self._data.get("timestamp")
        return value


class MessageDeltaChunk(ChunkBase):
    """Appends text or reasoning to the last part of the message if that is of this kind and
    still streaming, else to a new part.
    """

    __slots__ = ()

    type: ClassVar[Literal["message-delta"]] = "message-delta"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def message_id(self) -> str:
        """The message that is updated."""
        try:
            value: str = self._data["messageId"]
        except KeyError:
            raise _missing(self, "messageId") from None
        return value

    @property
    def kind(self) -> str:
        """The kind of part that it belongs to. Known values: `text`, `reasoning`."""
        try:
            value: str = self._data["kind"]
        except KeyError:
            raise _missing(self, "kind") from None
        return value

    @property
    def delta(self) -> str:
        """The text to append."""
        try:
            value: str = self._data["delta"]
        except KeyError:
            raise _missing(self, "delta") from None
        return value


class ToolInputChunk(ChunkBase):
    """A tool call has begun."""

    __slots__ = ()

    type: ClassVar[Literal["tool-input"]] = "tool-input"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def message_id(self) -> str:
        """The message that is updated."""
        try:
            value: str = self._data["messageId"]
        except KeyError:
            raise _missing(self, "messageId") from None
        return value

    @property
    def tool_call_id(self) -> str:
        """The call's id; its output has the same."""
        try:
            value: str = self._data["toolCallId"]
        except KeyError:
            raise _missing(self, "toolCallId") from None
        return value

    @property
    def tool_name(self) -> str:
        """The tool that is called."""
        try:
            value: str = self._data["toolName"]
        except KeyError:
            raise _missing(self, "toolName") from None
        return value

    @property
    def input(self) -> Any:
        """The arguments of the call, any JSON value."""
        try:
            value: Any = self._data["input"]
        except KeyError:
            raise _missing(self, "input") from None
        return value

    @property
    def timestamp(self) -> str | None:
        """When it happened (RFC 3339, UTC)."""
        value: str | None = self._data.get("timestamp")
        return value


class ToolOutputChunk(ChunkBase):
    """A tool call has succeeded."""

    __slots__ = ()

    type: ClassVar[Literal["tool-output"]] = "tool-output"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def tool_call_id(self) -> str:
        """The call's id; its input has the same."""
        try:
            value: str = self._data["toolCallId"]
        except KeyError:
            raise _missing(self, "toolCallId") from None
        return value

    @property
    def output(self) -> Any:
        """What the tool gave back, any JSON value."""
        try:
            value: Any = self._data["output"]
        except KeyError:
            raise _missing(self, "output") from None
        return value

    @property
    def duration_ms(self) -> float | None:
        """How long the call took, in milliseconds."""
        value: float | None = self._data.get("durationMs")
        return value

    @property
    def timestamp(self) -> str | None:
        """When it happened (RFC 3339, UTC)."""
        value: str | None = self._data.get("timestamp")
        return value


class ToolOutputErrorChunk(ChunkBase):
    """A tool call has failed."""

    __slots__ = ()

    type: ClassVar[Literal["tool-output-error"]] = "tool-output-error"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def tool_call_id(self) -> str:
        """The call's id; its input has the same."""
        try:
            value: str = self._data["toolCallId"]
        except KeyError:
            raise _missing(self, "toolCallId") from None
        return value

    @property
    def error_text(self) -> str:
        """Why the call has failed."""
        try:
            value: str = self._data["errorText"]
        except KeyError:
            raise _missing(self, "errorText") from None
        return value

    @property
    def duration_ms(self) -> float | None:
        """How long the call took, in milliseconds."""
        value: float | None = self._data.get("durationMs")
        return value

    @property
    def timestamp(self) -> str | None:
        """When it happened (RFC 3339, UTC)."""
        value: str | None = self._data.get("timestamp")
        return value


class DataPartChunk(ChunkBase):
    """Sets the data part of a name, which is added to the message or replaced."""

    __slots__ = ()

    type: ClassVar[Literal["data-part"]] = "data-part"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def message_id(self) -> str:
        """The message that is updated."""
        try:
            value: str = self._data["messageId"]
        except KeyError:
            raise _missing(self, "messageId") from None
        return value

    @property
    def name(self) -> str:
        """The name of the data; the part's type is `data-` and this."""
        try:
            value: str = self._data["name"]
        except KeyError:
            raise _missing(self, "name") from None
        return value

    @property
    def data(self) -> Any:
        """The data, any JSON value."""
        try:
            value: Any = self._data["data"]
        except KeyError:
            raise _missing(self, "data") from None
        return value


class MessageMetadataChunk(ChunkBase):
    """Merges metadata into that of a message. Objects merge field by field; any other value
    replaces.
    """

    __slots__ = ()

    type: ClassVar[Literal["message-metadata"]] = "message-metadata"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def message_id(self) -> str:
        """The message that is updated."""
        try:
            value: str = self._data["messageId"]
        except KeyError:
            raise _missing(self, "messageId") from None
        return value

    @property
    def metadata(self) -> dict[str, Any]:
        """What is merged into the message's metadata."""
        try:
            value: dict[str, Any] = self._data["metadata"]
        except KeyError:
            raise _missing(self, "metadata") from None
        return value


class MessageCompletedChunk(ChunkBase):
    """A step of a message is complete, and its text is no longer streaming. Sent once a step.
    `usage` is there on `beta.8` only.
    """

    __slots__ = ()

    type: ClassVar[Literal["message-completed"]] = "message-completed"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def message_id(self) -> str:
        """The message that is updated."""
        try:
            value: str = self._data["messageId"]
        except KeyError:
            raise _missing(self, "messageId") from None
        return value

    @property
    def usage(self) -> Usage | None:
        """What model work consumed."""
        value: Usage | None = _view(Usage, self._data.get("usage"))
        return value

    @property
    def timestamp(self) -> str | None:
        """When it happened (RFC 3339, UTC)."""
        value: str | None = self._data.get("timestamp")
        return value


class SubmissionSettledChunk(ChunkBase):
    """A submission has ended. Its settlement may come in the snapshot of a
    `conversation-reset` instead.
    """

    __slots__ = ()

    type: ClassVar[Literal["submission-settled"]] = "submission-settled"

    @property
    def conversation_id(self) -> str:
        """The server's id of the conversation."""
        try:
            value: str = self._data["conversationId"]
        except KeyError:
            raise _missing(self, "conversationId") from None
        return value

    @property
    def position(self) -> ChunkPosition:
        """Orders the chunks of a conversation, by batch and then by index. Not an offset; gaps are
        legitimate.
        """
        try:
            value: ChunkPosition = _view(ChunkPosition, self._data["position"])
        except KeyError:
            raise _missing(self, "position") from None
        return value

    @property
    def submission_id(self) -> str:
        """The submission that has ended."""
        try:
            value: str = self._data["submissionId"]
        except KeyError:
            raise _missing(self, "submissionId") from None
        return value

    @property
    def outcome(self) -> str:
        """How the submission has ended. Known values: `completed`, `failed`, `aborted`."""
        try:
            value: str = self._data["outcome"]
        except KeyError:
            raise _missing(self, "outcome") from None
        return value

    @property
    def error(self) -> SubmissionError | None:
        """Why a submission has failed or was aborted. Loosely typed, its shape is not declared
        stable.
        """
        value: SubmissionError | None = _view(SubmissionError, self._data.get("error"))
        return value

    @property
    def result(self) -> AgentPromptResponse | None:
        """What a submission has given back, on the betas."""
        value: AgentPromptResponse | None = _view(AgentPromptResponse, self._data.get("result"))
        return value

    @property
    def answered_by_submission_id(self) -> str | None:
        """The submission whose message is the answer: this one, or the one that it has joined.
        Absent where there is none.
        """
        value: str | None = self._data.get("answeredBySubmissionId")
        return value

    @property
    def timestamp(self) -> str | None:
        """When it happened (RFC 3339, UTC)."""
        value: str | None = self._data.get("timestamp")
        return value


class UnknownChunk(ChunkBase):
    """A chunk of a type that this document does not know, from a newer server. What it carries
    beside the common fields is in the JSON object as it was received.
    """

    __slots__ = ()

    type: ClassVar[Literal["unknown"]] = "unknown"

    @property
    def wire_type(self) -> str | None:
        """The chunk's type as it was received; None if that is not a string."""
        value = self._data.get("type")
        return value if isinstance(value, str) else None


ConversationChunk: TypeAlias = (
    StreamCheckpointChunk
    | ConversationResetChunk
    | MessageAppendedChunk
    | MessageStartedChunk
    | MessageDeltaChunk
    | ToolInputChunk
    | ToolOutputChunk
    | ToolOutputErrorChunk
    | DataPartChunk
    | MessageMetadataChunk
    | MessageCompletedChunk
    | SubmissionSettledChunk
    | UnknownChunk
)
"""Any chunk. Its `type` tells the classes apart, and so do isinstance and match."""

_CHUNK_TYPES: dict[str, type[ConversationChunk]] = {
    "stream-checkpoint": StreamCheckpointChunk,
    "conversation-reset": ConversationResetChunk,
    "message-appended": MessageAppendedChunk,
    "message-started": MessageStartedChunk,
    "message-delta": MessageDeltaChunk,
    "tool-input": ToolInputChunk,
    "tool-output": ToolOutputChunk,
    "tool-output-error": ToolOutputErrorChunk,
    "data-part": DataPartChunk,
    "message-metadata": MessageMetadataChunk,
    "message-completed": MessageCompletedChunk,
    "submission-settled": SubmissionSettledChunk,
}
CHUNK_TYPES: Mapping[str, type[ConversationChunk]] = MappingProxyType(_CHUNK_TYPES)
"""The class of each chunk type that the spec knows."""


def parse_chunk(data: Any) -> ConversationChunk:
    """Return the typed view of one chunk as it was decoded from JSON.

    Never fails: what has no known type is an UnknownChunk, and a JSON value that is not an object at
    all becomes an UnknownChunk of `{"value": data}`.
    """
    try:
        chunk: ConversationChunk = _new(_CHUNK_TYPES[data["type"]])
    except (KeyError, TypeError):
        return UnknownChunk(data if _is_object(data) else {"value": data})
    _set_data(chunk, data)
    return chunk


def parse_chunks(items: Sequence[Any]) -> list[ConversationChunk]:
    """Return `parse_chunk` of each item, in four fifths of the time."""
    try:
        types = map(_CHUNK_TYPES.__getitem__, map(_type, items))
        chunks: list[ConversationChunk] = list(map(_new, types))
    except (KeyError, TypeError):
        return list(map(parse_chunk, items))
    deque(map(_set_data, chunks, items), 0)
    return chunks


class TextPart(View):
    """Text."""

    __slots__ = ()

    type: ClassVar[Literal["text"]] = "text"

    @property
    def text(self) -> str:
        """The text so far."""
        try:
            value: str = self._data["text"]
        except KeyError:
            raise _missing(self, "text") from None
        return value

    @property
    def state(self) -> str:
        """Whether more may come. Known values: `streaming`, `done`."""
        try:
            value: str = self._data["state"]
        except KeyError:
            raise _missing(self, "state") from None
        return value


class ReasoningPart(View):
    """What a model thinks before it answers."""

    __slots__ = ()

    type: ClassVar[Literal["reasoning"]] = "reasoning"

    @property
    def text(self) -> str:
        """The reasoning so far."""
        try:
            value: str = self._data["text"]
        except KeyError:
            raise _missing(self, "text") from None
        return value

    @property
    def state(self) -> str:
        """Whether more may come. Known values: `streaming`, `done`."""
        try:
            value: str = self._data["state"]
        except KeyError:
            raise _missing(self, "state") from None
        return value


class DataPart(View):
    """Data that the agent writes for the application. Its type is `data-` and the data's name;
    a message has one part of a name, with the latest data.
    """

    __slots__ = ()

    type: ClassVar[Literal["data"]] = "data"

    @property
    def data(self) -> Any:
        """The data, any JSON value."""
        try:
            value: Any = self._data["data"]
        except KeyError:
            raise _missing(self, "data") from None
        return value

    @property
    def wire_type(self) -> str:
        """The type as it was received, such as `data-name`."""
        try:
            value: str = self._data["type"]
        except KeyError:
            raise _missing(self, "type") from None
        return value

    @property
    def name(self) -> str:
        """The type as it was received without its `data-`."""
        return self.wire_type.removeprefix("data-")


class FilePart(View):
    """A file that goes with the message."""

    __slots__ = ()

    type: ClassVar[Literal["file"]] = "file"

    @property
    def media_type(self) -> str:
        """The kind of file, such as `image/png`."""
        try:
            value: str = self._data["mediaType"]
        except KeyError:
            raise _missing(self, "mediaType") from None
        return value

    @property
    def id(self) -> str | None:
        """The attachment's id, for downloading it."""
        value: str | None = self._data.get("id")
        return value

    @property
    def size(self) -> int | None:
        """The number of bytes."""
        value: int | None = self._data.get("size")
        return value

    @property
    def url(self) -> str | None:
        """Where the bytes are. Servers do not set it."""
        value: str | None = self._data.get("url")
        return value

    @property
    def filename(self) -> str | None:
        """The name that the file had."""
        value: str | None = self._data.get("filename")
        return value


class ToolPart(View):
    """A call of a tool, and what came of it."""

    __slots__ = ()

    type: ClassVar[Literal["dynamic-tool"]] = "dynamic-tool"

    @property
    def tool_name(self) -> str:
        """The tool that is called."""
        try:
            value: str = self._data["toolName"]
        except KeyError:
            raise _missing(self, "toolName") from None
        return value

    @property
    def tool_call_id(self) -> str:
        """The call's id."""
        try:
            value: str = self._data["toolCallId"]
        except KeyError:
            raise _missing(self, "toolCallId") from None
        return value

    @property
    def state(self) -> str:
        """How the call stands. Known values: `input-available`, `output-available`,
        `output-error`.
        """
        try:
            value: str = self._data["state"]
        except KeyError:
            raise _missing(self, "state") from None
        return value

    @property
    def input(self) -> Any:
        """The arguments of the call, any JSON value."""
        try:
            value: Any = self._data["input"]
        except KeyError:
            raise _missing(self, "input") from None
        return value

    @property
    def output(self) -> Any:
        """What the tool gave back, any JSON value; absent unless it did."""
        return self._data.get("output")

    @property
    def error_text(self) -> str | None:
        """Why the call has failed; absent unless it did."""
        value: str | None = self._data.get("errorText")
        return value

    @property
    def duration_ms(self) -> float | None:
        """How long the call took, in milliseconds; absent until it has ended."""
        value: float | None = self._data.get("durationMs")
        return value


class UnknownPart(View):
    """A part of a type that this document does not know, from a newer server. What it carries
    is in the JSON object as it was received.
    """

    __slots__ = ()

    type: ClassVar[Literal["unknown"]] = "unknown"

    @property
    def wire_type(self) -> str | None:
        """The part's type as it was received; None if that is not a string."""
        value = self._data.get("type")
        return value if isinstance(value, str) else None


ConversationPart: TypeAlias = (
    TextPart | ReasoningPart | DataPart | FilePart | ToolPart | UnknownPart
)
"""Any part. Its `type` tells the classes apart, and so do isinstance and match."""

_PART_TYPES: dict[str, type[ConversationPart]] = {
    "text": TextPart,
    "reasoning": ReasoningPart,
    "data-": DataPart,
    "file": FilePart,
    "dynamic-tool": ToolPart,
}
PART_TYPES: Mapping[str, type[ConversationPart]] = MappingProxyType(_PART_TYPES)
"""The class of each part type that the spec knows; one that ends in a hyphen is a prefix."""


def parse_part(data: Any) -> ConversationPart:
    """Return the typed view of one part as it was decoded from JSON.

    Never fails: what has no known type is an UnknownPart, and a JSON value that is not an object at
    all becomes an UnknownPart of `{"value": data}`.
    """
    try:
        part: ConversationPart = _new(_PART_TYPES[data["type"]])
    except (KeyError, TypeError):
        if _is_object(data) and str(data.get("type")).startswith("data-"):
            return DataPart(data)
        return UnknownPart(data if _is_object(data) else {"value": data})
    _set_data(part, data)
    return part


def parse_parts(items: Sequence[Any]) -> list[ConversationPart]:
    """Return `parse_part` of each item, in four fifths of the time."""
    try:
        types = map(_PART_TYPES.__getitem__, map(_type, items))
        parts: list[ConversationPart] = list(map(_new, types))
    except (KeyError, TypeError):
        return list(map(parse_part, items))
    deque(map(_set_data, parts, items), 0)
    return parts


__all__ = (
    "AgentAbortResult",
    "AgentAdmission",
    "AgentAttachment",
    "AgentAttachmentType",
    "AgentEndEvent",
    "AgentPrompt",
    "AgentPromptImage",
    "AgentPromptResponse",
    "AgentPromptResult",
    "AgentSignal",
    "AgentStartEvent",
    "AgentUserMessage",
    "CHUNK_TYPES",
    "ChunkBase",
    "ChunkPosition",
    "CompactionEvent",
    "CompactionStartEvent",
    "ContentBlock",
    "ControlFrame",
    "ConversationChunk",
    "ConversationMessage",
    "ConversationPage",
    "ConversationPart",
    "ConversationResetChunk",
    "ConversationSettlement",
    "ConversationSnapshot",
    "DataEvent",
    "DataPart",
    "DataPartChunk",
    "ErrorBody",
    "ErrorEnvelope",
    "EVENT_TYPES",
    "EventBase",
    "FilePart",
    "FlueEvent",
    "IdleEvent",
    "LiveMode",
    "LogEvent",
    "Message",
    "MessageAppendedChunk",
    "MessageCompletedChunk",
    "MessageDeltaChunk",
    "MessageEndEvent",
    "MessageMetadataChunk",
    "MessageSettlement",
    "MessageSignal",
    "MessageStartedChunk",
    "MessageStartEvent",
    "ModelError",
    "ModelName",
    "ModelRequestInfo",
    "ModelResponse",
    "OperationEvent",
    "OperationStartEvent",
    "parse_chunk",
    "parse_chunks",
    "parse_event",
    "parse_events",
    "parse_part",
    "parse_parts",
    "PART_TYPES",
    "ReasoningPart",
    "RunEndEvent",
    "RunRecord",
    "RunResumeEvent",
    "RunStartEvent",
    "StreamCheckpointChunk",
    "SubmissionError",
    "SubmissionSettledChunk",
    "SubmissionSettledEvent",
    "TaskEvent",
    "TaskStartEvent",
    "TextDeltaEvent",
    "TextPart",
    "ThinkingDeltaEvent",
    "ThinkingEndEvent",
    "ThinkingStartEvent",
    "ToolEvent",
    "ToolInputChunk",
    "ToolOutputChunk",
    "ToolOutputErrorChunk",
    "ToolPart",
    "ToolStartEvent",
    "TurnEvent",
    "TurnMessagesEvent",
    "TurnStartEvent",
    "UnknownChunk",
    "UnknownEvent",
    "UnknownPart",
    "Usage",
    "UsageCost",
    "View",
    "WorkflowInvokeResult",
    "WorkflowWaitResult",
)
