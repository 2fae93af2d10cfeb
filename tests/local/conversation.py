"""One conversation over plain httpx: the requests that the tests of agents make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx

Json = dict[str, Any]
START = f"{0:016d}_{0:016d}"


def offset(number: int) -> str:
    """The offset behind a batch."""
    return f"{0:016d}_{number:016d}"


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and type of a refusal in Flue's envelope."""
    error = answer.json()["error"]
    assert {"type", "message", "details"} <= set(error)
    return answer.status_code, str(error["type"])


def types(chunks: list[Json]) -> list[str]:
    return [chunk["type"] for chunk in chunks]


def text_of(message: Json) -> str:
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")


class Conversation:
    """A conversation with an agent of any server, under a fresh id unless one is given."""

    def __init__(self, http: httpx.Client, agent: str, name: str | None = None) -> None:
        self.http = http
        self.agent = agent
        self.id = uuid4().hex if name is None else name
        self.path = f"/agents/{agent}/{self.id}"

    def post(self, **body: Any) -> httpx.Response:
        return self.http.post(self.path, json=body)

    def send(self, text: str, **beside: Any) -> Json:
        """Send a message that must be admitted, and return the admission."""
        answer = self.post(kind="user", body=text, **beside)
        assert answer.status_code == 202, answer.text
        admission: Json = answer.json()
        return admission

    def updates(self, after: str = "-1", **query: str) -> httpx.Response:
        return self.http.get(self.path, params={"view": "updates", "offset": after, **query})

    def history(self) -> Json:
        answer = self.http.get(self.path)
        assert answer.status_code == 200, answer.text
        snapshot: Json = answer.json()
        return snapshot

    def follow(self, after: str) -> Iterator[Json]:
        """Yield chunks for ever, without the checkpoints, by long-polls."""
        while True:
            answer = self.updates(after, live="long-poll")
            assert answer.status_code == 200, answer.text
            yield from answer.json()[1:]
            after = answer.headers["stream-next-offset"]

    def settled(self, admission: Json) -> list[Json]:
        """Return all chunks from an admission's offset to its submission's settlement."""
        chunks: list[Json] = []
        for chunk in self.follow(admission["offset"]):
            chunks.append(chunk)
            if chunk.get("outcome") and chunk["submissionId"] == admission["submissionId"]:
                break
        return chunks

    def ask(self, text: str, **beside: Any) -> list[Json]:
        """Send, and return all chunks from the message to the settlement."""
        return self.settled(self.send(text, **beside))

    def abort(self) -> bool:
        answer = self.http.post(f"{self.path}/abort")
        assert answer.status_code == 200
        return bool(answer.json()["aborted"])


def frames(pieces: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Yield an event stream's events by name, and its comments under the name `:`."""
    rest = ""
    for piece in pieces:
        rest += piece
        while "\n\n" in rest:
            frame, rest = rest.split("\n\n", 1)
            if frame.startswith(": "):
                yield ":", frame[2:]
                continue
            name, data = frame.split("\n")
            yield name.removeprefix("event: "), json.loads(data.removeprefix("data:"))
