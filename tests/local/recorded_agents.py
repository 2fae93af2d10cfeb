"""The agent of which the recorded exchanges are, in Python: it says the same, on any generation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flue_client_ext.testing import (
    ConversationContext,
    LocalFlue,
    Message,
    ModelError,
    ToolCall,
    VirtualClock,
)
from flue_client_ext.testing._dialect import Generation

ANSWER = ["The ", "answer ", "is 42 é世界🎉"]
USAGE = {"input": 10, "output": 5}
#: Attempts of a model that fails: beta.9 repeats those that beta.5 does not.
ATTEMPTS = {"beta.3": 1, "beta.8": 4}


def recorded_server(generation: Generation) -> LocalFlue:
    """Return a server with that agent, whose clock the test moves."""
    server = LocalFlue(generation=generation, clock=VirtualClock())

    @server.agent(model="fake/m1")
    def chat(message: Message, conversation: ConversationContext) -> None:
        if slow := re.search(r"slow (\d+) (\d+)", message.text):
            conversation.reply(words(conversation, int(slow[1]), int(slow[2]) / 990), usage=USAGE)
        elif "http500" in message.text:
            for _ in range(ATTEMPTS[generation] - 1):
                conversation.reply(retried=True)
            raise ModelError("400 provider is down")
        else:
            if "compute" in message.text:
                call = ToolCall("calculator", {"expression": "7*6"}, "7*6=42")
                reasons = ["let me think", " harder"]
                conversation.reply("calling ", reasoning=reasons, calls=[call], usage=USAGE)
            conversation.reply(ANSWER, usage=USAGE)

    return server


def words(conversation: ConversationContext, count: int, seconds: float) -> Iterator[str]:
    """Say words, the first at once; a little late, so that no two things happen at one time."""
    for number in range(count):
        if number:
            conversation.sleep(seconds)
        yield f"w{number} "
