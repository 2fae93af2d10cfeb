"""The position of a consumer as JSON text and as a file: the base of the checkpoints of all kinds
of resources. Knows none of them."""

from __future__ import annotations

from os import PathLike, fsdecode
from typing import Any, Self, TypeAlias, cast

from attrs import NOTHING, fields

from ._values.checks import with_article

Path: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes]


class Saved:
    """Base of checkpoints: attrs classes, made with `eq=False`, whose fields are JSON values.

    The JSON form has the fields in camel case. A reader ignores those that it does not know, and
    those with a default may be absent: earlier and later versions read each other's files."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not (isinstance(other, type(self)) or isinstance(self, type(other))):
            return NotImplemented
        return _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash(tuple(_values(self).values()))

    def to_json(self) -> str:
        """Return the checkpoint as JSON text."""
        import json

        return json.dumps({_camel(name): value for name, value in _values(self).items()})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the checkpoint that `to_json` wrote; `ValueError` if it is none."""
        import json

        try:
            data = json.loads(text)
            return cls(**{name: data[key] for name, key in _keys(cls, data)})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ValueError(f"not the JSON text of {with_article(cls.__name__)}") from None

    def save(self, path: Path) -> None:
        """Write the checkpoint to the file `path`, replacing what was there.

        Atomic: whenever the process is killed, or the power fails, the file holds this checkpoint
        or the one before. It waits for the disk, which takes milliseconds: in async code, run it in
        a thread. It takes no lock that others wait for: processes, threads and signal handlers may
        save to one path at the same time, and the last one to end wins."""
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
            name = with_article(cls.__name__)
            raise ValueError(f"the file {fsdecode(path)!r} does not hold {name}") from None


def _values(saved: Any) -> dict[str, Any]:
    return {field.name: getattr(saved, field.name) for field in fields(cast(Any, type(saved)))}


def _keys(cls: Any, data: dict[str, Any]) -> list[tuple[str, str]]:
    """The fields to read, each with its key; a field without a default is read in any case."""
    keys = [(field, _camel(field.name)) for field in fields(cls)]
    return [(field.name, key) for field, key in keys if field.default is NOTHING or key in data]


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
