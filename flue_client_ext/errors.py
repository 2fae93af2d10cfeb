"""Every error that this package raises, with the facts of each in attributes.

    FlueError
    ├── FlueApiError                      an HTTP answer that is not the one asked for
    │   ├── RunNotReadableError           404 for a run that this client has just started
    │   └── WorkflowApiNotFoundError      404 from something that is no Flue 1.x workflow API
    ├── FlueConnectionError               the transport failed
    │   ├── FlueTimeoutError              a deadline passed
    │   └── InvokeOutcomeUnknownError     a POST may or may not have arrived
    ├── FlueProtocolError                 a whole answer that is not what the protocol says
    ├── FlueExecutionError                the run itself failed
    ├── UnsupportedFlueEventVersionError  an event of another format version
    ├── StreamResetError                  a saved offset no longer fits its stream
    └── FlueAbortError                    the caller aborted the call

Errors are plain data: they pickle, they hold no type of the HTTP library and nothing of the request
that may be secret (no request headers, no query).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._values.http import Response, is_retryable, redirect_origin, speaker
from ._values.jsoncodec import NotJson, as_array, as_object, decode

__all__ = [
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
]

_MOST_PLACES, _LONGEST_PLACE = 5, 80


class _Fact:
    """An attribute that `__init__` sets. The class shows it as well, to `help`, `dir` and specs of
    mocks, which see nothing that only instances have."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, error: object, owner: type) -> Any:
        if error is None:
            return self
        raise AttributeError(f"{owner.__name__} object has no attribute {self._name!r}")


def _fact(doc: str) -> Any:
    return _Fact(doc)


def _rebuild(cls: type[FlueError], args: tuple[Any, ...], state: dict[str, Any]) -> FlueError:
    error = cls.__new__(cls, *args)
    error.args = args  # a TimeoutError leaves this to __init__, which wants other arguments
    error.__dict__.update(state)
    return error


