"""Everything that looks into JSON of a server, on JSON of any shape.

Of the errors that a reader may raise, each is documented: a view's `AttributeError` for a required
field that was left out, a `FlueProtocolError` for a chunk that cannot be folded, and so on. Any
other exception is a find."""

from __future__ import annotations

import io
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from flue_client import models
from flue_client.models import (
    View,
    parse_chunk,
    parse_event,
)
from flue_client_ext._flue.agent_delivery import AgentEventDelivery, Progress
from flue_client_ext._flue.conversation_requests import ConversationRequests
from flue_client_ext._flue.conversation_resource import ConversationResource
from flue_client_ext._flue.conversation_state import States
from flue_client_ext._flue.delivery import EventDelivery
from flue_client_ext._flue.fold import Fold
from flue_client_ext._flue.reply import find_settlement, read_reply, running_reply
from flue_client_ext._flue.reply_changes import ReplyChanges
from flue_client_ext._flue.settling import Settled, knows
from flue_client_ext._flue.update_delivery import UpdateDelivery
from flue_client_ext._values.jsoncodec import as_array
from flue_client_ext._values.steps import Batch
from flue_client_ext.cli._reply_view import ReplyView
from flue_client_ext.errors import (
    FlueExecutionError,
    FlueProtocolError,
    Identifiers,
    StreamResetError,
    UnsupportedByServerError,
)
from tests.reliability.options import Broken

from . import shown_json
from .any_json import CHUNKS, EVENTS, SNAPSHOTS, changed, some, value
from .cuts import chances

VIEWS: list[Any] = [
    cls
    for name in models.__all__
    if isinstance(cls := getattr(models, name), type) and issubclass(cls, View)
]
URL = "http://server.test/agents/a/1"


class Reader(NamedTuple):
    read: Callable[[Random], object]
    documented: tuple[type[Exception], ...] = ()


def _look(view: View, depth: int = 0) -> None:
    """Read every attribute of a view and of the views in it; all else that a view can do."""
    for name in dir(type(view)):
        if isinstance(getattr(type(view), name), property):
            try:
                found = getattr(view, name)
            except AttributeError:  # documented: a required field that was left out
                continue
            for item in found if isinstance(found, list) else [found]:
                if isinstance(item, View) and depth < 20:
                    _look(item, depth + 1)
    repr(view), str(view), hash(view), view.to_dict()


def _views(chance: Random) -> None:
    data = value(chance)
    for parse in (parse_event, parse_chunk, models.parse_part):
        _look(parse(data))
    if isinstance(data, dict):
        _look(chance.choice(VIEWS)(data))
    known = changed(chance, chance.choice([*EVENTS, *CHUNKS, *SNAPSHOTS]))
    if isinstance(known, dict):
        _look(chance.choice(VIEWS)(known))
        _look(parse_event(known))
        _look(parse_chunk(known))


def _batch(items: list[Any]) -> Batch:
    return Batch(items, "o1", True, False)


def _events(chance: Random) -> None:
    items = some(chance, EVENTS)
    for delivery in (EventDelivery("r", "-1"), EventDelivery("r", "-1", 3)):
        for event in delivery.take_all(_batch(items)):
            _look(event)
        _ = delivery.event_index


def _agent_events(chance: Random) -> None:
    items = some(chance, EVENTS)
    for progress in (None, Progress("s", 1, 2)):
        delivery = AgentEventDelivery("/a", "-1", progress)
        delivery.take_all(_batch(items))


def _updates(chance: Random) -> None:
    requests = ConversationRequests(URL, "agent")
    resource = ConversationResource(requests, Identifiers(conversation_url=URL))
    delivery = UpdateDelivery(resource, "-1", (0, 1))
    delivery.take_all(_batch(resource.receive(some(chance, CHUNKS), "o")))


def _fold(chance: Random) -> None:
    start = chance.choice([None, *SNAPSHOTS])
    fold = Fold(start if start is None or chance.random() < 0.5 else changed(chance, start))
    states, changes = States(), ReplyChanges("sub_1")
    for _ in range(2):
        fold.apply_batch(some(chance, CHUNKS), "o2")
        state = states.of(fold)
        for view in (*state.messages, *state.settlements):
            _look(view)
        changes.advance(fold.snapshot())
        repr(state), fold.busy


def _replies(chance: Random) -> None:
    snapshot = changed(chance, chance.choice(SNAPSHOTS))
    if not isinstance(snapshot, dict):
        return
    messages = snapshot.get("messages")
    ids = [each.get("submissionId") for each in as_array(messages) if isinstance(each, dict)]
    id = next((each for each in ids if isinstance(each, str)), "s")
    read_reply(snapshot, id), running_reply(snapshot, id), knows(snapshot, id)
    settlement = find_settlement(snapshot, id)
    if settlement is not None:
        Settled(settlement).completed(id)
    changes = ReplyChanges(id)
    view = ReplyView(io.StringIO())
    for each in (snapshot, changed(chance, snapshot)):
        for change in changes.advance(each if isinstance(each, dict) else {}):
            view.change(change)
    view.region()
    view.__exit__(None, None, None)


READERS = {
    "views": Reader(_views),
    "events": Reader(_events),
    "events of agents": Reader(_agent_events, (StreamResetError,)),
    "updates": Reader(_updates, (StreamResetError, UnsupportedByServerError)),
    "the fold of a conversation": Reader(_fold, (FlueProtocolError,)),
    "replies": Reader(_replies, (FlueExecutionError,)),
    "reports": Reader(shown_json.reports),
    "views of the command line": Reader(shown_json.terminal),
    "errors": Reader(shown_json.errors),
}


def check(name: str, label: str) -> bool:
    """Try the input of a label; return whether it was refused by a documented error."""
    reader, chance = READERS[name], Random(f"{name} {label}")
    try:
        reader.read(chance)
    except reader.documented:
        return True
    except Broken:
        raise
    except Exception as error:
        raise Broken(f"check({name!r}, {label!r}): {error!r}") from error
    return False


def run(seed: int, count: int) -> str:
    refused = sum(check(name, label) for label, _ in chances(seed, count) for name in READERS)
    return f"{count:,} inputs for each of {', '.join(READERS)}: {refused:,} documented errors"
