"""Checkpoints: where a consumer stands in a stream, as plain data and as files."""

from __future__ import annotations

from attrs import field, frozen

from ._saved import Saved
from ._values.checks import field_check, text, whole, wrong_value

__all__ = ["AgentCheckpoint", "Checkpoint", "UpdateCheckpoint"]


def _offset(value: object, what: str) -> None:
    if not text(value, what):
        raise wrong_value(what, "an offset that a server has returned", value)
    if value == "now":  # means another point later, and resuming there would skip what came between
        raise ValueError(f'{what} must not be "now": read from the stream before its checkpoint')


def _index(value: object, what: str) -> None:
    if value is not None:
        whole(value, what, 0)


def _count(value: object, what: str) -> None:
    whole(value, what, 0)


def _identity(value: object, what: str) -> None:
    if value is not None:
        text(value, what)


@frozen(eq=False)
class Checkpoint(Saved):
    """The position of a consumer in a run: plain data to save, and to pass to
    `runs.stream(resume=)`.

    `event_index` is the index of the last event that was handed over, `None` before the first.
    """

    run_id: str = field(validator=field_check(text))
    offset: str = field(validator=field_check(_offset))
    event_index: int | None = field(default=None, validator=field_check(_index))


@frozen(eq=False)
class UpdateCheckpoint(Saved):
    """Where a consumer stands in the updates of a conversation: plain data to be saved, and given
    to `conversation.updates(resume=)`.

    `path` is that of the conversation's URL. `batch` and `index` are the position of the last
    update that was handed over, `None` before the first. `incarnation` names the server's store:
    an offset means nothing in another one.
    """

    path: str = field(validator=field_check(text))
    offset: str = field(validator=field_check(_offset))
    batch: int | None = field(default=None, validator=field_check(_index))
    index: int | None = field(default=None, validator=field_check(_index))
    incarnation: str | None = field(default=None, validator=field_check(_identity))


@frozen(eq=False)
class AgentCheckpoint(Saved):
    """Where a consumer stands in the events of an agent: plain data to be saved, and given to
    `agents.stream(resume=)`.

    `path` is that of the conversation's URL. `submission_id` and `event_index` name the last event
    that was handed over, `None` before the first: the index begins again with each submission.
    `after` is how many events after the offset were handed over.
    """

    path: str = field(validator=field_check(text))
    offset: str = field(validator=field_check(_offset))
    submission_id: str | None = field(default=None, validator=field_check(_identity))
    event_index: int | None = field(default=None, validator=field_check(_index))
    after: int = field(default=0, validator=field_check(_count))
