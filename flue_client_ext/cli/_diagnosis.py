"""When the doctor is the next thing to ask, and the line that says so."""

from __future__ import annotations

from ..errors import FlueApiError, FlueConnectionError, FlueTimeoutError, WorkflowApiNotFoundError

DOCTOR = "`flue-client doctor`, with the same --server, says what is wrong and what to do."


def is_in_the_way(error: Exception) -> bool:
    """Whether the server was not reached, or something else than Flue has answered."""
    if isinstance(error, FlueApiError):
        return error.type is None or isinstance(error, WorkflowApiNotFoundError)
    return isinstance(error, FlueConnectionError) and not isinstance(error, FlueTimeoutError)
