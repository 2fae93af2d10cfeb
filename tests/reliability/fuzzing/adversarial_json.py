"""JSON and text that are made to be slow to work with, decoded already."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from flue_client.models import ConversationSnapshot, RunRecord, parse_event
from flue_client_ext._flue.delivery import EventDelivery
from flue_client_ext._flue.fold import Fold
from flue_client_ext._flue.reply import read_reply
from flue_client_ext._flue.reply_changes import ReplyChanges
from flue_client_ext._values.http import Response
from flue_client_ext._values.steps import Batch
from flue_client_ext.cli._printable import json_text, printable_line, printable_text
from flue_client_ext.errors import FlueApiError
from flue_client_ext.report import conversation_report, run_report

Reading = Callable[[], object]
Json = dict[str, Any]
_TASK = {"type": "task_start", "operationId": "o", "v": 3}
_ISSUE = {"path": ["a", {"key": "b"}]}


def _error(make_body: Callable[[int], Any]) -> Callable[[int], Reading]:
    def make(size: int) -> Reading:
        body = json.dumps(make_body(size)).encode()
        return lambda: str(FlueApiError(Response(500, {}, body)))

    return make


def _envelope(**fields: Any) -> Json:
    return {"error": {"type": "t", "message": "m", **fields}}


def _chunk(type: str, at: int, **fields: Any) -> Json:
    position = {"batch": 1, "index": at}
    return {"type": type, "conversationId": "c", "position": position, **fields}


def _message(id: str, *parts: Json, **fields: Any) -> Json:
    return {"id": id, "role": "assistant", "parts": list(parts), **fields}


def _snapshot(*messages: Json) -> Json:
    return {"conversationId": "c", "offset": "o", "messages": list(messages), "settlements": []}


def _fold(
    start: Callable[[int], Json], chunks: Callable[[int], list[Json]], bytes_each: int
) -> Any:
    """Fold so many chunks, all of one batch, that they have about `size` bytes."""

    def make(size: int) -> Reading:
        count = size // bytes_each
        before, batch = start(count), chunks(count)

        def read() -> None:
            fold = Fold(before)
            fold.apply_batch(batch, "o2")
            fold.snapshot()

        return read

    return make


def _deltas(count: int) -> list[Json]:
    kinds = ("text", "reasoning")
    return [
        _chunk("message-delta", at, messageId="m", kind=kinds[at % 2], delta="d")
        for at in range(count)
    ]


def _outputs(count: int, call: str) -> list[Json]:
    return [_chunk("tool-output", at, toolCallId=call.format(at), output=1) for at in range(count)]


def _calls(count: int) -> Json:
    parts = [{"type": "dynamic-tool", "toolCallId": f"c{at}", "state": "x"} for at in range(count)]
    return _snapshot(_message("m", *parts))


def _of_one_name(kind: str) -> Callable[[int], Reading]:
    def make(size: int) -> Reading:
        part = {"type": kind, "toolCallId": "c", "data": 1, "state": "output-available"}
        snapshot = _snapshot(_message("m", *[part] * (size // 80), submissionId="s"))
        return lambda: ReplyChanges("s").advance(snapshot)

    return make


def _settled(size: int) -> Reading:
    messages = [_message(f"m{at}", submissionId="s") for at in range(size // 80)]
    snapshot = _snapshot(*messages)
    return lambda: read_reply(snapshot, "s")


def _events(event: Json, bytes_each: int) -> Callable[[int], Reading]:
    def make(size: int) -> Reading:
        items = [{**event, "eventIndex": at} for at in range(size // bytes_each)]

        def read() -> None:
            delivery = EventDelivery("r", "-1", 0)
            delivery.load(Batch(items, "o", True, False))
            for _ in delivery.pending:
                assert delivery.offset

        return read

    return make


def _run_page(event: Callable[[int], Json], bytes_each: int) -> Callable[[int], Reading]:
    def make(size: int) -> Reading:
        events = [parse_event(event(at)) for at in range(size // bytes_each)]
        return lambda: run_report(RunRecord({"runId": "r"}), events)

    return make


def _conversation_page(size: int) -> Reading:
    parts = [{"type": "text", "text": "t"}] * (size // 30)
    snapshot = ConversationSnapshot(_snapshot(_message("m", *parts, submissionId="s")))
    return lambda: conversation_report(snapshot)


def _text(piece: str, use: Callable[[str], object]) -> Callable[[int], Reading]:
    return lambda size: partial(use, piece * (size // len(piece)))


INPUTS: dict[str, Callable[[int], Reading]] = {
    "error: a message": _error(lambda size: _envelope(message="é\x1b" * (size // 8))),
    "error: issues": _error(lambda size: _envelope(meta={"issues": [_ISSUE] * (size // 30)})),
    "error: a path": _error(
        lambda size: _envelope(meta={"issues": [{"path": ["a"] * (size // 5)}]})
    ),
    "events of a batch, one by one": _events({"type": "log", "v": 3}, 40),
    "fold: deltas of two kinds in turns": _fold(lambda _: _snapshot(_message("m")), _deltas, 130),
    "fold: outputs of unknown calls": _fold(
        lambda count: _snapshot(*(_message(f"m{at}") for at in range(count))),
        lambda count: _outputs(count, "none"),
        150,
    ),
    "fold: outputs of known calls": _fold(_calls, lambda count: _outputs(count, "c{}"), 150),
    "fold: metadata": _fold(
        lambda _: _snapshot(_message("m")),
        lambda count: [
            _chunk("message-metadata", at, messageId="m", metadata={f"k{at}": 1})
            for at in range(count)
        ],
        110,
    ),
    "fold: messages": _fold(
        lambda _: _snapshot(),
        lambda count: [
            _chunk("message-appended", at, message=_message(f"m{at}")) for at in range(count)
        ],
        130,
    ),
    "reply: data of one name": _of_one_name("data-a"),
    "reply: calls of one id": _of_one_name("dynamic-tool"),
    "reply among messages": _settled,
    "report: operations": _run_page(
        lambda at: {"type": "operation_start", "operationId": str(at), "v": 3}, 60
    ),
    "report: nested tasks": _run_page(
        lambda at: {**_TASK, "taskId": str(at + 1), "operationId": None}, 60
    ),
    "report: deltas": _run_page(lambda at: {"type": "text_delta", "text": "x", "v": 3}, 40),
    "report: parts": _conversation_page,
    "terminal: a line": _text("\x1b[2J\u202e", printable_line),
    "terminal: halves of characters": _text("\ud83c\udf89\udf89", printable_text),
    "terminal: tabs": _text("\t\r\n", printable_text),
    "terminal: JSON": _text("\x9b\u2028", json_text),
}
