"""No secret is shown, on any surface."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from flue_client_ext import FlueClient
from tests.cli.terminal import environment, piped
from tests.servers.raw import RawServer
from tests.unary.support import NEVER_AGAIN, borrowed, failure, says, spoken
from tests.worlds import World

from .blocked import shown_while_it_is_sent
from .canary import BASIC, CANARY, SECRETS, SENT, Texts, listening, misbehave, show

Check = Callable[[World], str]


def _sent(server: RawServer) -> bool:
    """Whether the secret has reached the server."""
    said = "".join(f"{request.target} {request.headers}" for request in server.requests)
    return any(form in said for form in SENT)


def _given(name: str, world: World) -> str:
    with tempfile.TemporaryDirectory() as folder:
        texts, server = show(world, SECRETS[name], Path(folder))
    assert _sent(server)
    return texts.check()


def _over_http_client(world: World) -> str:
    with (
        borrowed(world, auth=httpx.BasicAuth("u", CANARY)) as own,
        tempfile.TemporaryDirectory() as folder,
    ):
        texts, server = show(world, {"http_client": own}, Path(folder))
        del texts["attributes, one level deep"]  # of httpx's client, whose repr shows none
    assert _sent(server)
    return texts.check()


def _password_of_a_proxy(world: World) -> str:
    texts = Texts()
    for status in (407, 502):
        with listening(texts), RawServer(says(status)) as proxy:
            url = f"http://u:{CANARY}@127.0.0.1:{proxy.port}"
            with patch.dict(os.environ, {"http_proxy": url, "https_proxy": url, "no_proxy": ""}):
                for base in ("http://flue.test", "https://flue.test"):
                    client = world.client(base, timeout=2)
                    texts.error(failure(client.runs.get, "r", backoff_options=NEVER_AGAIN))
                    texts.error(failure(client.workflows.invoke, "w"))
                    texts.thing(client)
            assert BASIC in str([request.headers for request in proxy.requests])
    return texts.check()


def _userinfo_of_a_base_url(world: World) -> str:
    texts = Texts()
    for url in (f"http://u:{CANARY}@h", f"http://{CANARY}@h", f"https://u:{CANARY}@[::1"):
        error = failure(world.client, url)
        assert isinstance(error, ValueError)
        texts["refusals"] += spoken(error)
    texts.check()
    return "refused before any request, and the refusal does not show it"


def _signature_of_a_stream(world: World) -> str:
    texts = Texts()
    with listening(texts), RawServer(misbehave) as server:
        for name in ("reset", "garbage", "cut", "moved", "denied", "html", "stream"):
            stream = world.durable(
                f"{server.url}/{name}?signature=q-{CANARY}",
                params={"key": f"p-{CANARY}"},
                backoff_options=NEVER_AGAIN,
                timeout=20,
            )
            if name == "stream":
                list(stream)
            else:
                texts.error(failure(list, stream))
            texts.thing(stream)
        assert _sent(server)
    return texts.check()


def _input_and_message(world: World) -> str:
    texts = Texts()
    with listening(texts), RawServer(misbehave) as server:
        client = world.client(server.url, timeout=2)
        for call in (
            lambda: client.workflows.invoke("html", input={"a": CANARY}),
            lambda: client.agents.send("denied", "1", CANARY, initial_data=CANARY),
            lambda: client.workflows.invoke("w", input={1: CANARY}),
        ):
            texts.error(failure(call))
        assert any(CANARY.encode() in request.body for request in server.requests)
    del texts["locals in tracebacks"]  # which are the user's own values
    return texts.check()


def _command_line() -> str:
    texts = Texts()
    with RawServer(misbehave) as server, tempfile.TemporaryDirectory() as folder:
        env = environment(server.url, FLUE_TOKEN=f"t-{CANARY}", FLUE_LOG="debug")
        secret = ("--header", f"X-Api-Key: {CANARY}", "--timeout", "2")
        for command in (
            ("get", "denied"),
            ("follow", "garbage"),
            ("doctor", "--watch", "0", "--run", "r"),
        ):
            ran = piped(*command, *secret, env=env, cwd=Path(folder))
            texts[f"flue-client {command[0]}"] += ran.stdout + ran.stderr
        assert _sent(server)
    return texts.check()


def _repr_of_credentials() -> str:
    from flue_client_ext._stream.credentials import Credentials
    from flue_client_ext._values.http import Request

    texts = Texts()
    options: dict[str, Any] = {"token": CANARY, "headers": {"x": CANARY}, "params": {"k": CANARY}}
    texts.thing(FlueClient("http://flue.test", token=CANARY))
    texts["values inside"] += repr(Credentials(**options))
    texts["values inside"] += repr(Request("GET", f"http://h/?s={CANARY}", {"x": CANARY}, b"x"))
    return texts.check()


CHECKS: dict[str, Check] = {
    **{name: partial(_given, name) for name in SECRETS},
    "password of an http_client": _over_http_client,
    "password of a proxy": _password_of_a_proxy,
    "user and password in base_url": _userinfo_of_a_base_url,
    "signature in the URL of a stream": _signature_of_a_stream,
    "input of a workflow, message to an agent": _input_and_message,
    "token and header while a request is sent": shown_while_it_is_sent,
}
PURE: dict[str, Callable[[], str]] = {
    "token and header of the command line": _command_line,
    "values that hold credentials": _repr_of_credentials,
}
