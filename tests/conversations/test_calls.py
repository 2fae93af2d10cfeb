"""The calls of a conversation in each world, over a small server of agents."""

from __future__ import annotations

import inspect
import pickle
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

from flue_client_ext import (
    AbortController,
    Admission,
    AsyncConversation,
    Attachment,
    Conversation,
    FilePart,
    FlueAbortError,
    FlueApiError,
    FlueClient,
    FlueExecutionError,
    FlueTimeoutError,
    StreamResetError,
)
from flue_client_ext._values.limits import LIMITS
from flue_client_ext.agents import Agents
from flue_client_ext.async_agents import AsyncAgents
from tests.servers.agents import AgentServer
from tests.servers.conversation import Conversation as AgentConversation
from tests.unary.support import Aside, borrowed, failure, leftover_threads, overdue
from tests.worlds import World, world

PATH = "/agents/support/t1"


MODES: list[Any] = [True, "long-poll", "sse", "auto", False]


def never(_: str) -> None:
    """An agent that leaves its submissions to the test."""


def reply_to_all(found: AgentConversation) -> None:
    for said in list(found.messages):
        found.reply(said["submissionId"], f"reply to {said['parts'][0]['text']}")


@pytest.mark.parametrize("live", MODES)
def test_asking_returns_the_reply(talk: Any, live: Any) -> None:
    reply = talk.ask("hello", live=live)
    assert (reply.text, reply.data) == ("echo hello", {})
    assert reply.message.role == "assistant"
    assert reply.uid is not None


def test_sending_waiting_and_reading_are_the_same_in_steps(talk: Any, agents: AgentServer) -> None:
    admission = talk.send("hello")
    assert isinstance(admission, Admission)
    assert agents.sends()[0]["idempotencyKey"] == admission.idempotency_key
    settlement = talk.wait(admission)
    assert (settlement.submission_id, settlement.outcome) == (admission.submission_id, "completed")
    assert talk.read(admission) == talk.read(admission)
    assert talk.read(admission.submission_id).text == "echo hello"


def test_the_stream_url_of_an_admission_is_never_followed(talk: Any, agents: AgentServer) -> None:
    talk.ask("hello")
    assert {request.target.partition("?")[0] for request in agents.requests} == {PATH}


def test_a_key_is_fresh_for_each_send_given_or_off(talk: Any, agents: AgentServer) -> None:
    for options in ({}, {}, {"idempotency_key": "mine"}, {"idempotency_key": None}):
        talk.send("x", **options)
    keys = [body.get("idempotencyKey") for body in agents.sends()]
    assert len({*keys[:2]}) == 2
    assert keys[2:] == ["mine", None]


def test_another_process_finishes_a_send_by_its_key(any_world: World, agents: AgentServer) -> None:
    first = any_world.client(agents.url).agents.send("support", "t1", "hello", idempotency_key="k")
    again = pickle.loads(pickle.dumps(first))
    second = any_world.client(agents.url).agents.send("support", "t1", "hello", idempotency_key="k")
    assert (first.submission_id, first.deduplicated) == (second.submission_id, False)
    assert (second.deduplicated, second.offset) == (True, "-1")
    reply = any_world.client(agents.url).agents.read("support", "t1", again)
    assert reply.text == "echo hello"
    assert len(agents.conversations[PATH].messages) == 2


def test_a_key_of_another_payload_is_refused(talk: Any) -> None:
    admission = talk.send("hello", idempotency_key="k")
    error = failure(talk.send, "other", idempotency_key="k")
    assert isinstance(error, FlueApiError)
    assert (error.status, error.type) == (409, "submission_conflict")
    assert error.meta["submissionId"] == admission.submission_id
    assert error.idempotency_key == "k"


def test_a_signal_is_a_message_that_no_user_said(talk: Any, agents: AgentServer) -> None:
    admission = talk.send_signal("order.paid", "7", attributes={"id": "7"}, tag_name="order")
    talk.wait(admission)
    assert agents.sends() == [
        {
            "kind": "signal",
            "type": "order.paid",
            "body": "7",
            "attributes": {"id": "7"},
            "tagName": "order",
            "idempotencyKey": admission.idempotency_key,
        }
    ]


def test_what_goes_beside_a_message_arrives(talk: Any, agents: AgentServer) -> None:
    uid = talk.send("x", initial_data={"name": "Ada"}, idempotency_key=None).uid
    talk.send("x", uid=uid, idempotency_key=None)
    talk.send("x", uid=None, idempotency_key=None)
    first, second, third = agents.sends()
    assert first == {"kind": "user", "body": "x", "initialData": {"name": "Ada"}}
    assert (second["uid"], third["uid"]) == (uid, None)


