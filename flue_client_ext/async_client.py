"""The client for async code."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ._async_session import AsyncSession
from ._drivers.async_driver import CLOCK
from ._flue.generations import Generation
from ._http.async_channel import new_pool
from ._lazy import LazyModule
from ._namespaces import Namespace, sibling
from ._options import checked_client
from ._settings import settings
from ._stream.arguments import UNSET, Unset
from ._stream.backoff import BackoffOptions
from ._stream.credentials import AsyncHeaders, AsyncToken
from ._values.uncopied import Uncopied

if TYPE_CHECKING:
    import ssl

    import httpx

    from . import async_agents as _agents
    from . import async_runs as _runs
    from . import async_workflows as _workflows
else:
    ssl, httpx = LazyModule("ssl"), LazyModule("httpx")
    _agents = LazyModule("flue_client_ext.async_agents")
    _runs = LazyModule("flue_client_ext.async_runs")
    _workflows = LazyModule("flue_client_ext.async_workflows")


class AsyncFlueClient(Uncopied):
    """A Flue server: its agents, or its workflows and runs, for async code, on asyncio or trio.

    `base_url` includes the prefix under which the app mounts Flue; left out, it is
    `FLUE_BASE_URL`. `token` (a string, or a function, async or not, that returns one) is sent as
    a bearer token; left out, it is `FLUE_TOKEN`; `None` sends none. `headers` is a mapping, its
    values strings or functions, or a function that returns one. Functions run for every HTTP
    attempt. `timeout` is the default deadline of single calls in seconds (30; `None` for none).
    `http_client` is used for all requests and never closed. `generation` states which protocol of
    agents the server speaks: `"2"` (Flue 2.x), `"beta.8"` (1.0.0-beta.8 and beta.9) or `"beta.3"`
    (beta.3 to beta.7); left out, the client finds it out by itself. `backoff_options` are the
    retries of the calls and streams that are given none of their own. Raises `ValueError` or
    `TypeError` for bad options."""

    _instead = (
        "make a client in each process, or share this one's connections through with_options()"
    )

    workflows = Namespace(lambda: _workflows.AsyncWorkflows)
    runs = Namespace(lambda: _runs.AsyncRuns)
    agents = Namespace(lambda: _agents.AsyncAgents)

    def __init__(
        self,
        base_url: str | None = None,
        *,
        token: AsyncToken | None | Unset = UNSET,
        headers: AsyncHeaders | None = None,
        timeout: float | None | Unset = UNSET,
        http_client: httpx.AsyncClient | None = None,
        ssl_context: ssl.SSLContext | None = None,
        generation: Generation | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> None:
        own = checked_client(http_client, "AsyncClient", ssl_context)
        chosen = settings(
            base_url,
            token,
            headers,
            timeout,
            ssl_context,
            generation,
            backoff_options,
            CLOCK,
            own_client=own is not None,
        )
        self._session = AsyncSession(chosen, new_pool(chosen.address.route), own)
        self._namespaces: dict[type[Any], Any] = {}
        self._owner = True

    @property
    def base_url(self) -> str:
        """Where requests go, without a trailing slash."""
        return self._session.settings.address.url

    @property
    def is_closed(self) -> bool:
        """Whether the client, or the one whose connections it shares, was closed: it cannot be used
        again."""
        return self._session.held.closed

    def with_options(
        self,
        *,
        token: AsyncToken | None | Unset = UNSET,
        headers: AsyncHeaders | None | Unset = UNSET,
        timeout: float | None | Unset = UNSET,
        generation: Generation | None | Unset = UNSET,
        backoff_options: BackoffOptions | None | Unset = UNSET,
    ) -> Self:
        """Return a client with other options over the same connections; this one does not change.

        It is of the same class and has the attributes that a subclass has set. Closing it closes
        nothing: the connections belong to this client.
        """
        chosen = self._session.settings.changed(
            token, headers, timeout, generation, backoff_options
        )
        return sibling(self, self._session.changed(chosen))

    async def aclose(self) -> None:
        """Close the connections. Calls under way finish; streams that are still open and later
        calls raise `RuntimeError`.

        A call that waits for a run or a reply (`run`, `wait`, `ask`, `read`) is under way to its
        end, with requests over new connections: end it by its `signal` or `timeout`. Iterators
        over many (`map`, `as_completed`) end as streams do.

        Your own `http_client` stays open; the answers that streams read over it are closed.
        """
        if self._owner:
            self._session.close()

    async def __aenter__(self) -> Self:
        self._session.held.check()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"
