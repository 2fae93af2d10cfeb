"""The time limits: what the documents and other servers' limits make of them."""

from __future__ import annotations

from flue_client_ext._values.limits import LIMITS

HEARTBEAT = 15.0
"""Seconds between two of a genuine server's (PROTOCOL, SSE frames)."""
SERVERS_IDLE = 5.0
"""Seconds that Node and uvicorn keep an idle connection (PROTOCOL, connections)."""
RECOVERY = 45.0
"""Seconds until a server takes up what a crash has cut (PROTOCOL, lost conversations)."""

NAT = 60.0
"""Seconds that a middlebox remembers an idle connection, at the least."""


def test_a_peer_is_dead_after_three_heartbeats() -> None:
    assert LIMITS.read == 3 * HEARTBEAT


def test_sse_gives_way_to_pages_before_its_peer_counts_as_dead() -> None:
    assert 0 < LIMITS.start < LIMITS.batch < LIMITS.read


def test_a_connection_is_given_up_before_its_server_closes_it() -> None:
    assert 0 < LIMITS.certain_idle < LIMITS.idle < SERVERS_IDLE


def test_a_Retry_After_and_a_single_call_take_what_the_documents_say() -> None:
    assert (LIMITS.retry_after, LIMITS.unary) == (60.0, 30.0)


def test_a_single_call_has_time_to_connect_over_several_addresses() -> None:
    assert LIMITS.attempt_delay == 0.25  # RFC 8305 section 5
    assert 4 * LIMITS.attempt_delay < LIMITS.connect < LIMITS.unary
    assert LIMITS.unary <= LIMITS.pool


def test_a_vanished_peer_is_noticed_before_a_NAT_forgets_the_connection() -> None:
    assert LIMITS.dead_peer == 60.0  # README, time limits
    assert LIMITS.probe_after < LIMITS.dead_peer <= NAT
    assert (LIMITS.dead_peer - LIMITS.probe_after) % LIMITS.probe_interval == 0


def test_an_idle_reading_asks_once_a_second() -> None:
    assert LIMITS.poll_pace == LIMITS.routine_life == 1.0


def test_a_silence_outlasts_what_a_server_takes_after_a_crash() -> None:
    assert LIMITS.silence > RECOVERY


def test_one_heartbeat_that_is_late_is_not_withheld() -> None:
    assert HEARTBEAT < LIMITS.beat < 2 * HEARTBEAT
