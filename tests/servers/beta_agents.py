"""A small server of agents as Flue 1.0.0-beta.8 has them, or 1.0.0-beta.3: in memory, scripted.

`agent` answers: it gets the text of a message and returns the reply's, or `None` for a submission
that the test settles. A message `fails` fails."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from tests.servers.beta_instance import Instance
from tests.servers.conversation import Json, error, frame
from tests.servers.raw import Connection, RawServer, Request

Agent = Callable[[str], str | None]

PAGE = 100


def echo(text: str) -> str | None:
    return f"echo {text}"


def headers_at(head: str) -> dict[str, str]:
    return {"stream-next-offset": head, "stream-up-to-date": "true"}


class BetaAgentServer(RawServer):
    """Serves agents at every path; a context manager. `instances` is by path."""

    def __init__(self, generation: Literal["beta.8", "beta.3"], agent: Agent = echo) -> None:
        super().__init__(self._serve)
        self.generation: Literal["beta.8", "beta.3"] = generation
        self.agent = agent
        self.poll_seconds = 10.0
        self.instances: dict[str, Instance] = {}
        self.news = threading.Condition()
        self._numbers = itertools.count(1)
        self._ended = False

    def settle(self, path: str, submission_id: str, text: str) -> None:
        """Answer a submission and settle it."""
        with self.news:
            self.instances[path].settle(submission_id, text)
            self.news.notify_all()

    @property
    def has_events(self) -> bool:
        return self.generation == "beta.3"

    def lose_store(self) -> None:
        with self.news:
            self.instances = {}
            self.news.notify_all()

    def posts(self) -> list[Json]:
        """The bodies that were taken up as messages."""
        sent = [r.json() for r in list(self.requests) if r.method == "POST" and r.body]
        return [body for body in sent if "message" in body]

    def stop(self) -> None:
        with self.news:
            self._ended = True
            self.news.notify_all()
        super().stop()

    def _serve(self, request: Request, connection: Connection) -> None:
        parts = urlsplit(request.target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path, _, file = parts.path.partition("/attachments/")
        if file or path.endswith("/abort"):
            self._later_routes(request, path, file, connection)
        elif request.method == "POST":
            self._send(path, request, query.get("wait"), connection)
        elif (found := self.instances.get(path)) is None:
            error(connection, 404, "stream_not_found")
        elif request.method == "HEAD":
            tag = {"etag": '"x"'} if self.has_events else {}
            connection.answer(200, b"", {**headers_at(found.offset), **tag})
        elif self.has_events or query.get("view") == "updates":
            self._read(found, query, connection)
        elif "offset" in query:
            error(connection, 400, "invalid_request")
        else:
            connection.json(200, found.snapshot(), headers_at(found.offset))

    def _later_routes(self, request: Request, path: str, file: str, connection: Connection) -> None:
        """What came with beta.8."""
        if self.has_events:
            connection.answer(404, b"404 Not Found", {"content-type": "text/plain"})
        elif file:
            kind, data = self.instances[path].files[file]
            connection.answer(200, data, {"content-type": kind})
        elif request.method != "POST":
            error(connection, 405, "method_not_allowed")
        else:
            connection.json(200, {"aborted": self._abort(path.removesuffix("/abort"))})

    def _abort(self, path: str) -> bool:
        with self.news:
            found = self.instances.get(path)
            pending = found.pending if found else []
            for id in pending:
                assert found is not None
                found.settle(id, None, "aborted")
            self.news.notify_all()
        return bool(pending)

    def _send(self, path: str, request: Request, wait: str | None, connection: Connection) -> None:
        body = request.json() if request.body else None
        if not isinstance(body, dict) or not isinstance(body.get("message"), str):
            error(connection, 400, "invalid_request")
            return
        with self.news:
            is_new = path not in self.instances
            if is_new:
                self.instances[path] = Instance(next(self._numbers), has_events=self.has_events)
            found, id = self.instances[path], f"sub-{next(self._numbers)}"
            offset = "-1" if is_new and self.has_events else found.offset
            admission: Json = {"streamUrl": "http://h.invalid/x", "offset": offset}
            admission["submissionId"] = id
            found.admit(id, body)
            text = None if body["message"] == "fails" else self.agent(body["message"])
            is_over = text is not None or body["message"] == "fails"
            settlement = found.settle(id, text) if is_over else None
            self.news.notify_all()
        if wait is None:
            headers = {"location": admission["streamUrl"], "stream-next-offset": offset}
            connection.json(202, admission, headers)
        elif settlement is None:
            connection.wait_closed()
        elif text is None:
            connection.json(500, {"error": settlement["error"]})
        else:
            connection.json(200, {"result": settlement["result"], **admission})

    def _read(self, found: Instance, query: Json, connection: Connection) -> None:
        head, live, offset = len(found.batches), query.get("live"), query.get("offset", "-1")
        start = {"-1": 0, "now": head}.get(offset)
        start = int(offset) if start is None else start
        if start > head and not self.has_events:
            self._refuse_offset(live, connection)
        elif live == "sse":
            self._event_stream(found, start, connection)
        else:
            if live:
                self._wait(found, start, connection)
            batches = found.batches[start : start + PAGE]
            if offset == "-1" and "tail" in query:
                batches = batches[-int(query["tail"]) :]
            end = max(min(start + PAGE, len(found.batches)), start)
            headers = {"stream-next-offset": f"{end:016d}"}
            if end >= len(found.batches):
                headers["stream-up-to-date"] = "true"
            connection.json(200, [item for batch in batches for item in batch], headers)

    def _refuse_offset(self, live: str | None, connection: Connection) -> None:
        if live == "sse":
            connection.event_stream()
            connection.reset()
            return
        reason = "Read offset is beyond the canonical stream head."
        error(connection, 500, "conversation_stream_store_failure", {"reason": reason})

    def _event_stream(self, found: Instance, at: int, connection: Connection) -> None:
        connection.event_stream()
        while not (connection.closed or self._ended or self._is_lost(found)):
            end = max(at, len(found.batches))
            items = [item for batch in found.batches[at:end] for item in batch]
            if items:
                connection.chunk(frame("data", items))
            connection.chunk(
                frame("control", {"streamNextOffset": f"{end:016d}", "upToDate": True})
            )
            at = end
            self._wait(found, at, connection)
        connection.close()

    def _wait(self, found: Instance, at: int, connection: Connection) -> None:
        def is_over() -> bool:
            lost = self._ended or self._is_lost(found)
            return len(found.batches) > at or connection.closed or lost

        with self.news:
            self.news.wait_for(is_over, self.poll_seconds)

    def _is_lost(self, found: Instance) -> bool:
        return all(found is not known for known in self.instances.values())
