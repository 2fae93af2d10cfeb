"""Upstream's TypeScript client on live conversations: one Node process for many tests."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Literal

from tests.servers.node import node
from tests.servers.sdk_fold import PROJECT
from tests.servers.upstream import scripts

Json = dict[str, Any]
Live = Literal["sse", "long-poll"]
LIMIT = 60.0
"""Seconds in which each request has its answer."""


class LiveSdk:
    """Reads and observes conversations with `@flue/sdk`; a context manager, for any thread."""

    def __init__(self) -> None:
        folder = scripts(PROJECT)
        self._process = subprocess.Popen(
            [node(), "live.mjs"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        self._ids = itertools.count(1)
        self._waiting: dict[int, Future[Json]] = {}
        self._lock = threading.Lock()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def read(self, url: str, token: str, submission: Json | str) -> Json:
        """Wait for a submission; return its `reply`, or as `failure` the fields of the error."""
        return self._answer(self._send(url=url, token=token, read=submission))

    def observe(self, url: str, token: str, live: Live) -> int:
        """Follow a conversation, from its first state on; return the name of the observation."""
        observation = self._send(url=url, token=token, observe=live)
        assert "failure" not in (answer := self._answer(observation)), answer
        return observation

    def state(self, observation: int, offset: str) -> Json:
        """End an observation; return its `state` at this `offset`, or the last one it had."""
        return self._answer(self._send(of=observation, offset=offset))

    def _send(self, **request: Any) -> int:
        stdin = self._process.stdin
        assert stdin is not None
        with self._lock:
            id = next(self._ids)
            self._waiting[id] = Future()
            stdin.write(json.dumps({"id": id, **request}) + "\n")
            stdin.flush()
        return id

    def _answer(self, id: int) -> Json:
        answer = self._waiting[id].result(LIMIT)
        del self._waiting[id]
        return answer

    def _listen(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        for line in stdout:
            answer: Json = json.loads(line)
            self._waiting[answer.pop("id")].set_result(answer)
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(RuntimeError("Node has ended."))

    def __enter__(self) -> LiveSdk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(10)
        self._process.stdout.close()
