"""What an open event stream says of the path: whether its bytes come as they are sent, and whether
it stays open.

Judges responses; opens nothing. Events that a proxy holds back come all the same, by long-polls,
if `live` is "auto" or the default (PROTOCOL, long-poll)."""

from __future__ import annotations

from .exchange import Exchange, Listening
from .finding import Finding, finding

_INSTEAD = 'live="auto" and the default (long-polls) work all the same.'


def missing_headers(tail: Exchange) -> Finding:
    """Return the finding for a stream whose `HEAD` has no offset (PROTOCOL, stream headers)."""
    return finding(
        "stream_headers_missing",
        "The server's response lacks the header Stream-Next-Offset: something on the path removes"
        f" it (status {tail.status}).",
        "Let the proxy pass all Stream-* headers on: without them no stream can be read.",
        status=tail.status,
    )


def heard(listening: Listening, *, closed: bool, patience: float, beat: float) -> Finding:
    """Return what a stream that was open for a while says. `closed`: nothing will be appended to it
    any more, so that it ends at once; `patience`: the seconds in which a first byte was due;
    `beat`: those in which another one is."""
    exchange = listening.exchange
    if exchange.head is None:
        if isinstance(exchange.error, TimeoutError):
            return _buffered(exchange.answered_after)
        return _refused("the connection was closed before a response")
    kind = exchange.head.content_type or "no content type"
    if exchange.status != 200 or kind != "text/event-stream":
        return _refused(f"status {exchange.status}, {kind}", exchange.status, kind)
    if listening.first_after is None and listening.ended_after is None:
        return _buffered(patience)
    if listening.ended_after is not None and not closed:
        return _cut(listening.ended_after)
    if listening.silence > beat:
        return _withheld(listening.silence)
    if closed:
        words = "The event stream of a run that has ended arrives, and ends by itself."
        return finding("stream", words, closed=True)
    more = ""
    if listening.watched <= beat:
        more = f" What holds later bytes back shows after {beat:.0f} s only (watch=, --watch)."
    return finding(
        "stream",
        f"An event stream arrives as it is sent, and stayed open for {listening.watched:.1f} s."
        + more,
        closed=False,
        watched=round(listening.watched, 3),
        first_byte=round(listening.first_after or 0.0, 3),
    )


def not_checked() -> Finding:
    return finding(
        "stream_not_checked",
        "No event stream was opened: no run or conversation that exists was named.",
        "Name a run (run_id=, --run), or an agent and a conversation (agent=, --agent and"
        " conversation_id=, --conversation), to check for proxies that buffer or cut streams.",
    )


def _buffered(seconds: float) -> Finding:
    return finding(
        "stream_buffered",
        f"An event stream brought nothing for {seconds:.1f} s, although its server sends a frame at"
        " once: a proxy on the path collects what is to be passed on.",
        "Switch buffering off for event streams (nginx: proxy_buffering off, or the response header"
        f" X-Accel-Buffering: no). {_INSTEAD}",
        seconds=round(seconds, 3),
    )


def _withheld(seconds: float) -> Finding:
    return finding(
        "stream_withheld",
        f"An event stream began, and then brought nothing for {seconds:.1f} s, although its server"
        " sends a heartbeat every 15 s: a proxy on the path holds back what comes later.",
        "Switch buffering off for event streams (nginx: proxy_buffering off, or the response header"
        f" X-Accel-Buffering: no). {_INSTEAD}",
        seconds=round(seconds, 3),
    )


def _refused(what: str, status: int | None = None, kind: str | None = None) -> Finding:
    return finding(
        "stream_refused",
        f"An event stream was asked for, and something else came ({what}).",
        f"Let the proxies on the path pass text/event-stream on. {_INSTEAD}",
        status=status,
        content_type=kind,
    )


def _cut(seconds: float) -> Finding:
    return finding(
        "stream_cut",
        f"An event stream was cut after {seconds:.1f} s: something on the path limits how long a"
        " response may last or stay idle.",
        "Raise that limit above 60 s: the server sends a heartbeat every 15 s (nginx:"
        " proxy_read_timeout). The client resumes each time, at the cost of a connection.",
        seconds=round(seconds, 3),
    )
