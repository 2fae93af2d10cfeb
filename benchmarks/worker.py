"""A Python reader's process: runs the functions of one peer as it is told, and measures them.

A line of JSON in names the function (`call`) and its arguments; a line out says how many events it
delivered, or what else it returned, and what that took. Imports nothing but the standard library
and the peer, which may live in an environment of its own.
"""

from __future__ import annotations

import gc
import importlib
import json
import resource
import sys
import time
from typing import Any


def measured(function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call `function`; wall and CPU (user and system) in seconds, peak memory in kB."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    result = function(**arguments)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"result": result, "wall": wall, "cpu": cpu, "rss": peak()}


def peak() -> int:
    """The most memory that this process has had, in kB."""
    try:
        with open("/proc/self/status") as status:  # getrusage counts what the parent had, too
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    peer = importlib.import_module(f"benchmarks.peers.{sys.argv[1]}")
    for line in sys.stdin:
        request = json.loads(line)
        function = getattr(peer, request.pop("call"))
        print(json.dumps(measured(function, request)), flush=True)


if __name__ == "__main__":
    main()
