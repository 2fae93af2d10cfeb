"""Folding any cut and resumed sequence of updates gives the snapshot that the server has there."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from flue_client_ext._flue.fold import Fold

from .conversation import DEEDS, Conversation, Deed, Json, random_deeds
from .recorded import without_submissions_of_replies

Connection = tuple[int, int, int]

deeds = st.one_of(
    st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 9)), max_size=50),
    st.builds(random_deeds, st.integers(), st.integers(50, 150)),
)
betas = st.booleans()
#: How many batches before the latest whole one a connection resumes, how many whole ones it
#: delivers, and how many chunks it delivers after them before it is cut.
connections = st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 9))


def seen(snapshot: Json, *, beta: bool) -> Json:
    return without_submissions_of_replies(snapshot) if beta else snapshot


@given(deeds, betas, st.none() | st.integers(0, 60), st.lists(connections))
def test_any_cut_and_resumed_reading_gives_the_snapshot_of_the_server(
    deeds: list[Deed], beta: bool, start: int | None, connections: list[Connection]
) -> None:
    server = Conversation(beta=beta).do(deeds)
    last = len(server.batches) - 1
    begun = -1 if start is None else min(start, last)
    fold = Fold(None if start is None else deepcopy(server.batches[begun].snapshot))
    stands = furthest = begun
    for back, ahead, cut in [*connections, (0, last + 1, 0)]:
        stands = max(begun, stands - back)
        until = min(stands + ahead, last)
        fold.apply_batch(server.checkpoint(), fold.offset or "-1")
        for batch in server.batches[stands + 1 : until + 1]:
            fold.apply_batch(batch.chunks, batch.offset)
        stands, furthest = until, max(until, furthest)
        if stands == furthest >= 0:
            assert seen(fold.snapshot(), beta=beta) == server.batches[stands].snapshot
        rest = [
            (at, chunk) for at in range(stands + 1, last + 1) for chunk in server.batches[at].chunks
        ]
        for at, chunk in rest[:cut]:
            fold.apply(chunk)
            furthest = max(at, furthest)
    assert not fold.superseded


@given(deeds, betas)
def test_every_state_in_between_is_right_and_never_changes_later(
    deeds: list[Deed], beta: bool
) -> None:
    server = Conversation(beta=beta).do(deeds)
    before = deepcopy(server.batches)
    fold = Fold()
    fold.apply_batch(server.checkpoint(), "-1")
    given_out: list[Json] = []
    for batch in server.batches:
        changed = fold.apply_batch(batch.chunks, batch.offset)
        snapshot = fold.snapshot()
        if given_out and not changed:
            assert snapshot["messages"] == given_out[-1]["messages"]
            assert snapshot["settlements"] == given_out[-1]["settlements"]
        given_out.append(snapshot)
    assert server.batches == before
    for batch, snapshot in zip(server.batches, given_out, strict=True):
        assert seen(snapshot, beta=beta) == batch.snapshot


@given(deeds, betas)
def test_pending_is_what_has_a_message_and_has_not_settled(deeds: list[Deed], beta: bool) -> None:
    server = Conversation(beta=beta).do(deeds)
    fold = Fold()
    for batch in server.batches:
        fold.apply_batch(batch.chunks, batch.offset)
    assert list(fold.pending) == server.unsettled
    assert fold.busy == bool(server.unsettled)


@given(deeds, betas)
def test_messages_that_did_not_change_are_the_same_objects(deeds: list[Deed], beta: bool) -> None:
    server = Conversation(beta=beta).do(deeds)
    fold = Fold()
    for batch in server.batches:
        before = fold.snapshot()["messages"]
        fold.apply_batch(batch.chunks, batch.offset)
        if any(chunk["type"] == "conversation-reset" for chunk in batch.chunks):
            continue
        after = fold.snapshot()["messages"]
        touched = {chunk.get("messageId") for chunk in batch.chunks}
        touched |= {chunk["message"]["id"] for chunk in batch.chunks if "message" in chunk}
        results = any(chunk["type"].startswith("tool-output") for chunk in batch.chunks)
        for old, new in zip(before, after, strict=False):
            assert old is new or old["id"] in touched or results
