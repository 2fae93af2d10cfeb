"""Ask an agent, and run a workflow where the server has them, from a blocking script.

    pip install ".[testing]"                          # in a checkout
    flue-client dev                                   # in another terminal: a server to try it with
    export FLUE_BASE_URL=http://127.0.0.1:3583        # and FLUE_TOKEN, if the server wants one
    python examples/script.py "What is 6 * 7?"

The exit code is 1 if a request failed and 2 if the agent or the workflow itself failed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from uuid import uuid4

from flue_client_ext import FlueClient, FlueError, FlueExecutionError, WorkflowApiNotFoundError


def ask(client: FlueClient, agent: str, question: str) -> str:
    """Ask in a new conversation. The call waits for the reply through cut connections."""
    conversation = client.agents.conversation(agent, f"script-{uuid4()}")
    return conversation.ask(question, timeout=300).text


def summarize(client: FlueClient, text: str) -> str:
    """Run a workflow by exactly one POST, and follow it to its end."""
    done = client.workflows.run(
        "summarize",
        input={"text": text},
        on_event=lambda event: print(f"  {event.type}", file=sys.stderr),
        timeout=300,
    )
    summary: str = done.result["summary"]
    return summary


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("question", nargs="?", default="What is six times seven, or 6 * 7?")
    parser.add_argument("--agent", default="assistant")
    options = parser.parse_args(arguments)
    try:
        with FlueClient() as client:  # FLUE_BASE_URL and FLUE_TOKEN
            reply = ask(client, options.agent, options.question)
            print("reply:", reply)
            try:
                print("summary:", summarize(client, reply))
            except WorkflowApiNotFoundError:
                print("this server has no workflows (Flue 2.x)", file=sys.stderr)
    except FlueExecutionError as error:  # the agent or the workflow failed
        print(error, file=sys.stderr)
        return 2
    except FlueError as error:  # the server refused, or could not be reached
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
