"""What models and tools have said: whole messages, or deltas where the whole is missing."""

from __future__ import annotations

from typing import Any, Literal

from .._values.jsoncodec import as_array, as_object
from .reading import as_error, as_text, text_at
from .span import Block, Form, Span, Usage

Json = dict[str, Any]
Part = Literal["Text", "Reasoning"]
_OUTPUT: tuple[str, Form] = ("Output", "data")
_ERROR: tuple[str, Form] = ("Error", "error")
_PREVIEW = 100


class Outputs:
    """The text of each span. Of a whole message and its deltas, the message is shown."""

    def __init__(self) -> None:
        self._deltas: dict[Span, list[tuple[Part, list[str]]]] = {}
        self._whole: set[Span] = set()
        self._arguments: dict[tuple[Span, str], Any] = {}

    def part(self, span: Span, label: Part, delta: Any) -> None:
        """Take a delta."""
        if not isinstance(delta, str):
            return
        parts = self._deltas.setdefault(span, [])
        if not parts or parts[-1][0] != label:
            parts.append((label, []))
        parts[-1][1].append(delta)

    def turn(self, span: Span, request: Json, response: Json) -> None:
        """Take how a model was asked and how it has answered."""
        span.usage = Usage.read(response.get("usage"))
        model = text_at(response, "responseModel") or text_at(request, "requestedModel")
        span.name = span.name or model or ""
        span.note("model", model)
        span.note("provider", text_at(request, "providerId"))
        span.note("finish reason", text_at(response, "finishReason"))
        self.whole(span, as_object(response.get("output")))
        if response.get("error") is not None:
            span.say("Error", as_error(response["error"]), "error")

    def whole(self, span: Span, message: Json) -> None:
        """Take what a model has said in the end, the first time that it is told."""
        content = message.get("content")
        if not content or (span in self._whole and span.kind == "turn"):
            return
        self._whole.add(span)
        self._deltas.pop(span, None)
        for block in _blocks(content):
            span.say(*block)
        for part in map(as_object, as_array(content)):
            if part.get("type") == "toolCall":
                self._arguments[span, text_at(part, "id") or ""] = part.get("arguments")

    def arguments(self, span: Span, call: str) -> Any:
        """Return what a model has called a tool with, if its turn has told it."""
        return self._arguments.get((span, call))

    def prompt(self, span: Span, message: Json) -> None:
        """Take what a model was asked."""
        for block in _blocks(message.get("content")):
            label = "Prompt" if block[0] == "Text" else block[0]
            span.say(label, block[1], block[2])
            if span.kind == "operation" and not span.name:
                span.name = preview(block[1])

    def finish(self) -> None:
        """Show the deltas of what was never told as a whole."""
        for span, parts in self._deltas.items():
            span.blocks[:0] = [Block(label, "".join(deltas)) for label, deltas in parts]


def preview(text: str) -> str:
    """Return the first line of a text, cut to what a row shows."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= _PREVIEW else line[:_PREVIEW] + "…"


def tool_output(result: Any, failed: bool) -> list[tuple[str, str, Form]]:
    """Return what a tool has answered, as blocks."""
    label, form = _ERROR if failed else _OUTPUT
    told = as_object(result)
    texts = [text_at(as_object(part), "text") for part in as_array(told.get("content"))]
    if not texts or None in texts:
        return [] if result is None else [(label, as_error(result), form)]
    blocks: list[tuple[str, str, Form]] = [(label, "\n".join(text for text in texts if text), form)]
    if told.get("details"):
        blocks.append(("Details", as_text(told["details"]), "data"))
    return blocks


def _blocks(content: Any) -> list[tuple[str, str, Form]]:
    """Return the blocks of a message's content. Calls of tools are spans, and so left out."""
    if isinstance(content, str):
        return [("Text", content, "text")]
    blocks: list[tuple[str, str, Form]] = []
    for part in map(as_object, as_array(content)):
        kind = text_at(part, "type")
        if kind == "text":
            blocks.append(("Text", as_text(part.get("text")), "text"))
        elif kind == "thinking":
            blocks.append(("Reasoning", as_text(part.get("thinking")), "text"))
        elif kind == "image":
            blocks.append(("Image", f"an image ({text_at(part, 'mimeType')})", "text"))
        elif kind != "toolCall":
            blocks.append(("Content", as_text(part), "data"))
    return blocks
