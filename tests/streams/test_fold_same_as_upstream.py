"""The same updates folded by upstream's own TypeScript SDK: the same states, the same replies."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from flue_client_ext._flue.fold import Fold
from flue_client_ext._flue.reply import read_reply
from tests.core.conversation import Conversation, Json, random_deeds
from tests.core.recorded import RECORDED
from tests.servers.sdk_fold import Folding, Page, Replies, fold, read_replies

KNOWN = ("conversationId", "messages", "settlements")


def pages_of(server: Conversation, start: int) -> list[Page]:
    """A page for each batch after `start` that is not empty.

    The SDK refuses chunks of an unknown type, and publishes nothing where nothing is told.
    """
    pages: list[Page] = []
    for batch in server.batches[start + 1 :]:
        chunks = [chunk for chunk in batch.chunks if chunk["type"] != "nova"]
        if chunks:
            pages.append(Page([*server.checkpoint(), *chunks], batch.offset))
    return pages


def conversations(*, beta: bool) -> list[Folding]:
    foldings: list[Folding] = []
    for seed in range(60):
        server = Conversation(beta=beta).do([("send", 0), *random_deeds(seed, 120)])
        start = Random(seed).randrange(len(server.batches) // 2) if seed % 2 else 0
        snapshot, pages = server.batches[start].snapshot, pages_of(server, start)
        foldings.append(Folding(snapshot, pages, "beta" if beta else "2"))
    return foldings


def recorded(*, beta: bool) -> list[Folding]:
    """Each chunk is a page of its own."""
    foldings: list[Folding] = []
    for conversation in RECORDED.values():
        if conversation.beta == beta:
            empty = {**conversation.snapshot, "offset": "o", "messages": [], "settlements": []}
            told = [chunk for chunk in conversation.chunks if "position" in chunk]
            pages = [Page([chunk], f"o{at}") for at, chunk in enumerate(told)]
            foldings.append(Folding(empty, pages, "beta" if beta else "2"))
    return foldings


class Soup:
    """Chunks of all types in an order that no server knows, redelivered ones among them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.batch = 1

    def message(self) -> Json:
        kinds = ("user", "assistant", "system")
        parts = [self.part() for _ in range(self.random.randrange(4))]
        return {"id": self.id("m"), "role": self.random.choice(kinds), "parts": parts}

    def id(self, prefix: str) -> str:
        return f"{prefix}{self.random.randrange(4)}"

    def part(self) -> Json:
        state = self.random.choice(("streaming", "done"))
        text = {"type": self.random.choice(("text", "reasoning")), "text": "p", "state": state}
        tool = {"type": "dynamic-tool", "toolName": "t", "toolCallId": self.id("c"), "input": {}}
        data = {"type": f"data-{self.id('d')}", "data": self.value()}
        return self.random.choice([text, tool | {"state": "input-available"}, data])

    def value(self) -> Any:
        choices: list[Any] = [None, 0, "", "x", [1], {}, {"a": {"b": 1}}, {"a": {"c": [2]}}]
        return self.random.choice(choices)

    def metadata(self) -> Json:
        names = ("a", "b", "constructor")
        return {self.random.choice(names): self.value() for _ in range(2)}

    def snapshot(self) -> Json:
        messages = {each["id"]: each for each in (self.message() for _ in range(3))}
        settlements = [{"submissionId": "s0", "outcome": "failed", "error": {"message": "m"}}]
        base = {"v": 1, "conversationId": "c", "offset": "o0", "messages": [*messages.values()]}
        return {**base, "settlements": settlements, "incarnation": "i"}

    def fields(self) -> Json:
        kind = self.random.choice(("text", "reasoning"))
        delta = {"kind": kind, "delta": self.random.choice(("w", "", "\ud83c", "\udf89"))}
        call = {"toolCallId": self.id("c")}
        id = {"messageId": self.id("m")}
        choices: list[Json] = [
            {"type": "message-appended", "message": self.message()},
            {"type": "message-started", **id, "submissionId": self.random.choice(("", "s1"))},
            {"type": "message-started", **id, "turnId": "t", "metadata": self.metadata()},
            *[{"type": "message-delta", **id, **delta}] * 6,
            {"type": "message-metadata", **id, "metadata": self.metadata()},
            {"type": "data-part", **id, "name": self.id("d"), "data": self.value()},
            {"type": "tool-input", **id, **call, "toolName": "t", "input": self.value()},
            {"type": "tool-output", **call, "output": self.value(), "durationMs": 1},
            {"type": "tool-output", **call},
            {"type": "tool-output-error", **call, "errorText": "e"},
            {"type": "message-completed", **id},
            {"type": "submission-settled", "submissionId": self.id("s"), "outcome": "completed"},
        ]
        if self.random.random() < 0.02:
            return {"type": "conversation-reset", "snapshot": self.snapshot()}
        return self.random.choice(choices)

    def chunk(self, *, last: bool = False) -> Json:
        """A redelivery now and then, but not as the `last` one, which has to tell something."""
        self.batch += 2
        again = 0 if last or self.random.random() < 0.9 else self.random.randrange(1, 4)
        position = {"batch": self.batch - again, "index": self.random.randrange(2)}
        return {**self.fields(), "conversationId": "c", "position": position}

    def folding(self) -> Folding:
        pages = [
            Page([self.chunk(), self.chunk(), self.chunk(last=True)], f"o{at}")
            for at in range(1, 60)
        ]
        return Folding(self.snapshot(), pages)


def differences(foldings: list[Folding]) -> int:
    """Assert equal states at each offset; return at how many."""
    compared = 0
    for folding, theirs in zip(foldings, fold(foldings), strict=True):
        ours = Fold(folding.snapshot)
        for page in folding.pages:
            ours.apply_batch(page.chunks, page.offset)
            if state := theirs.get(page.offset):
                snapshot = ours.snapshot()
                assert {name: snapshot[name] for name in KNOWN} == {n: state[n] for n in KNOWN}
                compared += 1
    return compared


@pytest.mark.parametrize("beta", [False, True])
def test_random_conversations_fold_to_the_states_of_the_sdk(beta: bool) -> None:
    foldings = conversations(beta=beta)
    assert differences(foldings) > 500


@pytest.mark.parametrize("beta", [False, True])
def test_recorded_conversations_fold_to_the_states_of_the_sdk(beta: bool) -> None:
    foldings = recorded(beta=beta)
    assert differences(foldings) > 20


def test_chunks_that_no_server_would_send_fold_to_the_states_of_the_sdk() -> None:
    foldings = [Soup(seed).folding() for seed in range(60)]
    assert differences(foldings) == 60 * 59


def test_replies_are_those_that_the_sdk_reads() -> None:
    ends = [Conversation().do(random_deeds(seed, 150)).batches[-1].snapshot for seed in range(60)]
    ends += [each.snapshot for each in RECORDED.values() if not each.beta]
    asked = [
        Replies(end, [each["submissionId"] for each in end["settlements"]])
        for end in ends
        if end["settlements"]
    ]
    for replies, theirs in zip(asked, read_replies(asked), strict=True):
        for id, their in zip(replies.submissions, theirs, strict=True):
            ours = read_reply(replies.snapshot, id)
            assert (ours.text, ours.data, ours.metadata) == (
                their["text"],
                their["data"],
                their.get("metadata"),
            )
