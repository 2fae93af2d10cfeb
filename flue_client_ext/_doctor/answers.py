"""What any HTTP response says of the path to the server, whatever was asked for.

Judges responses; opens nothing. Quotes no body, no query and no header that may hold a secret."""

from __future__ import annotations

from collections.abc import Iterator

from .._http.failures import describe
from .._values.http import Head, proxy_note
from .._values.retry_after import http_date
from .access import proxy_unauthorized, redirect, refused
from .exchange import Exchange
from .finding import Finding, finding

_TOLERANCE = 30.0
"""Seconds of skew that change nothing: verifiers of tokens commonly allow for as many."""
_GATEWAY = (502, 503, 504)
NO_STORE = ("run_store_unavailable", "run_registry_unavailable")
"""Types of the 501 of a server that keeps no runs: since 1.0.0-beta.3, and before."""


def judged(exchange: Exchange, *, authorized: bool, base_url: str) -> Iterator[Finding]:
    """Yield what is wrong with a response. `authorized`: whether credentials were sent."""
    head = exchange.head
    if head is None:
        return
    if exchange.error is not None:
        yield _cut(exchange)
    if 300 <= head.status < 400 and "location" in head.headers:
        yield redirect(exchange, head, base_url)
    elif head.status in (401, 403):
        yield refused(exchange, head, authorized)
    elif head.status == 407:
        yield proxy_unauthorized(exchange)
    elif exchange.error_type in NO_STORE:
        yield _without_store(exchange)
    elif head.status == 429 or head.status >= 500:
        yield _failing(exchange, head)
    if head.encoding:
        yield _compressed(exchange, head.encoding)
    if head.cached:
        yield _cached(head)
    if head.close_delimited:
        yield _close_delimited(head)


def is_blocked(exchange: Exchange) -> bool:
    """Whether the response says nothing of the API: something in front of it answered in its place,
    or the body cannot be read."""
    status = exchange.status or 0
    if exchange.head is None or exchange.head.encoding or exchange.error is not None:
        return True
    if status in (401, 403, 407, 429) or (300 <= status < 400 and exchange.header("location")):
        return True
    return status >= 500 and exchange.error_type not in NO_STORE


def clock_skew(exchange: Exchange) -> Finding | None:
    """Return the finding for a server whose clock shows another time than this machine's. The date
    of a response has whole seconds (RFC 9110 section 6.6.1), and is as old as its way was long."""
    if exchange.head is None or exchange.head.cached or not exchange.header("date"):
        return None
    made = http_date(exchange.header("date"))
    skew = 0.0 if made is None else exchange.answered_at - made
    if abs(skew) <= _TOLERANCE + exchange.answered_after:
        return None
    return finding(
        "clock_skew",
        f"This machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} that of"
        " the server, or of the proxy that answers for it.",
        "Synchronise both clocks (NTP). Tokens and certificates count as expired or not yet valid"
        " otherwise.",
        seconds=round(skew),
    )


def _cut(exchange: Exchange) -> Finding:
    why = describe(exchange.error) if exchange.error else ""
    return finding(
        "answer_cut",
        f"A response broke off in its body ({why}).",
        "Look for a limit on the duration or the size of responses in the proxies on the path.",
        status=exchange.status,
    )


def _without_store(exchange: Exchange) -> Finding:
    return finding(
        "no_run_store",
        "The server keeps no runs (status 501): workflows can be started, and only a wait for the"
        " result tells what became of them.",
        "Give the application a run store.",
        type=exchange.error_type,
    )


def _failing(exchange: Exchange, head: Head) -> Finding:
    facts = {"status": head.status, "type": exchange.error_type}
    if head.status == 429:
        words = "The server limits the rate of requests, and has answered 429."
        advice = "The client waits and tries again by itself; ask for a higher limit if it is slow."
        return finding("rate_limited", words, advice, **facts)
    note = proxy_note(head.proxy)
    if head.status in _GATEWAY:
        return finding(
            "unavailable",
            f"A gateway answers in place of the server (status {head.status}){note}.",
            "Start the server behind the gateway, or correct the gateway's address of it.",
            **facts,
        )
    return finding(
        "server_error",
        f"The server fails at a plain read (status {head.status}){note}.",
        "Look into the server's log: the application around Flue, or middleware, throws.",
        **facts,
    )


def _compressed(exchange: Exchange, coding: str) -> Finding:
    kind = exchange.header("content-type").partition(";")[0] or "no content type"
    return finding(
        "compressed",
        f"Something on the path compresses responses ({coding}, of {kind}), although the client"
        " asks for none (Accept-Encoding: identity), and reads none.",
        "Switch compression off for the paths of Flue: in the proxy (nginx: gzip off), the CDN"
        " (Cache-Control: no-transform), or the application's middleware.",
        coding=coding,
        content_type=kind,
    )


def _cached(head: Head) -> Finding:
    age = head.headers["age"].strip()[:20]
    return finding(
        "cached",
        f"A cache on the path answers in place of the server (header Age: {age}).",
        "Exclude the paths of Flue from the cache: a stale page delays or repeats events.",
        age=age,
    )


def _close_delimited(head: Head) -> Finding:
    return finding(
        "close_delimited",
        "Responses have no length and are not chunked, as a proxy with HTTP/1.0 makes them: their"
        f" end cannot be told from a lost connection{proxy_note(head.proxy)}.",
        "Let the proxy speak HTTP/1.1 (nginx: proxy_http_version 1.1).",
    )
