"""Many calls, at most so many at a time, whose outcomes are kept in a file: what is done is not
done again by the next process, and what was begun is waited for."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._values.jsoncodec import as_object
from ..errors import FlueError, FlueExecutionError
from ._diagnosis import is_in_the_way
from ._items import Item
from ._options import live_of
from ._results import Record, Records

if TYPE_CHECKING:
    from .._stream.arguments import LiveOption
    from ..async_client import AsyncFlueClient
    from ._batch_view import BatchView

_LEAST_PATIENCE = 20
"""So many requests may fail one after another."""


class Batch(ABC):
    """Items and what is known of them: results, and what was begun."""

    #: The field of a record that says what the items are given to, and the one of its name there.
    kind: str

    def __init__(
        self,
        name: str,
        timeout: float | None,
        live: str,
        items: list[Item],
        output: Path,
        retry: bool,
    ) -> None:
        self.name = name
        self.timeout = timeout
        """Of each item, in seconds."""
        self.live: LiveOption = live_of(live)
        self.items = items
        self.results = Records(output)
        self.begun = Records(output.with_name(f"{output.name}.begun"))
        self._retry = retry
        self._refused = 0
        self.in_the_way = False
        """Whether an item failed on the way to the server."""

    def __enter__(self) -> Batch:
        with ExitStack() as stack:
            stack.enter_context(self.results)
            stack.enter_context(self.begun)
            self._check()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @abstractmethod
    async def perform(self, client: AsyncFlueClient, item: Item) -> Record:
        """Do what is to be done for an item; return what its record says beside its names."""

    def missing(self) -> list[Item]:
        """The items without a result; those that have failed are among them, unless they are to
        be kept."""
        return [item for item in self.items if self._is_missing(item)]

    def failures(self) -> list[Record]:
        records = (self.results.get(item.key) for item in self.items)
        return [record for record in records if record is not None and "error" in record]

    def goes_on(self, item: Item) -> Record | None:
        """What was begun for an item and is to be finished; `None` where it is over."""
        record = self.results.get(item.key) or {}
        return None if self.is_over(as_object(record.get("error"))) else self.begun.get(item.key)

    def is_over(self, error: dict[str, Any]) -> bool:
        """Whether what was begun has ended with this error. A lost connection ends nothing."""
        return "failure" in error

    async def run(self, client: AsyncFlueClient, concurrency: int, view: BatchView) -> None:
        """Do what is missing. Raises the latest error where many requests fail one after another:
        of a server that is gone, or a token that is wrong, each item would fail."""
        waiting = iter(self.missing())
        patience = max(_LEAST_PATIENCE, 2 * concurrency)
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(self._work(client, waiting, view, patience))

    def finish(self) -> None:
        """Put the results into the order of the items. The files must be closed."""
        known = ((item, self.results.get(item.key)) for item in self.items)
        self.results.replace(
            {**record, "index": item.index} for item, record in known if record is not None
        )
        if not self.failures():
            self.begun.remove()

    async def _work(
        self, client: AsyncFlueClient, waiting: Iterator[Item], view: BatchView, patience: int
    ) -> None:
        for item in waiting:
            record = {"key": item.key, "index": item.index, self.kind: self.name}
            try:
                record |= await self.perform(client, item)
            except FlueError as error:
                record |= _failure(error)
                self.in_the_way |= is_in_the_way(error)
                self._refused += not isinstance(error, FlueExecutionError)
                if self._refused == patience:
                    error.add_note(f"The last {patience} requests have failed: the rest is left.")
                    raise
            else:
                self._refused = 0
            self.results.add(record)
            view.done(item, record)

    def _is_missing(self, item: Item) -> bool:
        record = self.results.get(item.key)
        return record is None or ("error" in record and self._retry)

    def _check(self) -> None:
        for item in self.items:
            record = self.results.get(item.key)
            if record is not None and record.get(self.kind) != self.name:
                raise ValueError(
                    f"{self.results.path} holds results of something else than"
                    f" the {self.kind} {self.name}: give another --output"
                )


def _failure(error: FlueError) -> Record:
    """The error as data."""
    facts: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    names = {"runId": "run_id", "submissionId": "submission_id"}
    known = {name: getattr(error, attribute, None) for name, attribute in names.items()}
    for name in ("status", "failure"):
        if hasattr(error, name):
            facts[name] = getattr(error, name)
    return {**{name: value for name, value in known.items() if value}, "error": facts}
