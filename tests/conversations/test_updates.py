"""Streams of updates in each world: each update once, checkpoints, and how they end."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext import (
    AbortController,
    FlueApiError,
    FlueTimeoutError,
    MessageAppendedChunk,
    StreamResetError,
    UpdateCheckpoint,
)
from tests.servers.agents import PAGE, AgentServer
from tests.servers.conversation import Conversation
from tests.servers.proxy import TcpProxy
from tests.streams.reading import Reader
from tests.unary.support import failure, overdue
from tests.worlds import World

from .conftest import QUICK

PATH = "/agents/support/t1"
MODES: list[Any] = [True, "long-poll", "sse", "auto", False]
LIVE: list[Any] = ["long-poll", "sse", "auto"]


def filled(agents: AgentServer, batches: int = 3, each: int = 3) -> Conversation:
    """A conversation of many batches of many updates."""
    agents.lose_store(PATH)
    for _ in range(batches):
        agents.change(PATH, lambda found: found.append(*[{"type": "new"}] * each))
    return agents.conversations[PATH]


def places(updates: Any) -> list[tuple[int, int]]:
    found = [update.to_dict()["position"] for update in updates]
    return [(position["batch"], position["index"]) for position in found]


def all_places(conversation: Conversation) -> list[tuple[int, int]]:
    return [
        (at, index) for at, batch in enumerate(conversation.batches) for index in range(len(batch))
    ]


def some(stream: Any, count: int) -> list[Any]:
    return [next(stream) for _ in range(count)]


@pytest.mark.parametrize("live", MODES)
def test_each_update_comes_once_over_many_pages(talk: Any, agents: AgentServer, live: Any) -> None:
    whole = filled(agents, 2 * PAGE + 7, 2)
    stream = talk.updates(live=live)
    assert places(some(stream, 2 * (2 * PAGE + 7) + 1)) == all_places(whole)
    assert stream.offset == whole.offset


def test_updates_are_typed_and_without_checkpoints(talk: Any) -> None:
    talk.ask("hello")
    updates = list(talk.updates(live=False))
    assert [update.type for update in updates] == [
        "conversation-reset", "message-appended", "message-appended", "submission-settled",
    ]  # fmt: skip
    assert isinstance(updates[1], MessageAppendedChunk)
    assert updates[1].message.parts[0].to_dict()["text"] == "hello"


@pytest.mark.parametrize("live", MODES)
@pytest.mark.parametrize("taken", range(8))
def test_a_checkpoint_goes_on_behind_the_update(
    talk: Any, agents: AgentServer, tmp_path: Path, live: Any, taken: int
) -> None:
    whole = filled(agents, 2, 3)
    stream = talk.updates(live=live)
    first = places(some(stream, taken))
    stream.checkpoint.save(tmp_path / "checkpoint")
    stream.close()
    saved = UpdateCheckpoint.load(tmp_path / "checkpoint")
    assert saved == stream.checkpoint == pickle.loads(pickle.dumps(saved))
    rest = talk.updates(resume=saved, live=False)
    assert first + places(rest) == all_places(whole)
    assert rest.checkpoint.incarnation == whole.incarnation


def test_batches_come_with_their_offsets(talk: Any, agents: AgentServer) -> None:
    whole = filled(agents)
    stream = talk.updates(live=False)
    assert stream.stats.state == "new"
    batches = stream.batches()
    updates, offset = next(batches)
    assert places(updates) == all_places(whole)
    assert offset == stream.offset == whole.offset
    assert list(batches) == []
    assert (stream.stats.mode, stream.stats.state) == ("page", "ended")


@pytest.mark.parametrize("live", MODES)
def test_now_begins_with_an_empty_batch(talk: Any, agents: AgentServer, live: Any) -> None:
    whole = filled(agents)
    batches = talk.updates(offset="now", live=live).batches()
    assert next(batches) == ([], whole.offset)
    if live is False:
        assert list(batches) == []


@pytest.mark.parametrize("live", MODES)
def test_now_has_a_checkpoint_once_it_was_read(talk: Any, agents: AgentServer, live: Any) -> None:
    whole = filled(agents)
    stream = talk.updates(offset="now", live=live)
    assert stream.offset == "now"
    with pytest.raises(ValueError, match="offset"):
        _ = stream.checkpoint
    assert next(stream.batches()) == ([], whole.offset)
    saved = UpdateCheckpoint.from_json(stream.checkpoint.to_json())
    stream.close()
    agents.change(PATH, lambda found: found.append({"type": "next"}))
    rest = list(talk.updates(resume=saved, live=False))
    assert [update.to_dict()["type"] for update in rest] == ["next"]


@pytest.mark.parametrize("live", LIVE)
def test_now_brings_what_comes_next(talk: Any, agents: AgentServer, live: Any) -> None:
    filled(agents)
    reader = Reader(talk.updates(offset="now", live=live))
    assert agents.wait_requests(2)
    agents.change(PATH, lambda found: found.append({"type": "next"}))
    assert reader.wait_items(1)
    assert [item.to_dict()["type"] for item in reader.items] == ["next"]
    reader.stream.cancel()
    reader.join()


@pytest.mark.parametrize("live", LIVE)
def test_a_cancelled_stream_ends_and_leaves_its_checkpoint(
    talk: Any, agents: AgentServer, live: Any
) -> None:
    whole = filled(agents)
    reader = Reader(talk.updates(live=live))
    assert reader.wait_items(len(all_places(whole)))
    reader.stream.cancel()
    assert places(reader.join()) == all_places(whole)
    checkpoint = reader.stream.checkpoint
    assert (checkpoint.batch, checkpoint.index) == all_places(whole)[-1]
    assert checkpoint.offset == whole.offset


def test_another_loop_goes_on_where_one_was_left(talk: Any, agents: AgentServer) -> None:
    whole = filled(agents)
    stream = talk.updates(live=False)
    seen = []
    for update in stream:
        seen.append(update)
        if len(seen) == 2:
            break
    assert places(seen) + places(stream) == all_places(whole)


def test_a_signal_and_a_deadline_end_a_stream(talk: Any, agents: AgentServer) -> None:
    filled(agents)
    controller = AbortController()
    stream = talk.updates(signal=controller.signal)
    next(stream)
    controller.abort()
    assert list(stream) == []
    error = overdue(lambda **options: list(talk.updates(**options)), far=lambda error: error.offset)
    assert type(error) is FlueTimeoutError
    assert (error.offset, error.conversation_url) == (agents.conversations[PATH].offset, talk.url)


@pytest.mark.parametrize("live", MODES)
def test_a_conversation_that_is_not_there_is_an_error(talk: Any, live: Any) -> None:
    for offset in ("-1", "now"):
        error = failure(lambda offset=offset: list(talk.updates(offset=offset, live=live)))
        assert type(error) is FlueApiError
        assert (error.status, error.type) == (404, "stream_not_found")


@pytest.mark.parametrize("live", MODES)
@pytest.mark.parametrize("exists", [False, True])
def test_a_lost_store_is_a_reset(talk: Any, agents: AgentServer, live: Any, exists: bool) -> None:
    filled(agents)
    stream = talk.updates(live=live)
    next(stream)
    saved = stream.checkpoint
    agents.lose_store(*[PATH] * exists)
    assert type(failure(lambda: list(talk.updates(resume=saved, live=live)))) is StreamResetError


@pytest.mark.parametrize("live", LIVE)
def test_a_store_that_is_lost_under_a_stream_is_a_reset(
    talk: Any, agents: AgentServer, live: Any
) -> None:
    whole = filled(agents)
    reader = Reader(talk.updates(live=live, backoff_options=QUICK))
    assert reader.wait_items(len(all_places(whole)))
    agents.lose_store(PATH)
    assert isinstance(failure(reader.join), StreamResetError)


@pytest.mark.parametrize("live", LIVE)
def test_cut_connections_lose_and_repeat_nothing(
    any_world: World, agents: AgentServer, live: Any
) -> None:
    whole = filled(agents)
    with TcpProxy(("127.0.0.1", agents.port)) as proxy:
        client = any_world.client(proxy.url)
        updates = client.agents.updates("support", "t1", live=live, backoff_options=QUICK)
        reader = Reader(updates)
        for _ in range(20):
            agents.change(PATH, lambda found: found.append({"type": "new"}, {"type": "new"}))
            assert reader.wait_items(len(all_places(whole)))
            proxy.cut_all()
        updates.cancel()
        assert places(reader.join()) == all_places(whole)


def test_bad_options_are_refused_before_any_request(talk: Any, agents: AgentServer) -> None:
    elsewhere = UpdateCheckpoint("/agents/support/t2", "0")
    own = UpdateCheckpoint(PATH, "0")
    bad: Any
    for bad in (
        {"resume": elsewhere}, {"resume": own, "offset": "-1"}, {"offset": ""}, {"live": "now"},
    ):  # fmt: skip
        assert type(failure(lambda bad=bad: talk.updates(**bad))) is ValueError
    for bad in ({"resume": "0"}, {"offset": 7}, {"signal": 1}, {"timeout": "1"}):
        assert type(failure(lambda bad=bad: talk.updates(**bad))) is TypeError
    assert agents.requests == []
