"""What a restart of a 2.x server leaves of its conversations, with a database and without.

Plain httpx, none of our own code, as in `test_genuine_server`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.genuine.conversation import Conversation, error_of, frames
from tests.servers.flue2 import VERSIONS, Flue2Server, Version

pytestmark = pytest.mark.parametrize("version", VERSIONS)


@contextmanager
def client(server: Flue2Server) -> Iterator[httpx.Client]:
    """A client whose connections a restart cannot have broken yet."""
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as api:
        yield api


def test_a_lost_store_shows_in_three_answers(version: Version) -> None:
    with Flue2Server(version=version) as server:
        with client(server) as api:
            conversation = Conversation(api, "agents/echo")
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
            longer = conversation.updates(snapshot["offset"])
            assert longer.status_code == 200
            assert longer.json()[0]["incarnation"] != snapshot["incarnation"]
            assert conversation.history()["incarnation"] == longer.json()[0]["incarnation"]


def test_a_database_keeps_the_incarnation_and_offsets(version: Version, tmp_path: Path) -> None:
    with Flue2Server(version=version, database=tmp_path / "flue.sqlite3") as server:
        with client(server) as api:
            conversation = Conversation(api, "agents/echo")
            first = conversation.send("hello", idempotencyKey="k")
            conversation.settled(first)
            snapshot, updates = conversation.history(), conversation.updates("-1").json()
        server.restart(crash=True)
        with client(server) as api:
            conversation.api = api
            assert conversation.history() == snapshot
            assert conversation.updates("-1").json() == updates
            again = conversation.send("hello", idempotencyKey="k", uid=first["uid"])
            assert again == {**first, "deduplicated": True, "offset": "-1"}


def test_a_submission_cut_by_a_crash_is_taken_up_again(version: Version, tmp_path: Path) -> None:
    key = uuid4().hex
    with Flue2Server(version=version, database=tmp_path / "flue.sqlite3") as server:
        with client(server) as api:
            conversation = Conversation(api, "agents/slow")
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
            assert {advisory["display"] for advisory in advisories} == {"hidden"}
            started = [chunk for chunk in settled if chunk["type"] == "message-started"]
            assert [chunk["messageId"] for chunk in started] == [reply["id"]] * 2


def test_a_polite_end_breaks_event_streams_in_mid_body(version: Version) -> None:
    with Flue2Server(version=version) as server, client(server) as api:
        conversation = Conversation(api, "agents/echo")
        conversation.ask("hello")
        with api.stream("GET", f"{conversation.path}?view=updates&offset=-1&live=sse") as stream:
            events = frames(stream.iter_lines())
            next(events)
            server.stop()
            with pytest.raises(httpx.RemoteProtocolError):
                list(events)


def test_a_mount_and_a_token_are_respected(version: Version) -> None:
    server = Flue2Server(version=version, mount="/api", token="s3cret")
    with server, client(server) as api:
        conversation = Conversation(api, "agents/echo")
        assert conversation.post(kind="user", body="hello").status_code == 401
        api.headers["authorization"] = "Bearer s3cret"
        assert conversation.send("hello")["streamUrl"] == f"{server.url}{conversation.path}"
