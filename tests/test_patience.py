"""What is wrong fails with each of the times, and what a busy machine spoils may succeed later."""

from __future__ import annotations

import pytest

from tests.patience import patiently


def test_the_first_time_that_is_enough_decides() -> None:
    tried: list[float] = []

    def attempt(seconds: float) -> float:
        tried.append(seconds)
        assert seconds > 1
        return 2 * seconds

    assert patiently(attempt, 1, 2, 3) == 4
    assert tried == [1, 2]


def test_what_fails_with_each_time_fails() -> None:
    def attempt(seconds: float) -> None:
        with pytest.raises(ValueError, match="never"):
            pass

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        patiently(attempt, 1, 2)
