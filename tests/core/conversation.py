"""A server's conversation as a model: what happens, the chunks that tell it, and the true snapshot.

The snapshot is kept by what happens, not by the chunks, as a server keeps it from its records.
Whatever is asked of the model and cannot happen now does not happen, so any list of deeds is valid.
"""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

from attrs import field, frozen

Json = dict[str, Any]
Deed = tuple[str, int]

DEEDS = [
    *("send", "send_signal", "join", "step", "step", "text", "text", "text", "reason", "call"),
    *("output", "failure", "data", "metadata", "complete", "retry", "compact", "settle", "fail"),
    *("abort", "nova", "end_batch", "end_batch", "skip_batch"),
]
WORDS = ["w ", "", "é世界🎉", "\ud83c", "\udf89", '"\\\n', "longer words ", "\u2028", "a", "b\n\n"]


@frozen
class Published:
    """A batch: its chunks, the offset after it, and the snapshot at that offset."""

    chunks: list[Json]
    offset: str
    snapshot: Json


@frozen
class Submission:
    id: str
    joined: list[str] = field(factory=list)


class Conversation:
    """One conversation of a 2.x server, or (`beta`) of one of the last betas."""

    def __init__(
        self, *, beta: bool = False, incarnation: str = "inc_1", first_id: int = 0
    ) -> None:
        self.beta = beta
        self.id = f"conv_{incarnation}"
        self.incarnation = incarnation
        self.batches: list[Published] = []
        self.unsettled: list[str] = []
        """The submissions that have a message and have not settled."""
        self._messages: list[Json] = []
        self._settlements: list[Json] = []
        self._chunks: list[Json] = []
        self._queue: list[str] = []
        self._running: Submission | None = None
        self._reply: Json | None = None
        self._in_step = False
        self._before_step: Json = {}
        self._calls: list[Json] = []
        self._count = first_id
        self._emit("conversation-reset", snapshot=self._plain())
        self.end_batch()

    def do(self, deeds: list[Deed]) -> Conversation:
        for name, number in deeds:
            if not (self.beta and name in ("join", "data", "metadata", "retry", "send_signal")):
                getattr(self, name)(number)
        self.end_batch()
        return self

    def checkpoint(self) -> list[Json]:
        """What every answer begins with."""
        named = {"type": "stream-checkpoint", "incarnation": self.incarnation}
        return [] if self.beta else [named]

    def _plain(self) -> Json:
        return {
            "v": 1,
            "conversationId": self.id,
            "offset": self._offset(),
            "messages": deepcopy(self._messages),
            "settlements": deepcopy(self._settlements),
        }

    def _offset(self) -> str:
        return f"{0:016d}_{len(self.batches):016d}"

    def _next(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count}"

    def _emit(self, type: str, **fields: Any) -> None:
        position = {"batch": len(self.batches), "index": len(self._chunks)}
        chunk = {"type": type, "conversationId": self.id, **deepcopy(fields), "position": position}
        self._chunks.append(chunk)

    def end_batch(self, _: int = 0) -> None:
        snapshot = self._plain() | ({} if self.beta else {"incarnation": self.incarnation})
        self.batches.append(Published(self._chunks, self._offset(), snapshot))
        self._chunks = []

    def skip_batch(self, _: int) -> None:
        """A batch that holds nothing of this conversation."""
        self.end_batch()
        self.end_batch()

    def nova(self, number: int) -> None:
        self._emit("nova", messageId="m", number=number)

    def _publish_reset(self) -> None:
        """A reset stands for all of its batch."""
        self._chunks = []
        self._emit("conversation-reset", snapshot=self._plain())
        self.end_batch()

    # What users do.

    def send(self, number: int) -> str:
        """Accept a message; return the id of its submission."""
        submission = self._next("sub")
        if self._running is not None:
            self._queue.append(submission)
        else:
            self._begin(submission, signal=False)
        return submission

    def send_signal(self, number: int) -> None:
        if self._running is None:
            self._begin(self._next("sub"), signal=True)

    def _begin(self, submission: str, *, signal: bool) -> None:
        self._running, self._reply = Submission(submission), None
        self._append_message(submission, **({"signal": {"tagName": "t"}} if signal else {}))

    def _append_message(self, submission: str | None, **more: Any) -> None:
        if submission is not None:
            self.unsettled.append(submission)
        signal = "signal" in more
        kind: Json = {"role": "user"}
        if self.beta:
            kind["metadata"] = {"timestamp": "2026-11-25T19:23:05.466Z"}
        else:
            kind |= {"purpose": "dispatch" if signal else "user", "display": "visible"}
            kind["role"] = "system" if signal else "user"
        message = {
            "id": self._next("entry"),
            **kind,
            **({} if submission is None else {"submissionId": submission}),
            **more,
            "parts": [{"type": "text", "text": "ask", "state": "done"}],
        }
        self._messages.append(message)
        self._emit("message-appended", message=message)

    def join(self, _: int) -> None:
        """The next in the queue joins the running response at the boundary of a turn."""
        if self._running and self._reply and self._queue and not self._in_step:
            joined = self._queue.pop(0)
            self._running.joined.append(joined)
            self._append_message(joined, turnId=self._reply["turnId"])

    def compact(self, _: int) -> None:
        if self._in_step:
            return
        self.end_batch()
        self._publish_reset()

    # What the agent does.

    def step(self, number: int) -> None:
        if self._running is None or self._in_step:
            return
        turn = self._next("turn")
        self._in_step = True
        if self._reply is None or self.beta:
            self._begin_reply(turn, number)
        elif self._reply is not None:
            ids = {"messageId": self._reply["id"], "submissionId": self._running.id}
            self._emit("message-started", **ids, turnId=turn)
        assert self._reply is not None
        self._before_step = deepcopy(self._reply)

    def _begin_reply(self, turn: str, number: int) -> None:
        assert self._running is not None
        message: Json = {"id": self._next("entry"), "role": "assistant", "parts": []}
        chunk: Json = {"messageId": message["id"], "submissionId": self._running.id}
        time = "2026-11-25T19:23:05.470Z"
        if self.beta:
            model = {"provider": "fake", "id": "m1"}
            message["metadata"] = {"timestamp": time, "model": model}
            chunk |= {"timestamp": time, "model": model}
        else:
            message |= {"purpose": "assistant", "display": "visible", "turnId": turn}
            message["submissionId"] = self._running.id
            chunk |= {"turnId": turn, "timestamp": time}
            if number % 3:
                message["metadata"] = chunk["metadata"] = {"model": "m1", "deep": {"a": {"b": 1}}}
        self._messages.append(message)
        self._reply = message
        self._emit("message-started", **chunk)

    def text(self, number: int) -> None:
        self._say("text", WORDS[number % len(WORDS)])

    def reason(self, number: int) -> None:
        self._say("reasoning", WORDS[number % len(WORDS)])

    def _say(self, kind: str, words: str) -> None:
        if not self._in_step or self._reply is None:
            return
        parts = self._reply["parts"]
        last = parts[-1] if parts else {}
        if (last.get("type"), last.get("state")) != (kind, "streaming"):
            self._end_block()
            last = {"type": kind, "text": "", "state": "streaming"}
            parts.append(last)
        last["text"] = joined(last["text"], words)
        self._emit("message-delta", messageId=self._reply["id"], kind=kind, delta=words)

    def _end_block(self) -> None:
        """The one block of text that is open, if any is, ends."""
        assert self._reply is not None
        for part in self._reply["parts"][-1:]:
            if "text" in part:
                part["state"] = "done"

    def call(self, number: int) -> None:
        if not self._in_step or self._reply is None:
            return
        self._end_block()
        names = {"toolName": "t", "toolCallId": self._next("call"), "input": {"n": number}}
        part = {"type": "dynamic-tool", **names, "state": "input-available"}
        self._reply["parts"].append(part)
        self._calls.append(part)
        self._emit("tool-input", messageId=self._reply["id"], **names)

    def output(self, number: int) -> None:
        """The output `null` of a tool is an output; no output at all is another thing."""
        more: Json = {} if self.beta else {"durationMs": number}
        results: list[Json] = [{"output": {"n": number}}, {"output": None}, {}]
        self._finish_call("tool-output", "output-available", {**results[number % 3], **more})

    def failure(self, number: int) -> None:
        self._finish_call("tool-output-error", "output-error", {"errorText": str(number)})

    def _finish_call(self, type: str, state: str, result: Json) -> None:
        if self._calls and not self._in_step:
            call = self._calls.pop(0)
            call.update(result, state=state)
            self._emit(type, toolCallId=call["toolCallId"], **result)

    def data(self, number: int) -> None:
        if self._reply is None or self._in_step:
            return
        kind = f"data-{'ab'[number % 2]}"
        found = [part for part in self._reply["parts"] if part["type"] == kind]
        part = found[0] if found else {"type": kind}
        part["data"] = number
        if not found:
            self._reply["parts"].append(part)
        ids = {"messageId": self._reply["id"], "name": "ab"[number % 2]}
        self._emit("data-part", **ids, data=number)

    def metadata(self, number: int) -> None:
        if self._reply is None:
            return
        known = self._reply.setdefault("metadata", {})
        known["usage"] = number
        update: Json = {"usage": number, "constructor": 1}
        if isinstance(known.get("deep"), dict):
            known["deep"][f"k{number % 3}"] = number
            update["deep"] = {f"k{number % 3}": number}
        self._emit("message-metadata", messageId=self._reply["id"], metadata=update)

    def complete(self, number: int = 0) -> None:
        if not self._in_step or self._reply is None:
            return
        self._in_step = False
        self._end_block()
        usage: Json = {"usage": {"input": number}} if self.beta else {}
        if usage:
            self._reply["metadata"] |= usage
        self._emit("message-completed", messageId=self._reply["id"], **usage)

    def retry(self, _: int) -> None:
        """The model's attempt has failed: what the step has said is taken back."""
        if self._in_step and self._reply is not None:
            self.end_batch()
            self._reply["parts"] = deepcopy(self._before_step["parts"])
            known = {part.get("toolCallId"): part for part in self._reply["parts"]}
            self._calls = [known[id] for c in self._calls if (id := c["toolCallId"]) in known]
            self._publish_reset()

    # How submissions end.

    def settle(self, number: int) -> None:
        if self._running is None or self._reply is None or self._in_step:
            return
        result: Json = {"result": {"text": "r", "usage": {}}} if self.beta else {}
        for submission in [*self._running.joined, self._running.id]:
            self._settle(submission, "completed", answered=self._running.id, **result)
        self._next_submission()

    def fail(self, number: int) -> None:
        if self._running is not None and not self._in_step and not self._running.joined:
            answered = None if self._reply is None else self._running.id
            self._settle(self._running.id, "failed", answered, error={"message": "no"})
            self._next_submission()

    def abort(self, _: int) -> None:
        """What runs and what is queued ends."""
        if self._running is None:
            return
        answered = None if self._reply is None else self._running.id
        self.complete()
        for submission in [*self._running.joined, self._running.id, *self._queue]:
            self._append_message(None)
            queued = submission in self._queue
            self._settle(submission, "aborted", None if queued else answered)
        self._queue = []
        self._next_submission()

    def _settle(self, submission: str, outcome: str, answered: str | None, **more: Any) -> None:
        if answered is not None and not self.beta:
            more["answeredBySubmissionId"] = answered
        settlement = {"submissionId": submission, "outcome": outcome, **more}
        self._settlements.append(settlement)
        self._emit("submission-settled", **settlement, timestamp="2026-11-25T19:10:07.416Z")
        if submission in self.unsettled:
            self.unsettled.remove(submission)

    def _next_submission(self) -> None:
        self._running, self._reply, self._calls = None, None, []
        if self._queue:
            self._begin(self._queue.pop(0), signal=False)


def joined(text: str, more: str) -> str:
    """Append as a server does, whose strings are UTF-16: two halves make one character."""
    return (text + more).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def random_deeds(seed: int, count: int) -> list[Deed]:
    random = Random(seed)
    return [(random.choice(DEEDS), random.randrange(10)) for _ in range(count)]
