"""Ask an agent a thousand questions, eight at a time, with progress. Run again, it goes on.

    pip install .                                     # in a checkout
    export FLUE_BASE_URL=http://127.0.0.1:3583
    seq -f "What is %g * 3?" 1000 > questions.txt
    python examples/batch.py questions.txt answers.jsonl

Each line is asked in a conversation of its own. The answers are appended as they come; a line that
has one is not asked again. A question that was sent by a process which was killed before it wrote
the answer is not asked twice either: its idempotency key is made of the question, so the next
process finds what was sent, and reads the reply. (Servers before 2.0 know no such keys.)

What has failed stays failed under its key: `--attempt 2` asks it anew.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from flue_client_ext import FlueClient, ReplyOutcome


def key_of(question: str, attempt: int) -> str:
    return f"{sha256(question.encode()).hexdigest()[:32]}-{attempt}"


def answered(answers: Path) -> set[str]:
    """Return the questions that have an answer. A killed process may have left half a line."""
    known: set[str] = set()
    if answers.exists():
        for line in answers.read_text(encoding="utf-8").splitlines():
            try:
                known.add(json.loads(line)["question"])
            except (ValueError, KeyError):
                continue
    return known


class Progress:
    """One line about how far it is, at which rate, and when it will be done."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        rate = done / max(time.monotonic() - self._began, 1e-9)
        left = (total - done) / rate
        print(f"\r{done}/{total}, {rate:.0f}/s, {left:.0f} s left  ", end="", file=sys.stderr)


def ask_all(
    client: FlueClient, agent: str, questions: Sequence[str], attempt: int, concurrency: int
) -> Iterator[ReplyOutcome]:
    """Ask each question in a conversation of its own; yield the outcomes as they come."""
    keys = [key_of(question, attempt) for question in questions]
    return client.agents.map(
        agent,
        questions,
        ids=[f"batch-{key}" for key in keys],
        idempotency_keys=keys,
        concurrency=concurrency,
        ordered=False,
        return_errors=True,
        on_progress=Progress(),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--agent", default="assistant")
    parser.add_argument("--attempt", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=8)
    options = parser.parse_args(arguments)
    known = answered(options.answers)
    lines = options.questions.read_text(encoding="utf-8").splitlines()
    missing = [line for line in dict.fromkeys(lines) if line.strip() and line not in known]
    failed = 0
    with FlueClient() as client, options.answers.open("a", encoding="utf-8") as file:
        print(file=file)  # ends half a line, if there is one
        outcomes = ask_all(client, options.agent, missing, options.attempt, options.concurrency)
        for outcome in outcomes:
            question = missing[outcome.index]
            if outcome.reply is None:
                failed += 1
                print(f"\n{question}: {outcome.error}", file=sys.stderr)
                continue
            answer = {"question": question, "id": outcome.id, "text": outcome.reply.text}
            print(json.dumps(answer), file=file, flush=True)
    print(f"\n{len(missing) - failed} answered, {failed} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
