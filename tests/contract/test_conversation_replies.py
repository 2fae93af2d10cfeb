"""What agents reply: chunks, the parts of messages, attachments."""

from __future__ import annotations

from typing import Any

import httpx

from tests.contract.conversation import Conversation, error_of, text_of, types
from tests.contract.images import PIXEL, image


def test_all_steps_of_a_submission_are_one_message(api: httpx.Client) -> None:
    conversation = Conversation(api, "tools")
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
    assert {**tool, "toolCallId": "", "durationMs": 0} == {
        "type": "dynamic-tool",
        "toolName": "divide",
        "toolCallId": "",
        "state": "output-available",
        "input": {"a": 7, "b": 2},
        "output": {"quotient": 3.5},
        "durationMs": 0,
    }


def test_turn_ids_change_with_the_step(api: httpx.Client) -> None:
    conversation = Conversation(api, "tools")
    chunks = conversation.ask("7/2")
    turns = [chunk["turnId"] for chunk in chunks if chunk["type"] == "message-started"]
    assert len(set(turns)) == 2
    assert conversation.reply()["turnId"] == turns[0]


def test_a_tool_that_throws_does_not_fail_the_submission(api: httpx.Client) -> None:
    conversation = Conversation(api, "tools")
    chunks = conversation.ask("7/0")
    (failed,) = [chunk for chunk in chunks if chunk["type"] == "tool-output-error"]
    assert "b must not be zero" in failed["errorText"]
    tool = conversation.reply()["parts"][1]
    assert (tool["state"], tool["errorText"]) == ("output-error", failed["errorText"])
    assert chunks[-1]["outcome"] == "completed"


def test_a_data_part_is_replaced_in_place(api: httpx.Client) -> None:
    conversation = Conversation(api, "data")
    chunks = conversation.ask("2")
    written = [(c["name"], c["data"]) for c in chunks if c["type"] == "data-part"]
    steps = [{"step": step, "of": 2} for step in (1, 2)]
    assert written == [("progress", steps[0]), ("progress", steps[1]), ("note", "worked")]
    tool, *data, text = conversation.reply()["parts"]
    assert data == [
        {"type": "data-progress", "data": steps[1]},
        {"type": "data-note", "data": "worked"},
    ]
    assert (tool["type"], text["text"]) == ("dynamic-tool", "Done.")


def test_metadata_are_merged_deeply(api: httpx.Client) -> None:
    conversation = Conversation(api, "data")
    chunks = conversation.ask("1")
    started, again = [chunk for chunk in chunks if chunk["type"] == "message-started"]
    assert started["metadata"] == {"stage": "started", "work": {"by": "data"}}
    assert "metadata" not in again
    (later,) = [chunk for chunk in chunks if chunk["type"] == "message-metadata"]
    assert later["metadata"] == {"stage": "finished", "work": {"calls": 1}}
    merged = {"stage": "finished", "work": {"by": "data", "calls": 1}}
    assert conversation.reply()["metadata"] == merged


def test_reasoning_is_a_part_of_its_own_before_the_text(api: httpx.Client) -> None:
    conversation = Conversation(api, "reasons")
    chunks = conversation.ask("why")
    kinds = [chunk["kind"] for chunk in chunks if chunk["type"] == "message-delta"]
    assert kinds == sorted(kinds)
    assert set(kinds) == {"reasoning", "text"}
    assert conversation.reply()["parts"] == [
        {"type": "reasoning", "text": "Let me think.", "state": "done"},
        {"type": "text", "text": "I am sure \U0001f600.", "state": "done"},
    ]


def test_an_attachment_is_served_as_it_was_uploaded(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    sent = conversation.send("look", attachments=[image(filename="dot.png"), image()])
    conversation.settled(sent)
    user, reply = conversation.history()["messages"]
    assert text_of(reply) == "You said: look (2 images)"
    _, *files = user["parts"]
    ids = [f"att_direct_{sent['submissionId']}_{number}" for number in range(2)]
    about = {"type": "file", "mediaType": "image/png", "size": len(PIXEL)}
    assert files == [{**about, "id": ids[0], "filename": "dot.png"}, {**about, "id": ids[1]}]
    answer = api.get(f"{conversation.path}/attachments/{ids[0]}")
    assert answer.content == PIXEL
    headers: Any = {
        "content-type": "image/png",
        "content-length": str(len(PIXEL)),
        "content-disposition": "inline",
        "cache-control": "private, max-age=31536000, immutable",
        "content-security-policy": "sandbox",
    }
    assert headers.items() <= dict(answer.headers).items()


def test_unknown_attachments_are_not_found(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    unknown = f"{conversation.path}/attachments/att_x"
    assert error_of(api.get(unknown)) == (404, "stream_not_found")
    conversation.ask("hello")
    assert error_of(api.get(unknown)) == (404, "attachment_not_found")


def test_attachments_that_are_no_images_or_no_base64(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    broken = conversation.post(kind="user", body="look", attachments=[image("%%%")])
    assert error_of(broken) == (500, "internal_error")
    assert broken.json()["error"]["ref"] == broken.headers["flue-error-ref"]
    assert conversation.history()["messages"] == []
    conversation.send("look", attachments=[{**image(), "mimeType": "application/pdf"}])
