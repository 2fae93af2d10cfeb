"""The faults, and what is declared of each: the rows of the table."""

from __future__ import annotations

from email.utils import formatdate
from time import time

from .answers import Edit
from .closing import Closing
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
from .strikes import Away, Edited, LostStore, Repeated, Status, Strike, Unauthorized

API, RESET = "FlueApiError", "StreamResetError"
PROTOCOL = "FlueProtocolError"
UNREADABLE = "RunNotReadableError"
UNKNOWN, NO_API = "InvokeOutcomeUnknownError", "WorkflowApiNotFoundError"
STARTS = ("run: its POST", "workflows.map: its POSTs")
FINAL = (*STARTS, "send without a key")
"""The POSTs that are sent once."""
SENDS = ("send", "agents.map: its sends")
RUNS = ("run: its stream", "workflows.map: its streams")
REPLIES = ("ask: its stream", "ask_stream", "agents.map: its streams")
MAY_HAVE_ARRIVED = dict.fromkeys(FINAL, UNKNOWN)
ANSWERED = dict.fromkeys(FINAL, API)
ONLY_STREAMS = dict.fromkeys((*FINAL, *SENDS, "ask: the history", "observe: the history"), NONE)
ONLY_LIVE = ONLY_STREAMS | dict.fromkeys(
    ("events", "stream, catch-up", "updates, catch-up", "observe: its stream, catch-up"), NONE
)
STREAMS = ("stream", "wait", *RUNS, *REPLIES, "updates", "observe: its stream")
NEEDS_SSE = dict.fromkeys((f"{name}, sse" for name in STREAMS), PROTOCOL)
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
        lowered="answers",
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
    Fault("401 until a new token", Unauthorized(401)),
    Fault("403", Status(403), "lasting", {"*": API}),
    Fault(
        "404 of Flue",
        Status(404, types=LOST_404),
        "lasting",
        {
            "*": API,
            **dict.fromkeys(RUNS, UNREADABLE),
            **dict.fromkeys((*REPLIES, "ask: the history"), RESET),
            "observe: its stream": RESUMED,
            "observe: the history": "absent",
        },
        why=HISTORY_IS_THERE,
    ),
    Fault(
        "404 of a proxy",
        Status(404, body=HTML),
        "lasting",
        {"*": API} | dict.fromkeys(("events", "stream", "wait", *STARTS, *RUNS), NO_API),
    ),
    Fault("410", Status(410), "lasting", {"*": API}),
    Fault(
        "416",
        Status(416, types=GONE_416, meta={"nextOffset": "0"}),
        "lasting",
        {"*": API, **dict.fromkeys((*REPLIES, "updates"), RESET), "observe: its stream": RESUMED},
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
        ONLY_STREAMS | NEEDS_SSE | dict.fromkeys((f"{name}, long-poll" for name in REPLIES), NONE),
    ),
    Fault("repeated batch", Repeated(), "lasting", ONLY_STREAMS),
    Fault(
        "reset store",
        LostStore(),
        "midway",
        ONLY_STREAMS
        | dict.fromkeys(
            ("events", "stream", "wait", *RUNS, *REPLIES, "ask: the history", "updates"), RESET
        ),
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
            "wait": API,
            "run: its stream": API,
            "workflows.map: its streams": UNREADABLE,  # no run was read before
            **dict.fromkeys((*REPLIES, "ask: the history", "updates"), RESET),
            "observe: its stream": "absent",
            "observe: the history": "absent",
        },
        server="lost",
    ),
    Fault("closes every 60 s", Closing(), "closing", ONLY_LIVE, retries=1, lowered="life"),
)
RESTARTS = ("restart with store", "restart without store")
