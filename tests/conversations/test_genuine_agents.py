"""The calls of a conversation over genuine Flue servers of 2.x, in each world."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flue_client_ext import (
    Attachment,
    BackoffOptions,
    FilePart,
    FlueApiError,
    FlueClient,
    FlueExecutionError,
    FlueProtocolError,
    StreamResetError,
)
from tests.servers.flue2 import PRIVATE_TOKEN, VERSIONS, Flue2Server
from tests.servers.proxy import TcpProxy
from tests.unary.support import Aside, failure
from tests.worlds import World

from .conftest import QUICK

PATIENT = BackoffOptions(initial_delay=0.05, max_delay=0.2, max_retries=None)

versions = pytest.mark.parametrize("genuine2", VERSIONS, indirect=True)
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(2000)


def talk_to(world: World, server: Flue2Server, name: str, **options: Any) -> Any:
    return world.client(server.url, **options).agents.conversation(name, uuid4().hex)


@versions
@pytest.mark.parametrize("live", [True, "sse", "auto", False])
def test_an_agent_is_asked(any_world: World, genuine2: Flue2Server, live: Any) -> None:
    talk = talk_to(any_world, genuine2, "echo")
    first, second = talk.ask("hello é世界🎉", live=live), talk.ask("again", live=live)
    assert (first.text, second.text) == ("You said: hello é世界🎉", "You said: again")
    assert first.uid == second.uid
    snapshot = talk.history()
    assert [message.role for message in snapshot.messages] == ["user", "assistant"] * 2
    assert first.message == snapshot.messages[1]
    settled = {each.submission_id: each.outcome for each in snapshot.settlements}
    assert settled == {first.submission_id: "completed", second.submission_id: "completed"}


@versions
def test_a_reply_that_comes_slowly_is_waited_for(any_world: World, genuine2: Flue2Server) -> None:
    key, seen = uuid4().hex, list[str]()
    talk = talk_to(any_world, genuine2, "slow")
    aside = Aside(lambda: talk.ask(key, on_update=lambda chunk: seen.append(chunk.type)))
    genuine2.say(key, "one ", "two ")
    genuine2.end(key, "three")
    reply = aside.result()
    assert reply.text == "one two three"
    assert seen[0] == "message-appended"
    assert seen[-1] == "submission-settled"
    assert "stream-checkpoint" not in seen


@versions
def test_tools_and_data_are_parts_of_the_reply(any_world: World, genuine2: Flue2Server) -> None:
    reply = talk_to(any_world, genuine2, "tools").ask("6/3")
    assert reply.text == 'Let me calculate.\n\nThe tool says {"quotient":2}.'
    (call,) = (part for part in reply.message.parts if part.type == "dynamic-tool")
    assert (call.tool_name, call.state) == ("divide", "output-available")
    written = talk_to(any_world, genuine2, "data").ask("3")
    assert written.data == {"progress": [{"step": 3, "of": 3}], "note": ["worked"]}
    assert written.metadata["stage"] == "finished"


@versions
def test_a_submission_that_fails_says_why(any_world: World, genuine2: Flue2Server) -> None:
    talk = talk_to(any_world, genuine2, "fails")
    error = failure(talk.ask, "hello")
    assert isinstance(error, FlueExecutionError)
    assert (error.target, error.failure) == ("agent_submission", "failed")
    assert error.error["type"] == "operation_failed"
    again = failure(talk.read, error.submission_id)
    assert isinstance(again, FlueExecutionError)
    assert again.error == error.error


def test_text_of_a_failed_attempt_is_not_in_the_reply(
    any_world: World, genuine2: Flue2Server
) -> None:
    reply = talk_to(any_world, genuine2, "retries").ask(uuid4().hex)
    assert reply.text == "The second attempt."


@versions
def test_a_compaction_changes_no_reply(any_world: World, genuine2: Flue2Server) -> None:
    talk = talk_to(any_world, genuine2, "forgets")
    assert [talk.ask(text).text[:10] for text in ("first", "second")] == ["many words"] * 2


@versions
def test_a_message_that_joins_another_has_its_reply(
    any_world: World, genuine2: Flue2Server
) -> None:
    host, guest = uuid4().hex, uuid4().hex
    talk = talk_to(any_world, genuine2, "slow")
    first = talk.send(host)
    genuine2.say(host, "one ")
    second = talk.send(guest)
    aside = Aside(lambda: talk.read(second))
    genuine2.end(host, "two ")
    genuine2.end(guest, "three")
    joined = aside.result()
    assert joined.text == talk.read(first).text
    assert joined.submission_id == second.submission_id


@versions
def test_an_abort_settles_what_runs(any_world: World, genuine2: Flue2Server) -> None:
    key = uuid4().hex
    talk = talk_to(any_world, genuine2, "slow")
    assert talk.abort() is False
    admission = talk.send(key)
    genuine2.say(key, "one ")
    assert talk.abort() is True
    error = failure(talk.wait, admission)
    assert isinstance(error, FlueExecutionError)
    assert error.failure == "aborted"


@versions
def test_a_key_finds_its_submission_again(any_world: World, genuine2: Flue2Server) -> None:
    talk = talk_to(any_world, genuine2, "echo")
    first = talk.send("x")
    again = talk.send("x", idempotency_key=first.idempotency_key)
    assert (again.submission_id, again.deduplicated) == (first.submission_id, True)
    assert talk.read(again).text == "You said: x"
    error = failure(talk.send, "y", idempotency_key=first.idempotency_key)
    assert isinstance(error, FlueApiError)
    assert (error.status, error.type) == (409, "submission_conflict")
    assert len(talk.history().messages) == 2


@versions
def test_conditions_on_the_conversation_hold(any_world: World, genuine2: Flue2Server) -> None:
    talk = talk_to(any_world, genuine2, "greets")
    reply = talk.ask("hi", initial_data={"name": "Ada"}, uid=None)
    assert reply.text == "Hello, Ada!"
    assert talk.ask("hi", uid=reply.uid).text == "Hello, Ada!"
    for uid, type in ((None, "agent_instance_exists"), ("inst_x", "agent_instance_not_found")):
        error = failure(talk.send, "hi", uid=uid)
        assert isinstance(error, FlueApiError)
        assert error.type == type
    error = failure(talk_to(any_world, genuine2, "greets").send, "hi", initial_data={"name": 5})
    assert isinstance(error, FlueApiError)
    assert error.status == 400


@versions
def test_a_signal_is_delivered(any_world: World, genuine2: Flue2Server) -> None:
    talk = talk_to(any_world, genuine2, "echo")
    talk.wait(talk.send_signal("order.paid", "7", attributes={"id": "7"}, tag_name="order"))
    (signal, _) = talk.history().messages
    assert (signal.role, signal.signal.tag_name) == ("system", "order")


@versions
def test_an_attachment_comes_back(any_world: World, genuine2: Flue2Server, tmp_path: Path) -> None:
    talk = talk_to(any_world, genuine2, "echo")
    attachment = Attachment(PIXEL, "image/png", "pixel.png")
    assert talk.ask("look", attachments=[attachment]).text == "You said: look (1 images)"
    (part,) = (part for part in talk.history().messages[0].parts if isinstance(part, FilePart))
    assert talk.attachment(part) == PIXEL
    talk.save_attachment(part, tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == PIXEL


@versions
def test_an_agent_behind_a_token_elsewhere(any_world: World, genuine2: Flue2Server) -> None:
    path = f"private/chat/{uuid4().hex}"
    stranger = any_world.client(genuine2.url).agents.conversation(path=path)
    error = failure(stranger.ask, "x")
    assert isinstance(error, FlueApiError)
    assert error.status == 401
    friend = any_world.client(genuine2.url, token=PRIVATE_TOKEN).agents.conversation(path=path)
    assert friend.ask("x").text


@versions
def test_what_is_not_there_is_an_error(any_world: World, genuine2: Flue2Server) -> None:
    talk = talk_to(any_world, genuine2, "echo")
    for call in (talk.history, lambda: talk.read("sub_x"), lambda: talk.attachment("att_x")):
        error = failure(call)
        assert isinstance(error, FlueApiError)
        assert error.type == "stream_not_found"
    error = failure(talk_to(any_world, genuine2, "nobody").send, "x")
    assert isinstance(error, FlueApiError)
    assert (error.status, error.type) == (404, None)


@versions
def test_a_server_of_today_has_no_pages_of_history(any_world: World, genuine2: Flue2Server) -> None:
    talk = talk_to(any_world, genuine2, "echo")
    talk.ask("x")
    snapshot = talk.history(limit=1)
    assert (snapshot.before, len(snapshot.messages)) == (None, 2)
    assert isinstance(failure(talk.history_before, "c"), FlueProtocolError)


def test_many_are_asked_at_once(any_world: World, genuine2: Flue2Server) -> None:
    client = any_world.client(genuine2.url)
    messages = [str(number) for number in range(40)]
    outcomes = list(client.agents.map("echo", messages, concurrency=16))
    assert [outcome.reply.text for outcome in outcomes] == [
        f"You said: {text}" for text in messages
    ]
    assert client.agents.ask("echo", uuid4().hex, "x").text == "You said: x"


@pytest.mark.parametrize("live", [True, "sse"])
def test_a_reply_survives_cut_connections(
    any_world: World, genuine2: Flue2Server, live: Any
) -> None:
    key = uuid4().hex
    with TcpProxy(("127.0.0.1", genuine2.port)) as proxy:
        client = any_world.client(proxy.url)
        talk = client.agents.conversation("slow", uuid4().hex)
        aside = Aside(lambda: talk.ask(key, live=live, backoff_options=QUICK))
        for word in ("one ", "two ", "three "):
            genuine2.say(key, word)
            proxy.cut_all()
        genuine2.end(key, "four")
        assert aside.result().text == "one two three four"


def test_a_lost_store_is_told() -> None:
    with Flue2Server() as server, FlueClient(server.url) as client:
        talk = client.agents.conversation("echo", "t1")
        admission = talk.send("x")
        talk.wait(admission)
        server.restart(crash=True)
        assert isinstance(failure(talk.read, admission), StreamResetError)


def test_a_server_that_is_killed_in_mid_answer_takes_it_up_again(tmp_path: Path) -> None:
    key = uuid4().hex
    with Flue2Server(database=tmp_path / "flue.db") as server, FlueClient(server.url) as client:
        talk = client.agents.conversation("slow", "t1")
        aside = Aside(lambda: talk.ask(key, backoff_options=PATIENT))
        server.say(key, "one ")
        server.recover()
        server.end(key, "two")
        reply = aside.result(timeout=60)
        # What the model said before the kill is kept or not, by the moment of the kill.
        assert reply.text.removeprefix("one ").strip() == "two"
        assert talk.read(reply.submission_id).message == reply.message
