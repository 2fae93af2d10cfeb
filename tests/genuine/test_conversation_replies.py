"""What the agents of a 2.x server reply: chunks and the parts of messages, attachments.

Plain httpx, none of our own code, as in `test_genuine_server`.
"""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.genuine.conversation import Conversation, Json, error_of, text_of, types
from tests.servers.flue2 import VERSIONS

pytestmark = pytest.mark.parametrize("genuine2", VERSIONS, indirect=True)
IMAGE = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def image(data: bytes = IMAGE, **fields: str) -> Json:
    encoded = base64.b64encode(data).decode()
    return {"type": "image", "data": encoded, "mimeType": "image/png", **fields}


def test_all_steps_of_a_submission_are_one_message(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/tools")
    chunks = conversation.ask("7/2")
    assert types(chunks) == [
        "message-appended", "message-started", "message-delta", "tool-input", "message-completed",
        "tool-output", "message-started", "message-delta", "message-completed",
        "submission-settled",
    ]  # fmt: skip
    ids = [chunk["messageId"] for chunk in chunks if "messageId" in chunk]
    assert len(set(ids)) == 1
    reply = conversation.reply()
    assert reply["id"] == ids[0]
    first, tool, last = reply["parts"]
    assert (first["text"], last["text"]) == (
        "Let me calculate.", 'The tool says {"quotient":3.5}.',
    )  # fmt: skip
    assert tool.items() >= {
        "type": "dynamic-tool", "toolName": "divide", "state": "output-available",
    }.items()  # fmt: skip
    assert (tool["input"], tool["output"]) == ({"a": 7, "b": 2}, {"quotient": 3.5})


def test_turn_ids_change_with_the_step(api2: httpx.Client) -> None:
    chunks = Conversation(api2, "agents/tools").ask("7/2")
    turns = [chunk["turnId"] for chunk in chunks if chunk["type"] == "message-started"]
    assert len(set(turns)) == 2


def test_a_tool_that_throws_does_not_fail_the_submission(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/tools")
    chunks = conversation.ask("7/0")
    (failed,) = [chunk for chunk in chunks if chunk["type"] == "tool-output-error"]
    assert "b must not be zero" in failed["errorText"]
    tool = conversation.reply()["parts"][1]
    assert (tool["state"], tool["errorText"]) == ("output-error", failed["errorText"])
    assert chunks[-1]["outcome"] == "completed"


def test_a_data_part_is_replaced_in_place(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/data")
    chunks = conversation.ask("2")
    written = [(c["name"], c["data"]) for c in chunks if c["type"] == "data-part"]
    steps = [{"step": step, "of": 2} for step in (1, 2)]
    assert written == [("progress", steps[0]), ("progress", steps[1]), ("note", "worked")]
    data = [part for part in conversation.reply()["parts"] if part["type"].startswith("data-")]
    assert data == [
        {"type": "data-progress", "data": steps[1]},
        {"type": "data-note", "data": "worked"},
    ]


def test_metadata_are_merged_deeply(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/data")
    chunks = conversation.ask("1")
    started = next(chunk for chunk in chunks if chunk["type"] == "message-started")
    assert started["metadata"] == {"stage": "started", "work": {"by": "data"}}
    (later,) = [chunk for chunk in chunks if chunk["type"] == "message-metadata"]
    assert later["metadata"] == {"stage": "finished", "work": {"calls": 1}}
    merged = {"stage": "finished", "work": {"by": "data", "calls": 1}}
    assert conversation.reply()["metadata"] == merged


def test_reasoning_is_a_part_of_its_own_before_the_text(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/reasons")
    chunks = conversation.ask("why")
    deltas = [(c["kind"], c["delta"]) for c in chunks if c["type"] == "message-delta"]
    assert "".join(text for kind, text in deltas if kind == "reasoning") == "Let me think."
    reasoning, text = conversation.reply()["parts"]
    assert reasoning == {"type": "reasoning", "text": "Let me think.", "state": "done"}
    assert text == {"type": "text", "text": "I am sure \U0001f600.", "state": "done"}


@pytest.mark.parametrize("agent", ["retries", "tools", "data", "fails"])
def test_a_later_catch_up_repeats_what_was_streamed(api2: httpx.Client, agent: str) -> None:
    conversation = Conversation(api2, f"agents/{agent}")
    sent = conversation.send(uuid4().hex if agent == "retries" else "3")
    live = conversation.settled(sent)
    assert conversation.updates(sent["offset"]).json()[1:] == live


def test_an_attachment_is_served_as_it_was_uploaded(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    conversation.ask("look", attachments=[image(filename="dot.png"), image()])
    user, reply = conversation.history()["messages"]
    assert text_of(reply) == "You said: look (2 images)"
    file, unnamed = (part for part in user["parts"] if part["type"] == "file")
    assert (file["mediaType"], file["size"]) == ("image/png", len(IMAGE))
    assert file["filename"] == "dot.png"
    assert not {"url", "filename"} & set(unnamed)
    path = f"{conversation.path}/attachments/{file['id']}"
    answer = api2.get(path)
    assert answer.content == IMAGE
    headers: Any = {
        "content-type": "image/png",
        "content-length": str(len(IMAGE)),
        "cache-control": "private, max-age=31536000, immutable",
        "content-security-policy": "sandbox",
    }
    assert headers.items() <= dict(answer.headers).items()


def test_unknown_attachments_are_not_found(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    unknown = f"{conversation.path}/attachments/att_x"
    assert error_of(api2.get(unknown)) == (404, "stream_not_found")
    conversation.ask("hello")
    assert error_of(api2.get(unknown)) == (404, "attachment_not_found")


def test_attachments_that_are_no_images_or_no_base64(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    for bad, error in (
        ({**image(), "mimeType": "application/pdf"}, (202, "")),
        ({**image(), "type": "document"}, (400, "invalid_request")),
        ({**image(), "data": "A" * 14_680_068}, (400, "invalid_request")),
        ({**image(), "data": "%%%"}, (500, "internal_error")),
    ):
        answer = conversation.post(kind="user", body="look", attachments=[bad])
        assert (answer.status_code, answer.json().get("error", {}).get("type", "")) == error
