"""Abort signals: one object that ends calls, from any thread or task.

The names are those of the DOM standard's `AbortController`; here they are thread-safe. A signal
has listeners only while calls are under way. `AbortSignal.any` listens to its sources, and
`AbortSignal.timeout` uses the one thread for deadlines, only while it has a listener itself."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from ._values.checks import number
from ._values.uncopied import Uncopied

if TYPE_CHECKING:
    from ._http.deadlines import Deadline

__all__ = ["AbortController", "AbortSignal"]

Listener = Callable[[], None]
_orders = itertools.count(1)


class AbortSignal(Uncopied):
    """Ends calls. Made by `AbortController`, `AbortSignal.timeout` and `AbortSignal.any`."""

    _instead = "pass the signal itself; it belongs to its process"
    order: int = 0
    """The number of the abort in this process, by which `any` finds the first one."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may abort in the middle of anything
        self._listeners: list[tuple[Listener, Context]] = []
        self._aborted = False
        self._reason: Any = None

    @staticmethod
    def timeout(seconds: float) -> AbortSignal:
        """Return a signal that aborts `seconds` from now; its reason is a `TimeoutError`."""
        return _TimeoutSignal(seconds)

    @staticmethod
    def any(signals: Iterable[AbortSignal]) -> AbortSignal:
        """Return a signal that aborts when the first of `signals` does, with that one's reason."""
        several: tuple[Any, ...] = tuple(signals)
        if not all(isinstance(each, AbortSignal) for each in several):
            raise TypeError(f"signals must be AbortSignals, not {several!r}")
        return _AnySignal(several)

    @property
    def aborted(self) -> bool:
        """Whether the signal has been aborted; that never changes back."""
        return self._aborted

    @property
    def reason(self) -> Any:
        """What was given to `abort`; `None` as long as the signal is not aborted."""
        return self._reason if self.aborted else None

    def _abort(self, reason: Any, order: int | None = None) -> None:
        with self._lock:
            if self._aborted:
                return
            self.order = next(_orders) if order is None else order
            self._reason, self._aborted = reason, True
            listeners, self._listeners = self._listeners, []
        for listener, context in listeners:  # without the lock: a listener may use this signal
            context.run(listener)

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` once, in the aborting thread and the context of this caller; at once if
        the signal is aborted already."""
        entry = listener, copy_context()
        with self._lock:
            if not self._aborted:  # no call may stand behind this: a signal handler may abort there
                self._listeners.append(entry)
                return
        listener()

    def remove_listener(self, listener: Listener) -> None:
        """Do not call `listener` any more."""
        with self._lock:
            listeners = self._listeners  # an abort in a signal handler replaces the list
            for entry in [*listeners]:
                if entry[0] == listener:
                    if entry in listeners:  # one may remove any, too
                        listeners.remove(entry)
                    return


class _Never(AbortSignal):
    def add_listener(self, listener: Listener) -> None:
        pass

    def remove_listener(self, listener: Listener) -> None:
        pass


NEVER: AbortSignal = _Never()
"""The signal of a call that was given none."""


class AbortController(Uncopied):
    """Owns a signal and aborts it."""

    _instead = "pass its signal; it belongs to its process"

    def __init__(self) -> None:
        self._signal = AbortSignal()

    @property
    def signal(self) -> AbortSignal:
        """The signal to hand to calls; one signal may serve many."""
        return self._signal

    def abort(self, reason: Any = None) -> None:
        """End every call that was given the signal; from any thread or task. A second abort does
        nothing."""
        self._signal._abort(reason)  # pyright: ignore[reportPrivateUsage]

    def linked(self, other: AbortSignal | None) -> AbortSignal:
        """Return a signal that aborts with this controller or with `other`."""
        return self._signal if other is None else AbortSignal.any([self._signal, other])


class _TimeoutSignal(AbortSignal):
    def __init__(self, seconds: float) -> None:
        number(seconds, "seconds", "a number of at least 0", lambda given: given >= 0)
        super().__init__()
        self._until = time.monotonic() + seconds
        self._seconds = seconds
        self._deadline: Deadline | None = None

    @property
    def aborted(self) -> bool:
        if not self._aborted and time.monotonic() >= self._until:
            self._expire()
        return self._aborted

    def _expire(self) -> None:
        self._abort(TimeoutError(f"{self._seconds} seconds have passed"))

    def add_listener(self, listener: Listener) -> None:
        super().add_listener(listener)
        with self._lock:
            remaining = self._until - time.monotonic()
            if self._listeners and self._deadline is None and remaining < threading.TIMEOUT_MAX:
                from ._http.deadlines import watch  # most calls do not need it

                self._deadline = watch.add(self._until, self._expire)

    def remove_listener(self, listener: Listener) -> None:
        super().remove_listener(listener)
        with self._lock:
            if not self._listeners and self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None


class _AnySignal(AbortSignal):
    def __init__(self, sources: tuple[AbortSignal, ...]) -> None:
        super().__init__()
        self._sources = sources
        # Not `_lock`: this one is held while the locks of the sources are taken.
        self._linking = threading.RLock()
        self._linked = False

    @property
    def aborted(self) -> bool:
        if not self._aborted:
            done = [source for source in self._sources if source.aborted]
            if done:
                first = min(done, key=lambda source: source.order)
                self._abort(first.reason, first.order)
        return self._aborted

    def add_listener(self, listener: Listener) -> None:
        super().add_listener(listener)
        self._relink()

    def remove_listener(self, listener: Listener) -> None:
        super().remove_listener(listener)
        self._relink()

    def _relink(self) -> None:
        """Listen to the sources exactly as long as this signal has a listener."""
        with self._linking:
            wanted = bool(self._listeners)
            if wanted == self._linked:
                return
            self._linked = wanted
            for source in self._sources:
                change = source.add_listener if wanted else source.remove_listener
                change(self._relay)

    def _relay(self) -> None:
        if self.aborted:  # the property takes over the abort of a source
            self._relink()
