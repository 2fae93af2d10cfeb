"""The two servers that must answer alike, behind one face: a URL, and hands on the `gate` run.

`LocalPeer` registers in Python what `tests/flue_app` defines in TypeScript, workflow by workflow.
"""

from __future__ import annotations

import json
import queue
import re
from collections import defaultdict
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol

import attrs

from flue_client_ext.testing import LocalFlue, RunContext, ToolCall
from tests.servers.flue import FlueServer


class Peer(Protocol):
    """A server under contract."""

    @property
    def url(self) -> str: ...

    def emit(self, key: str, **command: Any) -> None: ...

    def release(self, key: str, **command: Any) -> None: ...

    def append(self, run_id: str, *events: Mapping[str, Any]) -> object: ...

    def close_stream(self, run_id: str) -> None: ...


@attrs.define
class _Letter:
    command: dict[str, Any]
    handled: queue.SimpleQueue[None] = attrs.field(factory=queue.SimpleQueue[None])


def schema(required: Mapping[str, str], **optional: str) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in {**required, **optional}.items()}
    return {"type": "object", "properties": properties, "required": list(required)}


class LocalPeer:
    """LocalFlue with the genuine test app's workflows."""

    def __init__(self, **options: Any) -> None:
        self.server = LocalFlue(**options)
        self._boxes: defaultdict[str, queue.SimpleQueue[_Letter]] = defaultdict(queue.SimpleQueue)
        self._register()

    def __enter__(self) -> LocalPeer:
        self.server.start("127.0.0.1", 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server.stop()

    @property
    def url(self) -> str:
        return self.server.url

    def emit(self, key: str, **command: Any) -> None:
        self._send(key, {**command, "kind": "emit"})

    def release(self, key: str, **command: Any) -> None:
        self._send(key, {**command, "kind": "end"})

    def append(self, run_id: str, *events: Mapping[str, Any]) -> None:
        self.server.runs.log_of(run_id).raw(*(_compact(event) for event in events))

    def close_stream(self, run_id: str) -> None:
        self.server.runs.log_of(run_id).flush(close=True)

    def _send(self, key: str, command: dict[str, Any]) -> None:
        letter = _Letter(command)
        self._boxes[key].put(letter)
        letter.handled.get(timeout=10)

    def _register(self) -> None:
        workflow = self.server.workflow

        @workflow("summarize", input_schema=schema({"text": "string"}))
        def summarize(input: Any, run: RunContext) -> Any:
            run.log("summarizing", {"length": len(input["text"])})
            return {"summary": " ".join(re.split(r"\s+", input["text"])[:3])}

        @workflow("fail", input_schema=schema({}, message="string"))
        def fail(input: Any, run: RunContext) -> Any:
            run.log("about to fail", {}, level="error")
            raise TypeError(input.get("message", "boom: kaput"))

        @workflow("bare")
        def bare(run: RunContext) -> None:
            run.log("bare")

        @workflow("echo", input_schema={})
        def echo(input: Any, run: RunContext) -> Any:
            return input

        @workflow("hidden", input_schema={}, readable=False)
        def hidden(input: Any, run: RunContext) -> Any:
            return {"hidden": input}

        @workflow("flood", input_schema=schema({"n": "number"}, bytes="number"))
        def flood(input: Any, run: RunContext) -> Any:
            for i in range(input["n"]):
                run.log(f"flood {i}", {"i": i, "pad": "x" * input.get("bytes", 0)})
            return {"events": input["n"]}

        @workflow("slow", input_schema=schema({"ms": "number"}))
        async def slow(input: Any, run: RunContext) -> Any:
            await run.asleep(input["ms"] / 1000)
            return {"slept": input["ms"]}

        @workflow("gate", input_schema=schema({"key": "string"}))
        def gate(input: Any, run: RunContext) -> Any:
            run.log("waiting", {"key": input["key"]})
            emitted = 0
            while True:
                letter = self._boxes[input["key"]].get()
                command = letter.command
                if command["kind"] == "end":
                    letter.handled.put(None)
                    if "error" in command:
                        raise Error(command["error"])
                    return command.get("result", {"emitted": emitted})
                for _ in range(command.get("count", 1)):
                    attributes = {"i": emitted, **command.get("attributes", {})}
                    message = command.get("message", f"step {emitted}")
                    run.log(message, attributes, level=command.get("level", "info"))
                    emitted += 1
                letter.handled.put(None)

        @workflow("research")
        def research(run: RunContext) -> Any:
            run.log("start", {"a": 1}, level="warn")
            calls = [
                ToolCall("compute", {"a": 7, "b": 6}, {"product": 42}),
                ToolCall("compute", {"a": 1, "b": 0}, "no", is_error=True),
            ]
            with run.prompt("a script") as agent:
                agent.turn(
                    thinking=["Let me ", "multiply."], text=["I will ", "compute."], calls=calls
                )
                spent = {"input": 100, "output": 20}
                agent.turn(
                    thinking=["Done."], text=["The answer is 42 \ud83d", "\ude00."], usage=spent
                )
            return {"answer": agent.text}

        @workflow("unicode", input_schema=schema({}, bytes="number"))
        def unicode(input: Any, run: RunContext) -> Any:
            for name, text in SAMPLES.items():
                run.log(text, {"name": name, text: text})
            run.log("long", {"pad": "é" * (input.get("bytes", 0) // 2)})
            return SAMPLES


class Error(Exception):
    """Named like the genuine server's plain error."""


SAMPLES = {
    "lineSeparator": "a\u2028b\u2029c",
    "nextLine": "a\u0085b",
    "newlines": "a\nb\rc\r\nd",
    "fakeFrame": 'x\n\nevent: control\ndata:{"streamClosed":true}\n\n',
    "emoji": "👩‍👩‍👧‍👦 🇩🇪 \U0001f9ea",
    "highHalf": "\ud83d",
    "lowHalf": "\ude00",
    "controls": "\u0000\u0001\u001f\u007f\ufeff\ufffe",
    "scripts": "Ελληνικά עברית العربية 中文 한국어 ไทย",
}


def _compact(event: Mapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def genuine_peer(**options: Any) -> FlueServer:
    """The genuine server has the face of a peer already."""
    return FlueServer(**options)
