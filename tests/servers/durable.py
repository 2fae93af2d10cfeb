"""The Durable Streams reference server: the protocol's own word on what a stream does.

Streams are made and written with the protocol's plain PUT and POST; `fault` uses the server's own
test control. It differs from Flue where the protocol leaves room: it has no page limit, and an SSE
answer has one data frame for each append, several of them before one control frame.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.servers.child import NodeChild
from tests.servers.upstream import scripts

JSON = {"content-type": "application/json"}
CLOSED = {"stream-closed": "true"}


class DurableServer(NodeChild):
    """A reference server; a context manager. Streams are named by their path, such as `/s/1`."""

    def __init__(
        self,
        *,
        port: int | None = None,
        long_poll_seconds: float = 30.0,
        folder: Path | None = None,
    ) -> None:
        super().__init__(port=port)
        self.long_poll_seconds = long_poll_seconds
        self.folder = folder
        self._scripts = scripts()

    def command(self) -> Sequence[str | Path]:
        return [self._scripts / "durable-server.mjs"]

    def environment(self) -> Mapping[str, str]:
        return {
            "DURABLE_TEST_LONG_POLL_MS": str(round(self.long_poll_seconds * 1000)),
            "DURABLE_TEST_DIR": str(self.folder or ""),
        }

    def create(self, path: str, *values: Any, closed: bool = False) -> str:
        """Create a JSON stream with these values in it; return its URL."""
        self._request("PUT", path, {**JSON, **(CLOSED if closed else {})}, list(values) or None)
        return self.url + path

    def append(self, path: str, *values: Any, close: bool = False) -> str:
        """Append values in one request, and close with them if asked; return the new tail."""
        return self._request("POST", path, {**JSON, **(CLOSED if close else {})}, list(values))

    def close(self, path: str) -> str:
        """Close a stream: nothing will ever be appended to it; return its tail."""
        return self._request("POST", path, CLOSED)

    def delete(self, path: str) -> None:
        self._request("DELETE", path, {})

    def fault(self, path: str, *, count: int = 1, **fault: Any) -> None:
        """Spoil the next `count` requests to a path.

        The server knows `status` (with `retryAfter` in seconds), `delayMs`, `jitterMs`,
        `dropConnection`, `truncateBodyBytes`, `corruptBody`, `injectSseEvent` (`eventType`,
        `data`), and to whom: `method`, `probability`. A path has one fault at a time.
        """
        self._request("POST", "/_test/inject-error", JSON, {"path": path, "count": count, **fault})

    def clear_faults(self) -> None:
        self._request("DELETE", "/_test/inject-error", {})

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: Any = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, dict(headers))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {text!r}")
            return answer.headers.get("stream-next-offset", "")
        finally:
            connection.close()
