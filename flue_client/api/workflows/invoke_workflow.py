from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ...models import ErrorEnvelope, WorkflowInvokeResult, WorkflowWaitResult
from ...types import UNSET, Response, Unset

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
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None:
    if response.status_code == 200:
        response_200 = WorkflowWaitResult.from_dict(response.json())

        return response_200

    if response.status_code == 202:
        response_202 = WorkflowInvokeResult.from_dict(response.json())

        return response_202

    if response.status_code == 400:
        response_400 = ErrorEnvelope.from_dict(response.json())

        return response_400

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

    if response.status_code == 415:
        response_415 = ErrorEnvelope.from_dict(response.json())

        return response_415

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
) -> Response[ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
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
    """

    kwargs = _get_kwargs(
        name=name,
        body=body,
        wait=wait,
    )
    response = client.get_httpx_client().request(**kwargs)
    return _build_response(client=client, response=response)


def sync(
    name: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any | Unset = UNSET,
    wait: Literal["result"] | Unset = UNSET,
) -> ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None:
    """The parsed answer of sync_detailed."""

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
    """The same as sync_detailed, awaited."""

    kwargs = _get_kwargs(
        name=name,
        body=body,
        wait=wait,
    )
    response = await client.get_async_httpx_client().request(**kwargs)
    return _build_response(client=client, response=response)


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any | Unset = UNSET,
    wait: Literal["result"] | Unset = UNSET,
) -> ErrorEnvelope | WorkflowInvokeResult | WorkflowWaitResult | None:
    """The parsed answer of asyncio_detailed."""

    return (
        await asyncio_detailed(
            name=name,
            client=client,
            body=body,
            wait=wait,
        )
    ).parsed
