"""What a server refuses on the routes of conversations, word for word as Flue 2.1.0 does."""

from __future__ import annotations

from ._errors import Problem, invalid_request


def bad_message() -> Problem:
    return invalid_request(
        'Delivered messages must be { kind: "user", body: string, attachments?: attachment[] } or'
        ' { kind: "signal", type: string, body: string, attributes?: Record<string, string>,'
        " tagName?: string }."
    )


def bad_creation_data(issues: str) -> Problem:
    return invalid_request(
        f"The agent requires creation data matching its initialData schema: {issues}. Creation data"
        " rides the instance's first message ({ initialData, ... } beside the message)."
    )


def stream_not_found(path: str) -> Problem:
    details = "Streams are created when their agent instance receives its first prompt."
    return Problem(404, "stream_not_found", f'Event stream "{path}" was not found.', details)


def stream_offset_gone(path: str, offset: str, head: str) -> Problem:
    return Problem(
        416,
        "stream_offset_gone",
        f'Stream offset "{offset}" is beyond the current head of "{path}".',
        "The stream is shorter than the requested resume offset — it was likely reset since the"
        " offset was checkpointed. Re-read the conversation history and resume from its offset.",
        meta={"offset": offset, "nextOffset": head},
    )


def attachment_not_found(attachment_id: str) -> Problem:
    details = (
        "The attachment id may be incorrect, or it belongs to a conversation other than the"
        " default one."
    )
    message = f'Attachment "{attachment_id}" was not found.'
    return Problem(404, "attachment_not_found", message, details)


def instance_not_found(conversation: str) -> Problem:
    return Problem(
        404,
        "agent_instance_not_found",
        f'Agent instance "{conversation}" was not found.',
        "No instance with this id and uid exists. The id may be wrong, or the instance was"
        " re-created and this uid names its previous incarnation. Send without a uid to deliver"
        " unconditionally.",
    )


def instance_exists(conversation: str, uid: str) -> Problem:
    return Problem(
        409,
        "agent_instance_exists",
        f'Agent instance "{conversation}" already exists.',
        f'Continue it with uid "{uid}", or pick a fresh id to create.',
        meta={"uid": uid},
    )


def submission_conflict(submission_id: str) -> Problem:
    return Problem(
        409,
        "submission_conflict",
        "This idempotency key already names a different submission.",
        "The key names the delivery, not the outcome: retry the identical payload to converge on"
        " the existing submission, or use a fresh key to deliver something new.",
        meta={"submissionId": submission_id},
    )


def blank_id() -> Problem:
    wanted = "Agent conversation URLs must end with a non-empty conversation id segment."
    return invalid_request(wanted)


def waits() -> Problem:
    return invalid_request(
        "Agent prompts are fire-and-forget and do not support `?wait=result`. Await completion"
        " with the SDK client's `wait()`, or read the conversation stream (GET this URL)."
    )
