"""The time limits of the whole package, in seconds: each in one place, for every ring.

`LIMITS` is the one instance. Nothing in the package changes it; tests do."""

from __future__ import annotations


class Limits:
    """Seconds."""

    __slots__ = (
        "attempt_delay",
        "batch",
        "beat",
        "certain_idle",
        "connect",
        "dead_peer",
        "idle",
        "longest_idle",
        "poll_pace",
        "pool",
        "probe_after",
        "probe_interval",
        "read",
        "retry_after",
        "routine_life",
        "silence",
        "start",
        "state",
        "thread_idle",
        "unary",
        "write",
    )

    def __init__(self) -> None:
        self.connect = 5.0
        """For name look-up, connection, proxy tunnel and TLS together."""
        self.dead_peer = 60.0
        """Until a connection fails whose peer acknowledges no data and no keepalive probe, or takes
        no more data. Where no byte is due, as in `wait="result"`, only TCP can tell. A kernel by
        itself takes a quarter of an hour where data was sent, and for ever where none was."""
        self.probe_after = 30.0
        """Without a byte until the first keepalive probe: middleboxes forget a connection that has
        been idle for 60 s, and each probe is traffic."""
        self.probe_interval = 10.0
        """Between two keepalive probes without an answer."""
        self.attempt_delay = 0.25
        """Between the starts of two attempts at the addresses of a host (RFC 8305 section 5)."""
        self.pool = 30.0
        """For a place in the pool of a user's httpx client, and as long again before its queue."""
        self.unary = 30.0
        """The deadline of a single call when neither the call nor the client names another."""
        self.read = 45.0
        """Without a byte until a peer counts as dead: three heartbeats (PROTOCOL, SSE frames)."""
        self.beat = 20.0
        """Without a byte until heartbeats count as withheld: one of them, and time for its way."""
        self.write = 60.0
        """For one write over a user's httpx client, where the response may take any time."""
        self.start = 5.0
        """For the first byte of an SSE answer that may be replaced by pages: a server sends one at
        once, so silence means a proxy that buffers."""
        self.state = 0.5
        """Since there is a state of a conversation to show, while newer updates have arrived
        already: without a limit, a server that always has some would keep it from being shown."""
        self.batch = 15.0
        """For the next batch of such an answer while one is due, however many bytes come."""
        self.poll_pace = 1.0
        """At least this time passes between the starts of two long-polls that bring nothing."""
        self.routine_life = 1.0
        """A live connection that ends after this time has ended routinely, which is no failure. A
        kept-alive connection that ends after it was still open when the request was sent."""
        self.retry_after = 60.0
        """The longest delay that a Retry-After can ask for."""
        self.idle = 4.0
        """The longest time that a connection stays idle if the server announces none: less than the
        5 s of Node and uvicorn."""
        self.longest_idle = 60.0
        """The longest idle time that a server's announcement counts for: middleboxes drop idle
        connections sooner."""
        self.certain_idle = 0.08
        """The idle time for which such a connection is certainly open: longer than a loop takes
        from one call to the next, and shorter than the limit of any server that keeps
        connections."""
        self.silence = 60.0
        """For a stream at its tail without news, behind which a submission is waited for, until the
        conversation is looked at: two idle long-polls, and longer than the 45 s that a server may
        take to take up what a crash has cut (PROTOCOL, lost conversations)."""
        self.thread_idle = 0.5
        """Without a job or a deadline until a helper thread ends."""


LIMITS = Limits()


def wait_until(now: float, limit: float | None, deadline: float) -> float:
    """Return when a wait ends: `limit` seconds after `now`, and not after `deadline`."""
    return deadline if limit is None else min(deadline, now + limit)
