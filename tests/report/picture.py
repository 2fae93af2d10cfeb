"""Makes the picture of docs/report.md: `python -m tests.report.picture`, which needs a Chromium."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flue_client.models import RunRecord, parse_event
from flue_client_ext.report import run_report
from tests.docs.blocks import DOCS

from .chromium import MISSING, Browser, find
from .events import Json, event, run_end, run_start, text, turn, usage

PICTURE = DOCS / "report.png"
SIZE = (1100, 1180)
RECORD = {"runId": "run_01M80VPRCAWPTQME13FS4HS13B", "workflowName": "research"}


def story() -> Iterator[Json]:
    """A run that asks a model, whose first tool fails, and gives part of the work to a task."""
    prompt: Json = {"operationId": "op_1", "conversationId": "c", "session": "default"}
    question = "Which of our three suppliers can deliver by Friday?"
    yield run_start(0, input={"question": question})
    yield event("log", 40, level="info", message="asking three suppliers")
    yield event("operation_start", 60, **prompt, operationKind="prompt")
    user = {"role": "user", "content": question}
    yield from _turn(prompt, "t1", 80, 2300, text("I look up their stock first."), used=(812, 96))
    yield event("message_end", 81, **prompt, turnId="t1", message=user)
    yield from _tool(prompt, "t1", "c1", "search_stock", 2310, 3150, {"item": "M8 bolts"}, 420)
    late = "the warehouse of Nord answers no more"
    yield from _tool(prompt, "t1", "c2", "fetch_page", 3160, 5200, {"supplier": "Nord"}, late)
    yield from _turn(prompt, "t2", 5240, 6900, text("Nord is down: I ask."), used=(1490, 61))
    yield event("tool_start", 6910, **prompt, turnId="t2", toolName="task", toolCallId="c3")
    task: Json = {"taskId": "k1", "operationId": "op_1"}
    yield event("task_start", 6940, **task, prompt="Call Nord and ask for Friday", agent="caller")
    inner: Json = {"operationId": "op_2", "taskId": "k1", "session": "task"}
    yield event("operation_start", 6960, **inner, operationKind="prompt")
    yield from _turn(inner, "t3", 6980, 9600, text("They can deliver on Friday."), used=(402, 77))
    yield event("operation", 9620, **inner, operationKind="prompt", durationMs=2660, isError=False)
    yield event("task", 9640, **task, durationMs=2700, isError=False, result="Friday, 420 pieces")
    ended = {"toolName": "task", "toolCallId": "c3", "isError": False, "durationMs": 2740}
    yield event("tool", 9650, **prompt, turnId="t2", **ended, result="Friday, 420 pieces")
    yield from _turn(prompt, "t4", 9700, 11800, text("Nord can."), used=(1733, 118))
    answer = {"text": "Nord can deliver 420 pieces by Friday."}
    done = {"operationKind": "prompt", "durationMs": 11760, "isError": False, "result": answer}
    yield event("operation", 11820, **prompt, **done)
    yield run_end(11860, result={"supplier": "Nord", "pieces": 420})


def _turn(
    inside: Json, id: str, start: float, end: float, said: Json, used: tuple[float, float]
) -> Iterator[Json]:
    yield event("turn_start", start, **inside, turnId=id, purpose="agent")
    output = {"role": "assistant", "content": [said]}
    cost = used[0] * 3e-6 + used[1] * 15e-6
    response = {"output": output, "usage": usage(*used, cost), "responseModel": "example-large"}
    yield turn(end, id, end - start, **inside, response=response)


def _tool(
    inside: Json, turn: str, call: str, name: str, start: float, end: float, args: Json, answer: Any
) -> Iterator[Json]:
    named: Json = {**inside, "turnId": turn, "toolName": name, "toolCallId": call}
    yield event("tool_start", start, **named, args=args)
    failed = isinstance(answer, str)
    yield event("tool", end, **named, durationMs=end - start, isError=failed, result=answer)


def main() -> None:
    program = find()
    if program is None:
        raise SystemExit(MISSING)
    page = run_report(RunRecord(RECORD), [parse_event(each) for each in story()])
    with tempfile.TemporaryDirectory() as folder, Browser(program) as browser:
        file = Path(folder, "report.html")
        file.write_text(page, encoding="utf-8")
        browser.size(*SIZE)
        browser.open(file.as_uri())
        shot = browser.call("Page.captureScreenshot", format="png")
    PICTURE.write_bytes(base64.b64decode(shot["data"]))
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
