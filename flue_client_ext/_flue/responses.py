"""Turns HTTP answers into values, or into the most specific error."""

from __future__ import annotations

from typing import TypeVar

from flue_client.models import View

from .._values.excerpt import not_json
from .._values.http import Request, Response, proxy_note
from .._values.jsoncodec import NotJson, as_object, decode
from ..errors import (
    FlueApiError,
    FlueProtocolError,
    InvokeOutcomeUnknownError,
    RunNotReadableError,
    WorkflowApiNotFoundError,
)

V = TypeVar("V", bound=View)

_NO_API = (
    "nothing at {base_url} answers like a Flue workflow API: base_url is not where the app mounts"
    " Flue (a prefix such as /api is missing, or is one too many), or the server is Flue 2.x, which"
    " has no workflows and no runs; `flue-client doctor` tells which"
)
_NOT_READABLE = (
    "run {run_id} was started but cannot be read: its workflow probably does not export `runs`"
    " (`export const runs = ...`), without which the server answers as for an unknown run"
)
_KINDS = {str: "string", bool: "boolean"}
_FOREIGN_404 = (None, "route_not_found")


def api_error(
    response: Response,
    *,
    read: bool,
    base_url: str,
    started_run: str | None = None,
) -> FlueApiError:
    """Return the error for an answer that is not the one asked for.

    `read` says that the request can be repeated without harm; `started_run` is the run that was
    asked for if this client has started it, which changes the meaning of a 404.
    """
    error = FlueApiError(response, read=read)
    if response.status != 404:
        return error
    if response.body_lost:  # it may have been an error of Flue's
        return error
    if error.type in _FOREIGN_404:
        return WorkflowApiNotFoundError(
            response, read=read, explanation=_NO_API.format(base_url=base_url)
        )
    if error.type == "run_not_found" and started_run is not None:
        words = _NOT_READABLE.format(run_id=started_run)
        return RunNotReadableError(response, explanation=words)
    return error


def view_of(
    cls: type[V], response: Response, request: Request, *needed: str, kind: type = str
) -> V:
    """Return the answer's JSON object as a view. Its fields `needed` must be there, as strings or
    what `kind` says."""
    try:
        value = decode(response.body)
    except NotJson as error:
        words = not_json(error, response.headers, response.body, response.request)
        raise _unusable(response, request, words) from None
    for name in needed:
        if not isinstance(as_object(value).get(name), kind):
            words = f"the answer is not an object with a {_KINDS[kind]} {name!r}"
            raise _unusable(response, request, words)
    return cls.from_dict(value)


def _unusable(response: Response, request: Request, what: str) -> Exception:
    if request.method == "POST" and response.close_delimited:
        words = f"{what}; it may have been cut{proxy_note(response.proxy)}"
        return InvokeOutcomeUnknownError(words, cause="a cut answer")
    return FlueProtocolError(what, url=request.shown_url, proxy=response.proxy)
