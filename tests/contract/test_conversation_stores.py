"""What a restart leaves of conversations, with a database and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.contract.agents import AGENTS, Agents, Name, own_agents
from tests.contract.conversation import Conversation, error_of, frames
from tests.contract.images import PIXEL, image
from tests.servers.http import client_of

pytestmark = pytest.mark.parametrize("name", AGENTS)


@contextmanager
def client(server: Agents) -> Iterator[httpx.Client]:
    """A client whose connections a restart cannot have broken yet."""
    with client_of(server.url, timeout=60) as api:
        yield api


def test_a_lost_store_shows_in_three_answers(name: Name) -> None:
    with own_agents(name) as server:
        with client(server) as api:
            conversation = Conversation(api, "echo")
            before = conversation.send("first")
            conversation.settled(before)
            conversation.ask("second")
            snapshot = conversation.history()
        server.restart(crash=True)
        with client(server) as api:
            conversation.api = api
            assert error_of(conversation.updates(snapshot["offset"])) == (404, "stream_not_found")
            refused = conversation.post(kind="user", body="hello", uid=before["uid"])
            assert error_of(refused) == (404, "agent_instance_not_found")
            conversation.ask("a shorter stream")
            shorter = conversation.updates(snapshot["offset"])
            assert error_of(shorter) == (416, "stream_offset_gone")
            conversation.ask("a longer")
            conversation.ask("stream")
            checkpoint, *others = conversation.updates(snapshot["offset"]).json()
            assert others
            assert checkpoint["incarnation"] != snapshot["incarnation"]
            assert conversation.history()["incarnation"] == checkpoint["incarnation"]


def test_a_database_keeps_the_incarnation_and_offsets(name: Name, tmp_path: Path) -> None:
    with own_agents(name, database=tmp_path / "flue.sqlite3") as server:
        message = {"idempotencyKey": "k", "attachments": [image()]}
        with client(server) as api:
            conversation, visitor = Conversation(api, "data"), Conversation(api, "greets")
            first = conversation.send("2", **message)
            conversation.settled(first)
            snapshot, updates = conversation.history(), conversation.updates("-1").json()
            visitor.ask("hello", initialData={"name": "Ada"})
        server.restart(crash=True)
        with client(server) as api:
            conversation.api = visitor.api = api
            assert conversation.history() == snapshot
            assert conversation.updates("-1").json() == updates
            again = conversation.send("2", uid=first["uid"], **message)
            assert again == {**first, "deduplicated": True, "offset": "-1"}
            file = snapshot["messages"][0]["parts"][1]["id"]
            assert api.get(f"{conversation.path}/attachments/{file}").content == PIXEL
            assert conversation.ask("1")[-1]["outcome"] == "completed"
            visitor.ask("again")
            assert visitor.texts() == ["hello", "Hello, Ada!", "again", "Hello, Ada!"]


def test_a_submission_cut_by_a_crash_is_taken_up_again(name: Name, tmp_path: Path) -> None:
    key = uuid4().hex
    with own_agents(name, database=tmp_path / "flue.sqlite3") as server:
        with client(server) as api:
            conversation = Conversation(api, "slow")
            sent = conversation.send(key)
            server.say(key, "one ")
            conversation.until(sent["offset"], "message-delta")
        server.recover()
        server.end(key, "two")
        with client(server) as api:
            conversation.api = api
            settled = conversation.settled(sent)
            assert settled[-1]["outcome"] == "completed"
            _, reply, *advisories = conversation.history()["messages"]
            assert [part["text"] for part in reply["parts"]] == ["one ", "two"]
            ends = ("stream_interrupted", "stream_continued")
            assert [(advisory["id"], advisory["display"]) for advisory in advisories] == [
                (f"entry_recovery_{reply['id']}_{end}", "hidden") for end in ends
            ]
            started = [chunk for chunk in settled if chunk["type"] == "message-started"]
            assert [chunk["messageId"] for chunk in started] == [reply["id"]] * 2


def test_what_a_crash_has_cut_is_pending_in_the_snapshot(name: Name, tmp_path: Path) -> None:
    with own_agents(name, database=tmp_path / "flue.sqlite3") as server:
        with client(server) as api:
            conversation = Conversation(api, "slow")
            sent = conversation.send(uuid4().hex)
            conversation.until(sent["offset"], "message-appended")
        server.restart(crash=True)
        with client(server) as api:
            conversation.api = api
            snapshot = conversation.history()
            assert snapshot["messages"][0]["submissionId"] == sent["submissionId"]
            assert snapshot["settlements"] == []


def test_a_polite_end_breaks_event_streams_in_mid_body(name: Name) -> None:
    with own_agents(name) as server, client(server) as api:
        conversation = Conversation(api, "echo")
        conversation.ask("hello")
        with api.stream("GET", f"{conversation.path}?view=updates&offset=-1&live=sse") as stream:
            events = frames(stream.iter_text())
            next(events)
            server.stop()
            with pytest.raises(httpx.RemoteProtocolError):
                list(events)


def test_a_mount_and_a_token_are_respected(name: Name) -> None:
    with own_agents(name, mount="/api", token="s3cret") as server, client(server) as api:
        conversation = Conversation(api, "echo")
        assert conversation.post(kind="user", body="hello").status_code == 401
        api.headers["authorization"] = "Bearer s3cret"
        assert conversation.send("hello")["streamUrl"] == f"{server.url}{conversation.path}"
