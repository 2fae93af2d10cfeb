"""The streams of a conversation, before they meet a driver: options checked, flows made."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._calls import Opening, followed
from ._flue import arguments as flue_arguments
from ._flue.agent_delivery import AgentEventDelivery, Progress
from ._flue.agent_events import events, read_events
from ._flue.api import Api
from ._flue.conversation_api import ConversationApi, conversation_api
from ._flue.dialects import Outgoing
from ._flue.observing import Observing
from ._flue.reply_delivery import ReplyDelivery
from ._flue.reply_streaming import Answer, ask_stream
from ._flue.update_delivery import Position, UpdateDelivery
from ._flue.updates import read_updates
from ._options import new_counters
from ._stream import arguments
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from ._stream.delivery import Delivery
from ._stream.failures import identified
from ._stream.stats import Counters
from ._values.checks import wrong_type
from ._values.steps import Flow
from .checkpoint import AgentCheckpoint, UpdateCheckpoint
from .errors import Identifiers, UnsupportedByServerError


class UpdateOptions(NamedTuple):
    """The options of `updates` as they were given."""

    offset: str | Unset = UNSET
    live: LiveOption = True
    resume: UpdateCheckpoint | None = None
    backoff: BackoffOptions | None = None


class EventOptions(NamedTuple):
    """The options of `stream` as they were given."""

    offset: str | Unset = UNSET
    tail: int | None = None
    live: LiveOption = True
    resume: AgentCheckpoint | None = None
    backoff: BackoffOptions | None = None


class ConversationStreams:
    """The streams of the conversation at `url`. Each checks its options when it is made."""

    def __init__(self, api: Api, url: str) -> None:
        self._api = api
        self._url = url

    def updates(self, options: UpdateOptions) -> Opening:
        """The updates since an offset or a checkpoint. Where that is a saved one, the conversation
        was there."""
        resume = _checkpoint(options.resume)
        reading = arguments.read_options(
            self._api.credentials,
            offset=_start(options.offset, resume),
            live=options.live,
            backoff=options.backoff,
            pages_only=False,
        )
        start, counters = reading.offset, new_counters()
        api = self._conversation("updates", self._retries(reading.backoff))
        incarnation = None if resume is None else resume.incarnation
        exists = start != "-1" or incarnation is not None
        updates = api.updates(incarnation=incarnation, exists=exists)
        if resume is not None and resume.path != updates.path:
            raise ValueError(f"resume is a checkpoint of {resume.path!r}, not of {updates.path!r}")
        flow = read_updates(api, updates, start, reading.live, counters)
        delivery = UpdateDelivery(updates, start, _handled(resume))
        return Opening(_named(api, flow, counters), delivery, counters)

    def observe(
        self, live: LiveOption, wait_for_it: bool, backoff: BackoffOptions | None
    ) -> Opening:
        """The states of the conversation."""
        backoff = self._retries(arguments.backoff_options(backoff))
        api, counters = self._conversation("observe", backoff), new_counters()
        observing = Observing(api, counters, arguments.live_mode(live), _flag(wait_for_it))
        return Opening(_named(api, observing.run(), counters), Delivery("-1"), counters)

    def stream(self, options: EventOptions) -> Opening:
        """The events since an offset or a checkpoint. Where that is a saved one, the agent's
        instance was there."""
        resume = _resume(options)
        offset = "-1" if isinstance(options.offset, Unset) else options.offset
        reading = arguments.read_options(
            self._api.credentials,
            offset=offset if resume is None else resume.offset,
            live=options.live,
            backoff=options.backoff,
            pages_only=False,
        )
        start, counters = reading.offset, new_counters()
        tail = flue_arguments.tail(options.tail)
        api = self._conversation("stream", self._retries(reading.backoff))
        exists = start not in ("-1", "now") or (resume is not None and resume.after > 0)
        stream = events(api, tail=tail, exists=exists)
        if resume is not None and resume.path != stream.path:
            raise ValueError(f"resume is a checkpoint of {resume.path!r}, not of {stream.path!r}")
        flow = read_events(api, stream, start, reading.live, counters)
        delivery = AgentEventDelivery(stream.path, start, _progress(resume))
        return Opening(_named(api, flow, counters), delivery, counters)

    def ask_stream(
        self, outgoing: Outgoing, live: LiveOption, backoff: BackoffOptions | None
    ) -> Opening:
        """A message, and the reply to it as it comes."""
        api, counters = self._conversation("ask_stream", backoff), new_counters()
        answer, outgoing = Answer(outgoing), outgoing.needing("ask_stream")
        flow = ask_stream(api, outgoing, answer, counters, followed(live))
        return Opening(_named(api, flow, counters), ReplyDelivery(answer), counters)

    def _retries(self, chosen: BackoffOptions | None) -> BackoffOptions:
        """The retries of a stream, for the single requests that are a part of it, too."""
        return chosen or self._api.backoff or BackoffOptions()

    def _conversation(self, what: str, backoff: BackoffOptions | None) -> ConversationApi:
        """The operations behind the stream `what`, which the server must have."""
        identifiers = Identifiers(conversation_url=self._url)
        checked = arguments.backoff_options(backoff)
        api = conversation_api(self._api, self._url, identifiers, checked)
        try:
            api.need(what)
        except UnsupportedByServerError as error:
            raise identifiers.attach_to(error) from None
        return api


def _named(api: ConversationApi, flow: Flow[None], counters: Counters) -> Flow[None]:
    """Run `flow`, which may be several readings; its errors name what it is about."""
    counters.state = "connecting"
    try:
        yield from identified(flow, api.identifiers)
    finally:
        counters.state = "ended"


def _start(offset: str | Unset, resume: UpdateCheckpoint | None) -> str:
    """The offset to begin at."""
    if resume is None:
        return "-1" if isinstance(offset, Unset) else offset
    if not isinstance(offset, Unset):
        raise ValueError("resume brings its own offset: leave out offset")
    return resume.offset


def _resume(options: EventOptions) -> AgentCheckpoint | None:
    """The checkpoint to go on from."""
    resume: Any = options.resume
    if resume is None:
        return None
    if not isinstance(resume, AgentCheckpoint):
        raise wrong_type("resume", "an AgentCheckpoint (such as stream.checkpoint)", resume)
    if not isinstance(options.offset, Unset) or options.tail is not None:
        raise ValueError("resume brings its own offset: leave out offset and tail")
    return resume


def _progress(resume: AgentCheckpoint | None) -> Progress | None:
    if resume is None:
        return None
    return Progress(resume.submission_id, resume.event_index, resume.after)


def _handled(resume: UpdateCheckpoint | None) -> Position | None:
    """The position up to which updates were handled before."""
    if resume is None or resume.batch is None or resume.index is None:
        return None
    return resume.batch, resume.index


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong_type("wait_for_it", "True or False", value)
    return value


def _checkpoint(value: object) -> UpdateCheckpoint | None:
    if value is not None and not isinstance(value, UpdateCheckpoint):
        raise wrong_type("resume", "an UpdateCheckpoint (such as stream.checkpoint)", value)
    return value
