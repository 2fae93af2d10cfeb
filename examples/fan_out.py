"""Spread questions over the processes of a Dask cluster, and follow what they have done.

    pip install . distributed                         # in a checkout
    export FLUE_BASE_URL=http://127.0.0.1:3583
    python examples/fan_out.py "What is 6 * 7?" "What is 6 * 9?"
    python examples/fan_out.py --scheduler tcp://host:8786 "What is 6 * 7?"

The first command uses processes of this machine, the second one a cluster, whose workers have
FLUE_BASE_URL in their environment.

A client belongs to its process: each worker makes one when it starts. What travels is plain data:
admissions, replies, checkpoints and errors pickle.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from distributed import Client, LocalCluster, WorkerPlugin, get_worker

from flue_client_ext import Admission, FlueClient, FlueExecutionError, Reply, UpdateCheckpoint

AGENT = "assistant"


class Flue(WorkerPlugin):
    """Gives each worker process a client, which its threads share."""

    def setup(self, worker: Any) -> None:
        worker.flue = FlueClient()

    def teardown(self, worker: Any) -> None:
        worker.flue.close()


def flue() -> FlueClient:
    worker: Any = get_worker()
    client: FlueClient = worker.flue
    return client


def send(id: str, question: str) -> Admission:
    """Dask runs the task of a worker that has died again. It sends once: the key is the same."""
    return flue().agents.send(AGENT, id, question, idempotency_key=id)


def read(id: str, admission: Admission) -> Reply:
    """Wait for the reply to a message that another process has sent."""
    return flue().agents.read(AGENT, id, admission)


def catch_up(id: str, checkpoint: UpdateCheckpoint | None) -> tuple[int, UpdateCheckpoint]:
    """Read what is new since a checkpoint; return how much, and the next checkpoint."""
    with flue().agents.updates(AGENT, id, resume=checkpoint, live=False) as stream:
        return sum(1 for _ in stream), stream.checkpoint


def ask_all(dask: Any, questions: Sequence[str]) -> None:
    """Ask each question in a conversation of its own, and print the replies."""
    ids = [f"fan-out-{uuid4()}" for _ in questions]

    def each(function: Any, *arguments: Sequence[Any]) -> Any:
        """Run the function once for each conversation. `pure=False`: every call counts."""
        return dask.map(function, ids, *arguments, pure=False)

    admissions: list[Admission] = dask.gather(each(send, questions))
    for question, reply in zip(questions, each(read, admissions), strict=True):
        try:
            print(f"{question} {reply.result().text}")
        except FlueExecutionError as error:  # raised in a worker, with all its fields
            print(f"{question} {error.failure}: {error.error}")
    nothing: list[None] = [None] * len(ids)
    first: list[tuple[int, UpdateCheckpoint]] = dask.gather(each(catch_up, nothing))
    saved = [checkpoint for _, checkpoint in first]
    again: list[tuple[int, UpdateCheckpoint]] = dask.gather(each(catch_up, saved))
    print(sum(n for n, _ in first), "updates,", sum(n for n, _ in again), "new ones since")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", nargs="+")
    parser.add_argument("--scheduler", help="of a cluster; processes of this machine without it")
    options = parser.parse_args(arguments)
    cluster = options.scheduler or LocalCluster(n_workers=2, threads_per_worker=8)
    with Client(cluster) as dask:
        dask.register_plugin(Flue())
        ask_all(dask, options.questions)


if __name__ == "__main__":
    main()
