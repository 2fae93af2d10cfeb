"""What the generated operations have in common."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from attrs import define

if TYPE_CHECKING:
    import httpx


class Unset:
    """The type of UNSET, the value of an argument that is not sent."""

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Unset = Unset()

_T = TypeVar("_T")


@define
class Response(Generic[_T]):
    """An answer of the server.

    `parsed` is None where openapi.yaml promises no body for the status, and where the body is not
    the JSON value that it promises: a proxy's HTML page, for example. `status_code`, `headers` and
    `content` hold the answer in every case.
    """

    status_code: int
    content: bytes
    headers: MutableMapping[str, str]
    parsed: _T | None


def decode(response: httpx.Response) -> Any:
    """Return the JSON value of the body; None if the body is something else."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


__all__ = ["UNSET", "Response", "Unset", "decode"]
