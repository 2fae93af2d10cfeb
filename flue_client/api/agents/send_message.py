from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ...models import (
    AgentAdmission,
    AgentPrompt,
    AgentPromptResult,
    AgentSignal,
    AgentUserMessage,
    ErrorEnvelope,
)
from ...types import UNSET, Response, Unset, decode

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def _get_kwargs(
    name: str,
    id: str,
    *,
    body: AgentPrompt | AgentSignal | AgentUserMessage,
    wait: Literal["result"] | Unset = UNSET,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(traceparent, Unset):
        headers["traceparent"] = traceparent

    if not isinstance(tracestate, Unset):
        headers["tracestate"] = tracestate

    params: dict[str, Any] = {}

    params["wait"] = wait

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/agents/{name}/{id}".format(
            name=quote(str(name), safe=""),
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    _kwargs["content"] = json.dumps(body.to_dict(), allow_nan=False).encode()
    headers["Content-Type"] = "application/json"
    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    response: httpx.Response,
) -> AgentAdmission | AgentPromptResult | ErrorEnvelope | None:
    body = decode(response)
    if response.status_code == 200:
        return AgentPromptResult.from_dict(body) if isinstance(body, dict) else None
    if response.status_code == 202:
        return AgentAdmission.from_dict(body) if isinstance(body, dict) else None
    if response.status_code in {400, 404, 405, 409, 415, 500}:
        return ErrorEnvelope.from_dict(body) if isinstance(body, dict) else None
    return None


def _build_response(
    response: httpx.Response,
) -> Response[AgentAdmission | AgentPromptResult | ErrorEnvelope | None]:
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
    body: AgentPrompt | AgentSignal | AgentUserMessage,
    wait: Literal["result"] | Unset = UNSET,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> Response[AgentAdmission | AgentPromptResult | ErrorEnvelope | None]:
    """Send a message to a conversation.

    Admits a message and answers `202` at once, with the id of its *submission*. What the agent
    answers comes later, as updates of the conversation (`beta.3`: as events of the agent); at
    the end the submission *settles* as `completed`, `failed` or `aborted`. Submissions of a
    conversation run one after another. A message that arrives while one runs may join it (2.x).

    The first message creates the conversation. `uid` makes a send conditional (2.x).

    A send without an `idempotencyKey` is not idempotent. With one it is, on 2.x: the same key
    and payload give the same submission, and a replay answers `202` with `deduplicated`. A
    server of the betas ignores the key, as it does all fields that it does not know.

    On the betas, `wait=result` holds the answer until the submission settles. The wait is of
    the process that has admitted the message: when that stops, the connection is lost and the
    submission goes on. On 2.x a query with `wait` is a `400`.

    Which generation a server is of shows in what it refuses, and nothing runs then: the betas
    answer a body without `message` with a `400`, 2.x one without `kind`.

    `name`: The agent's name, one path segment.

    `id`: The id that the client has chosen for the conversation, one path segment that is not
    blank.

    `wait`: Hold the answer until the submission has settled. The only value is `result`.

    `traceparent`: The caller's trace (W3C Trace Context), to which the submission is linked.

    `tracestate`: What vendors add to the caller's trace (W3C Trace Context).

    `body`: A message for an agent. On 2.x a user's or a signal, as `kind` says; on the betas a
    prompt.
    """

    kwargs = _get_kwargs(
        name=name,
        id=id,
        body=body,
        wait=wait,
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
    body: AgentPrompt | AgentSignal | AgentUserMessage,
    wait: Literal["result"] | Unset = UNSET,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> AgentAdmission | AgentPromptResult | ErrorEnvelope | None:
    """Return `parsed` of `sync_detailed`."""

    return sync_detailed(
        name=name,
        id=id,
        client=client,
        body=body,
        wait=wait,
        traceparent=traceparent,
        tracestate=tracestate,
    ).parsed


async def asyncio_detailed(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: AgentPrompt | AgentSignal | AgentUserMessage,
    wait: Literal["result"] | Unset = UNSET,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> Response[AgentAdmission | AgentPromptResult | ErrorEnvelope | None]:
    """Do what `sync_detailed` does, without blocking."""

    kwargs = _get_kwargs(
        name=name,
        id=id,
        body=body,
        wait=wait,
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
    body: AgentPrompt | AgentSignal | AgentUserMessage,
    wait: Literal["result"] | Unset = UNSET,
    traceparent: str | Unset = UNSET,
    tracestate: str | Unset = UNSET,
) -> AgentAdmission | AgentPromptResult | ErrorEnvelope | None:
    """Return `parsed` of `asyncio_detailed`."""

    return (
        await asyncio_detailed(
            name=name,
            id=id,
            client=client,
            body=body,
            wait=wait,
            traceparent=traceparent,
            tracestate=tracestate,
        )
    ).parsed
