"""Says in words what is wrong between this client and a Flue server, and what to do about it.

    from flue_client_ext import doctor

    for finding in doctor.diagnose("https://host/api").findings:
        print(finding.level, finding.words, finding.advice)

docs/doctor.md lists every finding, with what provokes it. The command is `flue-client doctor`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from math import inf
from typing import TYPE_CHECKING

from ._conversation_urls import conversation_url
from ._doctor import setting
from ._doctor.examination import UNKNOWN, Examination
from ._doctor.finding import Finding, Report, finding
from ._doctor.installation import versions
from ._doctor.probe import Probe, UnusableCredentials
from ._doctor.subject import Subject
from ._flue.arguments import segment
from ._flue.conversation_requests import ConversationRequests
from ._http.address import Address, base_address
from ._options import checked_client, user_agent
from ._stream.arguments import UNSET, Unset
from ._stream.credentials import Credentials, Headers, Token
from ._values.checks import number
from ._values.limits import LIMITS

if TYPE_CHECKING:
    import ssl

__all__ = ["Finding", "Report", "diagnose"]

for _class in (Finding, Report):  # pickles name the public module
    _class.__module__ = __name__

_Conversation = Callable[[Address], ConversationRequests]


def diagnose(
    base_url: str | None = None,
    *,
    token: Token | None | Unset = UNSET,
    headers: Headers | None = None,
    ssl_context: ssl.SSLContext | None = None,
    run_id: str | None = None,
    agent: str | None = None,
    conversation_id: str | None = None,
    path: str | None = None,
    timeout: float = 10.0,
    watch: float = 5.0,
) -> Report:
    """Check the way to a server as this client would go it, and report what is found.

    `base_url`, `token`, `headers` and `ssl_context` are those of `FlueClient`, with the same
    variables of the environment. `run_id` names a run; `agent`, with or without `conversation_id`,
    or `path` a conversation, as in `client.agents.conversation`. The event stream of one that
    exists is opened for `watch` seconds, to find proxies that buffer or cut it. `timeout` limits
    each request, in seconds; there are about ten.

    Only GET and HEAD are sent, so nothing is started or changed. What is wrong is a finding, not an
    exception; a `TypeError` or `ValueError` is raised for an argument of the wrong type, and for
    one of those that `FlueClient` does not have. No finding holds a secret. Blocking: run it in a
    thread in async code.
    """
    checked_client(None, "Client", ssl_context)
    conversation = _conversation(agent, conversation_id, path)
    run_id = None if run_id is None else segment(run_id, "run_id")
    limit, seconds = _seconds(timeout, "timeout"), _seconds(watch, "watch", or_none=True)
    found = [*versions()]
    address, told = _address(base_url, ssl_context)
    found += told
    credentials, told = _credentials(token, headers)
    found += told
    if address is None:
        return Report(tuple(found))
    trusted = setting.trusted(address.route, ssl_context)
    if address.route.tls:
        found.append(setting.trust(address.route, trusted))
    if credentials is not None and not any(each.code == "trust_invalid" for each in found):
        named = None if conversation is None else _under(conversation, address)
        sent = credentials.token is not None or credentials.headers is not None
        patience = min(LIMITS.start, limit)
        subject = Subject(address.url, user_agent(), named, run_id, sent, patience, seconds)
        found += _examined(Probe(address.route, credentials, limit, trusted), subject)
    return Report(tuple({(each.code, each.words): each for each in found}.values()))


def _seconds(value: object, what: str, *, or_none: bool = False) -> float:
    allowed = f"a number of seconds {'of at least' if or_none else 'above'} 0"
    return float(
        number(value, what, allowed, lambda given: 0 < given < inf or (or_none and given == 0))
    )


def _conversation(
    agent: str | None, conversation_id: str | None, path: str | None
) -> _Conversation | None:
    """Check how a conversation is named; return what makes its requests under a base URL."""
    if agent is None and path is None:
        if conversation_id is not None:
            raise ValueError("conversation_id needs agent=")
        return None
    if agent is not None:
        segment(agent, "agent")
    id = UNKNOWN if agent is not None and conversation_id is None else conversation_id

    def requests(address: Address) -> ConversationRequests:
        return ConversationRequests(conversation_url(address, agent, id, path, None), user_agent())

    requests(base_address("http://localhost", None, own_client=True))
    return requests


def _under(conversation: _Conversation, address: Address) -> Callable[[str], ConversationRequests]:
    return lambda base_url: conversation(Address(base_url, address.route))


def _address(
    base_url: str | None, context: ssl.SSLContext | None
) -> tuple[Address | None, list[Finding]]:
    """Return the address of the server, if it is usable, with what is found about it."""
    try:
        address = base_address(base_url, context, own_client=True)
    except ValueError as error:
        advice = (
            "Give the URL under which Flue is mounted (--server), such as http://localhost:3583."
        )
        return None, [finding("base_url_invalid", f"{error}.", advice)]
    variable = "FLUE_BASE_URL" if base_url is None else None
    words = f"The base URL is {address.url}{f', from {variable}' if variable else ''}."
    told = finding("base_url", words, base_url=address.url, variable=variable)
    try:
        address = base_address(base_url, context, own_client=False)
    except ValueError as error:
        advice = "Correct the variable, or list the server in NO_PROXY."
        return None, [told, finding("proxy_invalid", f"{error}.", advice)]
    return address, [told, setting.proxy(address.route)]


def _credentials(
    token: Token | None | Unset, headers: Headers | None
) -> tuple[Credentials | None, list[Finding]]:
    """Return the credentials of the requests, if they are usable, with what is found of them."""
    source = "the argument token"
    if isinstance(token, Unset):
        token, source = os.environ.get("FLUE_TOKEN") or None, "FLUE_TOKEN"
    try:
        credentials = Credentials(token, headers)
    except ValueError as error:
        advice = "Look for a line break or another invisible character at its beginning or end."
        return None, [finding("credentials_invalid", f"{error}.", advice)]
    known = source if token is not None else None
    return credentials, [setting.credentials(token=known, headers=headers is not None)]


def _examined(probe: Probe, subject: Subject) -> Iterator[Finding]:
    try:
        yield from Examination(probe, subject).findings()
    except UnusableCredentials as error:
        words = f"A function that returns a token or a header failed ({error})."
        yield finding("credentials_invalid", words, "Call the function by itself, and correct it.")
