"""`LocalFlue`: the server that users hold. Everything it does is done by the modules below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from . import _app
from ._clock import REAL, Clock
from ._conversation_store import ConversationStore
from ._conversations import Conversations
from ._database import Database
from ._dialect import DIALECTS, Generation
from ._exchange import Fault
from ._inject import Injection, Injector
from ._registration import Registration
from ._rules import INTERVAL, SECONDS, TEXT, one_of, whole
from ._runs import Runs
from ._server import Listener, Running
from ._store import Store

#: Seconds for which a genuine server collects the deltas of a run.
DELTA_HOLD = 3.0
Interrupted = Literal["leave", "fail"]


class LocalFlue(Registration):
    """A Flue server in this process, faithful on the wire, with nothing to install.

    `store` is a file name for what is to outlive the process, or memory. `token` makes every
    request need `Authorization: Bearer <token>`. `prefix` mounts it below a path (`"/api"`).
    `clock` drives every wait. `hold` and `heartbeat` are the long-poll's and SSE's seconds,
    `delta_hold` how long streamed deltas are held back (`None`: as a genuine server does, three
    seconds in a run, one in a conversation, none in one of beta.3), `retention` how long an ended
    run is kept (`None`: for ever), `interrupted` what becomes of runs that a crash left unfinished:
    `"leave"` them open as Flue on Node does, or `"fail"` them as its recovery elsewhere does.

    The object is the server; `run` makes it listen. Runs and conversations belong to the object:
    they go on while it does not listen, so that a restart is two `run` blocks on one port.

    `generation` is that of the servers which it speaks like: `"2"` (agents of 2.x, no workflows),
    `"beta.8"` (to .9) or `"beta.3"` (to .7), with agents of the betas beside workflows and runs.
    `None` is 2.x with agents and without workflows, and has workflows and runs of the betas besides
    if any are registered.
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
        delta_hold: float | None = None,
        retention: float | None = None,
        interrupted: Interrupted = "leave",
        generation: Generation | None = None,
    ) -> None:
        for name, value, rule in (
            ("token", token, TEXT.or_none()),
            ("prefix", prefix, TEXT),
            ("hold", hold, SECONDS),
            ("heartbeat", heartbeat, INTERVAL),
            ("page_size", page_size, whole(1)),
            ("delta_hold", delta_hold, SECONDS.or_none()),
            ("retention", retention, SECONDS.or_none()),
            ("interrupted", interrupted, one_of(*get_args(Interrupted))),
            ("generation", generation, one_of(None, *DIALECTS)),
        ):
            rule.check(name, value)
        database = Database(store)
        clock = clock or REAL
        held = DELTA_HOLD if delta_hold is None else delta_hold
        dialect = DIALECTS[generation or "2"]
        runs = Runs(Store(database), clock, retention, held)
        kept = ConversationStore(database)
        conversations = Conversations(kept, clock, dialect.stream, delta_hold)
        super().__init__(
            runs,
            conversations,
            dialect,
            generation=generation,
            token=token,
            prefix=prefix,
            hold=hold,
            heartbeat=heartbeat,
            page_size=page_size,
        )
        self.injector = Injector()
        if interrupted == "fail":
            self.runs.recover()

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
        agent: str | None = None,
        conversation: str | None = None,
        live: str | bool | None = None,
        times: int | None = 1,
        skip: int = 0,
        chance: float = 1.0,
        seed: int | None = None,
    ) -> Injection:
        """Arm a fault for the next matching request, or for `times` of them (`None`: all).

        A request matches by `method`, `run_id`, `workflow`, `agent`, `conversation` (its id) and
        `live` (`"sse"`, `"long-poll"`, any, or none) where they are given; the first `skip` matches
        are spared; with a `chance` each is struck so often, by dice that `seed` fixes. A request to
        which the fault cannot apply does not match: `Cut(after_events=3)` waits for a read of
        events.
        """
        return self.injector.arm(
            fault,
            method=method,
            run_id=run_id,
            workflow=workflow,
            agent=agent,
            conversation=conversation,
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
