"""Errors for HTTP answers that are not the one asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Unpack

from .._values.excerpt import described
from .._values.http import Response, is_retryable, proxy_note, redirect_origin
from .._values.jsoncodec import NotJson, as_array, as_object, decode
from ._base import Names, ResourceError, fact

_MOST_PATHS, _LONGEST_PATH = 5, 80
_TARGETS = {"location", "content-location", "refresh"}
_USERINFO = re.compile(r"(?<=[/\\]{2})[^/\\?#\s\"<>]*@")
"""Of URLs, whose authority follows two slashes; browsers take a backslash for a slash."""


class FlueApiError(ResourceError):
    """An HTTP answer that is not the one asked for, whatever its status and its body.

    Branch on `type` (the server's own name for the problem, `None` when the answer did not come
    from Flue) or on `status`; prose may change. `body` is the decoded JSON, or the text of
    anything else, or `None` for an empty body. `retryable` says whether the same request may be
    sent again and succeed: a read, or a send with its `idempotency_key`. Never another POST, whose
    run a gateway's 502, 504 or 524 leaves open: it may have been started. `ref` (`err_...`) is in
    the server's own log. `proxy` names the HTTP
    proxy that a plain request went through, which may have answered itself."""

    status: int = fact("The answer's HTTP status.")
    headers: Mapping[str, str] = fact("The answer's headers, names in lower case, no cookies.")
    method: str | None = fact("The method of the request.", None)
    url: str | None = fact("Where the answer came from, without a query.", None)
    body: Any = fact("Decoded JSON, the text of anything else, or `None` for an empty body.")
    retryable: bool = fact("Whether the same request may be sent again and succeed.")
    type: str | None = fact("The server's own name for the problem; `None` if not from Flue.")
    details: Any = fact("`details` of Flue's error envelope.")
    dev: Any = fact("`dev` of Flue's error envelope.")
    meta: Any = fact("`meta` of Flue's error envelope.")
    ref: str | None = fact("The reference under which the server has logged the failure.", None)
    message: str = fact("What happened, in words.")
    proxy: str | None = fact("The HTTP proxy that may have answered itself, if any.", None)

    def __init__(
        self,
        response: Response,
        *,
        read: bool = True,
        explanation: str | None = None,
        **names: Unpack[Names],
    ) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = _harmless(response.headers)
        self.body: Any = _body_of(response)
        if response.request is not None:
            self.method, self.url = response.request.method, response.request.shown_url
        self.proxy = response.proxy
        self.retryable = read and is_retryable(response.status)
        envelope = _envelope(self.body)
        self.type: str | None = envelope.get("type")
        self.details: Any = envelope.get("details")
        self.dev: Any = envelope.get("dev")
        self.meta: Any = envelope.get("meta")
        self.ref: str | None = _reference(envelope, response.headers)
        self.message: str = explanation or envelope.get("message") or _describe(response)
        words = _sentence(self, explanation, envelope)
        super().__init__(words + _asked(response), **names)


class RunNotReadableError(FlueApiError):
    """A run that this client has just started cannot be read: its workflow exports no `runs`."""


class WorkflowApiNotFoundError(FlueApiError):
    """The address has no workflow API: a wrong mount prefix, or a Flue 2.x server."""


def _harmless(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers without cookies, without user and password in any URL, and without the
    query of a redirect's target, which may hold what the request has sent."""
    kept = {
        name: _USERINFO.sub("", value) for name, value in headers.items() if name != "set-cookie"
    }
    for name in _TARGETS & kept.keys():
        kept[name] = kept[name].partition("#")[0].partition("?")[0]
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


def _reference(envelope: dict[str, Any], headers: Mapping[str, str]) -> str | None:
    known = (envelope.get("ref"), headers.get("flue-error-ref"))
    return next((ref for ref in known if isinstance(ref, str) and ref), None)


def _describe(response: Response) -> str:
    if 300 <= response.status < 400 and (origin := redirect_origin(response)):
        return f"redirect to {origin}, not followed: credentials go to the configured server only"
    if response.body_lost:
        return "an answer whose body is lost"
    found = described(response.headers, response.body, response.request)
    return f"an answer without Flue's error envelope ({found})"


def _asked(response: Response) -> str:
    """Say what was asked for, and whether with credentials where these are refused."""
    request = response.request
    if request is None:
        return ""
    token = ""
    if response.status in (401, 403):
        has_token = "authorization" in request.headers
        token = "; a token was sent" if has_token else "; no authorization header was sent"
    return f" ({request.method} {request.shown_url}{token})"


def _sentence(error: FlueApiError, explanation: str | None, envelope: dict[str, Any]) -> str:
    words = f"{error.status} {error.type}: " if error.type else f"{error.status}: "
    details = envelope.get("details")
    tail = f" {details}" if isinstance(details, str) and details and not explanation else ""
    reference = f" (ref {error.ref})" if error.ref else ""
    note = "" if error.type else proxy_note(error.proxy)
    return words + error.message + tail + reference + _rejected(error.meta) + note


def _rejected(meta: Any) -> str:
    """Say where an input breaks its schema: the first paths of `meta.issues`, without the messages,
    which may quote the input."""
    issues = map(as_object, as_array(as_object(meta).get("issues")))
    paths = [path for issue in issues if (path := _shown(as_array(issue.get("path"))))]
    return f" (at {', '.join(paths[:_MOST_PATHS])})" if paths else ""


def _shown(path: list[Any]) -> str:
    """Steps are keys and indexes, or objects with a `key` (as Standard Schema has it)."""
    return repr(".".join(map(_step, path)))[:_LONGEST_PATH] if path else ""


def _step(step: Any) -> str:
    key = as_object(step).get("key") if isinstance(step, dict) else step
    return str(key) if isinstance(key, str | int | float | None) else type(key).__name__
