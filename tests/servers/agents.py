"""A small Flue 2.x server: conversations in memory, agents that a test scripts.

It says what the genuine one says as far as calls need it, and it can do what that one cannot be
made to do: lose its store, reset a stream, hold an answer back. `agent` answers: it gets the
text of a message and returns the reply's, or `None` for a submission that the test settles."""

from __future__ import annotations

import base64
import itertools
import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import trustme

from tests.servers.conversation import Conversation, Json, error, frame, message
from tests.servers.raw import Connection, RawServer, Request

Agent = Callable[[str], str | None]
PAGE = 100


def echo(text: str) -> str | None:
    return f"echo {text}"


class AgentServer(RawServer):
    """Serves conversations at every path; a context manager. `conversations` is by path."""

    def __init__(
        self, agent: Agent = echo, *, poll_seconds: float = 10.0, tls: bool | trustme.CA = False
    ) -> None:
        super().__init__(self._serve, tls=tls)
        self.agent = agent
        self.poll_seconds = poll_seconds
        self.page = PAGE
        """How many batches of updates a page has, at most."""
        self.batches_at_once: int | None = None
        """How many batches of updates a frame of an event stream has, at most."""
        self._sent = 0
        self.fails = ""
        """The message whose submission fails."""
        self.conversations: dict[str, Conversation] = {}
        self.news = threading.Condition()
        self._numbers = itertools.count(1)
        self._ended = False

    def change(self, path: str, what: Callable[[Conversation], object]) -> None:
        """Do something with a conversation, and tell who waits for its updates."""
        with self.news:
            what(self.conversations[path])
            self.news.notify_all()

    def wait_sent(self, path: str, timeout: float = 10.0) -> bool:
        """Wait until the socket has taken all updates of a conversation."""
        with self.news:
            count = len(self.conversations[path].batches)
            return self.news.wait_for(lambda: self._sent == count, timeout)

    def lose_store(self, *paths: str) -> None:
        """Forget everything, as a restart without a database does; `paths` exist anew."""
        with self.news:
            self.conversations = {path: self._created() for path in paths}
            self.news.notify_all()

    def sends(self) -> list[Json]:
        """The bodies of all sends that have arrived whole."""
        posts = [request for request in self.requests if request.method == "POST"]
        return [request.json() for request in posts if not request.target.endswith("/abort")]

    def stop(self) -> None:
        with self.news:
            self._ended = True
            self.news.notify_all()
        super().stop()

    def _created(self) -> Conversation:
        created = Conversation(f"inc_{next(self._numbers)}")
        created.append({"type": "conversation-reset", "snapshot": created.snapshot()})
        return created

    def _serve(self, request: Request, connection: Connection) -> None:
        path, query = urlsplit(request.target).path, parse_qs(urlsplit(request.target).query)
        if path.endswith("/abort") and request.method != "POST":
            error(connection, 405, "method_not_allowed")
        elif path.endswith("/abort"):
            self._abort(path.removesuffix("/abort"), connection)
        elif request.method == "POST":
            self._send(path, request.json(), connection)
        elif (found := self.conversations.get(path.partition("/attachments/")[0])) is None:
            error(connection, 404, "stream_not_found")
        elif "/attachments/" in path:
            kind, data = found.files[path.rpartition("/")[2]]
            connection.answer(200, data, {"content-type": kind})
        elif query.get("view") == ["updates"]:
            self._updates(found, query["offset"][0], query.get("live", [""])[0], connection)
        else:
            here = {"stream-next-offset": found.offset, "stream-up-to-date": "true"}
            connection.json(200, found.snapshot(), here)

    def _send(self, path: str, body: Json, connection: Connection) -> None:
        key = body.pop("idempotencyKey", None)
        if self._is_refused(path, body, connection):
            return
        with self.news:
            conversation = self.conversations.setdefault(path, self._created())
            known, submission_id = conversation.keys.get(key, (None, f"sub_{next(self._numbers)}"))
            if known is not None and known != body:
                error(connection, 409, "submission_conflict", {"submissionId": submission_id})
                return
            admission: Json = {
                "submissionId": submission_id,
                "uid": f"uid_{conversation.incarnation}",
            }
            if known is not None:
                admission |= {"offset": "-1", "deduplicated": True}
            else:
                admission["offset"] = conversation.offset
                self._admit(conversation, submission_id, body)
            if key is not None:
                conversation.keys[key] = (body, submission_id)
            self.news.notify_all()
        url = admission["streamUrl"] = "http://internal.invalid:9999/agents/x"
        headers = {"location": url, "stream-next-offset": str(admission["offset"])}
        connection.json(202, admission, headers)

    def _is_refused(self, path: str, body: Json, connection: Connection) -> bool:
        found = self.conversations.get(path)
        if "kind" not in body:
            error(connection, 400, "invalid_request")
            return True
        if body.get("uid") not in (None, found and f"uid_{found.incarnation}"):
            error(connection, 404, "agent_instance_not_found")
            return True
        return False

    def _admit(self, conversation: Conversation, submission_id: str, body: Json) -> None:
        role = "user" if body["kind"] == "user" else "system"
        said = message(submission_id, role, body["body"])
        for place, file in enumerate(body.get("attachments", [])):
            id = f"att_{submission_id}_{place}"
            data = base64.b64decode(file["data"], validate=True)
            conversation.files[id] = (file["mimeType"], data)
            part = {"type": "file", "id": id, "mediaType": file["mimeType"], "size": len(data)}
            said["parts"].append(part)
        conversation.add(said)
        text = self.agent(body["body"])
        if text is not None:
            conversation.reply(submission_id, text)
        elif body["body"] == self.fails:
            conversation.settle(submission_id, "failed", error={"message": "boom"})

    def _abort(self, path: str, connection: Connection) -> None:
        with self.news:
            found = self.conversations.get(path)
            sent: set[str] = (
                {str(said["submissionId"]) for said in found.messages} if found else set()
            )
            settled: set[str] = (
                {str(one["submissionId"]) for one in found.settlements} if found else set()
            )
            for submission_id in sorted(sent - settled):
                assert found is not None
                found.settle(submission_id, "aborted", error={"message": "aborted"})
            self.news.notify_all()
        connection.json(200, {"aborted": bool(sent - settled)})

    def _updates(
        self, conversation: Conversation, offset: str, live: str, connection: Connection
    ) -> None:
        start = 0 if offset == "-1" else int(offset)
        if start > len(conversation.batches):
            meta = {"offset": offset, "nextOffset": conversation.offset}
            error(connection, 416, "stream_offset_gone", meta)
        elif live == "sse":
            self._event_stream(conversation, start, connection)
        else:
            if live:
                self._wait(conversation, start, connection)
            end = min(start + self.page, len(conversation.batches))
            headers = {"stream-next-offset": f"{end:016d}"}
            if end == len(conversation.batches):
                headers["stream-up-to-date"] = "true"
            connection.json(200, _chunks(conversation, start, end), headers)

    def _event_stream(self, conversation: Conversation, at: int, connection: Connection) -> None:
        connection.event_stream()
        connection.chunk(frame("data", [_checkpoint(conversation)]))
        while not (connection.is_over() or self._ended or self._is_lost(conversation)):
            end = len(conversation.batches)
            if self.batches_at_once is not None:
                end = min(end, at + self.batches_at_once)
            if end > at:
                connection.chunk(frame("data", _chunks(conversation, at, end)[1:]))
            control: Json = {"streamNextOffset": f"{end:016d}"}
            if end == len(conversation.batches):
                control["upToDate"] = True
            connection.chunk(frame("control", control))
            at = end
            self._wait(conversation, at, connection)
        connection.close()

    def _wait(self, conversation: Conversation, at: int, connection: Connection) -> None:
        """Wait for more. Ends early when the peer has gone."""
        until = time.monotonic() + self.poll_seconds
        with self.news:
            self._sent = at
            self.news.notify_all()
            while (left := until - time.monotonic()) > 0:
                lost = self._ended or self._is_lost(conversation)
                if len(conversation.batches) > at or lost or connection.is_over():
                    return
                self.news.wait(min(left, 0.02))

    def _is_lost(self, conversation: Conversation) -> bool:
        return all(conversation is not known for known in self.conversations.values())


def _checkpoint(conversation: Conversation) -> Json:
    return {"type": "stream-checkpoint", "incarnation": conversation.incarnation}


def _chunks(conversation: Conversation, start: int, end: int) -> list[Json]:
    batches = conversation.batches[start:end]
    return [_checkpoint(conversation), *(chunk for batch in batches for chunk in batch)]
