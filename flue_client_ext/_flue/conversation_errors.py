"""The errors for answers of agents that are not the ones asked for."""

from __future__ import annotations

from .._values.http import Response
from ..errors import FlueApiError

_NO_AGENT = (
    "nothing at {url} answers like a Flue agent: base_url lacks the prefix under which the app"
    " mounts Flue (such as /api), or the app mounts this agent elsewhere (name the conversation by"
    " path= or url=), or has none of this name"
)
_FOREIGN_404 = (None, "route_not_found")


def api_error(response: Response, *, retryable: bool, url: str) -> FlueApiError:
    """Return the error. `retryable`: the same request may be sent again without harm."""
    error = FlueApiError(response, read=retryable)
    if response.status != 404 or response.body_lost or error.type not in _FOREIGN_404:
        return error
    return FlueApiError(response, read=retryable, explanation=_NO_AGENT.format(url=url))


def is_absent(error: FlueApiError) -> bool:
    """Whether it says that there is no such conversation, at an agent that is there."""
    return error.status == 404 and error.type == "stream_not_found"
