"""Values of the server on a terminal: nested however deeply, of whatever type."""

from __future__ import annotations

import io
from typing import Any

import pytest

from flue_client.models import parse_event
from flue_client_ext.cli._events import Only
from flue_client_ext.cli._message_text import message_lines
from flue_client_ext.cli._printable import brief, json_text
from flue_client_ext.cli._run_view import RunView
from flue_client_ext.cli._view import Symbols


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_a_value_is_indented_as_far_as_Python_can() -> None:
    """Its own encoder, which does not indent, goes deeper on some versions."""
    assert json_text(nested(5), indent=2).count("\n") == 10
    try:
        assert json_text(nested(3_000), indent=2).count("\n") in (0, 6_000)
    except ValueError as error:
        assert "nested" in str(error)  # noqa: PT017


def test_a_value_that_Python_cannot_write_is_an_error_that_says_so() -> None:
    value = nested(200_000)
    with pytest.raises(ValueError, match="nested"):
        json_text(value)
    assert "nested" in brief(value)
    assert len(brief(value)) <= 100


VALUES: list[Any] = [nested(500), nested(200_000), {}, [], 5, None, True]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_no_field_of_an_event_or_a_message_ends_a_view(value: Any) -> None:
    stream = io.StringIO()
    view = RunView(stream, False)
    types = (
        "tool_start",
        "tool",
        "task_start",
        "task",
        "operation_start",
        "log",
        "turn",
        "run_end",
    )
    names = ("toolCallId", "taskId", "operationId", "args", "result", "message", "level", "error")
    for type in (*types, value):
        event = parse_event({"type": type, **dict.fromkeys(names, value), "isError": True})
        view.show(event)
        Only(frozenset(types), view).show(event)
    for part in ("text", "dynamic-tool", "file", "data-a", value):
        message_lines({"role": value, "parts": [{"type": part, "text": value}]}, Symbols(False))
    assert stream.getvalue()
