"""JSON out: what JSON can carry is sent as it is, and what it cannot is refused with its place."""

from __future__ import annotations

import json
import math
from collections import OrderedDict, namedtuple
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, ClassVar

import attrs
import pydantic
import pytest
from hypothesis import given, settings

from flue_client.models import LogEvent, parse_event
from flue_client_ext._values.jsoncodec import plain

from .values import VALUES, same


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_a_JSON_value_is_sent_as_it_is(value: Any) -> None:
    assert same(plain(value), value)


Point = namedtuple("Point", "x y")


class Colour(StrEnum):
    RED = "red"


class Older(str, Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@dataclass
class Data:
    name: object
    parts: list[Any] = field(default_factory=list)
    kind: ClassVar[str] = "shared by all"
    seed: InitVar[int] = 0


@dataclass(slots=True)
class Slotted:
    name: str


@attrs.define
class Attrs:
    name: str
    _hidden: int = 1


class Model(pydantic.BaseModel):
    long_name: str = pydantic.Field(alias="longName")
    when: datetime


class Rows(pydantic.RootModel[list[int]]):
    pass


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


EVENT = {"type": "log", "v": 3, "eventIndex": 1, "unknown": [1]}


PLAIN = [
    ((1, (2, 3)), [1, [2, 3]]),
    (Point(1, 2), [1, 2]),
    (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    (Colour.RED, "red"),
    (Older.RED, "red"),
    ({Older.RED: Older.RED}, {"red": "red"}),
    (Level.HIGH, 3),
    (Data("x", [Data("y")]), {"name": "x", "parts": [{"name": "y", "parts": []}]}),
    (Slotted("x"), {"name": "x"}),
    (Attrs("x"), {"name": "x", "_hidden": 1}),
    (Model(longName="x", when=NOON), {"longName": "x", "when": "2026-11-22T12:00:00Z"}),
    ([Rows([1, 2])], [[1, 2]]),
    ({"deep": (Data(Attrs("z")),)}, {"deep": [{"name": {"name": "z", "_hidden": 1}, "parts": []}]}),
    (parse_event(EVENT), EVENT),
]


@pytest.mark.parametrize(("value", "expected"), PLAIN)
def test_values_of_other_kinds_become_plain_JSON(value: Any, expected: Any) -> None:
    result = plain(value)
    assert same(result, expected)
    assert json.loads(json.dumps(result)) == expected


def test_the_same_value_twice_is_no_cycle() -> None:
    shared = {"a": 1}
    assert plain([shared, shared, {"x": shared}]) == [shared, shared, {"x": shared}]


def cyclic(kind: str) -> Any:
    if kind == "list":
        inner: list[Any] = [1]
        inner.append({"again": inner})
        return inner
    data = Data("x")
    data.parts.append((data,))
    return data


@pytest.mark.parametrize(
    ("value", "error", "place"),
    [
        (math.nan, ValueError, "input is"),
        ({"a": [0, {"b": math.inf}]}, ValueError, "input['a'][1]['b']"),
        (Data("x", [-math.inf]), ValueError, "input['parts'][0]"),
        ({"a": {1: 2}}, TypeError, "input['a']"),
        ({None: 1}, TypeError, "input has"),
        ([b"bytes"], TypeError, "input[0]"),
        ({"s": {1, 2}}, TypeError, "input['s']"),
        ((1, NOON), TypeError, "input[1]"),
        (Decimal("1.5"), TypeError, "input is"),
        ([object()], TypeError, "input[0] is an object, "),
        (Data, TypeError, "input is"),
        (Model, TypeError, "input is"),
        (1j, TypeError, "input is a complex, "),
        (cyclic("list"), ValueError, "input[1]['again'] "),
        (cyclic("data"), ValueError, "input['parts'][0][0] "),
    ],
)
def test_what_JSON_cannot_carry_is_refused_with_its_place(
    value: Any, error: type[Exception], place: str
) -> None:
    with pytest.raises(error) as caught:
        plain(value)
    assert place in str(caught.value)


def test_a_value_nested_beyond_reason_is_refused() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]
    with pytest.raises(ValueError, match="nested"):
        plain(value)


def test_the_value_given_is_not_touched() -> None:
    inner = [1, 2]
    given_value = {"a": inner}
    copy = plain(given_value)
    copy["a"].append(3)
    assert (given_value, inner) == ({"a": [1, 2]}, [1, 2])
    assert isinstance(parse_event(EVENT), LogEvent)
