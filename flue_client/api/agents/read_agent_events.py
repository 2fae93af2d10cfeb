from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...models import ErrorEnvelope, FlueEvent, LiveMode, parse_event
from ...types import UNSET, Response, Unset, decode

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def _get_kwargs(
    name: str,
    id: str,
    *,
    offset: str | Unset = UNSET,
    tail: int | Unset = UNSET,
    live: LiveMode | Unset = UNSET,
    cursor: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_none_match, Unset):
        headers["If-None-Match"] = if_none_match

    params: dict[str, Any] = {}

    params["offset"] = offset

    params["tail"] = tail

    json_live: str | Unset = UNSET
    if not isinstance(live, Unset):
        json_live = live

    params["live"] = json_live

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/agents/{name}/{id}".format(
            name=quote(str(name), safe=""),
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> ErrorEnvelope | list[FlueEvent] | None:
    body = decode(response)
    if response.status_code == 200:
        return [parse_event(item) for item in body] if isinstance(body, list) else None
    if response.status_code in {400, 404, 405, 500}:
        return ErrorEnvelope.from_dict(body) if isinstance(body, dict) else None
    return None


def _build_response(response: httpx.Response) -> Response[ErrorEnvelope | list[FlueEvent] | None]:
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
    offset: str | Unset = UNSET,
    tail: int | Unset = UNSET,
    live: LiveMode | Unset = UNSET,
    cursor: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Response[ErrorEnvelope | list[FlueEvent] | None]:
    """Read the events of an agent.

    Reads the events of all submissions of the conversation, a Durable Stream in JSON mode, from
    `offset` on: the protocol is that of the events of a run. The event `submission_settled`
    ends a submission. `eventIndex` begins at 0 with each submission, so that an event is
    identified by `submissionId` and `eventIndex` together. The stream never closes.

    An offset beyond the end answers with no events, up to date, and gives the same offset back.
    Such an offset belongs to a conversation that the server has lost; `HEAD` tells the true
    end.

    Servers of `beta.8` and later answer this request with the conversation.

    `name`: The agent's name, one path segment.

    `id`: The id that the client has chosen for the conversation, one path segment that is not
    blank.

    `offset`: Where to start: `-1` is the beginning (also the default of a read that is not
    live), `now` the present end, and an offset of an earlier answer means strictly after it.
    Offsets are opaque: send them back verbatim, never parse, order or build them. A live read
    must name its offset.

    `tail`: Start so far back that at most the latest N events are read. Moves only the start
    `-1`; with `now` or a concrete offset it has no effect. Works in all three ways of reading.

    `live`: How to follow the stream: by reads that wait for news (`long-poll`), or by one
    connection that stays open (`sse`).

    `cursor`: The `Stream-Cursor` of the previous long-poll answer, verbatim. Has no effect
    elsewhere.

    `if_none_match`: An `ETag` of an earlier catch-up read. If nothing has changed, the answer
    is `304`.
    """

    kwargs = _get_kwargs(
        name=name,
        id=id,
        offset=offset,
        tail=tail,
        live=live,
        cursor=cursor,
        if_none_match=if_none_match,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(response)


def sync(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    offset: str | Unset = UNSET,
    tail: int | Unset = UNSET,
    live: LiveMode | Unset = UNSET,
    cursor: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> ErrorEnvelope | list[FlueEvent] | None:
    """Return `parsed` of `sync_detailed`."""

    return sync_detailed(
        name=name,
        id=id,
        client=client,
        offset=offset,
        tail=tail,
        live=live,
        cursor=cursor,
        if_none_match=if_none_match,
    ).parsed


async def asyncio_detailed(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    offset: str | Unset = UNSET,
    tail: int | Unset = UNSET,
    live: LiveMode | Unset = UNSET,
    cursor: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Response[ErrorEnvelope | list[FlueEvent] | None]:
    """Do what `sync_detailed` does, without blocking."""

    kwargs = _get_kwargs(
        name=name,
        id=id,
        offset=offset,
        tail=tail,
        live=live,
        cursor=cursor,
        if_none_match=if_none_match,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(response)


async def asyncio(
    name: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    offset: str | Unset = UNSET,
    tail: int | Unset = UNSET,
    live: LiveMode | Unset = UNSET,
    cursor: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> ErrorEnvelope | list[FlueEvent] | None:
    """Return `parsed` of `asyncio_detailed`."""

    return (
        await asyncio_detailed(
            name=name,
            id=id,
            client=client,
            offset=offset,
            tail=tail,
            live=live,
            cursor=cursor,
            if_none_match=if_none_match,
        )
    ).parsed
