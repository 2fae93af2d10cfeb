from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ...models import ConversationChunk, ErrorEnvelope, LiveMode, parse_chunk
from ...types import UNSET, Response, Unset, decode

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def _get_kwargs(
    name: str,
    id: str,
    *,
    view: Literal["updates"] = "updates",
    offset: str,
    live: LiveMode | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["view"] = view

    params["offset"] = offset

    json_live: str | Unset = UNSET
    if not isinstance(live, Unset):
        json_live = live

    params["live"] = json_live

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


def _parse_response(response: httpx.Response) -> ErrorEnvelope | list[ConversationChunk] | None:
    body = decode(response)
    if response.status_code == 200:
        return [parse_chunk(item) for item in body] if isinstance(body, list) else None
    if response.status_code in {400, 404, 405, 410, 416, 500}:
        return ErrorEnvelope.from_dict(body) if isinstance(body, dict) else None
    return None


def _build_response(
    response: httpx.Response,
) -> Response[ErrorEnvelope | list[ConversationChunk] | None]:
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
    view: Literal["updates"] = "updates",
    offset: str,
    live: LiveMode | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> Response[ErrorEnvelope | list[ConversationChunk] | None]:
    """Read the updates of a conversation.

    Reads the stream of *chunks* that make up the conversation, a Durable Stream in JSON mode,
    from `offset` on. Three ways:

    * **Catch-up** (no `live`): answers at once with a JSON array of the next chunks, those of
      at most 100 batches. Repeat from `Stream-Next-Offset` until an answer has
      `Stream-Up-To-Date: true`.
    * **Long-poll** (`live=long-poll`): like catch-up if there are chunks; otherwise waits for
      the next ones up to 30 seconds, then answers with nothing but the checkpoint (`beta.8`:
      with nothing at all), up to date, at the same offset.
    * **SSE** (`live=sse`): one `text/event-stream` that stays open.

    The first chunk of every JSON answer and of every event stream is a `stream-checkpoint`. If
    its `incarnation` is another one than before, the server has lost its store, and the offset
    belongs to a conversation that is gone. The stream never closes.

    `beta.8` has no checkpoints. There, an offset beyond the end is a `500`, and over SSE a
    `200` whose body breaks off, however often it is asked.

    `name`: The agent's name, one path segment.

    `id`: The id that the client has chosen for the conversation, one path segment that is not
    blank.

    `view`: Selects this view.

    `offset`: Where to start: `-1` is the beginning, and an offset of an earlier answer,
    admission or snapshot means strictly after it. Offsets are opaque: send them back verbatim,
    never parse, order or build them. `now` is not one; `HEAD` tells the present end.

    `live`: How to follow the stream: by reads that wait for news (`long-poll`), or by one
    connection that stays open (`sse`).

    `limit`: At most how many messages, the newest ones. New in 2.2.

    `from_`: The `before` of an earlier answer, verbatim: only the messages from there on. New
    in 2.2.
    """

    kwargs = _get_kwargs(
        name=name,
        id=id,
        view=view,
        offset=offset,
        live=live,
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
    view: Literal["updates"] = "updates",
    offset: str,
    live: LiveMode | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> ErrorEnvelope | list[ConversationChunk] | None:
    """Return `parsed` of `sync_detailed`."""

    return sync_detailed(
        name=name,
        id=id,
        client=client,
        view=view,
        offset=offset,
        live=live,
        limit=limit,
        from_=from_,
    ).parsed


async def asyncio_detailed(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    view: Literal["updates"] = "updates",
    offset: str,
    live: LiveMode | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> Response[ErrorEnvelope | list[ConversationChunk] | None]:
    """Do what `sync_detailed` does, without blocking."""

    kwargs = _get_kwargs(
        name=name,
        id=id,
        view=view,
        offset=offset,
        live=live,
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
    view: Literal["updates"] = "updates",
    offset: str,
    live: LiveMode | Unset = UNSET,
    limit: int | Unset = UNSET,
    from_: str | Unset = UNSET,
) -> ErrorEnvelope | list[ConversationChunk] | None:
    """Return `parsed` of `asyncio_detailed`."""

    return (
        await asyncio_detailed(
            name=name,
            id=id,
            client=client,
            view=view,
            offset=offset,
            live=live,
            limit=limit,
            from_=from_,
        )
    ).parsed
