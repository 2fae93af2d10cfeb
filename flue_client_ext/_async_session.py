"""What the namespaces of a client share, for async code: options, connections, the driver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from ._closing import OpenStreams
from ._drivers.async_driver import AsyncDriver
from ._flue.api import Api
from ._http.async_channel import open_channel
from ._http.async_socket import AsyncSocket
from ._http.pool import Pool
from ._options import checked_signal
from ._settings import Settings
from ._stream import arguments
from ._stream.aborting import Aborted
from ._values.steps import Flow
from .errors import FlueAbortError, Identifiers
from .signals import NEVER, AbortController, AbortSignal

if TYPE_CHECKING:
    import httpx

    from ._calls import ManyOptions, Opening
    from ._drivers.async_many import AsyncRunOutcomes
    from ._flue.many import Job, OutcomeT
    from .async_stream import AsyncStream

T = TypeVar("T")
StreamT = TypeVar("StreamT", bound="AsyncStream[Any]")


class AsyncSession:
    """Runs flows over one client's connections."""

    def __init__(
        self,
        settings: Settings,
        pool: Pool[AsyncSocket],
        http_client: httpx.AsyncClient | None,
        held: OpenStreams | None = None,
    ) -> None:
        self.settings = settings
        self.pool = pool
        self.http_client = http_client
        self.held = held or OpenStreams()

    @property
    def api(self) -> Api:
        return self.settings.api

    def changed(self, settings: Settings) -> AsyncSession:
        return AsyncSession(settings, self.pool, self.http_client, self.held)

    def close(self) -> None:
        """End the streams and close the idle connections; calls under way finish."""
        self.held.close()
        self.pool.close()

    async def run(
        self,
        flow: Flow[T],
        signal: AbortSignal | None,
        timeout: float | None,
        identifiers: Identifiers | None = None,
    ) -> T:
        """Run a call to its end; the error of an abort has its identifiers."""
        self.held.check()
        return await self._finish(flow, signal, timeout, identifiers)

    async def _finish(
        self,
        flow: Flow[T],
        signal: AbortSignal | None,
        timeout: float | None,
        identifiers: Identifiers | None,
    ) -> T:
        """As `run`, for a part of a call under way, which finishes after the client is closed."""
        signal = checked_signal(signal)
        channel = open_channel(self.pool, self.http_client)
        watched = signal or NEVER
        try:
            return await AsyncDriver(flow, channel, watched, timeout).run()
        except Aborted:
            error = FlueAbortError(watched.reason)
            raise (identifiers or Identifiers()).attach_to(error) from None

    def stream(
        self,
        kind: Callable[..., StreamT],
        opened: Opening,
        signal: AbortSignal | None,
        timeout: float | None,
        *,
        within_call: bool = False,
    ) -> StreamT:
        """Return a stream of this `kind`, not yet begun, that owns its connection. `within_call`:
        nobody but a call holds it, which finishes when the client is closed."""
        if within_call:
            self.held.check()
        held = None if within_call else self.held
        controller = AbortController()
        watched = controller.linked(checked_signal(signal))
        channel = open_channel(self.pool, self.http_client)
        driver = AsyncDriver(
            opened.flow, channel, watched, arguments.timeout(timeout), copy_context()
        )
        return kind(driver, opened.delivery, controller, opened.counters, held)

    def many(
        self,
        jobs: Sequence[Job[Any, OutcomeT]],
        ordered: bool,
        options: ManyOptions,
        *,
        within_call: bool = False,
    ) -> AsyncRunOutcomes[OutcomeT]:
        """Run jobs at most `concurrency` at a time, each within the timeout. `within_call` as for
        `stream`."""
        if within_call:
            self.held.check()
        from ._drivers.async_many import run_all  # slow to import, and no single call needs it

        async def run(job: Job[Any, OutcomeT], watched: AbortSignal) -> Any:
            return await self._finish(job.flow, watched, options.timeout, job.identifiers)

        return run_all(
            run,
            jobs,
            options.concurrency,
            options.signal,
            options.collector(len(jobs), ordered),
            copy_context(),
            (lambda outcomes: None) if within_call else self.held.add,
        )
