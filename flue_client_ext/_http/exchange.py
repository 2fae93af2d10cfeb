"""The rules of one exchange over own sockets, for the blocking and the async channel.

Decides what its failure means. Takes the time as an argument, and touches no socket."""

from __future__ import annotations

from .._values.steps import DeadlineExceeded, Failure
from .failures import failure_of  # at once: a first failure may be that no file can be opened
from .operations import HttpCut
from .pool import Pool, PooledConnection, S


def failed(
    pool: Pool[S],
    connection: PooledConnection[S],
    error: HttpCut | OSError,
    *,
    lasted: float,
    overdue: bool,
    aborted: bool,
) -> Failure:
    """Return the failure that `error` is, and let the pool learn from it: not from an abort, which
    says nothing of the server. Raises `DeadlineExceeded` for a timeout at the deadline of the call.
    """
    failure = failure_of(connection.http, error)
    if not aborted:
        pool.learn(connection, failure, lasted)
    if overdue and isinstance(error, TimeoutError):
        raise DeadlineExceeded(connection.http.sent) from None
    return failure
