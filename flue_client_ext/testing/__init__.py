"""A Flue server in Python for demos and tests: `LocalFlue`, faults, clocks, record and replay.

How it is built. `LocalFlue` is a pure ASGI application over a store of runs, so the protocol runs
on sockets, in-process and mounted elsewhere. It is served by `_server` and `_connection`: h11
reads requests, our own lines write answers. An ASGI server of the usual kind would hide what
faults need, the socket and the framing, and takes 250 ms to import; h11 and anyio come with httpx
anyway. Faults are values that stand around a request's handling like middleware: they see the
answer's parts (head, stretches of body with the events in them) and, on a real socket, the wire
itself. All waiting goes through the server's clock. Workflows run in threads of their own, so runs
outlive connections and restarts.

Imports point down: `_local` / `_app _server _inject` / `faults _places _live _connection` /
`_exchange _workflows` / `_run _script _operation _schema` / `_runs _log _protocol` / `_clock
_store` / `_json _wake _ids _errors _rules`. Beside them stand `demo`, `_record`, `_cli` and
`_pytest`.
Names load on first use: the pytest plugin is read in every test session, used or not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import faults as faults
    from ._clock import Clock as Clock
    from ._clock import RealClock as RealClock
    from ._clock import VirtualClock as VirtualClock
    from ._exchange import Request as Request
    from ._inject import Injection as Injection
    from ._local import LocalFlue as LocalFlue
    from ._record import Recording as Recording
    from ._record import record as record
    from ._record import replay as replay
    from ._run import RunContext as RunContext
    from ._script import ToolCall as ToolCall
    from .demo import demo_server as demo_server

_HOMES = {
    "Clock": "_clock",
    "Injection": "_inject",
    "LocalFlue": "_local",
    "RealClock": "_clock",
    "Recording": "_record",
    "Request": "_exchange",
    "RunContext": "_run",
    "ToolCall": "_script",
    "VirtualClock": "_clock",
    "demo_server": "demo",
    "record": "_record",
    "replay": "_record",
}
__all__ = [
    "Clock",
    "Injection",
    "LocalFlue",
    "RealClock",
    "Recording",
    "Request",
    "RunContext",
    "ToolCall",
    "VirtualClock",
    "demo_server",
    "faults",
    "record",
    "replay",
]


if not TYPE_CHECKING:  # with it, every name would seem to exist

    def __getattr__(name: str) -> object:
        if name == "faults":
            return import_module(".faults", __name__)
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)

    def __dir__() -> list[str]:
        return __all__
