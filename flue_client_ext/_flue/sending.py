"""Sends messages in the dialect that their server speaks.

Where that is not known, the message is sent as to 2.x. A beta refuses that body, so nothing was
executed; then the generation is found out, and the message sent again in its own dialect."""

from __future__ import annotations

from typing import NamedTuple

from flue_client.models import AgentAdmission

from .._stream.backoff import BackoffOptions
from .._values.http import Request, Response
from .._values.jsoncodec import as_object
from .._values.limits import LIMITS
from .._values.steps import Flow
from ..errors import FlueApiError, FlueExecutionError
from .conversation_api import ConversationApi
from .conversation_results import Admission, Reply
from .detection import find, find_together
from .dialects import TWO, Dialect, Outgoing
from .recognition import refuses_body
from .responses import view_of

_SENDING = BackoffOptions()
"""How a send is repeated that the server knows again."""


class Sent(NamedTuple):
    """A send and its answer. `waits`: the answer comes when the submission has settled."""

    request: Request
    response: Response
    waits: bool


def send(api: ConversationApi, outgoing: Outgoing, *, deadline: bool) -> Flow[Admission]:
    """Send a message. `deadline`: the call has one, so that waiting for the answer to a send that
    must not be repeated needs no limit of its own."""
    sent = yield from submit(api, outgoing, deadline=deadline, wait=False)
    return admission(api, sent)


def submit(api: ConversationApi, outgoing: Outgoing, *, deadline: bool, wait: bool) -> Flow[Sent]:
    """Send a message and return the answer, whatever it is. `wait`: for the reply, in one request,
    where the server can do that."""
    known = api.dialect
    assumed = known or TWO
    assumed.check(*outgoing.needs)
    sent = yield from _post(api, assumed, outgoing, deadline, wait)
    if known is None and sent.response.status == 202:
        api.found(assumed)
    if api.is_stated or not refuses_body(sent.response):
        return sent
    if known is not None and known.has_kinds:
        api.forget()  # a message that 2.x refuses, or 2.x was rolled back: the next send finds out
        return sent
    dialect = yield from (find_together(api) if known is None else find(api))
    api.found(dialect)
    if dialect is assumed:
        return sent
    dialect.check(*outgoing.needs)
    return (yield from _post(api, dialect, outgoing, deadline, wait))


def admission(api: ConversationApi, sent: Sent) -> Admission:
    """Return the admission in an answer, or raise the error for it."""
    api.check(sent.request, sent.response, 202)
    admitted = view_of(AgentAdmission, sent.response, sent.request, "submissionId", "offset")
    found = admitted.to_dict()
    api.identifiers.submission_id = admitted.submission_id
    return Admission(
        submission_id=admitted.submission_id,
        offset=admitted.offset,
        uid=found.get("uid"),
        deduplicated=found.get("deduplicated") is True,
        idempotency_key=api.identifiers.idempotency_key,
    )


def waited_reply(api: ConversationApi, sent: Sent) -> Reply:
    """Return the reply that a send has waited for, or raise what became of the submission."""
    if sent.response.status != 200:
        error = api.error(sent.request, sent.response)
        raise _execution_error(error) or error
    answer = view_of(AgentAdmission, sent.response, sent.request, "submissionId").to_dict()
    api.identifiers.submission_id = answer["submissionId"]
    result = as_object(answer.get("result"))
    text = result.get("text")
    return Reply(
        text=text if isinstance(text, str) else "",
        data={},
        metadata=None,
        message=None,
        submission_id=answer["submissionId"],
        usage=result.get("usage"),
        model=result.get("model"),
    )


def _execution_error(error: FlueApiError) -> FlueExecutionError | None:
    """The error of the submission itself, where the answer is one. It does not name the
    submission."""
    kind = error.type or ""
    if error.status != 500 or not (kind == "operation_failed" or kind.startswith("submission_")):
        return None
    return FlueExecutionError(
        target="agent_submission",
        target_id="",
        failure="aborted" if kind == "submission_aborted" else "failed",
        error=as_object(error.body)["error"],
    )


def _post(
    api: ConversationApi, dialect: Dialect, outgoing: Outgoing, deadline: bool, wait: bool
) -> Flow[Sent]:
    body, waits = dialect.body(outgoing.body), wait and dialect.has_waits
    key = api.identifiers.idempotency_key = body.get("idempotencyKey")
    request = api.requests.send(body, repeatable=key is not None, wait=waits)
    limit = LIMITS.read if request.idempotent or not deadline else None
    response = yield from api.call(
        request, None if waits else limit, _SENDING if request.idempotent else None
    )
    return Sent(request, response, waits)