class FlueError(Exception):
    """Base of every error of this package."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class FlueApiError(FlueError):
    """An HTTP answer that is not the one asked for, whatever its status and its body.

    Branch on `type` (the server's own name for the problem, `None` when the answer did not come
    from Flue) or on `status`; prose may change. `body` is the decoded JSON, or the text of
    anything else, or `None` for an empty body. `retryable` says whether the same request may be
    sent again and succeed: of reads only. Never after a POST, whose run a gateway's 502, 504 or
    524 leaves open: it may have been started. `proxy` names the HTTP proxy that a plain request
    went through, which may have answered itself."""

    status: int = _fact("The answer's HTTP status.")
    headers: Mapping[str, str] = _fact("The answer's headers, names in lower case, no cookies.")
    body: Any = _fact("Decoded JSON, the text of anything else, or `None` for an empty body.")
    run_id: str | None = _fact("The run that the call was about, if one was named.")
    retryable: bool = _fact("Whether the same read may be sent again and succeed.")
    type: str | None = _fact("The server's own name for the problem; `None` if not from Flue.")
    details: Any = _fact("`details` of Flue's error envelope.")
    dev: Any = _fact("`dev` of Flue's error envelope.")
    meta: Any = _fact("`meta` of Flue's error envelope.")
    message: str = _fact("What happened, in words.")

    def __init__(
        self,
        response: Response,
        *,
        read: bool = True,
        run_id: str | None = None,
        explanation: str | None = None,
    ) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = _harmless(response.headers)
        self.body: Any = _body_of(response)
        self.run_id = run_id
        self.proxy = response.proxy
        self.retryable = read and is_retryable(response.status)
        envelope = _envelope(self.body)
        self.type: str | None = envelope.get("type")
        self.details: Any = envelope.get("details")
        self.dev: Any = envelope.get("dev")
        self.meta: Any = envelope.get("meta")
        self.message: str = explanation or envelope.get("message") or _describe(response)
        super().__init__(_sentence(self, explanation, envelope))


class RunNotReadableError(FlueApiError):
    """A run that this client has just started cannot be read: its workflow exports no `runs`."""


class WorkflowApiNotFoundError(FlueApiError):
    """The address has no workflow API: a wrong mount prefix, or a Flue 2.x server."""


class FlueConnectionError(FlueError):
    """The transport failed, and retrying did not heal it or was not allowed.

    `cause` says in words what happened last.
    """

    message: str = _fact("What happened, in words.")
    cause: str | None = _fact("What happened last, in words.")
    run_id: str | None = _fact("The run that goes on at the server, if one was named or started.")
    offset: str | None = _fact("The offset to go on from, where it is known.")

    def __init__(
        self,
        message: str,
        *,
        cause: str | None = None,
        run_id: str | None = None,
        offset: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.run_id = run_id
        self.offset = offset


class FlueTimeoutError(FlueConnectionError, TimeoutError):
    """The deadline of a call passed.

    `run_id` and `offset` are set when they are known: pass them to `runs.stream` to go on.
    """


class InvokeOutcomeUnknownError(FlueConnectionError):
    """A POST failed after bytes may have left: the run may or may not have been started.

    It was not sent again, since that could execute the workflow twice. `cause` says what happened.
    """


class FlueProtocolError(FlueError):
    """An answer that arrived whole and is not what the protocol says.

    `url` has no query; `run_id` is set when it is known, `proxy` when a plain request went through
    an HTTP proxy, which may have answered itself. Never retried. The call or stream that raised it
    is finished; the client is not.
    """

    message: str = _fact("What was wrong, in words.")
    url: str | None = _fact("Where the answer came from, without a query.")
    offset: str | None = _fact("The offset that was asked for, in a stream.")
    run_id: str | None = _fact("The run, where it is known.")

    def __init__(
        self,
        message: str,
        *,
        url: str | None = None,
        offset: str | None = None,
        run_id: str | None = None,
        proxy: str | None = None,
    ) -> None:
        where = "" if url is None else f" (from {url}{_at(offset)})"
        super().__init__(message + where + speaker(proxy))
        self.message = message
        self.proxy = proxy
        self.url = url
        self.offset = offset
        self.run_id = run_id


class FlueExecutionError(FlueError):
    """The run itself failed (`failure == "failed"`) or ended without saying how
    (`failure == "terminal_event_missing"`).

    `target` is `"workflow"`, `target_id` the run id; `error` is the server's error object, if any.
    """

    target: str = _fact("`workflow`.")
    target_id: str = _fact("The run's id.")
    failure: str = _fact("`failed` or `terminal_event_missing`.")
    error: Any = _fact("The server's error object, if any.")

    def __init__(self, *, target: str, target_id: str, failure: str, error: Any = None) -> None:
        super().__init__(f"{target} run {target_id} {_failure_text(failure, error)}")
        self.target = target
        self.target_id = target_id
        self.failure = failure
        self.error = error

    @property
    def run_id(self) -> str:
        """The failed run's id: `target_id` under the name that the rest of the package uses."""
        return self.target_id


class UnsupportedFlueEventVersionError(FlueError):
    """An event whose format version `v` this client does not know."""

    received: Any = _fact("The event's `v`.")
    supported: int = _fact("The version that this client knows.")
    run_id: str | None = _fact("The run whose event it was.")

    def __init__(self, *, received: Any, supported: int, run_id: str | None = None) -> None:
        super().__init__(f"event format v={received!r} is not supported (supported: {supported})")
        self.received = received
        self.supported = supported
        self.run_id = run_id


class StreamResetError(FlueError):
    """A saved offset lies beyond the end of a closed stream: the server has lost what it pointed
    at.

    `offset` is the saved one, `tail` the stream's true end.
    """

    offset: str = _fact("The saved offset.")
    tail: str | None = _fact("The stream's true end.")
    run_id: str | None = _fact("The run, where it is known.")

    def __init__(self, *, offset: str, tail: str | None, run_id: str | None = None) -> None:
        super().__init__(
            f"offset {offset} is beyond the end of the closed stream (its tail is {tail}): the"
            " server has lost the events that it pointed at; read again from the start"
        )
        self.offset = offset
        self.tail = tail
        self.run_id = run_id


