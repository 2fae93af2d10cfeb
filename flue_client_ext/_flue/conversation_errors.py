"""The errors for answers of agents that are not the ones asked for."""

from __future__ import annotations

from .._values.http import Response
from .._values.jsoncodec import as_object
from ..errors import FlueApiError, StreamResetError

_NO_AGENT = (
    "nothing at {url} answers like a Flue agent: the app has no agent of this name, or mounts it at"
    " another path (address the conversation by that path), or base_url is not where the app mounts"
    " Flue (a prefix such as /api is missing, or is one too many)"
)
FOREIGN_404 = (None, "route_not_found")
"""The types of a 404 that is not about agents."""


def api_error(response: Response, *, retryable: bool, url: str) -> FlueApiError:
    """Return the error. `retryable`: the same request may be sent again without harm."""
    error = FlueApiError(response, read=retryable)
    if not is_foreign(error) or response.body_lost:
        return error
    return FlueApiError(response, read=retryable, explanation=_NO_AGENT.format(url=url))


def is_foreign(error: FlueApiError) -> bool:
    """Whether it is the 404 of a path that nothing of Flue is at."""
    return error.status == 404 and error.type in FOREIGN_404


def decides(answer: Response) -> bool:
    """Whether an answer to a POST that was sent before tells what became of that one, too
    (PROTOCOL, one POST): the agent has accepted the message, or refuses what it says. Credentials,
    limits, gateways and a server in trouble say nothing of the earlier one."""
    if answer.status in (400, 404):
        return FlueApiError(answer).type is not None  # a proxy answers so for a missing backend
    return answer.status < 300 or answer.status in (409, 415, 416)


def is_absent(error: FlueApiError) -> bool:
    """Whether it says that there is no such conversation, at an agent that is there."""
    return error.status == 404 and error.type == "stream_not_found"


def beyond_head(error: FlueApiError, offset: str) -> StreamResetError | None:
    """The reset that an answer tells: `offset` lies beyond the head. 2.x says 416. Its betas say
    500, as for any failure of their store, with the reason in words only."""
    meta = as_object(error.meta)
    if (error.status, error.type) == (416, "stream_offset_gone"):
        tail = meta.get("nextOffset")
        return StreamResetError(offset=offset, tail=tail if isinstance(tail, str) else None)
    failed_read = error.type == "conversation_stream_store_failure" and error.status == 500
    reason = meta.get("reason")
    if failed_read and isinstance(reason, str) and "beyond" in reason:
        return StreamResetError(offset=offset, tail=None)
    return None
