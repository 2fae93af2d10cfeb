"""The agents of genuine servers of the betas beside those of the local server, by their shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import attrs
import httpx
import pytest

from flue_client_ext.testing._dialect import Generation
from tests.local.recorded import body_of, headers_of, shape
from tests.servers.beta import BETAS, BetaServer, BetaVersion
from tests.servers.local_agents import LocalAgents

GENERATIONS: dict[BetaVersion, Generation] = {
    "beta.9": "beta.8",
    "beta.8": "beta.8",
    "beta.7": "beta.3",
    "beta.5": "beta.3",
}
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BEYOND = f"{0:016d}_{9999:016d}"
Json = dict[str, Any]


@attrs.frozen
class Sides:
    """Both servers, and a conversation with an agent of each."""

    version: BetaVersion
    genuine: BetaServer
    local: LocalAgents
    http: httpx.Client

    def ask(self, method: str, path: str, **options: Any) -> list[httpx.Response]:
        """Ask both servers the same."""
        urls = [f"{server.url}/agents/{path}" for server in (self.genuine, self.local)]
        return [self.http.request(method, url, **options) for url in urls]


@pytest.fixture(scope="module")
def locals_() -> Iterator[Callable[[Generation], LocalAgents]]:
    opened: dict[Generation, LocalAgents] = {}

    def start(generation: Generation) -> LocalAgents:
        if generation not in opened:
            opened[generation] = LocalAgents(generation=generation).__enter__()
        return opened[generation]

    yield start
    for server in opened.values():
        server.stop()


@pytest.fixture(params=BETAS)
def sides(
    request: pytest.FixtureRequest,
    genuine_betas: Callable[[BetaVersion], BetaServer],
    locals_: Callable[[Generation], LocalAgents],
) -> Iterator[Sides]:
    version: BetaVersion = request.param
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield Sides(version, genuine_betas(version), locals_(GENERATIONS[version]), http)


def told(answer: httpx.Response) -> Any:
    """What an answer says, less what is another each time."""
    headers = headers_of(answer.headers)
    for name in ("stream-cursor", "etag"):
        headers = {**headers, **({name: ""} if name in headers else {})}
    content = body_of(answer.headers, answer.content) if answer.headers.get("content-type") else ""
    return answer.status_code, headers, shape(content)


def dateless(value: Any) -> Any:
    """The shape without what beta.9 has added, and the words of a failed model."""
    if isinstance(value, dict):
        known = {name: dateless(item) for name, item in value.items() if name != "timestamp"}
        if known.get("metadata") == {}:
            del known["metadata"]
        return known
    return [dateless(item) for item in value] if isinstance(value, list) else value


def aligned(genuine: Any, local: Any) -> Any:
    """What beta.7 answers, as beta.5 does: without the event that tells the user's message."""
    status, headers, value = genuine
    place = "stream-next-offset"
    if place in headers:
        headers = {**headers, place: local[1].get(place)}
    if isinstance(value, list):
        told = [one for one in value if one.get("message", {}).get("role") != "user"]
        pairs = zip(told[-len(local[2]) :], local[2], strict=True)
        value = [{**one, "eventIndex": mine["eventIndex"]} for one, mine in pairs]
    return status, headers, value


def same(sides: Sides, answers: list[httpx.Response]) -> None:
    genuine, local = map(told, answers)
    if sides.version == "beta.8":
        genuine, local = dateless([*genuine]), dateless([*local])
    if sides.version == "beta.7":
        genuine = aligned(genuine, local)
    assert local == genuine


ASKED = [("echo", "hello"), ("tools", "6/3"), ("tools", "6/0"), ("reasons", "why"), ("fails", "x")]


@pytest.mark.parametrize(("agent", "text"), ASKED)
def test_a_prompt_and_its_stream_have_one_shape(sides: Sides, agent: str, text: str) -> None:
    path = f"{agent}/{uuid4().hex}"
    same(sides, sides.ask("POST", f"{path}?wait=result", json={"message": text}))
    for query in ("", "?view=updates&offset=-1", "?view=updates&offset=-1&live=long-poll"):
        same(sides, sides.ask("GET", f"{path}{query}"))
    same(sides, sides.ask("HEAD", path))


def test_an_image_has_one_shape(sides: Sides) -> None:
    path = f"echo/{uuid4().hex}"
    image = {"type": "image", "data": PIXEL, "mimeType": "image/png"}
    same(sides, sides.ask("POST", f"{path}?wait=result", json={"message": "x", "images": [image]}))
    same(sides, sides.ask("GET", path))


REQUESTS: list[tuple[str, str, Json]] = [
    ("POST", "{}/abort", {}),
    ("GET", "{}/abort", {}),
    ("GET", "{}/attachments/nope", {}),
    ("POST", "{}/attachments/nope", {}),
    ("GET", "{}/more", {}),
    ("DELETE", "{}", {}),
    ("POST", "{}?wait=", {"json": {"message": "x"}}),
    ("POST", "{}", {"json": {"kind": "user", "body": "x"}}),
    ("POST", "{}", {"json": {"message": "x", "images": 5}}),
    ("POST", "{}", {}),
    (
        "POST",
        "{}",
        {
            "json": {
                "message": "x",
                "images": [{"type": "image", "data": "***", "mimeType": "image/png"}],
            }
        },
    ),
    ("POST", "{}", {"content": "{}", "headers": {"content-type": "text/plain"}}),
    ("GET", "{}?view=other", {}),
    ("GET", "{}?view=history&offset=-1", {}),
    ("GET", f"{{}}?view=updates&offset={BEYOND}", {}),
    ("GET", f"{{}}?view=updates&offset={BEYOND}&live=long-poll&tail=x", {}),
    ("GET", "{}?view=updates&offset=-1&offset=-1", {}),
    ("GET", "{}?view=updates&offset=-1&live=x", {}),
    ("GET", "{}?view=updates&offset=0_3", {}),
    ("GET", "echo/nobody-has-asked", {}),
    ("GET", "nobody/x", {}),
    ("POST", "nobody/x/abort", {}),
    ("GET", "nobody/x/attachments/y", {}),
    ("GET", "echo/%20", {}),
    ("POST", "echo/%20/abort", {}),
]


@pytest.fixture
def path(sides: Sides) -> str:
    path = f"echo/{uuid4().hex}"
    sides.ask("POST", f"{path}?wait=result", json={"message": "hello"})
    return path


@pytest.mark.parametrize(("method", "target", "options"), REQUESTS)
def test_a_request_is_answered_by_both_alike(
    sides: Sides, path: str, method: str, target: str, options: Json
) -> None:
    same(sides, sides.ask(method, target.format(path), **options))
