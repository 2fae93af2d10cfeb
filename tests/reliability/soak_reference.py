"""What a server has, read by plain requests of `urllib`: no code of the client takes part."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, build_opener

from .options import Broken

SECONDS = 60.0
"""For a response: the server has other work to do."""
_OPENER = build_opener(ProxyHandler({}))


def events(server: str, run_id: str) -> list[Any]:
    """Return the events of a run that has ended."""
    found = _pages(f"{server}/runs/{quote(run_id, safe='')}")
    if not found or found[-1]["type"] != "run_end":
        raise Broken(f"{server} {run_id}: {len(found)} events, and none ends the run")
    return found


def updates(server: str, agent: str, id: str) -> list[Any]:
    """Return the chunks of a conversation, without those that name the incarnation of its store:
    the client takes these itself."""
    found = _pages(_url(server, agent, id), view="updates")
    return [chunk for chunk in found if chunk["type"] != "stream-checkpoint"]


def messages(server: str, agent: str, id: str) -> list[str]:
    """Return the texts of the user's messages in a conversation."""
    with _OPENER.open(_url(server, agent, id), timeout=SECONDS) as response:
        found = json.load(response)["messages"]
    return [said["parts"][0]["text"] for said in found if said["role"] == "user"]


def _url(server: str, agent: str, id: str) -> str:
    return f"{server}/agents/{agent}/{quote(id, safe='')}"


def _pages(url: str, **query: str) -> list[Any]:
    """Read page after page, from the start to the tail."""
    offset = "-1"
    items: list[Any] = []
    while True:
        request = f"{url}?{urlencode({**query, 'offset': offset})}"
        with _OPENER.open(request, timeout=SECONDS) as response:
            items += json.load(response)
            at_tail = response.headers.get("stream-up-to-date", "").lower() == "true"
            following = response.headers["stream-next-offset"]
        if at_tail:
            return items
        if following in (None, offset):
            raise Broken(f"{request}: no further offset, and not at the tail")
        offset = following
