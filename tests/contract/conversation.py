"""One conversation over plain httpx: the requests that the tests of agents make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx

Json = dict[str, Any]


def offset(number: int) -> str:
    """The offset behind a batch."""
    return f"{0:016d}_{number:016d}"


START = offset(0)
BEYOND = offset(9999)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """The status and type of a refusal in Flue's envelope."""
    error = answer.json()["error"]
    assert {"type", "message", "details"} <= set(error)
    return answer.status_code, str(error["type"])


class Conversation:
    """A conversation with an agent of any server, under a fresh id unless one is given."""

    def __init__(self, api: httpx.Client, agent: str, name: str | None = None) -> None:
        self.api = api
        self.agent = agent
        self.id = uuid4().hex if name is None else name
        self.path = f"/agents/{agent}/{self.id}"

    def post(self, **body: Any) -> httpx.Response:
        return self.api.post(self.path, json=body)

    def send(self, body: str, **fields: Any) -> Json:
        """Send a user message that must be admitted; return the admission."""
        answer = self.post(kind="user", body=body, **fields)
        assert answer.status_code == 202, answer.text
        admission: Json = answer.json()
        return admission

    def abort(self) -> bool:
        answer = self.api.post(f"{self.path}/abort")
        assert answer.status_code == 200
        return bool(answer.json()["aborted"])

    def history(self) -> Json:
        answer = self.api.get(self.path)
        assert answer.status_code == 200, answer.text
        snapshot: Json = answer.json()
        return snapshot

    def reply(self) -> Json:
        """Return the last assistant message of the snapshot."""
        messages: list[Json] = self.history()["messages"]
        return [message for message in messages if message["role"] == "assistant"][-1]

    def texts(self) -> list[str]:
        """Return the text of each message of the snapshot."""
        return [text_of(message) for message in self.history()["messages"]]

    def settlements(self) -> dict[str, Json]:
        """Return the snapshot's settlements by submission."""
        return {each["submissionId"]: each for each in self.history()["settlements"]}

    def updates(self, after: str = "-1", **query: str) -> httpx.Response:
        return self.api.get(self.path, params={"view": "updates", "offset": after, **query})

    def follow(self, after: str) -> Iterator[Json]:
        """Yield chunks for ever, without the checkpoints, by long-polls."""
        while True:
            answer = self.updates(after, live="long-poll")
            assert answer.status_code == 200, answer.text
            checkpoint, *chunks = answer.json()
            assert checkpoint["type"] == "stream-checkpoint"
            yield from chunks
            after = answer.headers["stream-next-offset"]

    def until(self, after: str, kind: str, **fields: Any) -> list[Json]:
        """Follow to the first chunk of this type with these fields; return all up to it."""
        chunks = []
        for chunk in self.follow(after):
            chunks.append(chunk)
            if chunk["type"] == kind and fields.items() <= chunk.items():
                break
        return chunks

    def settled(self, admission: Json) -> list[Json]:
        """Return all chunks from an admission's offset to its submission's settlement."""
        submission = admission["submissionId"]
        return self.until(admission["offset"], "submission-settled", submissionId=submission)

    def ask(self, body: str, **fields: Any) -> list[Json]:
        """Send and return all chunks from the message to the settlement."""
        return self.settled(self.send(body, **fields))


def types(chunks: list[Json]) -> list[str]:
    return [chunk["type"] for chunk in chunks]


def text_of(message: Json) -> str:
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")


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
