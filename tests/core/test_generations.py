"""The generations of the agents' protocol: what each has, and what a client remembers of them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from flue_client_ext import UnsupportedByServerError
from flue_client_ext._flue.dialects import BETA_3, BETA_8, TWO, Dialect, dialect_of, no_events
from flue_client_ext._flue.generations import Generations, checked

FILE = {"type": "image", "data": "aGk=", "mimeType": "image/png", "filename": "a.png"}
MESSAGE: dict[str, Any] = {"kind": "user", "body": "hi", "idempotencyKey": "k"}
OPTIONS = ["idempotency_key", "initial_data", "uid", "send_signal", "history_before"]
CALLS = ["abort", "history", "updates", "observe", "ask_stream", "on_update", "attachment"]


def test_a_body_is_that_of_2_x_as_it_is() -> None:
    assert TWO.body(MESSAGE) is MESSAGE


@pytest.mark.parametrize("dialect", [BETA_3, BETA_8], ids=["beta.3", "beta.8"])
def test_a_body_of_the_betas_has_no_kind_and_no_key(dialect: Dialect) -> None:
    assert dialect.body(MESSAGE) == {"message": "hi"}


def test_attachments_are_the_images_of_the_betas() -> None:
    for dialect in (BETA_3, BETA_8):
        body = dialect.body({**MESSAGE, "attachments": [FILE]})
        assert body == {"message": "hi", "images": [FILE]}


@pytest.mark.parametrize(
    ("dialect", "missing"),
    [(TWO, ["stream"]), (BETA_8, ["stream", *OPTIONS]), (BETA_3, [*OPTIONS, *CALLS])],
    ids=["2", "beta.8", "beta.3"],
)
def test_what_a_generation_has_not_is_an_error_before_anything(
    dialect: Dialect, missing: list[str]
) -> None:
    for what in ["stream", *OPTIONS, *CALLS]:
        if what not in missing:
            dialect.check(what)
            continue
        with pytest.raises(UnsupportedByServerError) as caught:
            dialect.check("send", what)
        error = caught.value
        assert (error.what, error.generation) == (what, dialect.generation)
        assert error.instead
        again = pickle.loads(pickle.dumps(error))
        assert (again.what, again.generation, again.instead) == (
            what,
            dialect.generation,
            error.instead,
        )


def test_without_a_known_generation_the_error_names_none() -> None:
    assert (no_events().what, no_events().generation) == ("stream", None)


@pytest.mark.parametrize("name", ["2", "beta.8", "beta.3"])
def test_a_generation_is_stated_by_its_first_version(name: Any) -> None:
    assert checked(name) == name
    assert dialect_of(name).generation == name
    assert checked(None) is None


@pytest.mark.parametrize("value", ["", "3", "beta.9", "2.1.0", 2, b"2", True, ["2"]])
def test_no_other_value_is_a_generation(value: Any) -> None:
    with pytest.raises(ValueError, match="generation"):
        checked(value)


def test_one_conversation_tells_of_all_of_its_agent() -> None:
    generations = Generations()
    generations.remember("http://h/agents/a/1", "beta.8")
    assert generations.of("http://h/agents/a/2") == "beta.8"
    assert generations.of("http://h/agents/b/1") is None
    assert generations.of("http://other/agents/a/1") is None
    generations.remember("http://h/agents/a/3", "2")
    assert generations.of("http://h/agents/a/1") == "2"


def test_what_is_stated_comes_before_what_was_found() -> None:
    generations = Generations()
    generations.remember("http://h/a/1", "beta.8")
    stated = generations.stating("2")
    assert (stated.of("http://h/a/1"), stated.of("http://h/b/1")) == ("2", "2")
    stated.remember("http://h/b/1", "beta.3")
    assert stated.of("http://h/b/1") == "2"
    assert stated.stating(None).of("http://h/b/1") == generations.of("http://h/b/1") == "beta.3"


def test_the_memory_of_generations_is_bounded() -> None:
    generations = Generations()
    for number in range(3000):
        generations.remember(f"http://h/{number}/1", "2")
    known = sum(generations.of(f"http://h/{number}/1") is not None for number in range(3000))
    assert known == 1024
    assert generations.of("http://h/2999/1") == "2"
