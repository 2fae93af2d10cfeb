"""An exception while a batch is handed over, as Ctrl-C is: what the consumer did not get, the
position does not pass."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import EventBatch, async_event_stream, event_stream
from tests.worlds import World

from .conftest import Serve
from .reading import dicts
from .replay import RUN, Replay, offset_at, whole_run


def test_a_batch_whose_hand_over_is_interrupted_is_not_passed(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(events: Any, offset: str) -> EventBatch:
        if offset == offset_at(8):
            raise MemoryError
        return EventBatch(events, offset)

    for module in (event_stream, async_event_stream):
        monkeypatch.setattr(module, "EventBatch", interrupted)
    run = whole_run(11)
    client = any_world.client(serve(Replay(run, page=4)).url)
    stream = client.runs.stream(RUN, live=False)
    batches = stream.batches()
    assert next(batches).offset == stream.offset == offset_at(4)
    with pytest.raises(MemoryError):
        next(batches)
    assert stream.offset == offset_at(4)
    assert dicts(client.runs.stream(RUN, resume=stream.checkpoint)) == run[4:]
