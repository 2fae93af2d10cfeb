"""Modules that only annotations name: imported when the annotations are evaluated, not before."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyModule:
    """Stands for a module in the globals that `typing.get_type_hints` evaluates annotations in."""

    def __init__(self, name: str) -> None:
        self._name = name

    @classmethod
    def of_same_world(cls, module: str, name: str) -> LazyModule:
        """Return the module `name` for async or for blocking code, as `module` is."""
        package, _, own = module.rpartition(".")
        return cls(f"{package}.{'async_' if own.startswith('async_') else ''}{name}")

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)
