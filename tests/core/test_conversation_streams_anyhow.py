"""Streams of random conversations, cut anywhere: what they show is what the server has."""

from __future__ import annotations

from itertools import islice
from operator import length_hint
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flue_client_ext import FlueExecutionError, Retracted, TextDelta, UpdateCheckpoint
from flue_client_ext._flue.conversation_api import ConversationApi
from flue_client_ext._flue.dialects import Outgoing
from flue_client_ext._flue.observing import Observing
from flue_client_ext._flue.reply import find_settlement, read_reply
from flue_client_ext._flue.reply_delivery import ReplyDelivery
from flue_client_ext._flue.reply_streaming import Answer, ask_stream
from flue_client_ext._flue.update_delivery import UpdateDelivery
from flue_client_ext._flue.updates import read_updates
from flue_client_ext._stream.backoff import BackoffOptions
from flue_client_ext._stream.stats import Counters
from flue_client_ext._values.steps import Emit, Flow, Open, Sleep

from .conversation import Conversation, Published, random_deeds
from .conversing import ConversationPlay, operation
from .play import CUT

seeds = st.integers(0, 1 << 32)
FOR_EVER = BackoffOptions(max_retries=None)


class Served:
    """A call that the model answers: with as much as chance gives, or with a cut."""

    def __init__(self, play: ConversationPlay, server: Conversation, chance: Random) -> None:
        self.play = play
        self.batches = server.batches
        self.known = 1
        """So many batches have come to pass."""
        self._server = server
        self._chance = chance

    @property
    def now(self) -> Published:
        return self.batches[self.known - 1]

    def step(self) -> None:
        """Answer what the play wants; let time pass."""
        play, chance = self.play, self._chance
        if isinstance(play.step, Sleep):
            play.slept()
            return
        assert isinstance(play.step, Open), play.step
        self.known = min(self.known + chance.randrange(4), len(self.batches))
        method, _, query = play.asked
        if chance.random() < 0.2:
            play.fail(CUT)
        elif method == "POST":
            raise AssertionError("it has been sent")
        elif "offset" not in query:
            snapshot = {**self.now.snapshot, "incarnation": self._server.incarnation}
            play.json(200, snapshot)
        else:
            self._page(query["offset"])

    def _page(self, offset: str) -> None:
        start = self.place(offset) + 1
        end = min(start + self._chance.randrange(1, 4), self.known)
        items = [chunk for batch in self.batches[start:end] for chunk in batch.chunks]
        after = self.batches[end - 1].offset if end > start else offset
        self.play.page([*self._server.checkpoint(), *items], after, end >= self.known)

    def place(self, offset: str) -> int:
        """The number of the batch before `offset`, -1 at the start."""
        return next((at for at, each in enumerate(self.batches) if each.offset == offset), -1)

    @property
    def is_told(self) -> bool:
        """Whether the reader waits at the end of all there will ever be."""
        step = self.play.step
        at_end = self.known == len(self.batches) and isinstance(step, Open)
        return at_end and self.play.asked[2].get("offset") == self.batches[-1].offset


@given(seeds)
def test_every_state_is_the_servers_at_its_offset(seed: int) -> None:
    chance = Random(seed)
    server = Conversation().do(random_deeds(seed, 80))

    def begin(api: ConversationApi) -> Flow[None]:
        return Observing(api, Counters(lambda: 0.0), "long-poll", wait_for_it=False).run()

    served = Served(operation(begin, FOR_EVER), server, chance)
    last: Any = None
    while not served.is_told:
        if not isinstance(served.play.step, Emit):
            served.step()
            continue
        (last,) = served.play.step.batch.items
        there = served.batches[served.place(last.offset)].snapshot
        assert [each.to_dict() for each in last.messages] == there["messages"]
        assert [each.to_dict() for each in last.settlements] == there["settlements"]
        served.play.taken()
    end = served.batches[-1].snapshot
    assert [each.to_dict() for each in last.messages] == end["messages"]
    assert [each.to_dict() for each in last.settlements] == end["settlements"]


@given(seeds)
def test_updates_come_once_however_often_the_consumer_begins_anew(seed: int) -> None:
    chance = Random(seed)
    server = Conversation().do(random_deeds(seed, 80))
    got: list[Any] = []
    saved = UpdateCheckpoint("/agents/support/t1", "-1")
    whole = [chunk for batch in server.batches for chunk in batch.chunks]
    while len(got) < len(whole):
        saved = one_life(server, chance, saved, got)
    assert got == whole


def one_life(
    server: Conversation, chance: Random, saved: UpdateCheckpoint, got: list[Any]
) -> UpdateCheckpoint:
    """Read some updates from a checkpoint on; return the next one."""
    made: list[UpdateDelivery] = []

    def begin(api: ConversationApi) -> Flow[None]:
        updates = api.updates(incarnation=saved.incarnation)
        handled = None if saved.batch is None or saved.index is None else (saved.batch, saved.index)
        made.append(UpdateDelivery(updates, saved.offset, handled))
        return read_updates(api, updates, saved.offset, "long-poll", Counters(lambda: 0.0))

    served = Served(operation(begin, FOR_EVER), server, chance)
    served.known = len(server.batches)
    delivery, left = made[0], chance.randrange(1, 40)
    while left and not served.is_told:
        if not isinstance(served.play.step, Emit):
            served.step()
            continue
        delivery.load(served.play.step.batch)
        taken = [update.to_dict() for update in islice(delivery.pending, left)]
        got += taken
        left -= len(taken)
        if not length_hint(delivery.pending):
            served.play.taken()
    batch, index = delivery.position or (None, None)
    return UpdateCheckpoint(saved.path, delivery.offset, batch, index, delivery.incarnation)


@given(seeds)
def test_what_is_shown_of_a_reply_ends_as_the_reply(seed: int) -> None:
    server = Conversation().do(random_deeds(seed, 120))
    end = server.batches[-1].snapshot
    for place, batch in enumerate(server.batches):
        for chunk in batch.chunks:
            said = chunk.get("message", {})
            settlement = find_settlement(end, said.get("submissionId", ""))
            if said.get("role") == "user" and settlement is not None and place:
                show(server, Random(seed), said["submissionId"], place, settlement)


def show(
    server: Conversation, chance: Random, id: str, place: int, settlement: dict[str, Any]
) -> None:
    """Stream the reply to the message that came with this batch."""
    body = {"kind": "user", "body": "x", "idempotencyKey": "k"}
    outgoing = Outgoing(body)
    answer = Answer(outgoing)
    delivery = ReplyDelivery(answer)

    def begin(api: ConversationApi) -> Flow[None]:
        return ask_stream(api, outgoing, answer, Counters(lambda: 0.0), "long-poll")

    served = Served(operation(begin, FOR_EVER), server, chance)
    served.known = place + 1
    before = server.batches[place - 1].offset
    served.play.json(202, {"submissionId": id, "offset": before, "uid": "u"})
    shown: list[str] = []
    try:
        while not served.play.ended:
            if not isinstance(served.play.step, Emit):
                served.step()
                continue
            delivery.load(served.play.step.batch)
            for change in delivery.pending:
                shown = [] if change == Retracted() else shown
                shown += [change.text] if isinstance(change, TextDelta) else []
            served.play.taken()
        outcome = "completed"
    except FlueExecutionError as error:
        outcome = error.failure
    assert outcome == settlement["outcome"]
    if answer.reply is None:
        assert outcome != "completed"
        return
    there = read_reply(server.batches[-1].snapshot, id)
    assert delivery.text == "".join(shown) == answer.reply.text == there.text
    assert answer.reply.data == there.data
