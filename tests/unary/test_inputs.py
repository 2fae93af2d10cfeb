"""Which Python values are an input: JSON, dataclass, attrs and pydantic values, nothing else."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
from collections import OrderedDict, defaultdict, namedtuple
from decimal import Decimal
from typing import Any

import attrs
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flue_client_ext import FlueClient
from flue_client_ext.errors import FlueError
from tests.servers.flue import FlueServer
from tests.servers.raw import RawServer
from tests.unary.support import failure, works
from tests.worlds import World


@dataclasses.dataclass
class Point:
    x: int
    y: float


@attrs.frozen
class Line:
    start: Point
    rest: tuple[Point, ...] = ()


class Shape(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(populate_by_name=True)
    made_at: datetime.datetime = pydantic.Field(alias="madeAt")
    area: Decimal


class Colour(str, enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


Pair = namedtuple("Pair", "left right")
NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)

POINT = {"x": 1, "y": 2.0}
VALUES: list[tuple[Any, Any]] = [
    (Point(1, 2.5), {"x": 1, "y": 2.5}),
    (
        Line(Point(0, 0.0), (Point(1, 1.0),)),
        {"start": {"x": 0, "y": 0.0}, "rest": [{"x": 1, "y": 1.0}]},
    ),
    (Shape(madeAt=NOON, area=Decimal("1.50")), {"madeAt": "2026-11-22T12:00:00Z", "area": "1.50"}),
    ({"deep": [Point(1, 2.0)]}, {"deep": [POINT]}),
    ((1, (2,)), [1, [2]]),
    (Pair(1, 2), [1, 2]),
    (OrderedDict(a=1), {"a": 1}),
    (defaultdict(list, a=[1]), {"a": [1]}),
    (Colour.RED, "red"),
    ({Colour.RED: Colour.RED}, {"red": "red"}),
    (Size.BIG, 3),
    (10**30, 10**30),
    (True, True),
    ("\ud83d lone surrogate", "\ud83d lone surrogate"),
]


def received(value: Any) -> Any:
    with RawServer(works) as server, FlueClient(server.url) as client:
        client.workflows.invoke("w", input=value)
        return server.requests[0].json()


@pytest.mark.parametrize(("value", "json_value"), VALUES, ids=lambda value: ascii(value)[:40])
def test_values_arrive_as_the_json_that_they_stand_for(value: Any, json_value: Any) -> None:
    arrived = received(value)
    assert arrived == json_value
    assert type(arrived) is type(json_value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_any_json_value_arrives_unchanged() -> None:
    with RawServer(works) as server, FlueClient(server.url) as client:

        @settings(max_examples=150, deadline=None)
        @given(JSON)
        def check(value: Any) -> None:
            returned = client.workflows.invoke("w", input=value, wait="result").result
            assert server.requests[-1].json() == value == returned

        check()


def test_any_json_value_comes_back_from_the_genuine_server(
    any_world: World, genuine: FlueServer
) -> None:
    value = {"text": "\u00fc\u2028\u0085\U0001f600", "numbers": [0.1, -1e300, 2**53], "none": None}
    client = any_world.client(genuine.url)
    assert client.workflows.invoke("echo", input=value, wait="result").result == value


SELF: list[Any] = []
SELF.append(SELF)
REFUSED: list[tuple[Any, type[Exception], str]] = [
    (math.nan, ValueError, "input"),
    ({"a": [1, math.inf]}, ValueError, "input['a'][1]"),
    (Point(1, -math.inf), ValueError, "input['y']"),
    ({"a": {"b": {1, 2}}}, TypeError, "input['a']['b']"),
    ([b"bytes"], TypeError, "input[0]"),
    ([object()], TypeError, "input[0]"),
    ({"when": NOON}, TypeError, "input['when']"),
    ({"price": Decimal(1)}, TypeError, "input['price']"),
    ({"a": {1: 2}}, TypeError, "input['a']"),
    ([Point], TypeError, "input[0]"),
    (Line, TypeError, "input"),
    ([Shape], TypeError, "input[0]"),
    (iter([1]), TypeError, "input"),
    ({"x": SELF}, ValueError, "input['x'][0]"),
]


@pytest.mark.parametrize(
    ("value", "kind", "path"), REFUSED, ids=lambda value: ascii(value).partition(" at 0x")[0][:40]
)
def test_what_is_not_json_is_refused_naming_its_place_before_any_io(
    any_world: World, value: Any, kind: type[Exception], path: str
) -> None:
    with RawServer(works) as server:
        client = any_world.client(server.url)
        for call in (client.workflows.invoke, client.workflows.run):
            error = failure(call, "w", input=value)
            assert type(error) is kind
            assert not isinstance(error, FlueError)
            assert path in str(error).split()
        assert server.accepted == 0


def test_a_value_nested_without_end_is_refused() -> None:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    with FlueClient("http://127.0.0.1:9") as client:
        assert type(failure(client.workflows.invoke, "w", input=value)) is ValueError


def test_the_callers_value_is_not_changed() -> None:
    value = {"a": (1, 2), "p": Point(1, 2.0)}
    assert json.loads(json.dumps(received(value))) == {"a": [1, 2], "p": {"x": 1, "y": 2.0}}
    assert value == {"a": (1, 2), "p": Point(1, 2.0)}
