"""What the reference says of attributes: an extension of griffe, which reads the source.

`fact("...")` in a class of errors is the attribute's description, and `field(default=...)` of attrs
is its default.
"""

from __future__ import annotations

import ast
from typing import Any

from griffe import Attribute, Docstring, ExprCall, ExprKeyword, Extension


class Attributes(Extension):
    def __init__(self) -> None:
        self._described: set[str] = set()

    def on_attribute_instance(self, *, attr: Attribute, **more: Any) -> None:
        value = attr.value
        if attr.path in self._described:  # what `__init__` sets it to is nobody's concern
            attr.value = None
        elif isinstance(value, ExprCall):
            self._called(attr, value)

    def _called(self, attr: Attribute, value: ExprCall) -> None:
        function = str(value.function).rpartition(".")[2]
        if function == "fact":
            text = ast.literal_eval(str(value.arguments[0]))
            attr.docstring = Docstring(text, parent=attr)
            attr.value = None
            self._described.add(attr.path)
        elif function == "field":
            given = [each for each in value.arguments if isinstance(each, ExprKeyword)]
            attr.value = next((each.value for each in given if each.name == "default"), None)
