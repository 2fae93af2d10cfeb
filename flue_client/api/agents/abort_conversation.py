from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...models import AgentAbortResult, ErrorEnvelope
from ...types import Response, decode

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def _get_kwargs(
    name: str,
    id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/agents/{name}/{id}/abort".format(
            name=quote(str(name), safe=""),
            id=quote(str(id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> AgentAbortResult | ErrorEnvelope | None:
    body = decode(response)
    if response.status_code == 200:
        return AgentAbortResult.from_dict(body) if isinstance(body, dict) else None
    if response.status_code in {400, 404, 405, 500}:
        return ErrorEnvelope.from_dict(body) if isinstance(body, dict) else None
    return None


def _build_response(response: httpx.Response) -> Response[AgentAbortResult | ErrorEnvelope | None]:
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
) -> Response[AgentAbortResult | ErrorEnvelope | None]:
    """Stop the work of a conversation.

    Stops the submission that runs and all that wait behind it; they settle as `aborted` a
    little later. A body is neither needed nor looked at.

    `name`: The agent's name, one path segment.

    `id`: The id that the client has chosen for the conversation, one path segment that is not
    blank.
    """

    kwargs = _get_kwargs(
        name=name,
        id=id,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(response)


def sync(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
) -> AgentAbortResult | ErrorEnvelope | None:
    """Return `parsed` of `sync_detailed`."""

    return sync_detailed(
        name=name,
        id=id,
        client=client,
    ).parsed


async def asyncio_detailed(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[AgentAbortResult | ErrorEnvelope | None]:
    """Do what `sync_detailed` does, without blocking."""

    kwargs = _get_kwargs(
        name=name,
        id=id,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(response)


async def asyncio(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
) -> AgentAbortResult | ErrorEnvelope | None:
    """Return `parsed` of `asyncio_detailed`."""

    return (
        await asyncio_detailed(
            name=name,
            id=id,
            client=client,
        )
    ).parsed
