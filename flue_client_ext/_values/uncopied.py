"""Refuses to pickle and to copy objects that hold connections, locks or threads."""

from __future__ import annotations

from typing import ClassVar, NoReturn


class Uncopied:
    """`_instead` says, in the error's message, what to do in place of pickling or copying."""

    _instead: ClassVar[str]

    def __reduce__(self) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"{name} objects are neither pickled nor copied: {self._instead}")
