"""`LocalFlue`: the server that users hold. Everything it does is done by the modules below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, overload

from . import _app
from ._clock import REAL, Clock
from ._database import Database
from ._exchange import Fault
from ._inject import Injection, Injector
from ._rules import INTERVAL, SECONDS, TEXT, one_of, whole
from ._runs import Runs
from ._server import Listener, Running
from ._state import ServerState
from ._store import Store
from ._workflows import define

F = TypeVar("F", bound=Callable[..., Any])
Interrupted = Literal["leave", "fail"]


class LocalFlue(ServerState):
    """A Flue server in this process, faithful on the wire, with nothing to install.

    `store` is a file name for runs that outlive the process, or memory. `token` makes every
    request need `Authorization: Bearer <token>`. `prefix` mounts it below a path (`"/api"`).
    `clock` drives every wait. `hold` and `heartbeat` are the long-poll's and SSE's seconds,
    `delta_hold` how long streamed deltas are held back, `retention` how long an ended run is kept
    (`None`: for ever), `interrupted` what becomes of runs that a crash left unfinished: `"leave"`
    them open as Flue on Node does, or `"fail"` them as its recovery elsewhere does.

    The object is the server; `run` makes it listen. Runs belong to the object: they go on while it
    does not listen, so that a restart is two `run` blocks on one port.
    """

    def __init__(
        self,
        *,
        store: str | Path | None = None,
        token: str | None = None,
        prefix: str = "",
        clock: Clock | None = None,
        hold: float = 30.0,
        heartbeat: float = 15.0,
        page_size: int = 100,
        delta_hold: float = 3.0,
        retention: float | None = None,
        interrupted: Interrupted = "leave",
    ) -> None:
        for name, value, rule in (
            ("token", token, TEXT.or_none()),
            ("prefix", prefix, TEXT),
            ("hold", hold, SECONDS),
            ("heartbeat", heartbeat, INTERVAL),
            ("page_size", page_size, whole(1)),
            ("delta_hold", delta_hold, SECONDS),
            ("retention", retention, SECONDS.or_none()),
            ("interrupted", interrupted, one_of(*get_args(Interrupted))),
        ):
            rule.check(name, value)
        database = Database(store)
        runs = Runs(Store(database), clock or REAL, retention, delta_hold)
        super().__init__(
            runs, token=token, prefix=prefix, hold=hold, heartbeat=heartbeat, page_size=page_size
        )
        self.injector = Injector()
        if interrupted == "fail":
            self.runs.recover()

    @overload
    def workflow(self, name: F) -> F: ...

    @overload
    def workflow(
        self,
        name: str | None = None,
        *,
        input_schema: Mapping[str, Any] | None = None,
        readable: bool = True,
    ) -> Callable[[F], F]: ...

    def workflow(
        self,
        name: F | str | None = None,
        *,
        input_schema: Mapping[str, Any] | None = None,
        readable: bool = True,
    ) -> F | Callable[[F], F]:
        """Register the decorated function, plain or async, as a workflow.

        `@server.workflow` alone gives it the function's name, `@server.workflow("name")` another.
        It takes `(input, run)`, or `(run)` alone to refuse any input as a Flue workflow without a
        schema does. What it returns is the run's result, what it raises the run's error. With an
        `input_schema` (JSON Schema) other input is rejected before a run exists, and no input is
        `{}`. `readable=False` is a workflow that does not export `runs`.
        """

        if name is not None and not isinstance(name, str):
            return self.workflow()(name)
        known_as = name

        def register(function: F) -> F:
            known = known_as or function.__name__
            self.workflows[known] = define(known, function, input_schema, readable)
            return function

        return register

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve as an ASGI application, in-process or mounted in another one."""
        await _app.serve(self, self.injector, scope, receive, send)

    def run(self, *, host: str = "127.0.0.1", port: int = 0) -> Running:
        """Listen in a thread: `with server.run() as url`, or `async with`; port 0 is a free one."""
        return Running(lambda: self.start(host, port), self.stop)

    @property
    def url(self) -> str:
        """The base URL while it listens."""
        listener = self.listener()
        return f"http://{listener.host}:{listener.port}{self.prefix}"

    def start(self, host: str, port: int) -> str:
        """Begin to listen and return the base URL; `run` does this for a block."""
        if self._listener is not None:
            raise RuntimeError(f"this server listens already, on {self.url}")
        self._listener = Listener(self, host, port)
        return self.url

    def stop(self) -> None:
        """Stop listening and cut every connection; runs go on.

        Called by an observer that the server's own thread runs, it takes effect after that.
        """
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()

    def inject(
        self,
        fault: Fault,
        *,
        method: str | None = None,
        run_id: str | None = None,
        workflow: str | None = None,
        live: str | bool | None = None,
        times: int | None = 1,
        skip: int = 0,
        chance: float = 1.0,
        seed: int | None = None,
    ) -> Injection:
        """Arm a fault for the next matching request, or for `times` of them (`None`: all).

        A request matches by `method`, `run_id`, `workflow` and `live` (`"sse"`, `"long-poll"`,
        any, or none) where they are given; the first `skip` matches are spared; with a `chance`
        each is struck so often, by dice that `seed` fixes. A request to which the fault cannot
        apply does not match: `Cut(after_events=3)` waits for a read of events.
        """
        return self.injector.arm(
            fault,
            method=method,
            run_id=run_id,
            workflow=workflow,
            live=live,
            times=times,
            skip=skip,
            chance=chance,
            seed=seed,
        )

    def close(self) -> None:
        """Stop and close the store."""
        self.stop()
        self.runs.store.close()
