from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ...models import ErrorEnvelope, RunRecord
from ...types import UNSET, Response, decode

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def _get_kwargs(
    run_id: str,
    *,
    meta: Literal[""] = "",
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["meta"] = meta

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/runs/{run_id}".format(
            run_id=quote(str(run_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ErrorEnvelope | RunRecord | None:
    body = decode(response)
    if response.status_code == 200:
        return RunRecord.from_dict(body) if isinstance(body, dict) else None
    if response.status_code in {404, 405, 500, 501}:
        return ErrorEnvelope.from_dict(body) if isinstance(body, dict) else None
    return None


def _build_response(response: httpx.Response) -> Response[ErrorEnvelope | RunRecord | None]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    run_id: str,
    *,
    client: AuthenticatedClient | Client,
    meta: Literal[""] = "",
) -> Response[ErrorEnvelope | RunRecord | None]:
    """Read the record of a run.

    The run's record. Parameters of the stream view are ignored here, and no stream headers are
    sent.

    `run_id`: The run's id as the server gave it, one path segment.

    `meta`: Selects this view by its presence; the server does not look at the value.
    """

    kwargs = _get_kwargs(
        run_id=run_id,
        meta=meta,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(response)


def sync(
    run_id: str,
    *,
    client: AuthenticatedClient | Client,
    meta: Literal[""] = "",
) -> ErrorEnvelope | RunRecord | None:
    """Return `parsed` of `sync_detailed`."""

    return sync_detailed(
        run_id=run_id,
        client=client,
        meta=meta,
    ).parsed


async def asyncio_detailed(
    run_id: str,
    *,
    client: AuthenticatedClient | Client,
    meta: Literal[""] = "",
) -> Response[ErrorEnvelope | RunRecord | None]:
    """Do what `sync_detailed` does, without blocking."""

    kwargs = _get_kwargs(
        run_id=run_id,
        meta=meta,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(response)


async def asyncio(
    run_id: str,
    *,
    client: AuthenticatedClient | Client,
    meta: Literal[""] = "",
) -> ErrorEnvelope | RunRecord | None:
    """Return `parsed` of `asyncio_detailed`."""

    return (
        await asyncio_detailed(
            run_id=run_id,
            client=client,
            meta=meta,
        )
    ).parsed
