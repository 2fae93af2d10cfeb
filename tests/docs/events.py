"""Writes `docs/events.md` from `openapi.yaml`: `python -m tests.docs.events`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "events.md"
REFERENCE = "reference/models.md#flue_client_ext."
INTRODUCTION = """# Events

What `client.runs.stream`, `runs.events`, `workflows.run(on_event=)` and, on servers before
1.0.0-beta.8, `client.agents.stream` deliver. The tables of this page are generated from
`openapi.yaml`.

```python
from flue_client_ext import FlueClient, RunEndEvent

with FlueClient() as client:
    run_id = client.workflows.run("research", input={"pace": 0}).run_id
    for event in client.runs.stream(run_id):
        if event.type == "tool":  # type checkers know the attributes of each type
            print(event.tool_name, event.duration_ms, "ms")
        elif isinstance(event, RunEndEvent):
            print(event.result)
        elif event.type == "unknown":  # of a newer server
            print(event.wire_type, event.to_dict())
```

- Each event is a view over the JSON object that was received: `event.to_dict()` is that object,
  unknown fields and all. Attributes read from it in snake case, and an absent optional field reads
  as `None`.
- An event of a type that this version does not know is an `UnknownEvent`: its `type` is
  `"unknown"`, its `wire_type` what was received. Nothing is dropped.
- Events are equal by class and content. They pickle.
- **Gaps in `event_index` are normal.** The server spends numbers on events that it never publishes,
  so 6 may be followed by 8: nothing is lost. The index orders the events of a run (of a submission,
  in the events of an agent, where each begins at 0). It is no offset.
- A model's deltas may split an emoji over two events, so a single `event.text` can hold half of a
  character (a lone surrogate), which `print` refuses: join the deltas, or encode with
  `errors="replace"`.
- You need not handle deltas: `message_end` has the whole message, `turn` the whole response,
  `run_end` the result.

## In which order

A run in which a model calls a tool, operations, turns and messages one inside the other:

```text
run_start
  operation_start                 prompt, skill, task, shell or compact
    agent_start
      turn_start                  one request to a model
        message_start
          thinking_start, thinking_delta ..., thinking_end
          text_delta ...
        message_end
      turn                        with durations, tokens and cost
      tool_start, tool            the calls of that turn
      turn_messages
      turn_start ... turn         the next turn, with the results of the tools
    agent_end
  operation
  idle
  log                             wherever the workflow logs
run_end
```

Tasks (`task_start`, `task`) are work of another session inside a run; what happens in them has its
`task_id`. Tools and tasks may run side by side: match a `tool` with its `tool_start` by
`tool_call_id`, not by order.
"""
COMMON = """## What every event has

`event_index`, `timestamp` and `v` always; the others where they apply.

| attribute | |
|---|---|
"""
GROUPS = {
    "Runs": ("run_start", "run_resume", "run_end", "log"),
    "Operations and tasks": ("operation_start", "operation", "task_start", "task"),
    "Agents and turns": ("agent_start", "agent_end", "idle", "turn_start", "turn", "turn_messages"),
    "Messages": (
        "message_start",
        "text_delta",
        "thinking_start",
        "thinking_delta",
        "thinking_end",
        "message_end",
    ),
    "Tools and data": ("tool_start", "tool", "data"),
    "Compaction": ("compaction_start", "compaction"),
    "Submissions to agents, before 1.0.0-beta.8": ("submission_settled",),
}
HEAD = "| `event.type` | when it comes | its own attributes; `?`: may be `None` |\n|---|---|---|"


def document() -> str:
    schemas = _schemas()
    known = {_kind(schema): name for name, schema in _events(schemas)}
    if missing := known.keys() - {kind for kinds in GROUPS.values() for kind in kinds}:
        raise SystemExit(f"tests/docs/events.py has no group for {', '.join(sorted(missing))}")
    common = schemas["EventBase"]
    parts = [INTRODUCTION, COMMON + "\n".join(_common(common)) + "\n"]
    for title, kinds in GROUPS.items():
        rows = [_row(kind, known[kind], schemas[known[kind]]) for kind in kinds]
        parts.append("\n".join([f"## {title}\n", HEAD, *rows]) + "\n")
    return "\n".join(parts)


def _schemas() -> dict[str, Any]:
    from ruamel.yaml import YAML

    document = YAML(typ="safe").load(ROOT / "openapi.yaml")
    return dict(document["components"]["schemas"])


def _events(schemas: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for reference in schemas["FlueEvent"]["oneOf"]:
        name = reference["$ref"].rpartition("/")[2]
        if name != "UnknownEvent":
            yield name, schemas[name]


def _kind(schema: Any) -> str:
    return str(schema["allOf"][1]["properties"]["type"]["const"])


def _row(kind: str, name: str, schema: Any) -> str:
    own = schema["allOf"][1]
    required = own.get("required", ())
    attributes = [
        f"`{_snake(field)}`{'' if field in required else '?'}"
        for field in own["properties"]
        if field != "type"
    ]
    link = f"[`{kind}`]({REFERENCE}{name})"
    return f"| {link} | {_line(schema['description'])} | {', '.join(attributes)} |"


def _common(base: Any) -> Iterator[str]:
    for field, schema in base["properties"].items():
        yield f"| `{_snake(field)}` | {_line(schema['description'])} |"


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


if __name__ == "__main__":
    PAGE.write_text(document())
