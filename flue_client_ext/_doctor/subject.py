"""What is to be examined. Values only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from attrs import frozen

from .._flue.conversation_requests import ConversationRequests
from .answers import judged
from .exchange import Exchange
from .finding import Finding
from .transport import failed


@frozen
class Subject:
    """`conversation`: the requests of the named one under a base URL. `authorized`: whether
    credentials are sent. `patience`, `watch`: the seconds for the first byte of an event stream,
    and for what follows."""

    base_url: str
    user_agent: str
    conversation: Callable[[str], ConversationRequests] | None
    run_id: str | None
    authorized: bool
    patience: float
    watch: float

    def judged(self, exchange: Exchange) -> Iterator[Finding]:
        """Yield what is wrong with an exchange, whatever was asked for."""
        if exchange.head is None:
            yield failed(exchange)
        yield from judged(exchange, authorized=self.authorized, base_url=self.base_url)


class Asked(NamedTuple):
    """A conversation that was asked for. `answer`: to a HEAD that found it, else to a GET, whose
    body tells why not."""

    requests: ConversationRequests
    answer: Exchange
