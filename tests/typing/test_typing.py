"""mypy agrees with what `surface.py` says of the types, and objects to what is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRELUDE = """\
import flue_client_ext
import httpx
from flue_client_ext import *
from flue_client_ext import doctor, durable_streams, testing
from typing import Any, TypedDict

class Summary(TypedDict):
    summary: str

sync = FlueClient("http://h")
later = AsyncFlueClient("http://h")
signal = AbortController().signal

local = testing.LocalFlue()

async def fetched() -> str:
    return "t"

def takes_a_number(number: int) -> str:
    return ""

async def wrong(
    event: FlueEvent, name: str, failed: FlueExecutionError,
    ended: RunOutcome[int], answered: ReplyOutcome,
) -> None:
"""
WRONG = """\
FlueClient("http://h", token=7)
FlueClient("http://h", token=fetched)
FlueClient("http://h", token=lambda: 5)
FlueClient("http://h", headers=lambda: 5)
FlueClient("http://h", headers={"x": 5})
AsyncFlueClient("http://h", token=lambda: 5)
AsyncFlueClient("http://h", headers={"x": lambda: None})
doctor.diagnose("http://h", token=fetched)
durable_streams.stream("http://h", params={"x": fetched})
durable_streams.astream("http://h", params={"x": lambda: 5})
FlueClient("http://h", timeout="3")
FlueClient("http://h", headers=["x"])
FlueClient("http://h", "token")
FlueClient("http://h", http_client=httpx.AsyncClient())
AsyncFlueClient("http://h", http_client=httpx.Client())
FlueClient("http://h", retries=3)
sync.workflows.invoke()
sync.workflows.invoke(7)
sync.workflows.invoke("w", {"text": "a"})
sync.workflows.invoke("w", wait="forever")
sync.workflows.invoke("w", wait=name)
sync.workflows.invoke("w").result
held: WorkflowWaitResult[int] = sync.workflows.invoke("w", wait="result"); held.result.upper()
sync.workflows.invoke("w", signal=AbortController())
later.workflows.invoke("w").run_id
(await later.workflows.invoke("w")).result
sync.runs.get()
sync.runs.get("r").no_such_field
sync.runs.events("r", tail="3")
sync.runs.stream("r", live="fast")
sync.runs.stream("r", resume="5")
sync.runs.stream("r").offset = "5"
[each async for each in sync.runs.stream("r")]
[each for each in later.runs.stream("r")]
await later.runs.stream("r")
event.text
event.type == "no_such_type"
RunEndEvent({}).text
sync.workflows.map("w", 7)
named: WorkflowRunResult[Summary] = sync.workflows.run("w"); named.result["no_such_key"]
other: WorkflowRunResult[int] = sync.workflows.run("w"); other.result.upper()
ended.unwrap().upper()
answered.unwrap().no_such_name
failed.failure == "abortd"
failed.target == "agent"
Attachment(data=5, mime_type="image/png")
Attachment("text", "text/plain")
local.agent(lambda message: 5)
local.agent(takes_a_number)
local.agent("x")(takes_a_number)
local.workflow(takes_a_number)
BackoffOptions(0.1)
BackoffOptions(max_retries="many")
Checkpoint.from_json(7)
AbortSignal.timeout("soon")
signal.abort()
durable_streams.stream("http://h", live="auto!")
durable_streams.stream()
flue_client_ext.no_such_name
from flue_client_ext.testing import LocalFleu
"""


def mypy(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "MYPY_FORCE_COLOR": "0"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    return done.returncode, done.stdout + done.stderr


def test_mypy_agrees_with_every_statement_about_the_surface() -> None:
    code, said = mypy("tests/typing/surface.py")
    assert (code, said) == (0, "")


def test_mypy_objects_to_each_wrong_use(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    lines = WRONG.splitlines()
    file.write_text(PRELUDE + "".join(f"    {line}\n" for line in lines))
    code, said = mypy(file)
    first = PRELUDE.count("\n") + 1
    # Not by its folder: mypy repeats what its cache knows of the same content in another one.
    blamed = {int(number) - first for number in re.findall(r"wrong\.py:(\d+): error: ", said)}
    accepted = [line for number, line in enumerate(lines) if number not in blamed]
    assert accepted == []
    assert min(blamed) == 0, said
    assert code == 1
