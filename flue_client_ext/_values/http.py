"""HTTP as values: a request, the head of an answer, a whole answer, and what a status means.

Covers what this client needs of RFC 9110; does no I/O. Headers, bodies and queries may be secret,
and no `repr` shows them. The classes are of attrs, since error trackers show the items of tuples.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus, urlsplit

from attrs import field, frozen

_CODINGS = frozenset(
    {"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"}
    | {"dcb", "dcz", "exi", "pack200-gzip", "aes128gcm"}
)
"""The content codings that are registered with IANA, `identity` left out, and their aliases."""

_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")
"""Text that stands in a URL as it is (RFC 3986 section 2.3)."""

_NEVER_RETRIED_5XX = (501, 505, 511)
"""511 asks the user to sign in to the network (RFC 6585 section 6)."""
_RETRIED_4XX = (408, 425, 429)


@frozen
class Request:
    """What is to be sent; `url` is absolute."""

    method: str
    url: str = field(repr=lambda url: repr(without_query(url)))
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False
    """Of a POST: the server knows it again, so that two of them do what one does."""

    @property
    def idempotent(self) -> bool:
        """Whether it may be sent again although it may have arrived (RFC 9110 section 9.2.2)."""
        return self.method != "POST" or self.repeatable

    @property
    def shown_url(self) -> str:
        """The URL without its query."""
        return without_query(self.url)


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Return `url` with further query parameters."""
    if not parameters:
        return url
    query = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in parameters.items())
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _escaped(text: str) -> str:
    """Escape `text` for a query, as HTML forms do; most texts need it nowhere."""
    return text if _UNRESERVED.fullmatch(text) else quote_plus(text)


def without_query(url: str) -> str:
    """Return `url` as it may be shown: a query may carry a signature."""
    return url.partition("?")[0]


@frozen
class Head:
    """Status and headers (names in lower case, repeated ones joined with a comma)."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    close_delimited: bool = False
    """Neither chunked nor with a length: its end cannot be told from a cut."""
    proxy: str | None = None
    """The proxy that a plain request went through, which may have answered itself."""
    body_lost: bool = False
    """Its body was discarded before it was read."""
    body: bytes | None = field(default=None, repr=False)
    """The whole body where it was read together with the head. A `Read` returns it as well."""
    request: Request | None = field(default=None, repr=False, eq=False)
    """What it answers, with the credentials that were sent."""

    def with_body(self, body: bytes) -> Head:
        """Return this head with the body that was read together with it."""
        known = (self.status, self.headers, self.close_delimited, self.proxy, self.body_lost)
        return Head(*known, body, self.request)

    def response(self, body: bytes | None) -> Response:
        """Return the answer with its whole body; `None` says that the body is lost."""
        lost = self.body_lost or body is None
        known = (self.status, self.headers, body or b"", self.close_delimited, self.proxy)
        return Response(*known, lost, self.request)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def encoding(self) -> str:
        """The codings that transform the body, with commas between; empty for a plain one.

        A name that is not registered (`identity`, `none`, `utf-8`, an empty value) counts as plain:
        no decoder knows such a coding. httpx and browsers do the same.
        """
        return ", ".join(coding for coding in _codings(self.headers) if coding in _CODINGS)

    @property
    def cached(self) -> bool:
        """Whether a cache has kept it for a while (RFC 9111 section 5.1)."""
        age = self.headers.get("age", "").strip()
        return age.isascii() and age.isdigit() and age.strip("0") != ""

    def says(self, name: str) -> bool:
        """Whether the header `name` has the value `true` (PROTOCOL, stream headers: in any
        case)."""
        return self.headers.get(name, "").strip().lower() == "true"


@frozen
class Response:
    """A head with its whole body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    close_delimited: bool = False
    proxy: str | None = None
    body_lost: bool = False
    request: Request | None = field(default=None, repr=False, eq=False)


def proxy_note(proxy: str | None) -> str:
    """The end of an error's message: a proxy may have sent the answer that the message quotes."""
    return "" if proxy is None else f" (through the proxy {proxy}, which may have answered itself)"


def _codings(headers: Mapping[str, str]) -> list[str]:
    """The elements of Content-Encoding, a list of names in any case (RFC 9110 section 8.4)."""
    given = headers.get("content-encoding")
    if not given:
        return []
    names = given.lower().split(",")
    return [name for each in names if (name := each.strip(" \t"))]


def named_coding(headers: Mapping[str, str]) -> str:
    """The Content-Encoding of a body that cannot be parsed, in words for an error message."""
    names = ", ".join(name for name in _codings(headers) if name != "identity")
    return f" (it is labelled `Content-Encoding: {names[:80]}`)" if names else ""


def fold_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Turn raw header pairs into a mapping with lower-case names."""
    folded: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        folded[name] = f"{folded[name]}, {value}" if name in folded else value
    return folded


def is_retryable(status: int) -> bool:
    """Whether the same read may succeed later (PROTOCOL, retries of reads)."""
    return status in _RETRIED_4XX or (500 <= status < 600 and status not in _NEVER_RETRIED_5XX)


def redirect_origin(response: Response) -> str | None:
    """The origin that a redirect points at, or `None`; path and query are left out."""
    try:
        target = urlsplit(response.headers.get("location", ""))
        port = f":{target.port}" if target.port else ""
    except ValueError:
        return None
    if not target.hostname:
        return "another path of the same server" if target.path else None
    host = f"[{target.hostname}]" if ":" in target.hostname else target.hostname
    return f"{target.scheme or 'http'}://{host}{port}"
