"""The faults that pass, if they do not: each retry meets them again, until none is left."""

from __future__ import annotations

import attrs

from .answers import Edit
from .cuts import Reset, Stall
from .faults import RESUMED, Fault
from .listed import API, FAULTS, FINAL, SENDS, STREAMS, UNKNOWN
from .listed_tls import TLS_FAULTS
from .strikes import Away, Edited

FOR_GOOD = " for good"
CONNECTION, TIMEOUT = "FlueConnectionError", "FlueTimeoutError"
POSTS = dict.fromkeys((*FINAL, *SENDS), UNKNOWN)
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
        name=fault.name.partition(" until")[0] + FOR_GOOD,
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
TLS_LASTING = tuple(lasting(fault) for fault in TLS_FAULTS if fault.when == "passing")
BY_NAME = {fault.name: fault for fault in (*FAULTS, *LASTING, *TLS_FAULTS, *TLS_LASTING)}
