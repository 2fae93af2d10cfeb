"""The faults that pass, if they do not: each retry meets them again, until none is left."""

from __future__ import annotations

import attrs

from .answers import Edit
from .cuts import Reset, Stall
from .faults import RESUMED, Fault
from .listed import API, FAULTS, RUN, UNKEYED, UNKNOWN
from .strikes import Away, Edited

CONNECTION, TIMEOUT = "FlueConnectionError", "FlueTimeoutError"
POSTS = dict.fromkeys((RUN, "send", UNKEYED), UNKNOWN)
STREAMS = (
    "stream",
    "run: its stream",
    "ask: its stream",
    "updates",
    "observe: its stream",
)
BRINGS_ON = (
    "an event stream that brings a batch before each cut goes on: progress begins the count of"
    " retries anew. One that falls silent is given up under `auto`, for pages."
)


def lasting(fault: Fault) -> Fault:
    """The same fault, for good. Silences get one retry, others three."""
    outcomes, why = {"*": API}, ""
    if isinstance(fault.what, Away):
        outcomes = {"*": CONNECTION}
    elif isinstance(fault.what, Edited):
        outcomes, why = _of_edit(fault.what.edit)
    return attrs.evolve(
        fault,
        name=f"{fault.name.partition(' until')[0]} for good",
        when="lasting",
        outcomes=outcomes,
        why=why,
        retries=1 if fault.lowered else 3,
    )


def _of_edit(edit: type[Edit]) -> tuple[dict[str, str], str]:
    error = TIMEOUT if issubclass(edit, Stall) else CONNECTION
    if issubclass(edit, Reset):  # not even a head comes
        return {"*": error, **POSTS}, ""
    modes = ("sse",) if issubclass(edit, Stall) else ("sse", "auto")
    goes_on = {f"{name}, {mode}": RESUMED for name in STREAMS for mode in modes}
    return {"*": error, **POSTS, **goes_on}, BRINGS_ON


LASTING = tuple(lasting(fault) for fault in FAULTS if fault.when == "passing")
BY_NAME = {fault.name: fault for fault in (*FAULTS, *LASTING)}
