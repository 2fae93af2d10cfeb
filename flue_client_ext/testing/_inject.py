"""Which requests a fault strikes: by what they are about, by count, or by seeded chance."""

from __future__ import annotations

import random
import threading
from typing import Any

import attrs

from ._exchange import Fault
from ._request import Request
from ._rules import CHANCE, METHOD, TEXT, one_of, whole


class Injector:
    """The armed faults of one server, in the order in which they were armed."""

    def __init__(self) -> None:
        self._armed: list[Injection] = []
        self._lock = threading.RLock()

    def arm(
        self,
        fault: Fault,
        *,
        method: str | None,
        run_id: str | None,
        workflow: str | None,
        agent: str | None,
        conversation: str | None,
        live: str | bool | None,
        times: int | None,
        skip: int,
        chance: float,
        seed: int | None,
    ) -> Injection:
        """Arm a fault behind those that are; refuses what can never strike."""
        _refuse_other_than_faults(fault)
        for name, value, rule in (
            ("method", method, METHOD.or_none()),
            ("run_id", run_id, TEXT.or_none()),
            ("workflow", workflow, TEXT.or_none()),
            ("agent", agent, TEXT.or_none()),
            ("conversation", conversation, TEXT.or_none()),
            ("live", live, one_of("sse", "long-poll", True, False, None)),
            ("times", times, whole(1).or_none()),
            ("skip", skip, whole(0)),
            ("chance", chance, CHANCE),
        ):
            rule.check(name, value)
        method, dice = method and method.upper(), random.Random(seed)
        about = About(method, run_id, workflow, agent, conversation, live)
        armed = Injection(fault, about, times, skip, chance, dice, self)
        with self._lock:
            self._armed.append(armed)
        return armed

    def remove(self, injection: Injection) -> None:
        with self._lock:  # not in the middle of a match: disarmed, it strikes no more
            if injection in self._armed:
                self._armed.remove(injection)

    def match(self, request: Request) -> list[Fault]:
        """Return the faults that strike this request."""
        with self._lock:
            return [armed.fault for armed in list(self._armed) if armed.matches(request)]


def _refuse_other_than_faults(given: object) -> None:
    if not isinstance(given, Fault):
        hint = f": write {given.__name__}(...)" if isinstance(given, type) else ""
        raise TypeError(f"fault must be a value of a Fault class, not {given!r}{hint}")


@attrs.frozen
class About:
    """Which requests are meant; `None` is any."""

    method: str | None
    run_id: str | None
    workflow: str | None
    agent: str | None
    conversation: str | None
    live: str | bool | None

    def fits(self, request: Request) -> bool:
        """Say whether a request is meant."""
        live = request.param("live")
        return (
            self.method in (None, request.method)
            and self.run_id in (None, request.run_id)
            and self.workflow in (None, request.workflow)
            and self.agent in (None, request.agent)
            and self.conversation in (None, request.conversation)
            and (
                self.live is None
                or self.live == live
                or (isinstance(self.live, bool) and self.live == bool(live))
            )
        )


@attrs.define(eq=False)
class Injection:
    """A fault that has been armed. `hits` counts the requests around which it has stood.

    Those are the matching ones to which the fault applies, less the spared. A place behind the
    end of its answer is never reached and counts all the same. It is also a context manager:
    left, it strikes no more.
    """

    fault: Fault
    about: About
    times: int | None
    skip: int
    chance: float
    random: random.Random
    injector: Injector
    hits: int = 0

    def matches(self, request: Request) -> bool:
        """Say whether this request is struck; counts, and rolls the dice."""
        fits = self.fault.applies(request) and self.about.fits(request)
        if not fits or self.random.random() >= self.chance:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.hits += 1
        if self.times is not None and self.hits >= self.times:
            self.remove()
        return True

    def remove(self) -> None:
        """Disarm the fault; it may have struck before, or never."""
        self.injector.remove(self)

    def __enter__(self) -> Injection:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.remove()
