"""Modules that are imported when something of theirs is first used, or an annotation that names it
is evaluated."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any


class LazyModule:
    """Stands for a module in the globals of another one, as `typing.get_type_hints` needs it too.
    Type checkers are shown the import itself, under `TYPE_CHECKING`."""

    def __init__(self, name: str) -> None:
        self._name = name

    @classmethod
    def of_same_world(cls, module: str, name: str) -> LazyModule:
        """Return the module `name` for async or for blocking code, as `module` is."""
        package, _, own = module.rpartition(".")
        return cls(f"{package}.{'async_' if own.startswith('async_') else ''}{name}")

    @cached_property
    def _module(self) -> ModuleType:
        return import_module(self._name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)
