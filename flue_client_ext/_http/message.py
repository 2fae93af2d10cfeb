"""HTTP messages as values: the headers of a request as bytes, and the head of a response.

Holds what RFC 9110 and RFC 9112 say of a message, for own sockets and for a user's httpx client.
No I/O, and no library's types.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._values.http import Head, Request, fold_headers

_SMALL_BODY = 64 * 1024
"""Bytes. A body of this size arrives in less than one round trip on most networks."""


def raw_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Encode request headers: names are ASCII, values ISO 8859-1 (RFC 9110 section 5.5).

    Both h11 and httpx refuse other text, and quote the value in their error.
    """
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]


def head_of(
    request: Request,
    status: int,
    headers: Iterable[tuple[bytes, bytes]],
    *,
    framed: bool = False,
    proxy: str | None = None,
    body_lost: bool = False,
) -> Head:
    """Return the head of the response to `request`.

    `framed`: the transport itself marks the end of a body, as HTTP/2 does.
    """
    folded = fold_headers(headers)
    delimited = (
        framed
        or not may_have_body(request, status)
        or "content-length" in folded
        or "transfer-encoding" in folded
    )
    return Head(status, folded, not delimited, proxy, body_lost, request=request)


def is_small(request: Request, head: Head) -> bool:
    """Whether the body may be read together with the head: it is absent, or known to be short."""
    length = head.headers.get("content-length", "")
    return not may_have_body(request, head.status) or (
        length.isascii() and length.isdigit() and float(length) <= _SMALL_BODY
    )


def may_have_body(request: Request, status: int) -> bool:
    """Whether a body may follow the head (RFC 9112 section 6.3, rule 1). A tunnel has none either;
    `http11` reads no body of it."""
    return request.method != "HEAD" and status not in (204, 304)
