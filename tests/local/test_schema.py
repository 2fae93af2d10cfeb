"""Input schemas: the words for each kind of mismatch, as a genuine server's Valibot says them.

The expected sentences were read from a genuine server whose workflow has the same schema.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from flue_client_ext.testing._schema import compile_schema

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "s": {"type": "string", "minLength": 2, "maxLength": 4},
        "n": {"type": "number", "minimum": 1, "maximum": 9},
        "g": {"type": "number", "exclusiveMinimum": 3},
        "i": {"type": "integer"},
        "e": {"enum": ["a", "b"]},
        "l": {"const": "x"},
        "a": {"type": "array", "items": {"type": "number"}},
        "al": {"type": "array", "minItems": 1},
        "b": {"type": "boolean"},
        "o": {"type": "object", "properties": {"k": {"type": "string"}}, "required": ["k"]},
        "u": {"type": ["string", "number"]},
        "r": {"type": "string", "pattern": "^a+$"},
        "nn": {"type": "null"},
    },
    "additionalProperties": False,
}
check = compile_schema(SCHEMA)


@pytest.mark.parametrize(
    ("value", "message", "path"),
    [
        ({"s": "a"}, "Invalid length: Expected >=2 but received 1", ["s"]),
        ({"s": "abcde"}, "Invalid length: Expected <=4 but received 5", ["s"]),
        ({"s": None}, "Invalid type: Expected string but received null", ["s"]),
        ({"n": 0}, "Invalid value: Expected >=1 but received 0", ["n"]),
        ({"n": 10}, "Invalid value: Expected <=9 but received 10", ["n"]),
        ({"n": "q"}, 'Invalid type: Expected number but received "q"', ["n"]),
        ({"g": 3}, "Invalid value: Expected >3 but received 3", ["g"]),
        ({"i": 1.5}, "Invalid integer: Received 1.5", ["i"]),
        ({"i": "x"}, 'Invalid type: Expected number but received "x"', ["i"]),
        ({"e": "c"}, 'Invalid type: Expected ("a" | "b") but received "c"', ["e"]),
        ({"e": 5}, 'Invalid type: Expected ("a" | "b") but received 5', ["e"]),
        ({"l": "y"}, 'Invalid type: Expected "x" but received "y"', ["l"]),
        ({"a": "x"}, 'Invalid type: Expected Array but received "x"', ["a"]),
        ({"a": {}}, "Invalid type: Expected Array but received Object", ["a"]),
        ({"a": [1, "x"]}, 'Invalid type: Expected number but received "x"', ["a", 1]),
        ({"al": []}, "Invalid length: Expected >=1 but received 0", ["al"]),
        ({"b": 1}, "Invalid type: Expected boolean but received 1", ["b"]),
        ({"o": {}}, 'Invalid key: Expected "k" but received undefined', ["o", "k"]),
        ({"o": []}, 'Invalid key: Expected "k" but received undefined', ["o", "k"]),
        ({"o": 5}, "Invalid type: Expected Object but received 5", ["o"]),
        ({"o": {"k": 1}}, "Invalid type: Expected string but received 1", ["o", "k"]),
        ({"u": True}, "Invalid type: Expected (string | number) but received true", ["u"]),
        ({"r": "b"}, 'Invalid format: Expected /^a+$/ but received "b"', ["r"]),
        ({"nn": 1}, "Invalid type: Expected null but received 1", ["nn"]),
        ({"extra": 1, "more": 2}, 'Invalid key: Expected never but received "extra"', ["extra"]),
        (5, "Invalid type: Expected Object but received 5", None),
        ("x", 'Invalid type: Expected Object but received "x"', None),
        (True, "Invalid type: Expected Object but received true", None),
    ],
)
def test_a_mismatch_is_said_in_valibots_words(
    value: Any, message: str, path: list[Any] | None
) -> None:
    assert check(value) == [{"message": message, **({} if path is None else {"path": path})}]


def test_what_fits_has_no_issues_and_a_list_counts_as_an_object() -> None:
    fitting: list[Any] = [{}, {"s": "abc", "n": 1.5, "a": [1]}, []]
    assert [check(value) for value in fitting] == [[], [], []]


def test_several_issues_come_in_the_order_of_the_schema() -> None:
    assert [issue["path"] for issue in check({"n": "q", "s": 1})] == [["s"], ["n"]]


def test_rules_that_valibot_does_not_have_are_said_somehow() -> None:
    [issue] = compile_schema({"not": {"type": "null"}})(None)
    assert issue["message"].startswith("Invalid input: ")


def test_without_jsonschema_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(ImportError, match=r"flue-client\[testing\]"):
        compile_schema({})


def test_a_schema_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(Exception, match="nonsense"):
        compile_schema({"type": "nonsense"})
