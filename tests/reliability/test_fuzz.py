"""Generated and hostile input, as much of it as the tests have time for."""

from __future__ import annotations

import pytest

from .fuzzing import adversarial, event_streams, http_responses, json_readers, targets
from .fuzzing.cuts import chances
from .fuzzing.spoilt_bytes import try_target


def test_event_streams_read_as_the_standard_says() -> None:
    assert event_streams.run(0, 1_500)


def test_responses_read_as_they_were_meant_and_as_h11_reads_them() -> None:
    assert http_responses.run(0, 1_500)


@pytest.mark.parametrize("name", json_readers.READERS)
def test_a_reader_of_JSON_raises_documented_errors_only(name: str) -> None:
    for label, _ in chances(0, 60):
        json_readers.check(name, label)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_spoilt_bytes_raise_documented_errors_only(name: str) -> None:
    try_target(name, 0, 150)


@pytest.mark.parametrize("name", adversarial.INPUTS)
def test_an_adversarial_input_is_read_to_its_end(name: str) -> None:
    adversarial.INPUTS[name](1 << 14)()
