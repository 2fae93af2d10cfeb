"""Reads the run and the conversation that the user has named, and opens their event streams."""

from __future__ import annotations

from collections.abc import Iterator

from .._flue.conversation_resource import ConversationResource
from .._flue.requests import Requests
from .._flue.run import Run, Started
from .._stream.resource import Resource
from .._values.jsoncodec import as_object
from .._values.limits import LIMITS
from ..errors import Identifiers
from .answers import is_blocked, judged
from .exchange import Exchange
from .finding import Finding, finding
from .probe import Probe
from .streams import heard, missing_headers
from .subject import Asked, Subject


def read_run(probe: Probe, subject: Subject, run_id: str, *, workflows: bool) -> Iterator[Finding]:
    """Read a run. `workflows`: whether the server has any."""
    requests = Requests(subject.base_url, subject.user_agent)
    record = probe.send(requests.run_record(run_id))
    yield from subject.judged(record)
    if record.status == 200:
        status = as_object(record.json).get("status")
        words = f"The run can be read: its workflow exports `runs` (status {status})."
        yield finding("run_readable", words, status=status)
        run = Run(run_id, requests, Started())
        tail = probe.send(run.request("tail", "now", None))
        yield from _listened(probe, subject, run, tail)
    elif not is_blocked(record):
        yield _not_readable(workflows)


def read_conversation(probe: Probe, subject: Subject, asked: Asked) -> Iterator[Finding]:
    """Read a conversation of an agent that answers."""
    exists = asked.answer.status == 200
    there = "exists" if exists else "does not exist yet"
    yield finding("agent", f"The agent answers; the conversation {there}.", exists=exists)
    if exists:
        resource = ConversationResource(
            asked.requests, Identifiers()
        )  # beta.3 to beta.7 ignore `view`
        yield from _listened(probe, subject, resource, asked.answer)


def _listened(
    probe: Probe, subject: Subject, resource: Resource, tail: Exchange
) -> Iterator[Finding]:
    """Open an event stream at its tail, where a frame of a few bytes comes at once: more would
    fill the buffer of a proxy, and hide it."""
    offset = tail.header("stream-next-offset")
    if not offset or tail.head is None:
        yield missing_headers(tail)
        return
    closed = tail.head.says("stream-closed")
    watch = 0.0 if closed else subject.watch
    listening = probe.listen(resource.request("sse", offset, None), subject.patience, watch)
    exchange = listening.exchange
    yield from judged(exchange, authorized=subject.authorized, base_url=subject.base_url)
    yield heard(listening, closed=closed, patience=subject.patience, beat=LIMITS.beat)


def _not_readable(workflows: bool) -> Finding:
    if not workflows:
        words = "The server has no runs: it is Flue 2.x."
        advice = "Read conversations instead: name an agent and a conversation."
    else:
        words = (
            "The run cannot be read: the server answers as for an unknown run. It does so for every"
            " run whose workflow does not export `runs`."
        )
        advice = (
            "Check the id. If it is right, add `export const runs = async (_c, next) => next();` to"
            " the workflow's module, and start another run."
        )
    return finding("run_not_readable", words, advice, workflows=workflows)
