"""Checkpoints: where a consumer stands in a run, as plain data and as files."""

from __future__ import annotations

from os import PathLike, fsdecode
from typing import Self, TypeAlias

from attrs import frozen

from ._flue.delivery import Position

__all__ = ["Checkpoint"]

Path: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes]


@frozen(eq=False)
class Checkpoint(Position):
    """Where a consumer stands in a run: plain data to be saved, and given to
    `runs.stream(resume=)`.

    `event_index` is the index of the last event that was handed over, `None` before the first.
    """

    @classmethod
    def at(cls, position: Position) -> Self:
        return cls(position.run_id, position.offset, position.event_index)

    def save(self, path: Path) -> None:
        """Write the checkpoint to the file `path`, replacing what was there.

        Atomic: whenever the process is killed, or the power fails, the file holds this checkpoint
        or the one before. It waits for the disk, a matter of milliseconds: in async code, run it in
        a thread. It waits for nobody else: processes, threads and signal handlers may save to one
        path at the same time; the last one to end wins."""
        from ._files import replace_file

        replace_file(fsdecode(path), self.to_json().encode())

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Return the checkpoint that `save` wrote to `path`; `None` if there is no such file.

        Raises `ValueError`, which names the file, for one that holds no checkpoint."""
        try:
            with open(fsdecode(path), "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return None
        try:
            return cls.from_json(content)
        except ValueError:
            raise ValueError(f"the file {fsdecode(path)!r} does not hold a Checkpoint") from None
