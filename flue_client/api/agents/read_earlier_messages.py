from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ...models import ConversationPage, ErrorEnvelope
from ...types import UNSET, Response, Unset, decode

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def _get_kwargs(
    name: str,
    id: str,
    *,
    view: Literal["history"] | Unset = UNSET,
    before: str,
    limit: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["view"] = view

    params["before"] = before

    params["limit"] = limit

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


def _parse_response(response: httpx.Response) -> ConversationPage | ErrorEnvelope | None:
    body = decode(response)
    if response.status_code == 200:
        return ConversationPage.from_dict(body) if isinstance(body, dict) else None
    if response.status_code in {400, 404, 405, 410, 500}:
        return ErrorEnvelope.from_dict(body) if isinstance(body, dict) else None
    return None


def _build_response(response: httpx.Response) -> Response[ConversationPage | ErrorEnvelope | None]:
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
    before: str,
    limit: int | Unset = UNSET,
) -> Response[ConversationPage | ErrorEnvelope | None]:
    """Read the messages before a cursor.

    The newest messages of those before the cursor. New in 2.2; an older server ignores the
    cursor and answers the whole conversation, which has no `before`.

    `name`: The agent's name, one path segment.

    `id`: The id that the client has chosen for the conversation, one path segment that is not
    blank.

    `view`: Selects the view of the messages, which is the default one.

    `before`: The `before` of an earlier answer, verbatim.

    `limit`: At most how many messages, the newest ones. New in 2.2.
    """

    kwargs = _get_kwargs(
        name=name,
        id=id,
        view=view,
        before=before,
        limit=limit,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(response)


def sync(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    view: Literal["history"] | Unset = UNSET,
    before: str,
    limit: int | Unset = UNSET,
) -> ConversationPage | ErrorEnvelope | None:
    """Return `parsed` of `sync_detailed`."""

    return sync_detailed(
        name=name,
        id=id,
        client=client,
        view=view,
        before=before,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    view: Literal["history"] | Unset = UNSET,
    before: str,
    limit: int | Unset = UNSET,
) -> Response[ConversationPage | ErrorEnvelope | None]:
    """Do what `sync_detailed` does, without blocking."""

    kwargs = _get_kwargs(
        name=name,
        id=id,
        view=view,
        before=before,
        limit=limit,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(response)


async def asyncio(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    view: Literal["history"] | Unset = UNSET,
    before: str,
    limit: int | Unset = UNSET,
) -> ConversationPage | ErrorEnvelope | None:
    """Return `parsed` of `asyncio_detailed`."""

    return (
        await asyncio_detailed(
            name=name,
            id=id,
            client=client,
            view=view,
            before=before,
            limit=limit,
        )
    ).parsed
