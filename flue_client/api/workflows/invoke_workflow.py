from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ...models import ErrorEnvelope, WorkflowInvokeResult, WorkflowWaitResult
from ...types import UNSET, Response, Unset, decode

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def _get_kwargs(
    name: str,
    *,
    body: Any | Unset = UNSET,
    wait: Literal["result"] | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["wait"] = wait

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/workflows/{name}".format(
            name=quote(str(name), safe=""),
        ),
        "params": params,
    }

    if not isinstance(body, Unset):
        _kwargs["content"] = json.dumps(body, allow_nan=False).encode()
        headers["Content-Type"] = "application/json"
    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    response: httpx.Response,
) -> ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None:
    body = decode(response)
    if response.status_code == 200:
        return WorkflowWaitResult.from_dict(body) if isinstance(body, dict) else None
    if response.status_code == 202:
        return WorkflowInvokeResult.from_dict(body) if isinstance(body, dict) else None
    if response.status_code in {400, 404, 405, 415, 500, 501}:
        return ErrorEnvelope.from_dict(body) if isinstance(body, dict) else None
    return None


def _build_response(
    response: httpx.Response,
) -> Response[ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    name: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any | Unset = UNSET,
    wait: Literal["result"] | Unset = UNSET,
) -> Response[ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None]:
    """Start a workflow run.

    Admits a new run and answers `202` with its id at once. With `wait=result` the answer comes
    when the run ends; nothing is sent meanwhile, however long that takes.

    The request body is the workflow's input, bare. No input means no body *and* no
    `Content-Type`; JSON `null` is an input like any other. A workflow that declares no input
    takes no body.

    The call is not idempotent: each accepted request is a run of its own.

    `name`: The workflow's name, one path segment.

    `wait`: Hold the answer until the run has ended. The only value is `result`.
    """

    kwargs = _get_kwargs(
        name=name,
        body=body,
        wait=wait,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(response)


def sync(
    name: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any | Unset = UNSET,
    wait: Literal["result"] | Unset = UNSET,
) -> ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None:
    """Return `parsed` of `sync_detailed`."""

    return sync_detailed(
        name=name,
        client=client,
        body=body,
        wait=wait,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any | Unset = UNSET,
    wait: Literal["result"] | Unset = UNSET,
) -> Response[ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None]:
    """Do what `sync_detailed` does, without blocking."""

    kwargs = _get_kwargs(
        name=name,
        body=body,
        wait=wait,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(response)


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any | Unset = UNSET,
    wait: Literal["result"] | Unset = UNSET,
) -> ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None:
    """Return `parsed` of `asyncio_detailed`."""

    return (
        await asyncio_detailed(
            name=name,
            client=client,
            body=body,
            wait=wait,
        )
    ).parsed
