from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ...models import ConversationSnapshot, ErrorEnvelope
from ...types import UNSET, Response, Unset, decode

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def _get_kwargs(
    name: str,
    id: str,
    *,
    view: Literal["history"] | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["view"] = view

    params["limit"] = limit

    params["from"] = from_

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/agents/{name}/{id}".format(
            name=quote(str(name), safe=""),
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ConversationSnapshot | ErrorEnvelope | None:
    body = decode(response)
    if response.status_code == 200:
        return ConversationSnapshot.from_dict(body) if isinstance(body, dict) else None
    if response.status_code in {400, 404, 405, 410, 500}:
        return ErrorEnvelope.from_dict(body) if isinstance(body, dict) else None
    return None


def _build_response(
    response: httpx.Response,
) -> Response[ConversationSnapshot | ErrorEnvelope | None]:
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
    view: Literal["history"] | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> Response[ConversationSnapshot | ErrorEnvelope | None]:
    """Read a conversation as it stands.

    The whole conversation, and the `offset` from which its updates continue. A message that
    waits behind another one is not in it until it runs.

    `limit` and `from` are new in 2.2. Older servers ignore them and answer the whole
    conversation: an answer without `before` is such a one.

    On `beta.3` this request answers with the events of the agent, whatever its `view`.

    `name`: The agent's name, one path segment.

    `id`: The id that the client has chosen for the conversation, one path segment that is not
    blank.

    `view`: Selects this view, which is the default one.

    `limit`: At most how many messages, the newest ones. New in 2.2.

    `from_`: The `before` of an earlier answer, verbatim: only the messages from there on. New
    in 2.2.
    """

    kwargs = _get_kwargs(
        name=name,
        id=id,
        view=view,
        limit=limit,
        from_=from_,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(response)


def sync(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    view: Literal["history"] | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> ConversationSnapshot | ErrorEnvelope | None:
    """Return `parsed` of `sync_detailed`."""

    return sync_detailed(
        name=name,
        id=id,
        client=client,
        view=view,
        limit=limit,
        from_=from_,
    ).parsed


async def asyncio_detailed(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    view: Literal["history"] | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> Response[ConversationSnapshot | ErrorEnvelope | None]:
    """Do what `sync_detailed` does, without blocking."""

    kwargs = _get_kwargs(
        name=name,
        id=id,
        view=view,
        limit=limit,
        from_=from_,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(response)


async def asyncio(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    view: Literal["history"] | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> ConversationSnapshot | ErrorEnvelope | None:
    """Return `parsed` of `asyncio_detailed`."""

    return (
        await asyncio_detailed(
            name=name,
            id=id,
            client=client,
            view=view,
            limit=limit,
            from_=from_,
        )
    ).parsed
