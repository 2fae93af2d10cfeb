"""What the engine takes from a resource: requests, the items of an answer, its end, its errors.

`Conversation` is a stream of another kind than a run: it never closes, each answer begins with an
item about itself, and a lost store shows as a status or as another incarnation."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import FlueApiError, FlueConnectionError, FlueError, StreamResetError
from flue_client_ext._flue.requests import Requests
from flue_client_ext._flue.run import Run, Started
from flue_client_ext._stream.credentials import Credentials
from flue_client_ext._stream.follow import follow as flow_of
from flue_client_ext._stream.options import ReadOptions
from flue_client_ext._stream.request import Mode
from flue_client_ext._stream.resource import Resource
from flue_client_ext._values.http import Response
from flue_client_ext._values.steps import Batch, Sleep
from flue_client_ext.errors import Identifiers

from .play import UNTRUSTED, FollowPlay, ManualClock, Play, Stream, control, data, follow

PLAIN = "http://server.test/stream?sig=1"


class Conversation(Stream):
    catches_up_over_sse = False
    incarnation = "x"

    def receive(self, items: list[Any], offset: str) -> list[Any]:
        about, *chunks = items or [self.incarnation]
        if about != self.incarnation:
            raise StreamResetError(offset=offset, tail=None)
        return chunks

    def error(self, response: Response, offset: str) -> FlueError:
        if response.status in (404, 416) and offset != "-1":
            return StreamResetError(offset=offset, tail=None)
        return FlueApiError(response)


def conversation(offset: str = "-1", live: Any = "long-poll") -> FollowPlay:
    return follow(offset, live, resource=Conversation())


@pytest.mark.parametrize(
    ("mode", "target", "accept"),
    [
        ("page", f"{PLAIN}&offset=a%2Fb", "application/json"),
        ("long-poll", f"{PLAIN}&offset=a%2Fb&live=long-poll&cursor=c", "application/json"),
        ("sse", f"{PLAIN}&offset=a%2Fb&live=sse", "text/event-stream"),
        ("bulk", f"{PLAIN}&offset=a%2Fb&live=sse", "text/event-stream"),
        ("tail", PLAIN, "application/json"),
    ],
)
def test_each_mode_has_its_request(mode: Mode, target: str, accept: str) -> None:
    request = Resource(PLAIN, "agent/1").request(mode, "a/b", "c")
    assert request.method == ("HEAD" if mode == "tail" else "GET")
    assert request.url == target
    assert request.headers == {
        "accept": accept,
        "accept-encoding": "identity",
        "user-agent": "agent/1",
    }


def test_a_resource_adds_parameters_of_its_own() -> None:
    class Viewed(Resource):
        def parameters(self, offset: str) -> dict[str, str]:
            return {"view": "updates"}

    request = Viewed("http://server.test/a", "agent/1").request("page", "-1", None)
    assert request.url == "http://server.test/a?offset=-1&view=updates"


def test_a_run_asks_for_its_latest_events_at_the_start_only() -> None:
    run = Run("run_1", Requests("http://server.test/api", "agent/1"), Started(), tail=3)
    url = "http://server.test/api/runs/run_1"
    assert run.request("page", "-1", None).url == f"{url}?offset=-1&tail=3"
    assert run.request("page", "a", None).url == f"{url}?offset=a"


def test_what_an_answer_says_of_itself_is_no_item_and_no_duplicate() -> None:
    play = conversation()
    play.page(["x", 1, 2], "b", "up_to_date")
    assert play.batch.items == [1, 2]
    play.taken()
    play.clock.now += 30
    play.page(["x"], "b", "up_to_date")
    assert play.batch == Batch([], "b", True, False)
    play.taken()
    assert play.asked == ("GET", "long-poll", "b")
    assert play.counters.duplicates == 0


def test_the_items_of_a_frame_are_received_as_those_of_a_page() -> None:
    play = conversation(live="sse")
    play.sse(data(["x"]) + data([1]) + control("b", "up_to_date"))
    assert play.batch.items == [1]


@pytest.mark.parametrize("live", [None, "long-poll", "sse", "auto"])
def test_a_reset_that_the_items_tell_is_final(live: str | None) -> None:
    play = conversation("b", live)
    with pytest.raises(StreamResetError) as caught:
        if live in ("sse", "auto"):
            play.sse(data(["y", 1]), control("c"))
        else:
            play.page(["y", 1], "c")
    assert (caught.value.offset, caught.value.tail) == ("b", None)


@pytest.mark.parametrize("status", [404, 416])
@pytest.mark.parametrize("live", [None, "long-poll", "sse", "auto"])
def test_a_reset_that_a_status_tells_is_final_in_every_mode(live: str | None, status: int) -> None:
    play = conversation("b", live)
    if live == "auto":
        play.head(status)
        assert play.asked == ("GET", "long-poll", "b")
    with pytest.raises(StreamResetError):
        play.answer(status, b"{}")


def test_the_resource_gets_the_offset_of_the_request() -> None:
    play = conversation("-1", None)
    with pytest.raises(FlueApiError):
        play.answer(404, b"{}")


@pytest.mark.parametrize("catches_up", [True, False])
def test_a_resource_says_whether_sse_is_of_use_in_catching_up(catches_up: bool) -> None:
    class Long(Stream):
        catches_up_over_sse = catches_up

    play = follow(resource=Long())
    play.page([1], "b")
    play.taken()
    assert play.asked == ("GET", "bulk" if catches_up else "page", "b")


def test_an_end_that_no_HEAD_can_confirm_is_taken_as_it_is() -> None:
    class Unchecked(Stream):
        head_tells_tail = False

    play = follow("b", "long-poll", resource=Unchecked())
    play.page(None, "b", "closed")
    assert play.batch == Batch([], "b", True, True)
    play.taken()
    assert play.ended


def test_the_errors_of_a_reading_name_the_resource() -> None:
    clock = ManualClock()
    resource = Resource("http://server.test/a", "agent/1", Identifiers("run_1"))
    play = Play(
        flow_of(resource, ReadOptions(Credentials()), clock.clock, follow().counters), clock
    )
    with pytest.raises(FlueConnectionError) as caught:
        play.reply(UNTRUSTED)
    assert (caught.value.run_id, caught.value.offset) == ("run_1", "-1")


def test_an_idle_answer_of_a_conversation_keeps_the_pace() -> None:
    play = conversation("b")
    play.page(["x"], "b", "up_to_date")
    play.taken()
    assert isinstance(play.step, Sleep)
