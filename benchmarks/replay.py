"""A server that sends precomputed bytes: faster than any client reads, and equally fast for all.

`/runs/{run_id(n)}` has n events and is closed; `replay_agents` tells what stands below `/agents`.
Everything is built when it is first asked for, so the warm-up pays for it. Runs as a process of its
own: prints its port, and ends with its standard input.
`--tls CERT` serves TLS with that file's certificate and key.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import ssl
import sys
import threading

from benchmarks import corpus, replay_agents

_REQUEST = re.compile(rb"(GET|HEAD) /runs/run_(\d+)(?:\?(\S*))? HTTP")
_OFFSET = re.compile(rb"(?:^|&)offset=([^&]+)")
_GONE = (
    b"HTTP/1.1 204 No Content\r\nStream-Next-Offset: %b\r\nStream-Up-To-Date: true\r\n"
    b"Stream-Closed: true\r\n\r\n"
)


def record(count: int) -> bytes:
    """The answer to `?meta`."""
    body = json.dumps(
        {
            "runId": corpus.run_id(count),
            "workflowName": "flood",
            "status": "completed",
            "startedAt": corpus.STAMP,
            "endedAt": corpus.STAMP,
            "isError": False,
            "durationMs": 2000,
            "input": {"n": count},
            "result": {"events": count},
        }
    ).encode()
    head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nConnection: keep-alive\r\n"
    return f"{head}Keep-Alive: timeout=60\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def converse(sock: socket.socket) -> None:
    """Answer requests until the peer leaves."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with sock:
            while request := _read(sock):
                _answer(sock, request)
    except OSError:
        pass


def _read(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        got = sock.recv(65536)
        if not got:
            return b""
        data += got
    return data


def _answer(sock: socket.socket, request: bytes) -> None:
    found = _REQUEST.match(request)
    if found is None:
        if not replay_agents.answer(sock, request):
            sock.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        return
    count, query = int(found[2]), found[3] or b""
    if query.startswith(b"meta"):
        sock.sendall(record(count))
        return
    given = _OFFSET.search(query)
    place = 0 if given is None or given[1] == b"-1" else int(given[1].split(b"_")[1]) + 1
    if place >= count:
        sock.sendall(_GONE % corpus.offset(count - 1).encode())
    elif b"live=sse" in query:
        body, starts = corpus.event_stream(count)
        sock.sendall(corpus.SSE_HEAD)
        sock.sendall(memoryview(body)[starts[place // corpus.PAGE] :])
    else:
        sock.sendall(corpus.pages(count)[place // corpus.PAGE])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls")
    certificate = parser.parse_args().tls
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_accept, args=(listener, context), daemon=True).start()
    sys.stdin.read()


def _accept(listener: socket.socket, context: ssl.SSLContext | None) -> None:
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=_serve, args=(sock, context), daemon=True).start()


def _serve(sock: socket.socket, context: ssl.SSLContext | None) -> None:
    try:
        converse(context.wrap_socket(sock, server_side=True) if context else sock)
    except OSError:
        sock.close()


if __name__ == "__main__":
    main()
