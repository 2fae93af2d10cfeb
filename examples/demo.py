"""The demo: start workflows and wait for a result; watch events and an agent's reply as they come.

`python examples/demo.py` uses the local server that comes with the package; `--flue` installs and
starts a genuine Flue server (from the repository only), and `--url` uses one that runs already.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from flue_client_ext import FlueClient, FlueEvent, FlueEventStream, Retracted, TextDelta, ToolCall

TEXT = "Flue runs agents as workflows, and every run tells its story as a stream of events."
FAINT, BOLD, RED, GREEN, YELLOW, BLUE, RESET = (
    f"\x1b[{code}m" for code in ("2", "1", "31", "32", "33", "34", "0")
)


@contextmanager
def local_server() -> Generator[str]:
    from flue_client_ext.testing import demo_server

    with demo_server().run() as url:
        yield url


@contextmanager
def genuine_server() -> Generator[str]:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from tests.servers.flue import FlueServer

    print("installing and starting a genuine Flue server (the first time takes a minute) ...")
    with FlueServer() as server:
        yield server.url


def paint(colour: str, text: str) -> str:
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return f"{colour}{text}{RESET}"
    return text


def headline(text: str) -> None:
    print(f"\n{paint(BOLD, text)}")


def describe(event: FlueEvent) -> str:
    """One line about an event; the type checker knows the fields of each."""
    match event.type:
        case "run_start":
            return f"workflow {event.workflow_name}"
        case "log":
            colour = {"error": RED, "warn": YELLOW}.get(event.level, "")
            return paint(colour, event.message)
        case "text_delta":
            return paint(GREEN, event.text)
        case "thinking_delta":
            return paint(FAINT, event.delta)
        case "tool_start":
            return f"{event.tool_name} {json.dumps(event.args) if event.args else ''}"
        case "tool":
            return f"{event.tool_name} took {event.duration_ms} ms"
        case "turn":
            usage = event.response.usage
            return "" if usage is None else f"{usage.total_tokens} tokens"
        case "run_end":
            return "failed" if event.is_error else json.dumps(event.result, ensure_ascii=False)
        case _:
            return ""


def show(stream: FlueEventStream) -> None:
    for event in stream:
        index = paint(FAINT, f"{event.event_index:4d}")
        print(f"{index} {paint(BLUE, f'{event.type:16}')} {describe(event)}", flush=True)
    print(paint(FAINT, f"     resume from offset {stream.offset}"))


def ask(client: FlueClient) -> None:
    """Ask an agent, which only the local server has beside these workflows."""
    conversation = client.agents.conversation("assistant", "demo")
    with conversation.ask_stream("What is 6 * 7?") as stream:
        for change in stream:
            if isinstance(change, TextDelta):
                print(paint(GREEN, change.text), end="", flush=True)
            elif isinstance(change, Retracted):
                print(paint(FAINT, " (taken back)"), paint(GREEN, stream.text), end="", flush=True)
            elif isinstance(change, ToolCall):
                print(paint(FAINT, f"\n     {change.name} {change.input}"))
        print(paint(FAINT, f"\n     settled: {stream.reply.submission_id}"))


def tell(url: str, agents: bool) -> None:
    with FlueClient(url) as client:
        headline(f"1. Run summarize on {url} and wait for its result")
        done = client.workflows.invoke("summarize", input={"text": TEXT}, wait="result")
        print(json.dumps(done.result))

        headline("2. The record of that run")
        record = client.runs.get(done.run_id)
        print(f"{record.run_id} {record.status} after {record.duration_ms} ms")

        headline("3. Start research, and follow its events live over SSE")
        started = client.workflows.invoke("research")
        with client.runs.stream(started.run_id, live="sse") as stream:
            show(stream)

        if agents:
            headline("4. Ask the agent assistant, and show its reply as it comes")
            ask(client)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--flue", action="store_true", help="use a genuine Flue server")
    parser.add_argument("--url", help="use the server at this base URL")
    options = parser.parse_args()
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # a delta may hold one half of an emoji
    if options.url:
        tell(options.url, agents=False)
        return
    with genuine_server() if options.flue else local_server() as url:
        tell(url, agents=not options.flue)


if __name__ == "__main__":
    main()
