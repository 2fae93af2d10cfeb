"""The events of an agent (beta.3 to beta.7): waiting for a submission, and lost streams."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import (
    FlueApiError,
    FlueExecutionError,
    StreamResetError,
    UnsupportedByServerError,
)
from flue_client_ext._flue.agent_events import events, read_events
from flue_client_ext._flue.conversation_results import Admission
from flue_client_ext._flue.generations import Generations
from flue_client_ext._stream.stats import Counters
from flue_client_ext._values.steps import Emit

from .conversing import ID, URL, ConversationPlay, operation, replying, settling
from .play import CUT

ADMITTED = Admission(ID, "o1")
RESULT = {"text": "yes", "usage": {"input": 1}, "model": {"provider": "p", "id": "m"}}
LIVE = {"live": "long-poll"}


def event(type: str, index: int = 0, id: str = ID, **fields: Any) -> Any:
    return {"type": type, "v": 3, "eventIndex": index, "submissionId": id, **fields}


def settled(id: str = ID, outcome: str = "completed", **fields: Any) -> Any:
    return event("submission_settled", 9, id, outcome=outcome, **fields)


def known() -> Generations:
    return Generations("beta.3")


def reading(
    offset: str = "-1", live: Any = "long-poll", generations: Generations | None = None
) -> ConversationPlay:
    return operation(
        lambda api: read_events(
            api, events(api, exists=offset != "-1"), offset, live, Counters(lambda: 0.0)
        ),
        generations=generations or known(),
    )


def emitted(play: ConversationPlay) -> list[Any]:
    assert isinstance(play.step, Emit), play.step
    return play.step.batch.items


def test_a_submission_settles_by_its_event() -> None:
    play = replying(ADMITTED, generations=known())
    assert play.asked == ("GET", "", {"offset": "o1"})
    play.page([settled("other", result={"text": "no"}), event("idle")], "o2")
    assert play.asked[2] == {"offset": "o2", **LIVE}
    play.page([settled(result=RESULT)], "o3")
    reply = play.result
    assert (reply.text, reply.usage, reply.model) == ("yes", RESULT["usage"], RESULT["model"])
    assert (reply.message, reply.data, reply.submission_id, reply.uid) == (None, {}, ID, None)


def test_data_of_the_submission_are_part_of_its_reply() -> None:
    play = replying(ADMITTED, generations=known())
    parts = [
        {**event("data", 1, name="progress", data=1), "id": "a"},
        {**event("data", 2, name="progress", data=2), "id": "a"},
        event("data", 3, name="note", data="x"),
        event("data", 4, name="note", data="y"),
        event("data", 5, "other", name="note", data="z"),
    ]
    play.page([*parts, settled(result=RESULT)], "o2")
    assert play.result.data == {"progress": [2], "note": ["x", "y"]}


@pytest.mark.parametrize("outcome", ["failed", "aborted"])
def test_a_submission_that_did_not_complete_is_an_error(outcome: str) -> None:
    play = settling(ADMITTED, generations=known())
    with pytest.raises(FlueExecutionError) as caught:
        play.page([settled(outcome=outcome, error={"message": "boom"})], "o2")
    assert (caught.value.failure, caught.value.target_id) == (outcome, ID)
    assert caught.value.error == {"message": "boom"}


def test_a_settlement_is_typed() -> None:
    play = settling(ADMITTED, generations=known())
    play.page([settled(result=RESULT)], "o2")
    assert (play.result.submission_id, play.result.outcome) == (ID, "completed")
    assert play.result["result"] == RESULT


def test_an_admission_without_uid_asks_which_server_it_is_of() -> None:
    generations = Generations()
    play = settling(ADMITTED, generations=generations)
    assert play.asked == ("GET", "/abort", {})
    play.answer(404, b"404 Not Found")
    assert generations.of(URL) is None  # perhaps nothing of Flue is there
    play.page([settled()], "o2")
    assert (play.ended, generations.of(URL)) == (True, "beta.3")
    second = settling(ADMITTED, generations=generations)
    assert second.asked[1] == ""


@pytest.mark.parametrize(("checkpoint", "generation"), [(True, "2"), (False, "beta.8")])
def test_a_server_with_updates_shows_its_generation_by_them(
    checkpoint: bool, generation: str
) -> None:
    generations = Generations()
    play = settling(ADMITTED, generations=generations)
    play.error(405, "method_not_allowed")
    assert play.asked[2]["view"] == "updates"
    settlement = {**settled(), "type": "submission-settled", "position": {"batch": 1, "index": 0}}
    del settlement["eventIndex"]
    play.updates(settlement) if checkpoint else play.page([settlement], "o2")
    assert (play.ended, generations.of(URL)) == (True, generation)


def test_a_bare_id_is_followed_by_events_where_the_history_is_one() -> None:
    play = replying(ID, generations=Generations())
    assert play.asked == ("GET", "", {})
    play.page([event("idle", 0, "other")], "o1")
    assert play.asked == ("GET", "", {"offset": "-1", **LIVE})
    play.page([event("idle", 0, "other"), settled(result=RESULT)], "o2")
    assert play.result.text == "yes"


def test_updates_cannot_be_watched_where_there_are_events() -> None:
    with pytest.raises(UnsupportedByServerError) as caught:
        settling(ADMITTED, generations=known(), on_update=lambda update: None)
    assert caught.value.what == "on_update"


def test_an_instance_that_was_lost_is_a_reset() -> None:
    play = settling(ADMITTED, generations=known())
    with pytest.raises(StreamResetError) as caught:
        play.error(404, "stream_not_found")
    assert caught.value.offset == "o1"


def test_an_instance_that_never_was_is_an_api_error() -> None:
    play = settling(ID, generations=known())
    with pytest.raises(FlueApiError) as caught:
        play.error(404, "stream_not_found")
    assert caught.value.status == 404


@pytest.mark.parametrize("live", [None, "long-poll", "sse", "auto"])
def test_an_offset_beyond_the_head_is_a_reset_and_no_endless_wait(live: Any) -> None:
    play = reading("o9", live)
    assert play.asked == ("GET", "", {"offset": "o9"})
    play.page([], "o9")
    assert play.asked == ("HEAD", "", {})
    play.answer(200, stream_next_offset="o3")
    assert play.asked == ("GET", "", {"offset": "o9"})
    with pytest.raises(StreamResetError) as caught:
        play.page([], "o9")
    assert (caught.value.offset, caught.value.tail) == ("o9", "o3")


def test_a_stream_that_has_grown_meanwhile_is_no_reset() -> None:
    play = reading("o9")
    play.page([], "o9")
    play.answer(200, stream_next_offset="o10")
    play.page([event("idle")], "o10")
    assert emitted(play) == [event("idle")]
    play.taken()
    assert play.asked[2] == {"offset": "o10", **LIVE}


def test_an_offset_at_the_head_is_waited_at() -> None:
    play = reading("o9")
    play.page([], "o9")
    play.answer(200, stream_next_offset="o9")
    assert emitted(play) == []
    play.taken()
    assert play.asked[2] == {"offset": "o9", **LIVE}
    play.fail(CUT)
    play.slept()
    assert play.asked[2] == {"offset": "o9"}  # the server may have been restarted


def test_a_stream_of_a_later_server_is_refused_before_it_begins() -> None:
    play = reading(generations=Generations())
    assert play.asked == ("GET", "/abort", {})
    with pytest.raises(UnsupportedByServerError) as caught:
        play.error(405, "method_not_allowed")
    assert (caught.value.what, caught.value.generation) == ("stream", None)


def test_a_stream_shows_which_generation_its_server_is_of() -> None:
    generations = Generations()
    play = reading(generations=generations)
    play.answer(404, b"404 Not Found")
    assert generations.of(URL) is None
    play.page([event("idle")], "o1")
    assert emitted(play) == [event("idle")]
    assert generations.of(URL) == "beta.3"
