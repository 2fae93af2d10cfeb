"""Silence that outlasts every proxy: runs and conversations in which nothing happens for more than
ten minutes end with their results.

Between client and server stands a proxy that resets what is idle for a minute, or for half of one,
or ends each connection after a minute. All cases run in all worlds at once, with hardly any work.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from flue_client_ext._values.limits import LIMITS
from tests.contract.peers import LocalPeer
from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server
from tests.servers.local_agents import LocalAgents
from tests.worlds import NAMES, world

from .options import Broken, Options
from .silence_cases import CASES, Case, Cuts, Seen, Servers, UnderWay


class Seconds(NamedTuple):
    silence: float
    limits: dict[Cuts, float]
    """Of the proxy."""


WHOLE = Seconds(630.0, {"idle": 60.0, "soon idle": 30.0, "all": 60.0})
QUICK = Seconds(0.0, {"idle": 60.0, "soon idle": 0.6, "all": 0.6})
"""Here the silence lasts until every client has connected again, by itself or after a cut."""
QUICK_LIMITS = {"read": 1.0, "start": 1.0, "routine_life": 0.2}
MUTE: dict[str, Any] = {"hold": 3600.0, "heartbeat": 3600.0}
"""A server that holds a long-poll for an hour, and whose event streams have no heartbeats."""


def experiment(options: Options) -> str:
    with ExitStack() as stack:
        flue, flue2 = stack.enter_context(FlueServer()), stack.enter_context(Flue2Server())
        seen = measure(options, flue, flue2)
    if wrong := [each for each in seen if each.wrong]:
        raise Broken(wrong)
    seconds = QUICK if options.quick else WHOLE
    lines = [
        f"{seconds.silence:.0f} s of silence, in {', '.join(NAMES)} at once.",
        "",
        "| what | server | read by | connections of | the proxy cuts | connections | of them idle |"
        " ended |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case, connections, killed, outcomes, _ in seen:
        limit = f"{seconds.limits[case.cuts]:g} s"
        cut = "every one after" if case.cuts == "all" else "what is idle for"
        owner = "a user's httpx" if case.over_httpx else "the client"
        lines.append(
            f"| {case.what} | {case.server} | {case.live} | {owner} | {cut} {limit} |"
            f" {connections} | {killed} | {len(outcomes)} of {len(NAMES)} with the result |"
        )
    return "\n".join(lines)


def measure(options: Options, flue: FlueServer, flue2: Flue2Server) -> list[Seen]:
    """Let all cases be silent at the same time, then end them; say how they ended."""
    seconds = QUICK if options.quick else WHOLE
    with ExitStack() as stack:
        servers = Servers(
            {"beta.5": flue, "mute": stack.enter_context(LocalPeer(**MUTE))},
            {"2.1.0": flue2, "mute": stack.enter_context(LocalAgents(**MUTE))},
        )
        worlds = [stack.enter_context(world(name)) for name in NAMES]
        with _limits(QUICK_LIMITS if options.quick else {}):
            under_way = [UnderWay(case, servers, worlds, stack) for case in CASES]
            for each in under_way:
                each.wait_begun()
            for each in under_way:
                each.set_limit(seconds.limits[each.case.cuts])
            time.sleep(seconds.silence)
            for each in under_way:
                if _reconnects(each.case, options):
                    each.wait_reconnected()
            for each in under_way:
                each.set_limit(math.inf)
        return [each.end(reconnects=_reconnects(each.case, options)) for each in under_way]


def _reconnects(case: Case, options: Options) -> bool:
    """Whether a connection cannot last: it is cut, or the client itself gives up a mute peer. The
    genuine servers give a sign of life, though not as soon as a quick run wants one."""
    return options.quick or case.server == "mute" or case.cuts != "idle"


@contextmanager
def _limits(seconds: dict[str, float]) -> Iterator[None]:
    before = {name: getattr(LIMITS, name) for name in seconds}
    for name, value in seconds.items():
        setattr(LIMITS, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(LIMITS, name, value)
