"""A live server of conversations: answers that grow while readers observe them.

`/agents/live_{name}_{count}_{every}_{pause}` has a question, and an answer whose text is stamps: as
in `live`, of which this is another protocol. SSE only, for those who have read the history.
"""

from __future__ import annotations

import asyncio
import re
import time

from benchmarks import live
from benchmarks.conversation import CHECKPOINT, CONVERSATION, EMPTY, encoded
from benchmarks.corpus import SSE_HEAD, chunk, offset

_REQUEST = re.compile(rb"GET /agents/(live_\w*_(\d+)_(\d+)_(\d+))(?:\?(\S*))? HTTP[^\0]*?\r\n\r\n")
_OFFSET = re.compile(rb"(?:^|&)offset=\d+_(\d+)")
_SUBMISSION = {"submissionId": "sub_1"}
_SHOWN = {"display": "visible", **_SUBMISSION}
_QUESTION = {
    "id": "entry_1",
    "role": "user",
    "purpose": "user",
    **_SHOWN,
    "parts": [{"type": "text", "text": "What is seven times six?", "state": "done"}],
}
_ANSWER = {"id": "entry_2", "role": "assistant", "purpose": "assistant", **_SHOWN, "parts": []}
_HISTORY = encoded({**EMPTY, "offset": offset(0), "messages": [_QUESTION, _ANSWER]})
_HISTORY_HEAD = (
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nStream-Up-To-Date: true\r\n"
    f"Stream-Next-Offset: {offset(0)}\r\nContent-Length: {len(_HISTORY)}\r\n\r\n"
).encode()
_FIRST_FRAME = chunk(b"event: data\ndata:[" + CHECKPOINT + b"]\n\n")


class Answer(live.Run):
    """An answer that grows by a stamp at a time, and settles with the last one."""

    def event(self) -> bytes:
        batch = len(self.events) + 1
        text = f"{time.monotonic_ns()} "
        chunks = [{"type": "message-delta", "messageId": "entry_2", "kind": "text", "delta": text}]
        if self.closed:
            chunks.append({"type": "submission-settled", **_SUBMISSION, "outcome": "completed"})
        placed = [
            {**each, "conversationId": CONVERSATION, "position": {"batch": batch, "index": index}}
            for index, each in enumerate(chunks)
        ]
        return encoded(placed)[1:-1]


class Observer(live.Reader):
    """One connection: the history, or SSE."""

    def data_received(self, data: bytes) -> None:
        found = _REQUEST.match(data)
        if found is None:
            self._transport.close()
            return
        given = _OFFSET.search(found[5] or b"")
        if given is None:
            self._transport.write(_HISTORY_HEAD + _HISTORY)
            return
        self._run = live.started(Answer, found[1].decode(), *map(int, found.group(2, 3, 4)))
        self._next = int(given[1])
        self._transport.write(SSE_HEAD + _FIRST_FRAME)
        self._listen(self._push)
        self._push()

    def _push(self) -> None:
        run = self._run
        assert run is not None
        data = b",".join(run.events[self._next :])
        self._next = len(run.events)
        control = encoded({"streamNextOffset": offset(self._next), "upToDate": True})
        self._transport.write(chunk(b"event: data\ndata:[" + data + b"]\n\n"))
        self._transport.write(chunk(b"event: control\ndata:" + control + b"\n\n"))


if __name__ == "__main__":
    asyncio.run(live.serve(Observer))
