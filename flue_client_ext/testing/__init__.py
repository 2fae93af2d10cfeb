"""A Flue server in Python for demos and tests: `LocalFlue`, faults, clocks, record and replay.

How it is built. `LocalFlue` is a pure ASGI application over a store of runs, so the protocol runs
on sockets, in-process and mounted elsewhere. It is served by `_server` and `_connection`: h11
reads requests, our own lines write answers. An ASGI server of the usual kind would hide what
faults need, the socket and the framing, and takes 250 ms to import; h11 and anyio come with httpx
anyway. Faults are values that stand around a request's handling like middleware: they see the
answer's parts (head, stretches of body with the events in them) and, on a real socket, the wire
itself. All waiting goes through the server's clock. Workflows run in threads of their own, so runs
outlive connections and restarts.

In what the generations of Flue's servers differ is said by a dialect (`_dialect`): the stream, the
response that writes it, the routes. Store, submissions, scripts and faults are the same for all.

`_state` has what one server is made of: its clock, runs, workflows, limits and observers. The
application, the reads that wait and the faults take that; `LocalFlue` adds to it what makes a
server listen and what arms faults. Imports, those for types too, point down and in no circle
(`tests/core/test_rings.py` draws the rings):

    demo _cli _watch _pytest _record _ready
    _local
    _registration
    _app _routes _conversation_routes _conversation_reads _event_reads _live
    faults _cut _pace _inject
    _exchange
    _state
    _submissions _work _agents _dialect _conversation _joins _event_fold
    _event_response _step_response _response _conversations _conversation_log
    _workflows _run _script _turn _operation _runs _log
    _server _connection _conversation_protocol
    _protocol _conversation_store _beta_delivery _delivery _message _halt
    _body _store _virtual_clock
    _clock _parts _request _schema _stream_format _transcript _entries _model
    _conversation_errors _beta_errors
    _database _errors _ids _json _listeners _observers _rules _wake

Names load on first use: the pytest plugin is read in every test session, used or not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import faults as faults
    from ._clock import Clock as Clock
    from ._clock import RealClock as RealClock
    from ._conversation import ConversationContext as ConversationContext
    from ._conversation import ModelError as ModelError
    from ._inject import Injection as Injection
    from ._local import LocalFlue as LocalFlue
    from ._message import Message as Message
    from ._message import ReceivedAttachment as ReceivedAttachment
    from ._model import ToolCall as ToolCall
    from ._ready import demo_server as demo_server
    from ._record import Recording as Recording
    from ._record import record as record
    from ._record import replay as replay
    from ._request import Request as Request
    from ._run import RunContext as RunContext
    from ._virtual_clock import VirtualClock as VirtualClock

_HOMES = {
    "Clock": "_clock",
    "ConversationContext": "_conversation",
    "Injection": "_inject",
    "LocalFlue": "_local",
    "Message": "_message",
    "ModelError": "_conversation",
    "RealClock": "_clock",
    "ReceivedAttachment": "_message",
    "Recording": "_record",
    "Request": "_request",
    "RunContext": "_run",
    "ToolCall": "_model",
    "VirtualClock": "_virtual_clock",
    "demo_server": "_ready",
    "record": "_record",
    "replay": "_record",
}
__all__ = [
    "Clock",
    "ConversationContext",
    "Injection",
    "LocalFlue",
    "Message",
    "ModelError",
    "RealClock",
    "ReceivedAttachment",
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
