"""Which API answers at a URL, and which generation of Flue it is.

Told from responses to reads of what does not exist (PROTOCOL, errors), so that nothing runs: a
server of 1.0.0-beta knows runs, one of 2.x does not, and one before beta.3 describes itself. Judges
responses; opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from .._flue.generations import Generation
from .._flue.recognition import is_event
from .._values.jsoncodec import as_array, as_object
from .answers import NO_STORE
from .exchange import Exchange
from .finding import Finding, finding

_NAMES: dict[Generation, str] = {
    "2": "2.x",
    "beta.8": "1.0.0-beta.8 or beta.9",
    "beta.3": "1.0.0-beta.3 to beta.7",
}
_TITLE = "Flue Public API"
"""Of the document `/openapi.json` that servers before 1.0.0-beta.3 have."""
_LONGEST_VERSION = 40
_USUAL = ("/api", "/flue", "/api/flue")
_MOST_PREFIXES = 8


def has_runs(exchange: Exchange) -> bool:
    """Whether the response to a read of an unknown run is that of a workflow API."""
    return exchange.error_type in ("run_not_found", *NO_STORE)


def has_agent(exchange: Exchange) -> bool:
    """Whether the response to a read of a conversation is that of an agent."""
    if exchange.error_type == "stream_not_found":
        return True
    value = exchange.json
    events = any(map(is_event, as_array(value)[:1]))
    marked = exchange.header("stream-next-offset") != "" or "conversationId" in as_object(value)
    return exchange.status == 200 and (marked or events)


def has_abort(exchange: Exchange) -> bool:
    """Whether the response to a GET of `abort` is that of a route: only a POST is allowed there."""
    return exchange.error_type in ("method_not_allowed", "agent_not_found")


def has_no_such_agent(exchange: Exchange) -> bool:
    """Whether the response is that of a server of 1.0.0-beta to an agent that it does not have."""
    return exchange.error_type == "agent_not_found"


def old_version(exchange: Exchange) -> str | None:
    """The version of a server before 1.0.0-beta.3, from its description of itself."""
    info = as_object(as_object(exchange.json).get("info"))
    if exchange.status != 200 or info.get("title") != _TITLE:
        return None
    return str(info.get("version"))[:_LONGEST_VERSION]


def too_old(version: str) -> Finding:
    return finding(
        "server_too_old",
        f"The server runs Flue {version}, whose protocol is another one.",
        "Update the server to 1.0.0-beta.3 or later.",
        version=version,
    )


def known(workflows: bool, agents: Generation | None) -> Finding:
    """Return the finding that names the generation, from what was found to answer."""
    if workflows and agents == "2":
        words = (
            "The server has the workflows and runs of Flue 1.0.0-beta and agents of 2.x, as the"
            " local server of flue_client_ext.testing has."
        )
    elif agents is None:
        words = (
            "The server has the workflows and runs of Flue 1.0.0-beta. The protocol of its agents"
            " shows where one is named (agent=, --agent)."
        )
    elif workflows:
        words = f"The server is Flue {_NAMES[agents]}: it has workflows and runs."
    else:
        words = f"The server is Flue {_NAMES[agents]}: it has agents, no workflows and no runs."
    return finding("generation", words, workflows=workflows, agents=agents)


def prefixes(base_url: str) -> Sequence[str]:
    """Base URLs of the same server that may have been meant: a shorter path, since URLs of calls
    are pasted, or one with a usual prefix."""
    url = urlsplit(base_url)
    origin = f"{url.scheme}://{url.netloc}"
    segments = url.path.split("/")[1:]
    shorter = [origin + "".join(f"/{s}" for s in segments[:n]) for n in range(len(segments))]
    longer = [base_url + usual for usual in _USUAL] + [origin + usual for usual in _USUAL]
    found = dict.fromkeys([*reversed(shorter), *longer])
    found.pop(base_url, None)
    return list(found)[:_MOST_PREFIXES]


def wrong_prefix(base_url: str, better: str) -> Finding:
    return finding(
        "prefix_wrong",
        f"Nothing of Flue answers under {base_url}, but it does under {better}.",
        f"Use {better} as the base URL: it includes the prefix under which the app mounts Flue.",
        base_url=better,
    )


def no_api(base_url: str, tried: Sequence[str], first: Exchange, *, agent: bool) -> Finding:
    """Return the finding for a URL where nothing of Flue answers. `agent`: whether one was named,
    and asked for as well."""
    kind = first.header("content-type").partition(";")[0] or "no content type"
    what = "neither runs nor the named agent answer" if agent else "no runs answer"
    others = f" Other prefixes that were tried: {', '.join(tried)}." if tried else ""
    advice = "Check the host, the port, and the prefix under which the app mounts Flue."
    if agent:
        advice += (
            " An app of Flue 2.x mounts agents where it likes: name the path with path= or --path."
        )
    else:
        advice += (
            " A server of Flue 2.x has agents only, which cannot be listed: name one with agent= or"
            " --agent, or its path with path= or --path."
        )
    return finding(
        "no_api",
        f"Something answers at {base_url}, but {what} there (status {first.status}, {kind})."
        f"{others}",
        advice,
        status=first.status,
        content_type=kind,
        tried=list(tried),
    )


def no_agent() -> Finding:
    return finding(
        "agent_not_found",
        "The server has no agent of that name, or its module does not export `route`.",
        "Check the name, and export a route from the agent's module.",
    )
