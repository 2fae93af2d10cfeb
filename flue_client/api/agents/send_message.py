from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...models import AgentAdmission, AgentSignal, AgentUserMessage, ErrorEnvelope
from ...types import UNSET, Response, Unset, decode

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def _get_kwargs(
    name: str,
    id: str,
    *,
    body: AgentSignal | AgentUserMessage,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(traceparent, Unset):
        headers["traceparent"] = traceparent

    if not isinstance(tracestate, Unset):
        headers["tracestate"] = tracestate

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/agents/{name}/{id}".format(
            name=quote(str(name), safe=""),
            id=quote(str(id), safe=""),
        ),
    }

    _kwargs["content"] = json.dumps(body.to_dict(), allow_nan=False).encode()
    headers["Content-Type"] = "application/json"
    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> AgentAdmission | ErrorEnvelope | None:
    body = decode(response)
    if response.status_code == 202:
        return AgentAdmission.from_dict(body) if isinstance(body, dict) else None
    if response.status_code in {400, 404, 405, 409, 415, 500}:
        return ErrorEnvelope.from_dict(body) if isinstance(body, dict) else None
    return None


def _build_response(response: httpx.Response) -> Response[AgentAdmission | ErrorEnvelope | None]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: AgentSignal | AgentUserMessage,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> Response[AgentAdmission | ErrorEnvelope | None]:
    """Send a message to a conversation.

    Admits a message and answers `202` at once, with the id of its *submission*. What the agent
    answers comes later, as updates of the conversation; at the end the submission *settles*
    as `completed`, `failed` or `aborted`. Submissions of a conversation run one after another.
    A message that arrives while one runs may join it.

    The first message creates the conversation. `uid` makes a send conditional.

    A send without an `idempotencyKey` is not idempotent. With one it is: the same key and
    payload give the same submission, and a replay answers `202` with `deduplicated`.

    The request cannot wait for the answer: a query with `wait` is a `400`.

    `name`: The agent's name, one path segment.

    `id`: The id that the client has chosen for the conversation, one path segment that is not
    blank.

    `traceparent`: The caller's trace (W3C Trace Context), to which the submission is linked.

    `tracestate`: What vendors add to the caller's trace (W3C Trace Context).

    `body`: A message for an agent, a user's or a signal; `kind` says which.
    """

    kwargs = _get_kwargs(
        name=name,
        id=id,
        body=body,
        traceparent=traceparent,
        tracestate=tracestate,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(response)


def sync(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: AgentSignal | AgentUserMessage,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> AgentAdmission | ErrorEnvelope | None:
    """Return `parsed` of `sync_detailed`."""

    return sync_detailed(
        name=name,
        id=id,
        client=client,
        body=body,
        traceparent=traceparent,
        tracestate=tracestate,
    ).parsed


async def asyncio_detailed(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: AgentSignal | AgentUserMessage,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> Response[AgentAdmission | ErrorEnvelope | None]:
    """Do what `sync_detailed` does, without blocking."""

    kwargs = _get_kwargs(
        name=name,
        id=id,
        body=body,
        traceparent=traceparent,
        tracestate=tracestate,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(response)


async def asyncio(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: AgentSignal | AgentUserMessage,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> AgentAdmission | ErrorEnvelope | None:
    """Return `parsed` of `asyncio_detailed`."""

    return (
        await asyncio_detailed(
            name=name,
            id=id,
            client=client,
            body=body,
            traceparent=traceparent,
            tracestate=tracestate,
        )
    ).parsed
