"""What both clients are made of: checked options, and the calls as pairs of conversation and
timeout."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ._core.backoff import BackoffOptions
from ._core.credentials import Credentials, Headers, Token
from ._core.stats import Tally
from ._core.steps import Ambient, Conversation
from ._flue import arguments
from ._flue.api import Api
from ._flue.arguments import UNSET, LiveOption, Unset
from ._flue.delivery import Checkpoint, EventDelivery
from ._flue.many import Collector, OnProgress
from ._net import log
from ._net.address import Address, base_address
from ._version import __version__
from .signals import AbortSignal

if TYPE_CHECKING:
    import ssl

C = TypeVar("C")

UNARY_TIMEOUT = 30.0
"""Seconds: the deadline of a single call when neither the call nor the client names another."""


class Settings(NamedTuple):
    """A client's options, checked."""

    address: Address
    api: Api
    timeout: float | None

    def unary_timeout(self, given: float | None | Unset) -> float | None:
        return self.timeout if isinstance(given, Unset) else arguments.timeout(given)

    def changed(
        self,
        token: Token | None | Unset,
        headers: Headers | None | Unset,
        timeout: float | None | Unset,
    ) -> Settings:
        """Return the settings with the given options in place of today's."""
        own = self.api.credentials
        credentials = Credentials(
            own.token if isinstance(token, Unset) else token,
            own.headers if isinstance(headers, Unset) else headers,
        )
        api = self.api.with_credentials(credentials)
        return Settings(self.address, api, self.unary_timeout(timeout))


def settings(
    base_url: str | None,
    token: Token | None | Unset,
    headers: Headers | None,
    timeout: float | None | Unset,
    ssl_context: ssl.SSLContext | None,
    ambient: Ambient,
    *,
    own_client: bool,
) -> Settings:
    log.configure()
    address = base_address(base_url, ssl_context, own_client=own_client)
    if isinstance(token, Unset):
        token = os.environ.get("FLUE_TOKEN") or None
    api = Api(
        base_url=address.url,
        credentials=Credentials(token, headers),
        user_agent=user_agent(),
        ambient=ambient,
    )
    limit = UNARY_TIMEOUT if isinstance(timeout, Unset) else arguments.timeout(timeout)
    return Settings(address, api, limit)


def user_agent() -> str:
    return f"flue-client/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"


def new_tally() -> Tally:
    return Tally(time.monotonic)


def checked_client(client: C, kind: str, ssl_context: object) -> C:
    """Refuse what is not the httpx client of this world, before it fails in the middle of a
    call; and a TLS context beside it, which nothing would use."""
    if ssl_context is not None:
        import ssl

        if not isinstance(ssl_context, ssl.SSLContext):
            kind_given = type(ssl_context).__name__
            raise TypeError(f"ssl_context must be an ssl.SSLContext, not {kind_given}")
        if client is not None:
            raise ValueError("ssl_context belongs to your http_client: give it to that one")
    if client is not None:
        import httpx

        if not isinstance(client, getattr(httpx, kind)):
            raise TypeError(f"http_client must be an httpx.{kind}, not {type(client).__name__}")
    return client


def checked_signal(value: object) -> AbortSignal | None:
    if value is None or isinstance(value, AbortSignal):
        return value
    raise TypeError(
        f"signal must be an AbortSignal (such as controller.signal), not {type(value).__name__}"
    )


class ManyOptions:
    """The options of calls over many runs, checked."""

    def __init__(
        self,
        *,
        concurrency: int,
        return_errors: bool,
        on_progress: OnProgress | None,
        signal: AbortSignal | None,
        timeout: float | None,
    ) -> None:
        self.concurrency = arguments.concurrency(concurrency)
        self.signal = checked_signal(signal)
        self.timeout = arguments.timeout(timeout)
        self._return_errors = return_errors
        self._on_progress: OnProgress | None = arguments.hook(on_progress, "on_progress")

    def collector(self, total: int, ordered: bool) -> Collector:
        return Collector(total, ordered, self._return_errors, self._on_progress)


class Opening(NamedTuple):
    """A stream about to be driven."""

    conversation: Conversation[None]
    delivery: EventDelivery
    tally: Tally


class StreamOptions(NamedTuple):
    """The options of `runs.stream` as they were given."""

    offset: str | Unset = UNSET
    tail: int | None = None
    live: LiveOption = False
    backoff: BackoffOptions | None = None
    resume: Checkpoint | None = None
    pages_only: bool = False


def opening(api: Api, run_id: str, options: StreamOptions) -> Opening:
    """Check the options of a stream and begin it."""
    start, handled = _start(run_id, options)
    tally = new_tally()
    conversation = api.follow(
        run_id,
        tally,
        offset=start,
        live=arguments.live(options.live),
        tail=arguments.tail(options.tail),
        backoff=arguments.backoff(options.backoff),
        pages_only=options.pages_only,
    )
    return Opening(conversation, EventDelivery(run_id, start, handled), tally)


def _start(run_id: str, options: StreamOptions) -> tuple[str, int | None]:
    """The offset to begin at, and the index up to which events were handled before."""
    given: str | Unset = options.offset
    resume = arguments.checkpoint(options.resume)
    if resume is None:
        return ("-1" if isinstance(given, Unset) else arguments.offset(given)), None
    if not isinstance(given, Unset) or options.tail is not None:
        raise ValueError("resume brings its own offset: leave out offset and tail")
    if resume.run_id != run_id:
        raise ValueError(f"resume is a checkpoint of run {resume.run_id!r}, not of {run_id!r}")
    return arguments.offset(resume.offset), resume.event_index
