"""The process of the experiment `vanished`, in a network of its own.

Prints a JSON list of `Row`s, or `{"impossible": ...}` where nobody may make a network.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from flue_client_ext._values.limits import LIMITS
from tests.servers.wire import HERE, PEER, NoNetwork, Wire, enter
from tests.unary.forward_proxy import ForwardProxy
from tests.worlds import NAMES, world

from .vanished_cases import CASES, Scene


def run(quick: bool) -> None:
    """Run all cases at the same time: they wait for minutes, and do nothing."""
    if quick:  # TCP counts in whole seconds
        LIMITS.dead_peer, LIMITS.probe_after, LIMITS.probe_interval = 3.0, 1.0, 1.0
        LIMITS.read = LIMITS.start = 1.5
    with ExitStack() as stack:
        wire = stack.enter_context(Wire())
        proxy = stack.enter_context(ForwardProxy(address=(HERE, 0)))
        os.environ |= {"https_proxy": proxy.url.replace(HERE, PEER), "no_proxy": PEER}
        worlds = [stack.enter_context(world(name)) for name in NAMES]
        scene = Scene(wire, worlds, stack, quick, proxy)
        with ThreadPoolExecutor(len(CASES)) as pool:
            done = [pool.submit(list, case(scene, name)) for name, case in CASES.items()]
            rows = [row for each in done for row in each.result()]
        print(json.dumps(rows), flush=True)
        os._exit(0)  # what waits for a peer that has vanished goes with the process


if __name__ == "__main__":
    try:
        enter()
        run("--quick" in sys.argv)
    except NoNetwork as error:
        print(json.dumps({"impossible": str(error)}))
