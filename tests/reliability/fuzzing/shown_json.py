"""What people see of JSON of a server, on JSON of any shape: reports, terminals, errors."""

from __future__ import annotations

import io
import json
import pickle
from random import Random

from flue_client.models import ConversationSnapshot, RunRecord, parse_chunk, parse_event
from flue_client_ext._flue.conversation_errors import beyond_head
from flue_client_ext._values.http import Response
from flue_client_ext._values.jsoncodec import as_array
from flue_client_ext.cli._conversation_view import ConversationView
from flue_client_ext.cli._events import Only
from flue_client_ext.cli._run_view import RunView
from flue_client_ext.errors import FlueApiError, FlueError, FlueExecutionError
from flue_client_ext.report import conversation_report, run_report
from tests.reliability.options import Broken

from .any_json import CHUNKS, ERRORS, EVENTS, SNAPSHOTS, changed, some, value


def reports(chance: Random) -> None:
    record = value(chance)
    known = RunRecord(record) if isinstance(record, dict) else None
    page = run_report(known, map(parse_event, some(chance, EVENTS, 40)))
    page.encode()
    snapshot = changed(chance, chance.choice(SNAPSHOTS))
    if isinstance(snapshot, dict):
        updates = map(parse_chunk, some(chance, CHUNKS, 40))
        conversation_report(ConversationSnapshot(snapshot), updates=updates).encode()


def terminal(chance: Random) -> None:
    stream = io.StringIO()
    view = RunView(stream, False)
    show = Only(frozenset({"log", "turn"}), view)
    for event in map(parse_event, some(chance, EVENTS, 40)):
        view.show(event)
        show.show(event)
    view.region()
    snapshot = changed(chance, chance.choice(SNAPSHOTS))
    messages = snapshot.get("messages") if isinstance(snapshot, dict) else None
    conversation = ConversationView(stream)
    conversation.messages(each for each in as_array(messages) if isinstance(each, dict))


def errors(chance: Random) -> None:
    body = changed(chance, chance.choice(ERRORS)) if chance.random() < 0.7 else value(chance)
    status = chance.choice([400, 404, 409, 416, 500, 503])
    error = FlueApiError(Response(status, {}, json.dumps(body).encode()))
    beyond_head(error, "o")
    failed = FlueExecutionError(target="workflow", target_id="r", failure="failed", error=body)
    for each in (error, failed):
        repr(each), str(each)
        if not str(each).isprintable():
            raise Broken(f"an error is not printable: {each!r}")
        _pickled(each)


def _pickled(error: FlueError) -> None:
    try:
        pickle.loads(pickle.dumps(error))
    except RecursionError:
        pass  # Python's own limit: it pickles no value of that depth