@pytest.mark.parametrize("live", MODES)
def test_a_submission_that_settles_later_is_waited_for(
    any_world: World, agents: AgentServer, live: Any
) -> None:
    agents.agent = never
    talk = any_world.client(agents.url).agents.conversation("support", "t1")
    admission = talk.send("hello")
    aside = Aside(lambda: talk.read(admission, live=live))
    assert agents.wait_requests(2)
    agents.change(PATH, lambda found: found.reply(admission.submission_id, "at last"))
    assert aside.result().text == "at last"


@pytest.mark.parametrize("outcome", ["failed", "aborted"])
def test_a_submission_that_did_not_complete_is_an_error(
    talk: Any, agents: AgentServer, outcome: str
) -> None:
    agents.agent = never
    admission = talk.send("hello")
    end: dict[str, Any] = {"outcome": outcome, "error": {"message": "boom"}}
    agents.change(PATH, lambda found: found.settle(admission.submission_id, **end))
    for call in (talk.wait, talk.read):
        error = failure(call, admission)
        assert type(error) is FlueExecutionError
        assert (error.failure, error.submission_id) == (outcome, admission.submission_id)


def test_an_abort_stops_what_runs(talk: Any, agents: AgentServer) -> None:
    agents.agent = never
    admission = talk.send("hello")
    assert talk.abort() is True
    assert talk.abort() is False
    error = failure(talk.wait, admission)
    assert isinstance(error, FlueExecutionError)
    assert error.failure == "aborted"


def test_an_unknown_conversation_is_an_error_and_never_an_endless_wait(talk: Any) -> None:
    for call in (talk.history, lambda: talk.wait("sub_9"), lambda: talk.read("sub_9")):
        error = failure(call)
        assert isinstance(error, FlueApiError)
        assert (error.status, error.type) == (404, "stream_not_found")


def test_calls_under_way_finish_when_the_client_is_closed(
    any_world: World, agents: AgentServer
) -> None:
    agents.agent = never
    client = any_world.client(agents.url)
    talk = client.agents.conversation("support", "t1")
    admission = talk.send("a")
    waited, read, asked = (threading.Event() for _ in range(3))
    calls = [
        Aside(lambda: talk.wait(admission, on_update=lambda _: waited.set())),
        Aside(lambda: talk.read(admission, on_update=lambda _: read.set())),
        Aside(lambda: talk.ask("b", on_update=lambda _: asked.set())),
    ]
    outcomes = client.agents.map("support", ["c"])
    mapping = Aside(lambda: next(iter(outcomes)))
    assert all(begun.wait(10) for begun in (waited, read, asked))
    assert agents.wait_until(lambda: len(agents.sends()) == 3)
    client.close()
    assert type(mapping.error()) is RuntimeError
    agents.change(PATH, reply_to_all)
    settlement, reply, answer = (call.result() for call in calls)
    assert settlement.outcome == "completed"
    assert (reply.text, answer.text) == ("reply to a", "reply to b")
    assert type(failure(talk.history)) is RuntimeError


@pytest.mark.parametrize("live", MODES)
def test_a_store_that_is_lost_in_mid_wait_is_a_reset(
    any_world: World, agents: AgentServer, live: Any
) -> None:
    agents.agent = never
    talk = any_world.client(agents.url).agents.conversation("support", "t1")
    admission = talk.send("hello")
    begun = threading.Event()
    aside = Aside(lambda: talk.read(admission, live=live, on_update=lambda _: begun.set()))
    assert begun.wait(10)
    agents.lose_store(PATH)
    error = aside.error()
    assert type(error) is StreamResetError
    assert error.submission_id == admission.submission_id


@pytest.fixture
def impatient(agents: AgentServer, monkeypatch: pytest.MonkeyPatch) -> AgentServer:
    """The agents, at whose conversations a wait without news looks again and again."""
    agents.poll_seconds = 0.05
    monkeypatch.setattr(LIMITS, "silence", 0.05)
    monkeypatch.setattr(LIMITS, "poll_pace", 0.01)
    return agents


@pytest.mark.parametrize("live", ["long-poll", "sse"])
def test_a_conversation_that_was_replaced_by_a_longer_one_is_a_reset(
    talk: Any, impatient: AgentServer, live: Any
) -> None:
    admission = talk.send("hello")
    impatient.lose_store()
    talk.ask("another")
    assert int(impatient.conversations[PATH].offset) > int(admission.offset)
    error = Aside(lambda: talk.read(admission, live=live)).error()
    assert type(error) is StreamResetError
    assert error.submission_id == admission.submission_id


