from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ...models import ErrorEnvelope, RunRecord
from ...types import UNSET, Response

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


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorEnvelope | RunRecord | None:
    if response.status_code == 200:
        response_200 = RunRecord.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        return None
    if response.status_code == 403:
        return None
    if response.status_code == 404:
        response_404 = ErrorEnvelope.from_dict(response.json())

        return response_404

    if response.status_code == 405:
        response_405 = ErrorEnvelope.from_dict(response.json())

        return response_405

    if response.status_code == 429:
        return None
    if response.status_code == 500:
        response_500 = ErrorEnvelope.from_dict(response.json())

        return response_500

    if response.status_code == 501:
        response_501 = ErrorEnvelope.from_dict(response.json())

        return response_501

    if response.status_code == 502:
        return None
    if response.status_code == 503:
        return None
    if response.status_code == 504:
        return None
    return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorEnvelope | RunRecord | None]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
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
    """

    kwargs = _get_kwargs(
        run_id=run_id,
        meta=meta,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(client=client, response=response)


def sync(
    run_id: str,
    *,
    client: AuthenticatedClient | Client,
    meta: Literal[""] = "",
) -> ErrorEnvelope | RunRecord | None:
    """The parsed answer of sync_detailed."""

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
    """The same as sync_detailed, awaited."""

    kwargs = _get_kwargs(
        run_id=run_id,
        meta=meta,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(client=client, response=response)


async def asyncio(
    run_id: str,
    *,
    client: AuthenticatedClient | Client,
    meta: Literal[""] = "",
) -> ErrorEnvelope | RunRecord | None:
    """The parsed answer of asyncio_detailed."""

    return (
        await asyncio_detailed(
            run_id=run_id,
            client=client,
            meta=meta,
        )
    ).parsed
