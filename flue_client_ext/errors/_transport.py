"""Errors of calls that brought no answer."""

from __future__ import annotations

from typing import Any, Unpack

from ._base import Names, ResourceError, fact, rebuild


class FlueConnectionError(ResourceError):
    """The transport failed, and retrying did not help or was not allowed.

    `cause` says in words what happened last.
    """

    message: str = fact("What happened, in words.")
    cause: str | None = fact("What happened last, in words.")
    offset: str | None = fact("The offset to go on from, where it is known.")

    def __init__(
        self,
        message: str,
        *,
        cause: str | None = None,
        offset: str | None = None,
        **names: Unpack[Names],
    ) -> None:
        super().__init__(message, **names)
        self.message = message
        self.cause = cause
        self.offset = offset


class FlueTimeoutError(FlueConnectionError, TimeoutError):
    """The deadline of a call passed.

    `run_id` and `offset` are set when they are known: pass them to `runs.stream` to go on.
    """

    _ends_the_work = False


class InvokeOutcomeUnknownError(FlueConnectionError):
    """A POST failed after bytes may have left: the run or the submission may or may not have been
    started. `cause` says what happened.

    It was not sent again, since that could execute the work twice; or it had an `idempotency_key`
    and was, until retries or time were used up, or a refusal came that says nothing of the earlier
    attempt (`cause` is its status). A send with that key and the same message finishes it, from any
    process.
    """


class FlueAbortError(ResourceError):
    """A call was aborted through its signal; `reason` is what was given to `abort`.

    `run_id` is set when a run had been named or started: it goes on at the server.
    """

    reason: Any = fact("What was given to `abort`.")
    _ends_the_work = False

    def __init__(self, reason: Any = None, **names: Unpack[Names]) -> None:
        words = "the call was aborted" if reason is None else f"aborted: {reason}"
        super().__init__(words, **names)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        reason = _picklable(self.reason)
        return rebuild, (type(self), self.args, {**self.__dict__, "reason": reason})


def _picklable(value: Any) -> Any:
    """Return `value`, or its `repr` if it cannot be pickled."""
    import pickle

    try:
        pickle.dumps(value)
    except Exception:
        return repr(value)
    return value