@pytest.mark.parametrize("live", ["long-poll", "sse"])
def test_an_agent_that_is_silent_for_long_is_waited_for(
    talk: Any, impatient: AgentServer, live: Any
) -> None:
    impatient.agent = never
    admission = talk.send("hello")
    aside = Aside(lambda: talk.read(admission, live=live))
    assert impatient.wait_requests(12)
    looks = [request for request in impatient.requests if request.target == PATH]
    assert sum(request.method == "GET" for request in looks) >= 2
    impatient.change(PATH, lambda found: found.reply(admission.submission_id, "at last"))
    assert aside.result().text == "at last"


def test_the_history_is_typed(talk: Any) -> None:
    talk.ask("hello")
    snapshot = talk.history()
    assert [message.role for message in snapshot.messages] == ["user", "assistant"]
    assert snapshot.messages[1].parts[0].text == "echo hello"
    assert snapshot.settlements[0].outcome == "completed"
    assert snapshot.before is None


def test_on_update_sees_what_happens(talk: Any) -> None:
    seen: list[str] = []
    talk.ask("hello", on_update=lambda chunk: seen.append(chunk.type))
    assert seen == ["message-appended", "message-appended", "submission-settled"]


@pytest.mark.parametrize("name", ["asyncio", "trio"])
def test_a_deadline_that_passes_in_on_update_is_the_callers(name: str, agents: AgentServer) -> None:
    with world(name) as async_world:
        talk = async_world.client(agents.url).agents.conversation("support", "t1")
        sleeps = lambda _: anyio.sleep_forever()  # noqa: E731
        error = overdue(talk.ask, "x", on_update=sleeps, far=lambda error: error.offset)
    assert type(error) is FlueTimeoutError
    assert None not in (error.submission_id, error.idempotency_key, error.offset)


