"""The beginning of a body that is not what was asked for, for the message of an error.

A server may repeat what it was sent, so a beginning that holds a credential of its request is not
shown at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from .http import Request, named_coding
from .jsoncodec import NotJson
from .printable import printable

_MOST = 80
"""Characters of a body that a message shows."""
_LOOKED_AT = 1024
"""Bytes of a body from which they are taken."""
_SHORTEST = 6
"""Characters of a part of a header or of a query that may be a secret."""
_SEPARATORS = r"[\s,;=&]+"
_NO_SECRETS = frozenset(
    {"accept", "accept-encoding", "content-type", "user-agent", "traceparent", "tracestate"}
)
_SCHEMES = ("bearer", "basic", "digest")


def excerpt(body: bytes, request: Request | None) -> str:
    """Return the first characters of `body`, the answer to `request`: each run of white space as
    one space, control characters escaped. Empty where there are none, or they hold a credential."""
    secrets = [] if request is None else [*_secrets(request)]
    longest = max(map(len, secrets), default=0)
    text = body[: _LOOKED_AT + 4 * longest].decode("utf-8", "replace")
    unescaped = text.replace("\\", "")  # JSON may have escaped a slash
    if any(secret in text or secret in unescaped for secret in secrets):
        return ""
    if len(body) > _LOOKED_AT and longest:
        text = text[:-longest]  # the end may be that of a credential that goes on
    words = printable(" ".join(text.split()))
    return words if len(words) <= _MOST else f"{words[:_MOST]}..."


def described(headers: Mapping[str, str], body: bytes, request: Request | None) -> str:
    """Say of what kind a body is, and how it begins."""
    kind = (
        printable(headers.get("content-type", "").split(";")[0].strip()[:_MOST])
        or "no content type"
    )
    begins = excerpt(body, request)
    return f"{kind}: {begins}" if begins else kind


def not_json(
    error: NotJson, headers: Mapping[str, str], body: bytes, request: Request | None
) -> str:
    """Say that a body is not JSON, why, and what it is."""
    return f"the answer is {error} ({described(headers, body, request)}){named_coding(headers)}"


def _secrets(request: Request) -> Iterator[str]:
    """The parts of the headers and of the query that were added to a request."""
    given = [value for name, value in request.headers.items() if name not in _NO_SECRETS]
    given += [value for _, value in parse_qsl(urlsplit(request.url).query)]
    given.append(urlsplit(request.url).query)
    for value in given:
        parts = (part for part in re.split(_SEPARATORS, value) if len(part) >= _SHORTEST)
        yield from (part for part in parts if part.lower() not in _SCHEMES)
