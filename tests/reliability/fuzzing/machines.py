"""The state machines of `tests/core`, with more examples than the tests have time for."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.core import (
    test_call_machine,
    test_fold_machine,
    test_follow_machine,
    test_sending_machine,
)

MACHINES: dict[str, Any] = {
    "reading a stream": test_follow_machine,
    "one call": test_call_machine,
    "sending and waiting": test_sending_machine,
    "folding a conversation": test_fold_machine,
}


def run(times: int) -> str:
    """Run each machine with `times` as many examples as its test."""
    told: list[str] = []
    for name, module in MACHINES.items():
        machine: type[RuleBasedStateMachine] = module.Machine
        usual: settings = machine.TestCase.settings
        count = usual.max_examples * times
        run_state_machine_as_test(machine, settings=settings(usual, max_examples=count))
        told.append(f"{name} {count:,} x {usual.stateful_step_count} steps")
    return f"state machines: {', '.join(told)}"
