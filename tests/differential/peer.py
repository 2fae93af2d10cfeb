"""A peer's process: makes one request for each line of JSON, in the environment that it names.

Every name that ends in `.test` is looked up as 127.0.0.1, its port 80 as the port that the line
names. The outcome is a line: the status, or
`error` and its kind. Imports nothing of the tests, and its peer only."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from typing import Any

KEPT = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
PORT_80 = 80
RECORD = "/runs/run_1?meta="


def look_up_names_of_tests_here() -> None:
    real = socket.getaddrinfo

    def here(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and name.lower().rstrip(".").endswith(".test"):
            host, port = "127.0.0.1", PORT_80 if port == 80 else port
        return real(host, port, *rest, **options)

    socket.getaddrinfo = here


def kind_of(words: str) -> str:
    if "cannot be used" in words:  # a file or folder of certificates
        return "error: setup"
    named = any(word in words.lower() for word in ("certificate", "ssl", "tls"))
    return "error: tls" if named else "error: failed"


def ours(url: str) -> str:
    from flue_client_ext import BackoffOptions, FlueClient

    with FlueClient(url, timeout=10) as client:
        return client.runs.get("run_1", backoff_options=BackoffOptions(max_retries=0)).status


def ours_async(url: str) -> str:
    from flue_client_ext import AsyncFlueClient, BackoffOptions

    async def ask() -> str:
        async with AsyncFlueClient(url, timeout=10) as client:
            never = BackoffOptions(max_retries=0)
            return (await client.runs.get("run_1", backoff_options=never)).status

    return asyncio.run(ask())


def outcome_of_ours(ask: Any, url: str) -> str:
    from flue_client_ext import FlueApiError, FlueConnectionError, FlueProtocolError

    try:
        return "200" if ask(url) == "completed" else "200 with another body"
    except FlueApiError as error:
        return str(error.status)
    except FlueProtocolError:
        return "error: answer"
    except FlueConnectionError as error:
        refused = "refused the tunnel" in str(error)
        return "error: proxy" if refused else kind_of(str(error.cause))
    except ValueError:
        return "error: setup"


def outcome_of_httpx(url: str) -> str:
    import httpx

    try:
        with httpx.Client(timeout=10, verify="https" in url + str(os.environ)) as client:
            answer = client.get(url + RECORD)
        if answer.status_code != 200:
            return str(answer.status_code)
        return "200" if answer.json()["status"] == "completed" else "200 with another body"
    except httpx.ProxyError:
        return "error: proxy"
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, ImportError):  # no socksio, for SOCKS
        return "error: setup"
    except httpx.TransportError as error:
        return kind_of(str(error))
    except httpx.DecodingError:
        return "error: answer"
    except ValueError as error:
        return "error: answer" if "JSON" in type(error).__name__ else "error: setup"
    except OSError:
        return "error: setup"  # an SSLError outside a request: it makes the context first


def main() -> None:
    global PORT_80
    look_up_names_of_tests_here()
    peers = {
        "ours": lambda url: outcome_of_ours(ours, url),
        "ours, async": lambda url: outcome_of_ours(ours_async, url),
        "httpx": outcome_of_httpx,
    }
    ask = peers[sys.argv[1]]
    for line in sys.stdin:
        row = json.loads(line)
        PORT_80 = row["port 80"]
        os.environ.clear()
        os.environ.update({**KEPT, **row["environ"]})
        try:
            outcome = ask(row["url"])
        except Exception as error:  # an outcome too, and the next row wants this process
            outcome = f"error: {type(error).__name__}"
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
