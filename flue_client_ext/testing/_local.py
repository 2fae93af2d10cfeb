"""`LocalFlue`: the server that users hold. Everything it does is done by the modules below it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Literal, TypeVar, get_args, overload

from . import _app
from . import _errors as errors
from ._clock import REAL, Clock, asleep
from ._exchange import Request
from ._inject import Injection, Injector
from ._rules import CHANCE, INTERVAL, SECONDS, TEXT, one_of, whole
from ._runs import Runs
from ._server import Listener
from ._store import Store
from ._workflows import Workflow, define
from .faults import Fault

F = TypeVar("F", bound=Callable[..., Any])
Interrupted = Literal["leave", "fail"]


class LocalFlue:
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
        self._clock = clock or REAL
        self.token = token
        self.prefix = f"/{prefix.strip('/')}".rstrip("/")
        self.hold = hold
        self.heartbeat = heartbeat
        self.page_size = page_size
        self.workflows: dict[str, Workflow] = {}
        self.injector = Injector()
        #: The last requests, oldest first: what a client has really sent.
        self.requests: deque[Request] = deque(maxlen=10_000)
        #: Called with each request and the status of its answer.
        self.on_answer: list[Callable[[Request, int], None]] = []
        self._store = Store(store)
        self.runs = Runs(self._store, self.clock, retention, delta_hold)
        #: Called with a run id and each event that is stored, before `wait` returns.
        self.on_event = self.runs.observers
        self._listener: Listener | None = None
        if interrupted == "fail":
            self.runs.recover()

    @property
    def clock(self) -> Clock:
        """The clock that drives every wait, for the server's whole life."""
        return self._clock

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
        await _app.serve(self, scope, receive, send)

    def run(self, *, host: str = "127.0.0.1", port: int = 0) -> Running:
        """Listen in a thread: `with server.run() as url`, or `async with`; port 0 is a free one."""
        return Running(self, host, port)

    @property
    def url(self) -> str:
        """The base URL while it listens."""
        listener = self.listener()
        return f"http://{listener.host}:{listener.port}{self.prefix}"

    def listener(self) -> Listener:
        """Return the listener, or say that there is none."""
        if self._listener is None:
            raise RuntimeError("this server does not listen: use `with server.run() as url`")
        return self._listener

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
        _refuse_other_than_faults(fault)
        for name, value, rule in (
            ("method", method, TEXT.or_none()),
            ("run_id", run_id, TEXT.or_none()),
            ("workflow", workflow, TEXT.or_none()),
            ("live", live, one_of("sse", "long-poll", True, False, None)),
            ("times", times, whole(1).or_none()),
            ("skip", skip, whole(0)),
            ("chance", chance, CHANCE),
        ):
            rule.check(name, value)
        method, dice = method and method.upper(), Random(seed)
        armed = Injection(
            fault, method, run_id, workflow, live, times, skip, chance, dice, self.injector
        )
        return self.injector.add(armed)

    def disconnect(self) -> None:
        """Cut every open connection, as a restarting proxy does; runs and listening go on."""
        self.listener().drop()

    async def refuse_for(self, seconds: float) -> None:
        """Refuse every connect for some seconds; for faults, on the serving loop."""
        listener = self.listener()
        await listener.refuse()
        listener.later(asleep(self.clock, seconds), listener.accept)

    def drop_stream(self, run_id: str, *, keep: int = 0) -> None:
        """Lose a run's stored events but the first few; its record and its end stay."""
        self.record(run_id)
        self._store.truncate(run_id, keep)

    def forget(self, run_id: str) -> None:
        """Lose a run altogether: every read of it is a 404 from now on."""
        self.record(run_id)
        self._store.forget(run_id)
        self.runs.changed(run_id)

    def run_ids(self) -> list[str]:
        """Return the ids of all runs, oldest first: how a test counts executions."""
        return self._store.run_ids()

    def record(self, run_id: str) -> dict[str, Any]:
        """Return a run's record, as `?meta` answers it; `KeyError` for an unknown run."""
        return self.runs.record(run_id)

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """Return all of a run's stored events; `KeyError` for an unknown run."""
        return self.runs.events(run_id)

    def wait(self, run_id: str, timeout: float = 10.0) -> dict[str, Any]:
        """Block until a run has ended and return its record; `TimeoutError` after real seconds.

        It has ended when the `on_event` observers of its last event have returned. An observer may
        wait for other runs, and for its own once that has ended.
        """
        changed, until = threading.Event(), time.monotonic() + timeout
        unsubscribe = self.runs.subscribe(run_id, changed.set)
        try:
            while not self.runs.ended(run_id):
                if not changed.wait(max(0.0, until - time.monotonic())):
                    raise TimeoutError(f"{run_id} has not ended after {timeout} s")
                changed.clear()
        finally:
            unsubscribe()
        return self.record(run_id)

    def close(self) -> None:
        """Stop and close the store."""
        self.stop()
        self._store.close()

    def asked(self, request: Request) -> None:
        """Note a request (called for each)."""
        self.requests.append(request)

    def answered(self, request: Request, status: int) -> None:
        """Note an answer's head (called for each)."""
        for observer in self.on_answer:
            observer(request, status)

    def authorize(self, request: Request) -> None:
        """Raise the refusal of a request without the right token, as common middleware words it."""
        if (
            self.token is not None
            and request.headers.get("authorization") != f"Bearer {self.token}"
        ):
            raise errors.unauthorized()


def _refuse_other_than_faults(given: object) -> None:
    if not isinstance(given, Fault):
        hint = f": write {given.__name__}(...)" if isinstance(given, type) else ""
        raise TypeError(f"fault must be a value of a Fault class, not {given!r}{hint}")


class Running:
    """A block in which a server listens."""

    def __init__(self, server: LocalFlue, host: str, port: int) -> None:
        self._server = server
        self._address = host, port

    def __enter__(self) -> str:
        return self._server.start(*self._address)

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._server.stop()

    async def __aenter__(self) -> str:
        return self.__enter__()

    async def __aexit__(self, *exc_info: object) -> None:
        self.__exit__()