class FlueAbortError(FlueError):
    """A call was aborted through its signal; `reason` is what was given to `abort`.

    `run_id` is set when a run had been named or started: it goes on at the server.
    """

    reason: Any = _fact("What was given to `abort`.")
    run_id: str | None = _fact("The run that goes on at the server, if one was named or started.")

    def __init__(self, reason: Any = None, *, run_id: str | None = None) -> None:
        super().__init__("the call was aborted" if reason is None else f"aborted: {reason}")
        self.reason = reason
        self.run_id = run_id

    def __reduce__(self) -> tuple[Any, ...]:
        reason = _picklable(self.reason)
        return _rebuild, (type(self), self.args, {**self.__dict__, "reason": reason})


def _picklable(value: Any) -> Any:
    """Return `value`, or its `repr` where it cannot travel."""
    import pickle

    try:
        pickle.dumps(value)
    except Exception:
        return repr(value)
    return value


def _at(offset: str | None) -> str:
    return "" if offset is None else f", at offset {offset}"


def _harmless(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers without cookies, and without the query of where a redirect leads."""
    kept = {name: value for name, value in headers.items() if name != "set-cookie"}
    if "location" in kept:
        kept["location"] = kept["location"].partition("#")[0].partition("?")[0]
    return kept


def _body_of(response: Response) -> Any:
    if not response.body:
        return None
    try:
        return decode(response.body)
    except NotJson:
        return response.body.decode("utf-8", "replace")


def _envelope(body: Any) -> dict[str, Any]:
    """The fields of Flue's error envelope, as far as `body` really has them."""
    error = as_object(as_object(body).get("error"))
    if not isinstance(error.get("type"), str):
        return {}
    message = error.get("message")
    return {**error, "message": message if isinstance(message, str) else None}


def _describe(response: Response) -> str:
    if 300 <= response.status < 400 and (origin := redirect_origin(response)):
        return f"redirect to {origin}, not followed: credentials go to the configured server only"
    if response.body_lost:
        return "an answer whose body is lost"
    kind = response.headers.get("content-type", "").split(";")[0].strip()
    return f"an answer without Flue's error envelope ({kind or 'no content type'})"


def _sentence(error: FlueApiError, explanation: str | None, envelope: dict[str, Any]) -> str:
    words = f"{error.status} {error.type}: " if error.type else f"{error.status}: "
    details = envelope.get("details")
    tail = f" {details}" if isinstance(details, str) and details and not explanation else ""
    whose = "" if error.type else speaker(error.proxy)
    return _printable(words + error.message + tail) + _rejected(error.meta) + whose


def _printable(text: str) -> str:
    """Escape what would forge a line of a log, or could not be printed at all."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _rejected(meta: Any) -> str:
    """Where an input breaks its schema: the first places of `meta.issues`, whose messages may quote
    the input."""
    issues = map(as_object, as_array(as_object(meta).get("issues")))
    places = [place for issue in issues if (place := _place(as_array(issue.get("path"))))]
    return f" (at {', '.join(places[:_MOST_PLACES])})" if places else ""


def _place(path: list[Any]) -> str:
    """Steps are keys and indexes, or objects with a `key` (as Standard Schema has it)."""
    steps = [as_object(step).get("key") if isinstance(step, dict) else step for step in path]
    return repr(".".join(map(str, steps)))[:_LONGEST_PLACE] if steps else ""


def _failure_text(failure: str, error: Any) -> str:
    if failure == "terminal_event_missing":
        return "ended without saying how (no run_end event, no terminal record)"
    facts = as_object(error)
    if isinstance(facts.get("message"), str):
        return _printable(f"failed: {facts.get('name') or 'Error'}: {facts['message']}")
    return _printable(f"failed: {error}") if isinstance(error, str) else "failed"
