"""Input schemas: JSON Schema in, the issues that a genuine server's validator reports out.

`jsonschema` does the validating; this module only says the result in the words of Valibot, the
library with which Flue workflows declare their input, and shares its view that a list is an object.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, cast

from ._json import dumps

Check = Callable[[Any], list[dict[str, Any]]]

_LIMITS = {
    "minimum": ("value", ">="),
    "maximum": ("value", "<="),
    "exclusiveMinimum": ("value", ">"),
    "exclusiveMaximum": ("value", "<"),
    "minLength": ("length", ">="),
    "maxLength": ("length", "<="),
    "minItems": ("length", ">="),
    "maxItems": ("length", "<="),
}
_NAMES = {"object": "Object", "array": "Array", "integer": "number"}


def compile_schema(schema: Mapping[str, Any]) -> Check:
    """Return a function from an input to its issues, an empty list for a good one."""
    try:
        jsonschema: Any = import_module("jsonschema")  # late, and untyped
    except ImportError as error:
        raise ImportError("input_schema needs jsonschema: install flue-client[testing]") from error
    base = jsonschema.Draft202012Validator
    base.check_schema(schema)
    types = base.TYPE_CHECKER.redefine("object", _is_object)
    validator = jsonschema.validators.extend(base, type_checker=types)(schema)
    order = list(cast("dict[str, Any]", schema.get("properties", {})))

    def check(value: Any) -> list[dict[str, Any]]:
        issues = [issue for error in validator.iter_errors(value) for issue in _issues(error)]
        return sorted(issues, key=lambda issue: _place(order, issue.get("path")))

    return check


def _is_object(_: object, value: object) -> bool:
    return isinstance(value, (dict, list))


def _place(order: list[str], path: list[Any] | None) -> int:
    return order.index(path[0]) if path and path[0] in order else len(order)


def _issues(error: Any) -> Iterator[dict[str, Any]]:
    path: list[Any] = list(error.absolute_path)
    if error.validator == "required":
        missing = next(key for key in error.validator_value if error.message.startswith(repr(key)))
        yield _issue(f'Invalid key: Expected "{missing}" but received undefined', [*path, missing])
    elif error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        extra = next(key for key in error.instance if key not in known)
        yield _issue(f'Invalid key: Expected never but received "{extra}"', [*path, extra])
    else:
        yield _issue(_sentence(error.validator, error.validator_value, error.instance, error), path)


def _sentence(rule: str, wanted: Any, value: Any, error: Any) -> str:
    if wanted == "integer" and isinstance(value, float):
        return f"Invalid integer: Received {value}"
    if rule in ("type", "enum", "const"):
        alone = rule == "const" or isinstance(wanted, str)
        options: list[Any] = [wanted] if alone else list(wanted)
        named = [_NAMES.get(one, str(one)) if rule == "type" else _shown(one) for one in options]
        expected = " | ".join(named)
        expected = f"({expected})" if len(options) > 1 else expected
        return f"Invalid type: Expected {expected} but received {_shown(value)}"
    if rule in _LIMITS:
        noun, sign = _LIMITS[rule]
        got = len(value) if noun == "length" else value
        return f"Invalid {noun}: Expected {sign}{wanted} but received {got}"
    if rule == "pattern":
        return f"Invalid format: Expected /{wanted}/ but received {_shown(value)}"
    return f"Invalid input: {error.message}"


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "Object" if isinstance(value, dict) else "Array"
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return dumps(value)


def _issue(message: str, path: list[Any]) -> dict[str, Any]:
    return {"message": message, **({"path": path} if path else {})}
