"""The server's own refusals, word for word: each is a status, an envelope and maybe a header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """An answer that is an error; `details` is prose, `kind` is what clients branch on, `ref` names
    an entry in the server's log."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        details: str = "",
        *,
        meta: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        ref: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.details = details
        self.meta = meta
        self.ref = ref
        self.headers = {**(headers or {}), **({} if ref is None else {"flue-error-ref": ref})}

    def envelope(self) -> dict[str, Any]:
        """The JSON body of this answer."""
        body: dict[str, Any] = {"type": self.kind, "message": self.message, "details": self.details}
        also = {"meta": self.meta, "ref": self.ref}
        return {"error": {**body, **{k: v for k, v in also.items() if v is not None}}}


def invalid_request(reason: str) -> Problem:
    return Problem(400, "invalid_request", "Request is malformed.", reason)


def invalid_json(report: str) -> Problem:
    advice = (
        "Verify the body is well-formed JSON, or omit the body entirely"
        " if the request doesn't have a payload."
    )
    details = f"The JSON parser reported: {report}\n{advice}"
    return Problem(400, "invalid_json", "Request body is not valid JSON.", details)


def unsupported_media_type(received: str | None) -> Problem:
    said = (
        f'Received Content-Type: "{received}".' if received else "No Content-Type header was sent."
    )
    advice = (
        'Send the request body as JSON with the header "Content-Type: application/json", or omit'
        " the body entirely (and the Content-Type header) if the request doesn't have a payload."
    )
    message = "Request body must be sent as application/json."
    return Problem(415, "unsupported_media_type", message, f"{said}\n{advice}")


def method_not_allowed(method: str, allowed: tuple[str, ...]) -> Problem:
    listed = ", ".join(f'"{name}"' for name in allowed)
    return Problem(
        405,
        "method_not_allowed",
        f"HTTP method {method} is not allowed on this endpoint.",
        f"This endpoint accepts {listed} only.",
        headers={"Allow": ", ".join(allowed)},
    )


def workflow_not_found(name: str) -> Problem:
    message = f'Workflow "{name}" is not registered.'
    return Problem(404, "workflow_not_found", message, "Verify the workflow name is correct.")


def run_not_found(run_id: str) -> Problem:
    details = "Verify the run id is correct and its history is still available."
    return Problem(404, "run_not_found", f'Run "{run_id}" was not found.', details)


def route_not_found(method: str, path: str) -> Problem:
    details = "Verify the request method and path are correct."
    return Problem(404, "route_not_found", f"No route matches {method} {path}.", details)


def input_unexpected() -> Problem:
    return Problem(500, "workflow_input_unexpected", "This workflow does not accept input.")


def input_rejected(issues: list[dict[str, Any]]) -> Problem:
    message = 'Action "workflow" input does not match the required schema.'
    meta = {"action": "workflow", "issues": issues}
    return Problem(500, "action_input_validation", message, meta=meta)


class ActionOutputSerializationError(Problem):
    """A result that is not JSON; its name is in the failed run's record."""

    def __init__(self) -> None:
        message = 'Action "workflow" output is not JSON-serializable.'
        meta = {"action": "workflow"}
        super().__init__(500, "action_output_serialization", message, meta=meta)


def internal_error(ref: str | None = None) -> Problem:
    """A failure of the server itself; from 2.0 on it has a reference into the server's log."""
    details = "The server encountered an unexpected error while handling this request."
    return Problem(500, "internal_error", "An internal error occurred.", details, ref=ref)


def unauthorized() -> Problem:
    return Problem(401, "unauthorized", "Unauthorized.", headers={"WWW-Authenticate": "Bearer"})
