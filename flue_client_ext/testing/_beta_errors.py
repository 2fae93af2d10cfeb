"""What a server of the betas refuses on the routes of agents, word for word."""

from __future__ import annotations

from ._errors import Problem, invalid_request


def blank_id() -> Problem:
    shape = "Agent URLs must have the shape /agents/<name>/<id> with non-empty segments."
    return invalid_request(shape)


def agent_not_found(name: str) -> Problem:
    message = f'Agent "{name}" is not registered.'
    return Problem(404, "agent_not_found", message, "Verify the agent name is correct.")


def stream_not_found(path: str) -> Problem:
    details = (
        "Streams are created when their agent instance receives its first prompt or their workflow"
        " run starts."
    )
    return Problem(404, "stream_not_found", f'Event stream "{path}" was not found.', details)


def stream_store_failure(path: str, offset: str, head: str) -> Problem:
    """Refuse an offset behind the head; it is the server's failure, and stays so."""
    reason = "Read offset is beyond the canonical stream head."
    return Problem(
        500,
        "conversation_stream_store_failure",
        "The canonical conversation stream operation could not be completed.",
        "The conversation stream remains unchanged when the operation was rejected.",
        meta={"operation": "read", "path": path, "reason": reason},
    )
