"""Ready workflows (summarize, research, countdown, fail) and an agent, so that no code is needed.

`flue-client dev`, or `python -m flue_client_ext.testing.demo`, serves them.
"""

from __future__ import annotations

import re
from typing import Any

from ._conversation import ConversationContext
from ._local import LocalFlue
from ._message import Message
from ._model import ToolCall
from ._run import RunContext

#: Seconds between the words of the agent.
PACE = 0.05
_TEXT = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}
_QUESTION = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "pace": {"type": "number"}},
}
_COUNT = {
    "type": "object",
    "properties": {"start": {"type": "integer", "minimum": 0}, "seconds": {"type": "number"}},
}


def summarize(input: dict[str, Any], run: RunContext) -> dict[str, Any]:
    """Return the first words of a text."""
    words = input["text"].split()
    run.log("summarizing", {"length": len(input["text"]), "words": len(words)})
    summary = " ".join(words[:12]) + (" ..." if len(words) > 12 else "")
    return {"summary": summary}


def research(input: dict[str, Any], run: RunContext) -> dict[str, Any]:
    """Answer a question by two scripted model turns, with thinking, a tool and usage."""
    question = input.get("question", "What is six times seven?")
    pace = input.get("pace", 0.05)
    with run.prompt(question) as agent:
        agent.turn(
            thinking=["The question ", "needs a calculation, ", "so I use the tool."],
            text=["Let me ", "work that out."],
            calls=[ToolCall("calculator", {"expression": "6 * 7"}, "42")],
            usage={"input": 120, "output": 24},
            pace=pace,
        )
        answer = agent.turn(
            text=[
                "The answer ",
                "is ",
                "**42**",
                ", which is ",
                "also the answer ",
                "to much else. 🎉",
            ],
            usage={"input": 180, "output": 18},
            pace=pace,
        )
    return {"question": question, "answer": answer}


async def countdown(input: dict[str, Any], run: RunContext) -> dict[str, Any]:
    """Log a number each so many seconds, down to zero."""
    start = input.get("start", 5)
    for left in range(start, 0, -1):
        run.log(f"{left}", {"left": left})
        await run.asleep(input.get("seconds", 0.5))
    run.log("lift-off", {"left": 0})
    return {"counted": start}


def fail(input: dict[str, Any], run: RunContext) -> None:
    """Log an error and raise it."""
    run.log("about to fail", {"input": input}, level="error")
    raise RuntimeError(input.get("message", "the demo workflow fails on purpose"))


def assistant(message: Message, conversation: ConversationContext) -> None:
    """Say what was said, a word at a time; a product is calculated by a tool.

    Messages that join the response are answered in it, each: what joins behind the last step comes
    with a call of its own, and is then among the joined ones.
    """
    _answer(message, conversation)
    done = 0
    if message in conversation.joined:
        done = conversation.joined.index(message) + 1
    while done < len(conversation.joined):
        _answer(conversation.joined[done], conversation)
        done += 1


def _answer(message: Message, conversation: ConversationContext) -> None:
    asked = re.search(r"(\d{1,9}) *[*x] *(\d{1,9})", message.text)
    if asked is None:
        words = message.text.split() or ["nothing"]
        conversation.reply(["You said: ", *(f"{word} " for word in words)], pace=PACE)
        return
    a, b = int(asked[1]), int(asked[2])
    calls = [ToolCall("calculator", {"a": a, "b": b}, a * b)]
    conversation.reply(["Let me ", "calculate."], reasoning=["A product."], calls=calls, pace=PACE)
    conversation.reply(["The answer ", "is ", f"{a * b}."], pace=PACE)


def install(server: LocalFlue) -> LocalFlue:
    """Register the ready workflows and the agent on a server and return it."""
    server.agent(assistant)
    server.workflow(input_schema=_TEXT)(summarize)
    server.workflow(input_schema=_QUESTION)(research)
    server.workflow(input_schema=_COUNT)(countdown)
    server.workflow(input_schema={"type": "object"})(fail)
    return server


def demo_server(**options: Any) -> LocalFlue:
    """Return a new server with the ready workflows and agent; options are `LocalFlue`'s."""
    return install(LocalFlue(**options))
