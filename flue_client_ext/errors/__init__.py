"""Every error that this package raises, with the facts of each in attributes.

    FlueError
    ├── FlueApiError                      an HTTP answer that is not the one asked for
    │   ├── RunNotReadableError           404 for a run that this client has just started
    │   └── WorkflowApiNotFoundError      404 from something that is no Flue 1.x workflow API
    ├── FlueConnectionError               the transport failed
    │   ├── FlueTimeoutError              a deadline passed
    │   └── InvokeOutcomeUnknownError     a POST may or may not have arrived
    ├── FlueProtocolError                 a whole answer that is not what the protocol says
    ├── FlueExecutionError                the run itself failed
    ├── UnsupportedFlueEventVersionError  an event of another format version
    ├── UnsupportedByServerError          the server's generation of Flue has no such thing
    ├── StreamResetError                  a saved offset no longer fits its stream
    └── FlueAbortError                    the caller aborted the call

Errors are plain data: they pickle, they hold no type of the HTTP library and nothing of the request
that may be secret (no request headers, no query).
"""

# Here `typing.get_type_hints` looks up the names in the annotations of the classes.
from collections.abc import Mapping as Mapping
from typing import Any as Any

from .._values.printable import printable as printable
from ._api import FlueApiError, RunNotReadableError, WorkflowApiNotFoundError
from ._base import FlueError, rebuild
from ._base import Identifiers as Identifiers  # for the rest of the package
from ._execution import Failure as Failure  # as above
from ._execution import FlueExecutionError
from ._execution import Target as Target
from ._generation import UnsupportedByServerError
from ._protocol import FlueProtocolError, StreamResetError, UnsupportedFlueEventVersionError
from ._transport import (
    FlueAbortError,
    FlueConnectionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)

__all__ = [
    "FlueAbortError",
    "FlueApiError",
    "FlueConnectionError",
    "FlueError",
    "FlueExecutionError",
    "FlueProtocolError",
    "FlueTimeoutError",
    "InvokeOutcomeUnknownError",
    "RunNotReadableError",
    "StreamResetError",
    "UnsupportedByServerError",
    "UnsupportedFlueEventVersionError",
    "WorkflowApiNotFoundError",
]

_rebuild = rebuild  # the name in the pickles of earlier versions

for _name in __all__:  # tracebacks and pickles name the public module
    globals()[_name].__module__ = __name__
