"""Answers that a raw server gives, and calls that run beside the test."""

from __future__ import annotations

import gc
import logging
import pickle
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx

from flue_client_ext import BackoffOptions, FlueApiError, FlueTimeoutError
from tests.servers.raw import Connection, Handler, RawServer, Request
from tests.worlds import World

RECORD = {
    "runId": "run_1",
    "workflowName": "w",
    "status": "completed",
    "startedAt": "2026-11-22T00:00:00.000Z",
}
QUICK = BackoffOptions(initial_delay=0.001, max_delay=0.001, max_retries=3)
NEVER_AGAIN = BackoffOptions(max_retries=0)


def works(request: Request, connection: Connection) -> None:
    """Answer as a Flue server whose every workflow returns its input at once."""
    if request.method == "POST" and request.target.endswith("wait=result"):
        result = request.json() if request.body else None
        connection.json(200, {"runId": "run_1", "result": result})
    elif request.method == "POST":
        connection.json(202, {"runId": "run_1"})
    else:
        connection.json(200, RECORD)


def says(status: int, body: bytes = b"", headers: Any = ()) -> Handler:
    """Return a handler that gives one answer to everything."""
    return lambda _, connection: connection.answer(status, body, headers)


def in_turn(*handlers: Handler) -> Handler:
    """Return a handler that uses the next of `handlers` for each request, the last one for ever."""
    left = list(handlers)
    lock = threading.Lock()

    def handler(request: Request, connection: Connection) -> None:
        with lock:
            chosen = left.pop(0) if len(left) > 1 else left[0]
        chosen(request, connection)

    return handler


@cache
def default_context() -> ssl.SSLContext:
    """One for all tests: making it takes as long as many a test."""
    return ssl.create_default_context()


@contextmanager
def borrowed(world: World, **options: Any) -> Iterator[Any]:
    """An httpx client of the user's own, of this world's kind."""
    options = {"trust_env": False, "verify": default_context(), **options}
    if world.portal is None:
        with httpx.Client(**options) as client:
            yield client
        return
    own = httpx.AsyncClient(**options)
    try:
        yield own
    finally:
        world.portal.call(own.aclose)


def failure(call: Callable[..., Any], *args: Any, **kwargs: Any) -> BaseException:
    """Return what `call` raises."""
    try:
        call(*args, **kwargs)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def api_error(call: Callable[..., Any], *args: Any, **kwargs: Any) -> FlueApiError:
    """Return the API error that `call` raises."""
    error = failure(call, *args, **kwargs)
    assert isinstance(error, FlueApiError), repr(error)
    return error


def is_whole(error: FlueApiError, status: int) -> None:
    """Check what is true of every API error."""
    assert error.status == status
    assert error.type is None or isinstance(error.type, str)
    assert isinstance(error.message, str)
    assert error.message
    assert str(status) in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


DEADLINES = (0.15, 0.6, 2.4, 10.0)
"""On a busy machine a short one may pass before a call is as far as a test needs it."""


def overdue(
    call: Callable[..., Any],
    *args: Any,
    far: Callable[[Any], object] = lambda error: type(error) is not FlueTimeoutError,
    **kwargs: Any,
) -> Any:
    """Return what `call` raises when its deadline passes and it came so `far`: by default, when
    a POST may have been sent."""
    for timeout in DEADLINES:
        error = failure(call, *args, timeout=timeout, **kwargs)
        if far(error):
            break
    return error


def arrived_at(server: RawServer) -> Callable[[Any], object]:
    """Return whether a call came so far that `server` has its request."""
    return lambda _: server.wait_idle() and server.requests


class Aside:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._outcome: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._outcome = self._call()
        except BaseException as error:
            self._error = error

    def result(self, timeout: float = 10.0) -> Any:
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"the call has not ended within {timeout} s"
        if self._error is not None:
            raise self._error
        return self._outcome

    def error(self, timeout: float = 10.0) -> BaseException:
        return failure(self.result, timeout)


def leftover_threads(timeout: float = 10.0) -> list[str]:
    """The names of our own threads that are still there after giving each time to end."""
    own = [t for t in threading.enumerate() if t.name.startswith("flue-client")]
    for thread in own:
        thread.join(timeout)
    return [thread.name for thread in own if thread.is_alive()]


def after_collection(condition: Callable[[], bool], timeout: float = 10.0) -> bool:
    """Collect garbage until `condition` holds: another thread may still be in the frame in which
    it came to its end, and keep from collection what the frame refers to."""
    until = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > until:
            return False
        gc.collect()
        time.sleep(0.001)
    return True


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error with everything that hangs on it: causes and contexts, shown or suppressed."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if current is not None and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [current.__cause__, current.__context__]


def spoken(error: BaseException) -> str:
    """Everything that an error and what hangs on it say of themselves, pickles included."""
    words: list[str] = []
    for link in chain(error):
        words += [repr(link), str(link), repr(link.args), repr(vars(link)), _deep(vars(link))]
        if type(link).__module__.startswith("flue_client_ext.errors"):
            words.append(pickle.dumps(link).decode("latin-1"))
    return "\n".join(words)


def _deep(attributes: dict[str, Any]) -> str:
    return "\n".join(repr(getattr(value, "__dict__", value)) for value in attributes.values())


class _OnRecord(logging.Handler):
    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call

    def emit(self, _: logging.LogRecord) -> None:
        self._call()


@contextmanager
def on_log(call: Callable[[], object]) -> Iterator[None]:
    """Run `call` whenever the client says something at INFO: the moment between two attempts."""
    logger, handler = logging.getLogger("flue_client"), _OnRecord(call)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