def test_an_attachment_comes_back_as_it_was_sent(talk: Any, tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    talk.ask("look", attachments=[Attachment(data, "image/png", "a.png")])
    part = talk.history().messages[0].parts[1]
    assert isinstance(part, FilePart)
    assert part.id is not None
    for named in (part, part.id):
        assert talk.attachment(named) == data
        talk.save_attachment(named, tmp_path / "saved.png")
        assert (tmp_path / "saved.png").read_bytes() == data
        assert talk.attachment_url(named).endswith(f"{PATH}/attachments/{part.id}")
    assert [path.name for path in tmp_path.iterdir()] == ["saved.png"]


def test_a_file_that_cannot_be_saved_keeps_its_old_content(talk: Any, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    target.write_bytes(b"old")
    error = failure(talk.save_attachment, "att_9", target)
    assert isinstance(error, FlueApiError)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("kept", b"old")]


def test_a_folder_that_is_missing_is_told_by_the_file_that_was_named(
    talk: Any, agents: AgentServer, tmp_path: Path
) -> None:
    error = failure(talk.save_attachment, "a", tmp_path / "no" / "x")
    assert isinstance(error, FileNotFoundError)
    assert error.filename == str(tmp_path / "no" / "x")
    assert agents.accepted == 0


def test_a_folder_in_place_of_the_file_is_an_error_before_any_request(
    talk: Any, agents: AgentServer, tmp_path: Path
) -> None:
    error = failure(talk.save_attachment, "a", tmp_path)
    assert isinstance(error, IsADirectoryError)
    assert error.filename == str(tmp_path)
    assert agents.accepted == 0


def test_an_abort_through_a_signal_names_what_goes_on(
    any_world: World, agents: AgentServer
) -> None:
    agents.agent = never
    talk = any_world.client(agents.url).agents.conversation("support", "t1")
    controller = AbortController()
    aside = Aside(lambda: talk.ask("hello", idempotency_key="k", signal=controller.signal))
    assert agents.wait_requests(2)
    controller.abort("enough")
    error = aside.error()
    assert type(error) is FlueAbortError
    assert (error.reason, error.idempotency_key) == ("enough", "k")
    assert error.submission_id == agents.conversations[PATH].messages[0]["submissionId"]
    assert error.conversation_url == talk.url
    assert leftover_threads() == []


def test_a_deadline_names_what_goes_on(any_world: World, agents: AgentServer) -> None:
    agents.agent = never
    talk = any_world.client(agents.url).agents.conversation("support", "t1")
    error = overdue(talk.ask, "hello", far=lambda error: error.submission_id)
    assert type(error) is FlueTimeoutError
    assert error.submission_id is not None
    assert error.idempotency_key is not None


def test_a_token_is_asked_for_at_each_attempt(any_world: World, agents: AgentServer) -> None:
    tokens = iter(range(100))
    client = any_world.client(agents.url, token=lambda: f"t{next(tokens)}")
    client.agents.conversation("support", "t1").ask("hello")
    sent = [request.headers["authorization"] for request in agents.requests]
    assert sent == [f"Bearer t{number}" for number in range(len(sent))]
    assert len(sent) == 3


def test_a_users_own_httpx_client_carries_it(any_world: World, agents: AgentServer) -> None:
    with borrowed(any_world) as own:
        talk = any_world.client(agents.url, http_client=own).agents.conversation("support", "t1")
        assert talk.ask("hello", live="auto").text == "echo hello"
        stream = talk.observe()
        next(stream)
        talk.send("again")
        assert next(state for state in stream if len(state.messages) == 4)
        stream.close()


def test_an_agent_that_is_mounted_elsewhere_is_named_by_path_or_url(
    any_world: World, agents: AgentServer
) -> None:
    client = any_world.client(agents.url)
    assert client.agents.conversation(path="private/chat/t 1").ask("a").text == "echo a"
    whole = client.agents.conversation(url=f"{agents.url}/private/chat/t%201")
    assert len(whole.history().messages) == 2
    assert "/private/chat/t%201" in agents.conversations


BAD: dict[str, Any] = {
    "message": lambda talk: talk.send(b"x"),
    "attachments": lambda talk: talk.send("x", attachments=[b"x"]),
    "attachment_alone": lambda talk: talk.ask("x", attachments=Attachment(b"", "image/png")),
    "uid_and_data": lambda talk: talk.ask("x", uid="u", initial_data={}),
    "key": lambda talk: talk.ask("x", idempotency_key=""),
    "type": lambda talk: talk.send_signal("", "x"),
    "tag": lambda talk: talk.send_signal("t", "x", tag_name="a b"),
    "live": lambda talk: talk.ask("x", live="poll"),
    "timeout": lambda talk: talk.ask("x", timeout=0),
    "signal": lambda talk: talk.ask("x", signal="stop"),
    "backoff": lambda talk: talk.ask("x", backoff_options={}),
    "on_update": lambda talk: talk.ask("x", on_update=5),
    "submission": lambda talk: talk.wait(None),
    "submission_blank": lambda talk: talk.read(""),
    "limit": lambda talk: talk.history(limit=0),
    "limit_type": lambda talk: talk.history(limit="5"),
    "cursor": lambda talk: talk.history_before(""),
    "attachment": lambda talk: talk.attachment(""),
    "part": lambda talk: talk.attachment(FilePart.from_dict({"type": "file", "mediaType": "a/b"})),
    "path": lambda talk: talk.save_attachment("a", 5),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_refused_before_anything_is_sent(
    talk: Any, agents: AgentServer, name: str
) -> None:
    assert isinstance(failure(BAD[name], talk), ValueError | TypeError)
    assert agents.accepted == 0


def test_a_conversation_is_neither_pickled_nor_shown_with_secrets(
    any_world: World, agents: AgentServer
) -> None:
    talk = any_world.client(agents.url, token="hunter2").agents.conversation("support", "t1")
    real = getattr(talk, "real", talk)
    assert "hunter2" not in repr(real)
    assert isinstance(failure(pickle.dumps, real), TypeError)


def test_making_a_conversation_sends_nothing(agents: AgentServer) -> None:
    with FlueClient(agents.url) as client:
        assert client.agents.conversation("support", "t1").url == f"{agents.url}{PATH}"
    assert agents.accepted == 0


@pytest.mark.parametrize("kinds", [(Agents, Conversation), (AsyncAgents, AsyncConversation)])
@pytest.mark.parametrize(
    "name", ["ask", "ask_stream", "prompt", "send", "wait", "read", "abort", "history"]
)
def test_the_flat_calls_take_what_the_bound_ones_take(kinds: Any, name: str) -> None:
    flat, bound = (inspect.signature(getattr(kind, name)).parameters for kind in kinds)
    assert list(flat)[1:3] == ["name", "id"]
    assert {**flat, "name": None, "id": None} == {**bound, "name": None, "id": None}


def test_the_flat_calls_do_what_the_bound_ones_do(any_world: World, agents: AgentServer) -> None:
    calls = any_world.client(agents.url).agents
    admission = calls.send("support", "t1", "hello")
    assert calls.wait("support", "t1", admission).outcome == "completed"
    assert calls.read("support", "t1", admission).text == "echo hello"
    assert calls.ask("support", "t1", "again").text == "echo again"
    assert len(calls.history("support", "t1").messages) == 4
    assert calls.abort("support", "t1") is False
