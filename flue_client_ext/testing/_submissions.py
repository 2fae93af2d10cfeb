"""The submissions of one server: admitted, queued, started one after another, aborted.

A submission that was unsettled when its process ended begins again as soon as its agent is known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import attrs

from . import _conversation_errors as refusals
from . import _errors as errors
from ._agents import Agent, Agents
from ._body import MISSING
from ._conversation_store import Key, Submission
from ._conversations import Conversation, Conversations
from ._delivery import Delivery
from ._dialect import Dialect
from ._json import dumps
from ._message import received
from ._protocol import offset_of
from ._work import Work


@attrs.frozen
class Receipt:
    """What the sender of a submission is told."""

    submission_id: str
    offset: str
    uid: str
    deduplicated: bool = False


class Submissions:
    """What is sent to the conversations of one server."""

    def __init__(self, conversations: Conversations, agents: Agents, dialect: Dialect) -> None:
        self._all = conversations
        self._store = conversations.store
        self._agents = agents
        self._dialect = dialect

    def admit(self, agent: Agent, key: Key, delivery: Delivery) -> Receipt:
        """Take a delivery, or find the one that its key names; raise a refusal otherwise."""
        _check_sense(delivery)
        with self._all.lock:
            submission_id = self._id(key, delivery)
            earlier = self._store.submission(submission_id) if delivery.key else None
            conversation = self._all.open(key)
            if earlier is not None:
                return self._again(earlier, delivery, conversation)
            _check_terms(delivery, conversation)
            if not conversation.born:
                if self._dialect.conditions:
                    _check_seed(agent, delivery)
                seed = None if delivery.initial_data is MISSING else dumps(delivery.initial_data)
                self._all.bear(conversation, seed)
            return self._enqueue(conversation, key, submission_id, delivery)

    def _id(self, key: Key, delivery: Delivery) -> str:
        """Derive the id from an idempotency key, as the genuine server does, or make one."""
        if delivery.key is None:
            return self._dialect.submission_id(self._all.clock.time())
        named = "\n".join(("flue-submission-key", *key, delivery.key))
        digest = hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()
        return f"sub_ik_{digest[:32]}"

    def _again(self, earlier: Submission, delivery: Delivery, found: Conversation) -> Receipt:
        if _canonical(earlier.payload) != _canonical(dumps(delivery.payload)):
            raise refusals.submission_conflict(earlier.id)
        return Receipt(earlier.id, "-1", found.log.row.uid, deduplicated=True)

    def _enqueue(
        self, conversation: Conversation, key: Key, submission_id: str, delivery: Delivery
    ) -> Receipt:
        try:
            message = received(submission_id, delivery.message)
        except ValueError:
            raise self._dialect.internal_error(self._all.clock.time()) from None
        for one in message.attachments:
            self._store.attach(key, one.id, one.mime_type, one.data)
        payload = dumps(delivery.payload)
        self._store.submit(Submission(submission_id, *key, payload, "queued"))
        with conversation.log.lock:
            offset = offset_of(conversation.log.head)
            conversation.waiting.append(submission_id)
            self._next(conversation)
        return Receipt(submission_id, offset, conversation.log.row.uid)

    def _next(self, conversation: Conversation) -> None:
        """Start what has waited longest, if nothing is at work and its agent is known."""
        agent = self._agents.get(conversation.log.row.agent)
        with conversation.log.lock:
            if conversation.active is None and conversation.waiting and agent is not None:
                submission_id = conversation.waiting.popleft()
                self._store.move(submission_id, "running")
                self._work(agent, conversation, submission_id).start(resumed=False)

    def _work(self, agent: Agent, conversation: Conversation, submission_id: str) -> Work:
        def ended() -> None:
            conversation.active = None
            self._next(conversation)

        work = Work(agent, conversation, submission_id, self._store, self._dialect, ended)
        conversation.active = work
        return work

    def resume(self, agent: Agent) -> None:
        """Go on with the agent's submissions that another process has left unsettled."""
        for row in self._store.rows():
            stored = self._store.submissions(row.key)
            if row.agent == agent.name and any(one.state != "settled" for one in stored):
                conversation = self._all.find(row.key)
                assert conversation is not None
                self._restore(agent, conversation, stored)

    def _restore(
        self, agent: Agent, conversation: Conversation, stored: Sequence[Submission]
    ) -> None:
        with conversation.log.lock:
            if conversation.active is not None or conversation.waiting:
                return  # this process is at work on them
            conversation.waiting.extend(one.id for one in stored if one.state == "queued")
            for one in stored:
                if one.state == "running":
                    work = self._work(agent, conversation, one.id)
                    work.joins.ids.extend(other.id for other in stored if other.state == one.id)
                    work.start(resumed=True)
            self._next(conversation)

    def abort(self, key: Key) -> bool:
        """Abort what is at work and all that waits; say whether there was any."""
        conversation = self._all.find(key)
        if conversation is None:
            return False
        log = conversation.log
        with log.lock:
            queued, active = list(conversation.waiting), conversation.active
            conversation.waiting.clear()
            if active is not None:
                active.abort()
            for submission_id in queued:
                for chunk in self._dialect.aborted(submission_id, log.moment):
                    log.append(chunk)
                self._store.move(submission_id, "settled")
            return active is not None or bool(queued)


def _check_sense(delivery: Delivery) -> None:
    """Refuse initial data for a conversation that must be there already."""
    if isinstance(delivery.uid, str) and delivery.initial_data is not MISSING:
        raise errors.invalid_request(
            "A send conditioned on an existing instance (`uid`) cannot carry `initialData` — the"
            " condition forbids creation, so the seed could never apply."
        )


def _check_terms(delivery: Delivery, found: Conversation) -> None:
    """Refuse a delivery whose condition on the instance does not hold."""
    row, wanted = found.log.row, delivery.uid
    if isinstance(wanted, str) and not (found.born and row.uid == wanted):
        raise refusals.instance_not_found(row.id)
    if wanted is None and found.born:
        raise refusals.instance_exists(row.id, row.uid)


def _check_seed(agent: Agent, delivery: Delivery) -> None:
    """Refuse initial data that is not as the agent wants it; none at all is seen as null."""
    if agent.check is None:
        return
    missing = delivery.initial_data is MISSING
    issues = agent.check(None if missing else delivery.initial_data)
    said = "; ".join(issue["message"] for issue in issues)
    if issues:
        undefined = f"{said.removesuffix('null')}undefined" if missing else said
        raise refusals.bad_creation_data(undefined)


def _canonical(payload: str) -> str:
    return json.dumps(json.loads(payload), sort_keys=True)
