"""Which requests the doctor sends, in which order, and which of them an outcome makes needless.

All of them are reads; those that need a name that nobody has use `UNKNOWN`, which shows in the
server's log. What an outcome means stands in the modules around."""

from __future__ import annotations

from collections.abc import Iterator

from .._flue.generations import Generation
from .._flue.requests import Requests
from .._stream.request import common_headers
from .._values.http import Request
from . import generation
from .answers import clock_skew, is_blocked
from .exchange import Exchange
from .finding import Finding
from .probe import Probe
from .reading import read_conversation, read_run
from .streams import not_checked
from .subject import Asked, Subject
from .transport import connected, failed, needs_tls

UNKNOWN = "flue-client-doctor"


class Examination:
    """One run of the checks."""

    def __init__(self, probe: Probe, subject: Subject) -> None:
        self._probe = probe
        self._subject = subject

    def findings(self) -> Iterator[Finding]:
        """Send the requests and yield what they show, in the order of the path."""
        base_url = self._subject.base_url
        first = self._unknown_run(base_url)
        if first.head is None:
            yield failed(first, speaks_tls=self._speaks_tls(first))
            return
        yield connected(first)
        if first.status == 400 and self._speaks_tls(first):  # as nginx and Go answer plain HTTP
            yield needs_tls(first)
            return
        if (skew := clock_skew(first)) is not None:
            yield skew
        yield from self._subject.judged(first)
        if not is_blocked(first) and (version := self._old_version()) is not None:
            yield generation.too_old(version)
            return
        asked = self._ask(base_url)
        if asked is not None:
            yield from self._subject.judged(asked.answer)
        yield from self._identified(first, asked)

    def _identified(self, first: Exchange, asked: Asked | None) -> Iterator[Finding]:
        runs = generation.has_runs(first)
        found = asked is not None and generation.has_agent(asked.answer)
        if not (runs or found):
            if not (is_blocked(first) or (asked is not None and is_blocked(asked.answer))):
                yield self._elsewhere(first)
            return
        agents = self._generation(found)
        workflows = runs or agents in ("beta.3", "beta.8")
        yield generation.known(workflows, agents)
        named = [*self._named(asked, found, workflows)]
        yield from named
        if not any(each.code.startswith("stream") for each in named):
            yield not_checked()

    def _named(self, asked: Asked | None, found: bool, workflows: bool) -> Iterator[Finding]:
        """Yield what is found about the run and the conversation that the user has named."""
        probe, subject = self._probe, self._subject
        if subject.run_id is not None:
            yield from read_run(probe, subject, subject.run_id, workflows=workflows)
        if asked is None:
            return
        if found:
            yield from read_conversation(probe, subject, asked)
        elif not is_blocked(asked.answer):
            yield generation.no_agent()

    def _unknown_run(self, base_url: str) -> Exchange:
        requests = Requests(base_url, self._subject.user_agent)
        return self._probe.send(requests.run_record(UNKNOWN))

    def _get(self, url: str) -> Exchange:
        return self._probe.send(Request("GET", url, common_headers(self._subject.user_agent)))

    def _speaks_tls(self, exchange: Exchange) -> bool:
        route = exchange.route
        plain = not route.tls and route.proxy is None
        return plain and exchange.address != "" and self._probe.speaks_tls()

    def _old_version(self) -> str | None:
        return generation.old_version(self._get(f"{self._subject.base_url}/openapi.json"))

    def _ask(self, base_url: str) -> Asked | None:
        if self._subject.conversation is None:
            return None
        requests = self._subject.conversation(base_url)
        tail = self._probe.send(requests.tail())
        if tail.status == 200 and generation.has_agent(tail):
            return Asked(requests, tail)
        return Asked(requests, self._probe.send(requests.history(None)))

    def _generation(self, found: bool) -> Generation | None:
        """The generation of the agents. `found`: whether the named one answered. A server of
        1.0.0-beta answers for agents that it does not have; one of 2.x has no such route."""
        unknown = f"{self._subject.base_url}/agents/{UNKNOWN}/{UNKNOWN}"
        if generation.has_abort(self._get(f"{unknown}/abort")):
            return "beta.8"
        if generation.has_no_such_agent(self._get(unknown)):
            return "beta.3"
        return "2" if found else None

    def _elsewhere(self, first: Exchange) -> Finding:
        """The finding for a URL under which nothing of Flue answers."""
        subject = self._subject
        tried = generation.prefixes(subject.base_url)
        for prefix in tried:
            if generation.has_runs(self._unknown_run(prefix)):
                return generation.wrong_prefix(subject.base_url, prefix)
            asked = self._ask(prefix)
            if asked is not None and generation.has_agent(asked.answer):
                return generation.wrong_prefix(subject.base_url, prefix)
        named = subject.conversation is not None
        return generation.no_api(subject.base_url, tried, first, agent=named)
