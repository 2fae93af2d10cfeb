"""The tokens and the cost of a reply so far, from what its messages tell."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext._flue.usage import reply_usage

Json = dict[str, Any]


def said(by: str | None = None, **more: Any) -> Json:
    named = {} if by is None else {"submissionId": by}
    return {"id": f"u {by}", "role": "user", **named, "parts": [], **more}


def step(usage: Any, by: str | None = None) -> Json:
    named = {} if by is None else {"submissionId": by}
    metadata = {} if usage is None else {"metadata": {"usage": usage, "model": "m1"}}
    return {"id": "m", "role": "assistant", **named, "parts": [], **metadata}


def tokens(total: Any, cost: Any = 0) -> Json:
    return {"totalTokens": total, "cost": {"total": cost}}


def settled(by: str, **more: Any) -> Json:
    return {"submissionId": by, "outcome": "completed", **more}


HOST = settled("s1", answeredBySubmissionId="s0")
CASES: dict[str, tuple[list[Json], list[Json], Json | None]] = {
    "nothing yet": ([said("s1")], [], None),
    "an author who tells none": ([said("s1"), step(None, "s1")], [], None),
    "an author who tells it": ([said("s1"), step(tokens(5), "s1")], [], tokens(5)),
    "steps under way": (
        [said("s1"), step(tokens(5, 0.5), "s1"), step(tokens(7, 0.25), "s1")],
        [],
        tokens(12, 0.75),
    ),
    "steps of a snapshot, which name no submission": (
        [step(tokens(1)), said("s1"), step(tokens(5)), step(None), step(tokens(7)), said("s2")],
        [settled("s1")],
        tokens(12),
    ),
    "a running response that was joined": (
        [said("s0"), step(tokens(5), "s0"), said("s1", turnId="t")],
        [],
        tokens(5),
    ),
    "a response that has answered both": (
        [said("s0"), step(tokens(5), "s0"), said("s1", turnId="t")],
        [settled("s0"), HOST],
        tokens(5),
    ),
    "what is no number": (
        [said("s1"), step({"a": 1, "b": True, "c": {}}, "s1"), step({"a": "x", "b": 1}, "s1")],
        [],
        {"a": "x", "b": 1, "c": {}},
    ),
    "objects in objects": (
        [said("s1"), step({"c": {"d": {"e": 1}}}, "s1"), step({"c": {"d": {"e": 2}}}, "s1")],
        [],
        {"c": {"d": {"e": 2}}},
    ),
    "a number beyond any fraction": (
        [said("s1"), step({"a": 10**400}, "s1"), step({"a": 0.5}, "s1")],
        [],
        {"a": 0.5},
    ),
    "usage that is no object": ([said("s1"), step(7, "s1"), step([1], "s1")], [], None),
}


@pytest.mark.parametrize("case", list(CASES))
def test_the_usage_of_a_reply_is_that_of_its_messages(case: str) -> None:
    messages, settlements, expected = CASES[case]
    snapshot = {"messages": messages, "settlements": settlements}
    assert reply_usage(snapshot, "s1") == expected


def test_a_conversation_of_nonsense_has_no_usage() -> None:
    assert reply_usage({"messages": 7, "settlements": [None]}, "s1") is None
    assert reply_usage({}, "s1") is None
