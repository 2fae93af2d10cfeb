"""Scripted agents and operations."""

from __future__ import annotations

from typing import Any

import httpx

import flue_client_ext
from flue_client_ext import FlueClient
from flue_client_ext.testing import LocalFlue, RunContext, ToolCall, VirtualClock, demo_server
from tests.local.support import ended


def test_an_agent_that_fails_ends_its_operation_and_the_run(server: LocalFlue) -> None:
    @server.workflow("broken")
    def broken(run: RunContext) -> None:
        with run.prompt("try", model="acme/small") as agent:
            agent.turn(text=["I ", "cannot."])
            raise ConnectionError("model gone")

    events = server.events(ended(server, "broken"))
    operation = next(event for event in events if event["type"] == "operation")
    assert (operation["isError"], operation["error"]["message"]) == (True, "model gone")
    assert "result" not in operation
    assert [event["type"] for event in events[-4:]] == ["agent_end", "operation", "idle", "run_end"]
    assert events[-1]["error"] == {"name": "ConnectionError", "message": "model gone"}


def test_the_tool_call_of_a_reply_is_none_of_a_script(server: LocalFlue) -> None:
    @server.workflow("wrong")
    def wrong(run: RunContext) -> None:
        given: Any = flue_client_ext.ToolCall("find", "call_1", {})
        with run.prompt("go") as agent:
            agent.turn(calls=[given])

    error = server.record(ended(server, "wrong"))["error"]
    assert (error["name"], "ToolCall of flue_client_ext.testing" in error["message"]) == (
        *("TypeError", True),
    )


def test_the_ready_agent_answers_each_message_that_joins() -> None:
    server = demo_server(delta_hold=0)
    texts = [" ".join([word] * 15) for word in ("one", "two", "three")]
    with server.run() as url, FlueClient(url) as client:
        conversation = client.agents.conversation("assistant", "joined")
        sent = [conversation.send(text) for text in texts]
        replies = [conversation.read(admission).text for admission in sent]
    server.close()
    for text, reply in zip(texts, replies, strict=True):
        assert reply.count(f"You said: {text}") == 1


def test_usage_adds_up_over_the_turns(server: LocalFlue) -> None:
    @server.workflow("spend")
    def spend(run: RunContext) -> str:
        with run.prompt("go", model="acme/big") as agent:
            agent.turn(text=["a"], usage={"input": 10, "output": 1, "cacheRead": 5})
            return agent.turn(text=["b", "c"], usage={"input": 20, "output": 2})

    run_id = ended(server, "spend")
    assert server.record(run_id)["result"] == "bc"
    [operation] = [event for event in server.events(run_id) if event["type"] == "operation"]
    assert operation["usage"]["totalTokens"] == 38
    assert operation["result"]["model"] == {"provider": "acme", "id": "big"}


def test_tools_start_together_end_together_and_their_results_are_messages(
    server: LocalFlue,
) -> None:
    @server.workflow("tools")
    def tools(run: RunContext) -> None:
        with run.prompt("go") as agent:
            agent.turn(
                calls=[ToolCall("a", {"x": 1}, 1), ToolCall("b", result="no", is_error=True)]
            )

    events = server.events(ended(server, "tools"))
    told = [event["type"] for event in events if event["type"].startswith("tool")]
    assert told == ["tool_start", "tool_start", "tool", "tool"]
    results = next(event for event in events if event["type"] == "turn_messages")["toolResults"]
    assert [(result["toolName"], result["isError"]) for result in results] == [
        ("a", False),
        ("b", True),
    ]


def test_a_text_alone_is_one_delta(server: LocalFlue) -> None:
    @server.workflow
    def say(run: RunContext) -> str:
        with run.prompt("go") as agent:
            assert agent.turn(text="") == ""
            return agent.turn(text="Hello", thinking="Well ...")

    run_id = ended(server, "say")
    deltas = [event for event in server.events(run_id) if event["type"].endswith("_delta")]
    assert [event.get("delta", event.get("text")) for event in deltas] == ["Well ...", "Hello"]
    assert server.record(run_id)["result"] == "Hello"


def test_any_operation_can_be_framed(server: LocalFlue) -> None:
    @server.workflow("shell")
    def shell(run: RunContext) -> None:
        with run.operation("shell") as operation:
            operation.emit({"type": "tool_start", "toolName": "bash", "toolCallId": "1"})
            operation.result = {"stdout": "hi"}

    start, tool, end, idle = server.events(ended(server, "shell"))[1:-1]
    assert (start["operationKind"], end["result"]) == ("shell", {"stdout": "hi"})
    assert len({event["operationId"] for event in (start, tool, end, idle)}) == 1
    assert tool["harness"] == "default"
    assert idle["type"] == "idle"


def test_the_ready_workflows_do_what_they_say() -> None:
    server = demo_server(clock=VirtualClock(autojump=0.02))

    def result(name: str, input: Any) -> Any:
        path = f"{server.url}/workflows/{name}?wait=result"
        return httpx.post(path, json=input, timeout=20).json().get("result")

    with server.run():
        assert result("summarize", {"text": "a b"}) == {"summary": "a b"}
        assert result("countdown", {"start": 3}) == {"counted": 3}
        assert "42" in result("research", {"question": "What is six times seven?"})["answer"]
        assert result("fail", {}) is None
    last = server.run_ids()[-1]
    assert server.record(last)["status"] == "errored"
    types = {event["type"] for event in server.events(server.run_ids()[2])}
    assert {"thinking_delta", "text_delta", "tool_start", "tool", "turn", "operation"} <= types
