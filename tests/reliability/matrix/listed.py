"""The faults, and what is declared of each: the rows of the table."""

from __future__ import annotations

from email.utils import formatdate
from time import time

from .answers import Edit
from .cuts import (
    Cut,
    CutAtEnd,
    Drip,
    Reset,
    ResetAfterHead,
    ResetInHead,
    ShortBody,
    Stall,
)
from .faults import NONE, RESUMED, Fault
from .rewrites import GarbageControl, Gzip, GzipBomb, Oversized, SmallLines, WrongType
from .strikes import Away, Closing, Edited, LostStore, Repeated, Status, Strike

API, RESET = "FlueApiError", "StreamResetError"
PROTOCOL = "FlueProtocolError"
UNKNOWN, NO_API = "InvokeOutcomeUnknownError", "WorkflowApiNotFoundError"
RUN, UNKEYED = "run: its POST", "send without a key"
MAY_HAVE_ARRIVED = {RUN: UNKNOWN, UNKEYED: UNKNOWN}
ANSWERED = {RUN: API, UNKEYED: API}
ONLY_STREAMS = dict.fromkeys(
    (RUN, "send", UNKEYED, "ask: the history", "observe: the history"), NONE
)
ONLY_LIVE = ONLY_STREAMS | dict.fromkeys(
    ("events", "stream, catch-up", "updates, catch-up", "observe: its stream, catch-up"), NONE
)
NEEDS_SSE = dict.fromkeys(
    (
        "stream, sse",
        "run: its stream, sse",
        "ask: its stream, sse",
        "updates, sse",
        "observe: its stream, sse",
    ),
    PROTOCOL,
)
LOST = {"start": "workflow_not_found", "events": "run_not_found"}
LOST_404 = LOST | {
    "send": "agent_instance_not_found",
    "updates": "stream_not_found",
    "history": "stream_not_found",
}
GONE_416 = {"updates": "stream_offset_gone", "history": "stream_offset_gone"}
HISTORY_IS_THERE = "only what the column names is struck: `observe` reads the history again."


def cut(name: str, edit: type[Edit]) -> Fault:
    why = (
        "a POST that the server does not know again may have arrived, and a second one could"
        " execute twice: only the caller can decide. A send has a key by which it is known."
    )
    return Fault(name, Edited(edit), outcomes=MAY_HAVE_ARRIVED, why=why)


def passing(name: str, what: Strike) -> Fault:
    why = "an answer to a POST that must not be repeated is final, and the error says which it was."
    return Fault(name, what, outcomes=ANSWERED, why=why)


def soon() -> dict[str, str]:
    return {"retry-after": "7"}


def on_a_date() -> dict[str, str]:
    return {"retry-after": formatdate(time() + 7, usegmt=True)}


def elsewhere() -> dict[str, str]:
    return {"location": "http://127.0.0.2:9/elsewhere"}


HTML = b"<html>" + b"Bad gateway. " * 100

FAULTS = (
    Fault("connection refused", Away("refuse")),
    Fault("silent address", Away("full"), lowered="times"),
    cut("reset before the head", Reset),
    cut("reset in the head", ResetInHead),
    cut("reset after the head", ResetAfterHead),
    cut("cut chunk", Cut),
    cut("short body", ShortBody),
    cut("cut body without length", CutAtEnd),
    Fault(
        "stall",
        Edited(Stall),
        outcomes=MAY_HAVE_ARRIVED | {"send": UNKNOWN},
        why="a `send` has a deadline of 30 s unless told otherwise, and it passes before a silent"
        " peer counts as dead (45 s). The error has the key, which finishes the send later.",
        lowered="times",
    ),
    Fault("drip", Edited(Drip), "lasting"),
    passing("408", Status(408)),
    passing("425", Status(425)),
    passing("429 in seconds", Status(429, soon)),
    passing("429 with a date", Status(429, on_a_date)),
    passing("500", Status(500)),
    passing("502 with HTML", Status(502, body=HTML)),
    passing("503", Status(503)),
    passing("520", Status(520)),
    passing("524", Status(524, body=HTML)),
    Fault("401 until a new token", Status(401)),
    Fault("403", Status(403), "lasting", {"*": API}),
    Fault(
        "404 of Flue",
        Status(404, types=LOST_404),
        "lasting",
        {
            "*": API,
            "run: its stream": "RunNotReadableError",
            "ask: its stream": RESET,
            "ask: the history": RESET,
            "observe: its stream": RESUMED,
            "observe: the history": "absent",
        },
        why=HISTORY_IS_THERE,
    ),
    Fault(
        "404 of a proxy",
        Status(404, body=HTML),
        "lasting",
        {"*": API, "events": NO_API, "stream": NO_API, RUN: NO_API, "run: its stream": NO_API},
    ),
    Fault("410", Status(410), "lasting", {"*": API}),
    Fault(
        "416",
        Status(416, types=GONE_416, meta={"nextOffset": "0"}),
        "lasting",
        {"*": API, "ask: its stream": RESET, "updates": RESET, "observe: its stream": RESUMED},
        why=HISTORY_IS_THERE,
    ),
    Fault("redirect", Status(302, elsewhere), "lasting", {"*": API}),
    Fault(
        "wrong type",
        Edited(WrongType),
        "lasting",
        NEEDS_SSE,
        why="an event stream has to say that it is one, or pages are read if the mode allows. What"
        " a page or a single answer says of its type does not matter.",
    ),
    Fault("wrong coding", Edited(Gzip), "lasting", {"*": PROTOCOL}),
    Fault("gzip bomb", Edited(GzipBomb), "lasting", {"*": PROTOCOL}),
    Fault(
        "oversized frame or body",
        Edited(Oversized),
        "lasting",
        {"*": PROTOCOL},
        lowered="bytes",
    ),
    Fault("a million small lines", Edited(SmallLines), "lasting"),
    Fault(
        "garbage control frame",
        Edited(GarbageControl),
        "lasting",
        ONLY_STREAMS | NEEDS_SSE | {"ask: its stream, long-poll": NONE},
    ),
    Fault("repeated batch", Repeated(), "lasting", ONLY_STREAMS),
    Fault(
        "reset store",
        LostStore(),
        "midway",
        ONLY_STREAMS
        | {
            "events": RESET,
            "stream": RESET,
            "run: its stream": RESET,
            "ask: its stream": RESET,
            "ask: the history": RESET,
            "updates": RESET,
        },
    ),
    Fault("restart with store", Strike(), "midway", MAY_HAVE_ARRIVED, server="kept"),
    Fault(
        "restart without store",
        Strike(),
        "midway",
        MAY_HAVE_ARRIVED
        | {
            "events": API,
            "stream": API,
            "run: its stream": API,
            "ask: its stream": RESET,
            "ask: the history": RESET,
            "updates": RESET,
            "observe: its stream": "absent",
            "observe: the history": "absent",
        },
        server="lost",
    ),
    Fault("closes every 60 s", Closing(), "closing", ONLY_LIVE, retries=1, lowered="life"),
)
RESTARTS = ("restart with store", "restart without store")
