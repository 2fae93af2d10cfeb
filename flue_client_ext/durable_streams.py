"""The stream engine by itself, over any JSON-mode Durable Stream; it knows nothing of workflows.

`stream` is for blocking code, `astream` for async code; both take the same options. Items are plain
JSON values.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from ._drivers import async_driver, sync_driver
from ._http import async_channel, log, sync_channel
from ._http.address import stream_address
from ._lazy import LazyModule
from ._options import checked_client, checked_signal, new_counters, user_agent
from ._stream import arguments
from ._stream.arguments import LiveOption
from ._stream.backoff import BackoffOptions
from ._stream.credentials import (
    AsyncHeaders,
    AsyncHeaderValue,
    Credentials,
    Headers,
    HeaderValue,
)
from ._stream.delivery import Delivery
from ._stream.follow import follow
from ._stream.resource import Resource
from ._stream.sse import MAX_FRAME_BYTES
from ._stream.stats import Counters
from ._values.steps import Batch, Clock
from .async_stream import AsyncStream
from .signals import AbortController, AbortSignal
from .stream import Stream

if TYPE_CHECKING:
    import ssl

    import httpx
else:
    ssl, httpx = LazyModule("ssl"), LazyModule("httpx")

__all__ = ["AsyncDurableStream", "Batch", "DurableStream", "astream", "stream"]


class _Position:
    """The position of a stream of plain items."""

    _delivery: Delivery[Any]
    _counters: Counters
    url = ""
    """Where it is read, without the query, which may hold a secret."""

    @property
    def up_to_date(self) -> bool:
        """Whether the latest batch reached the stream's tail."""
        return self._delivery.up_to_date

    @property
    def closed(self) -> bool:
        """Whether the stream is closed: nothing will be appended to it."""
        return self._delivery.closed

    def __repr__(self) -> str:
        of = f"{self.url}, {self._counters.snapshot().state}"
        return f"<{type(self).__name__} of {of}, at {self._delivery.offset}>"


class DurableStream(_Position, Stream[Any]):
    """The items of a Durable Stream, for blocking code."""

    def batches(self) -> Iterator[Batch]:
        """Iterate over batches; one may be empty."""
        return self._in_groups(_whole)


class AsyncDurableStream(_Position, AsyncStream[Any]):
    """The items of a Durable Stream, for async code."""

    def batches(self) -> AsyncIterator[Batch]:
        """Iterate over batches; one may be empty."""
        return self._in_groups(_whole)


S = TypeVar("S", bound=_Position)


def _whole(batch: Batch, items: list[Any]) -> Batch:
    return batch


def stream(
    url: str,
    *,
    offset: str = "-1",
    live: LiveOption = True,
    headers: Headers | None = None,
    params: Mapping[str, HeaderValue] | None = None,
    signal: AbortSignal | None = None,
    timeout: float | None = None,
    backoff_options: BackoffOptions | None = None,
    http_client: httpx.Client | None = None,
    pages_only: bool = False,
    max_frame_bytes: int = MAX_FRAME_BYTES,
    ssl_context: ssl.SSLContext | None = None,
) -> DurableStream:
    """Follow the Durable Stream at `url` and return its items as an iterator.

    `offset`: `"-1"` from the start, `"now"` from here on, or an offset from before. `live`:
    `True` or `"long-poll"`, `"sse"`, `"auto"`, or `False` to end at the tail. Values of `headers`
    and `params` may be functions, run once for each request. `timeout` in seconds bounds the
    whole stream. A long history comes over one connection; `pages_only` insists on plain pages.
    `max_frame_bytes` is the largest SSE frame accepted. Raises as `FlueClient.runs.stream` does."""
    return _opened(
        _BLOCKING,
        url,
        http_client,
        ssl_context,
        Credentials(None, headers, arguments.params(params)),
        signal,
        timeout,
        offset=offset,
        live=live,
        backoff=backoff_options,
        pages_only=pages_only,
        max_frame_bytes=max_frame_bytes,
    )


def astream(
    url: str,
    *,
    offset: str = "-1",
    live: LiveOption = True,
    headers: AsyncHeaders | None = None,
    params: Mapping[str, AsyncHeaderValue] | None = None,
    signal: AbortSignal | None = None,
    timeout: float | None = None,
    backoff_options: BackoffOptions | None = None,
    http_client: httpx.AsyncClient | None = None,
    pages_only: bool = False,
    max_frame_bytes: int = MAX_FRAME_BYTES,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncDurableStream:
    """Follow the Durable Stream at `url`, as `stream` does, for `async for`.

    Functions in `headers` and `params` may be async.
    """
    return _opened(
        _ASYNC,
        url,
        http_client,
        ssl_context,
        Credentials(None, headers, arguments.params(params)),
        signal,
        timeout,
        offset=offset,
        live=live,
        backoff=backoff_options,
        pages_only=pages_only,
        max_frame_bytes=max_frame_bytes,
    )


class _Kind(NamedTuple, Generic[S]):
    """The parts of blocking or async streams, under the same names."""

    http_client: str
    channels: Any
    clock: Clock
    driver: Any
    stream: Callable[..., S]


_BLOCKING = _Kind("Client", sync_channel, sync_driver.CLOCK, sync_driver.Driver, DurableStream)
_ASYNC = _Kind(
    "AsyncClient", async_channel, async_driver.CLOCK, async_driver.AsyncDriver, AsyncDurableStream
)


def _opened(
    kind: _Kind[S],
    url: str,
    http_client: object,
    ssl_context: ssl.SSLContext | None,
    credentials: Credentials,
    signal: AbortSignal | None,
    timeout: float | None,
    **options: Any,
) -> S:
    """Check the options and make the stream, which begins when it is iterated."""
    own = checked_client(http_client, kind.http_client, ssl_context)
    address = stream_address(url, ssl_context, own_client=own is not None)
    reading = arguments.read_options(credentials, **options)
    log.configure()
    pool = kind.channels.new_pool(address.route, most_idle=0)
    channel = kind.channels.open_channel(pool, own)
    controller, counters = AbortController(), new_counters()
    resource = Resource(address.url, user_agent())
    flow = follow(resource, reading, kind.clock, counters)
    watched = controller.linked(checked_signal(signal))
    driver = kind.driver(flow, channel, watched, arguments.timeout(timeout), copy_context())
    made = kind.stream(driver, Delivery(reading.offset), controller, counters)
    made.url = resource.shown_url
    return made
