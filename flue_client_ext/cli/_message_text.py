"""A message of a conversation as lines for people."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from .._flue.usage import usage_of
from .._values.jsoncodec import as_array, as_object
from ._printable import brief, printable_line, printable_text
from ._spending import Spending
from ._view import Symbols, duration_text

_ROLES = {"user": ("you", "bold cyan"), "assistant": ("assistant", "bold green")}


def message_lines(message: dict[str, Any], symbols: Symbols) -> list[Text]:
    """Who speaks, then each part. What it does not understand it passes over."""
    spent = symbols.dot.join(Spending().add(usage_of(message)).words())
    lines = [role_line(message.get("role")).append(f"  {spent}" if spent else "", "dim")]
    for part in map(as_object, as_array(message.get("parts"))):
        lines += part_lines(part, symbols)
    outcome = as_object(message.get("settlement")).get("outcome")
    if isinstance(outcome, str):
        lines.append(Text(f"({printable_line(outcome)})", "yellow"))
    return lines


def role_line(role: Any) -> Text:
    name, style = _ROLES.get(role if isinstance(role, str) else "", (brief(role), "bold yellow"))
    return Text(name, style)


def part_lines(part: dict[str, Any], symbols: Symbols) -> list[Text]:
    kind = part.get("type")
    if kind in ("text", "reasoning"):
        text = part.get("text")
        shown = printable_text(text.strip()) if isinstance(text, str) else ""
        return [Text(shown, "dim italic" if kind == "reasoning" else "")] if shown else []
    if kind == "dynamic-tool":
        return [tool_line(part, symbols)]
    if kind == "file":
        name = part.get("filename") or part.get("id")
        return [Text(f"[file {brief(name)}, {brief(part.get('mediaType'))}]", "magenta")]
    if isinstance(kind, str) and kind.startswith("data-"):
        return [data_line(kind.removeprefix("data-"), part.get("data"))]
    return []


def tool_line(part: dict[str, Any], symbols: Symbols, running: str = "...") -> Text:
    """A tool call with its outcome, or with `running` in the place of one."""
    words = f"tool {brief(part.get('toolName'))} {brief(part.get('input'))}"
    state = part.get("state")
    if state == "output-error":
        line = Text(f"{symbols.failed} {words}: {brief(part.get('errorText'))}", "red")
    elif state == "output-available":
        line = Text(f"{symbols.done} ", "green")
        line.append(f"{words}: {brief(part.get('output'))}", "default")
    else:
        return Text(f"{running} {words}", "cyan")
    took = duration_text(part.get("durationMs"))
    return line.append(f"  {took}" if took else "", "dim")


def data_line(name: str, value: Any) -> Text:
    return Text(f"[{printable_line(name)}] {brief(value, 300)}", "magenta")
