"""The stream engine by itself, over any JSON-mode Durable Stream; it knows nothing of workflows.

`stream` is for blocking code, `astream` for async code; both take the same options. Items are plain
JSON values.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple

from ._drivers import async_driver, sync_driver
from ._http import async_channel, log, sync_channel
from ._http.address import Address, stream_address
from ._lazy import LazyModule
from ._options import checked_client, checked_signal, new_counters, user_agent
from ._stream import arguments
from ._stream.arguments import LiveOption
from ._stream.backoff import BackoffOptions
from ._stream.credentials import Credentials, Headers, HeaderValue
from ._stream.delivery import Delivery
from ._stream.follow import follow
from ._stream.options import ReadOptions
from ._stream.resource import Resource
from ._stream.sse import MAX_FRAME_BYTES
from ._stream.stats import Counters
from ._values.steps import Batch, Clock, Flow
from .async_stream import AsyncStream
from .signals import AbortController, AbortSignal
from .stream import Stream

if TYPE_CHECKING:
    import ssl

    import httpx
else:
    ssl, httpx = LazyModule("ssl"), LazyModule("httpx")

__all__ = ["AsyncDurableStream", "Batch", "DurableStream", "astream", "stream"]


class DurableStream(Stream[Any]):
    """The items of a Durable Stream, for blocking code."""

    @property
    def up_to_date(self) -> bool:
        """Whether the latest batch reached the stream's tail."""
        return self._delivery.up_to_date

    @property
    def closed(self) -> bool:
        """Whether the stream has ended for good."""
        return self._delivery.closed

    def batches(self) -> Iterator[Batch]:
        """Iterate over batches; one may be empty."""
        return self._in_groups(lambda batch, items: batch)


class AsyncDurableStream(AsyncStream[Any]):
    """The items of a Durable Stream, for async code."""

    @property
    def up_to_date(self) -> bool:
        """Whether the latest batch reached the stream's tail."""
        return self._delivery.up_to_date

    @property
    def closed(self) -> bool:
        """Whether the stream has ended for good."""
        return self._delivery.closed

    def batches(self) -> AsyncIterator[Batch]:
        """Iterate over batches; one may be empty."""
        return self._in_groups(lambda batch, items: batch)


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
    whole stream. `max_frame_bytes` is the largest SSE frame accepted. Raises as
    `FlueClient.runs.stream` does."""
    own = checked_client(http_client, "Client", ssl_context)
    reading = _Reading(
        stream_address(url, ssl_context, own_client=own is not None),
        offset,
        live,
        Credentials(None, headers, arguments.params(params)),
        backoff_options,
        pages_only,
        max_frame_bytes,
    )
    pool = sync_channel.new_pool(reading.address.route, most_idle=0)
    channel = sync_channel.open_channel(pool, own, abortable=True)
    controller, counters = AbortController(), new_counters()
    flow = reading.begin(sync_driver.CLOCK, counters)
    driver = sync_driver.Driver(
        flow,
        channel,
        controller.linked(checked_signal(signal)),
        arguments.timeout(timeout),
        copy_context(),
    )
    return DurableStream(driver, Delivery(offset), controller, counters)


def astream(
    url: str,
    *,
    offset: str = "-1",
    live: LiveOption = True,
    headers: Headers | None = None,
    params: Mapping[str, HeaderValue] | None = None,
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
    own = checked_client(http_client, "AsyncClient", ssl_context)
    reading = _Reading(
        stream_address(url, ssl_context, own_client=own is not None),
        offset,
        live,
        Credentials(None, headers, arguments.params(params)),
        backoff_options,
        pages_only,
        max_frame_bytes,
    )
    pool = async_channel.new_pool(reading.address.route, most_idle=0)
    channel = async_channel.open_channel(pool, own, abortable=True)
    controller, counters = AbortController(), new_counters()
    flow = reading.begin(async_driver.CLOCK, counters)
    driver = async_driver.AsyncDriver(
        flow,
        channel,
        controller.linked(checked_signal(signal)),
        arguments.timeout(timeout),
        copy_context(),
    )
    return AsyncDurableStream(driver, Delivery(offset), controller, counters)


class _Reading(NamedTuple):
    """The options of a stream, checked when its flow begins."""

    address: Address
    offset: str
    live: LiveOption
    credentials: Credentials
    backoff: BackoffOptions | None
    pages_only: bool
    max_frame_bytes: int

    def begin(self, clock: Clock, counters: Counters) -> Flow[None]:
        log.configure()
        options = ReadOptions(
            credentials=self.credentials,
            offset=arguments.offset(self.offset),
            live=arguments.live(self.live),
            backoff=arguments.backoff(self.backoff) or BackoffOptions(),
            pages_only=self.pages_only,
            max_frame_bytes=arguments.max_frame_bytes(self.max_frame_bytes),
        )
        return follow(Resource(self.address.url, user_agent()), options, clock, counters)
