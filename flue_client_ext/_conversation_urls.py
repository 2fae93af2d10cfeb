"""The URL of a conversation, from what the caller names it by: an agent and an id, a path, or the
URL itself. Checked before any I/O."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from ._flue import arguments
from ._http.address import Address, resource_url
from ._values.checks import text

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEPT = "%!$&'()*+,;=:@"
"""What a segment may hold beside letters, digits and `-._~` (RFC 3986 section 3.3)."""


def conversation_url(
    address: Address, name: str | None, id: str | None, path: str | None, url: str | None
) -> str:
    """Return the URL that is named in one of the three ways."""
    ways = [(name, id) != (None, None), path is not None, url is not None]
    if sum(ways) != 1:
        raise ValueError("name a conversation by name and id, or by path=, or by url=: one of them")
    if url is not None:
        return resource_url(url, address, _checked)
    if path is not None:
        return f"{address.url}/{_path(path)}"
    return f"{address.url}/agents/{_segment(name, 'name')}/{_segment(id, 'id')}"


def _segment(value: object, what: str) -> str:
    """Encode one segment: any string is a name, whatever characters it has."""
    name = arguments.segment(value, what)
    if not name.strip():
        raise ValueError(f"{what} must not be blank")
    return quote(name, safe="")


def _path(path: object) -> str:
    """Encode what a path may not hold; an escape in it stays one."""
    given = text(path, "path")
    if "?" in given or "#" in given:
        raise ValueError("path must not have a query or a fragment: write %3F and %23 for ? and #")
    return quote(_checked(given.removeprefix("/"), "path"), safe="/" + _KEPT)


def _checked(path: str, what: str) -> str:
    """Refuse a path that would lead elsewhere, as a server or a proxy reads it."""
    if _BAD_ESCAPE.search(path):
        raise ValueError(f"{what} must write a percent sign as %25")
    for segment in path.split("/"):
        name = arguments.segment(unquote(segment), f"a segment of {what}")
        if not name.strip():
            raise ValueError(f"{what} must not have a blank segment")
    return path
