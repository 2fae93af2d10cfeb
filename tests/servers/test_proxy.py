"""The tests' TCP proxy loses nothing and reorders nothing, whatever arrives when."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.servers.pipe import End
from tests.servers.proxy import TcpProxy

LIMIT = 10.0


@pytest.fixture
def target() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        yield listener


def connected(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), LIMIT)


def accepted(target: socket.socket) -> socket.socket:
    sock, _ = target.accept()
    sock.settimeout(LIMIT)
    return sock


def received(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (got := sock.recv(65536)):
        data += got
    return data


def hold_dials(proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let the proxy connect to its target only after the returned event is set."""
    release, dial = threading.Event(), proxy._dial

    async def later(end: object) -> None:
        await proxy.loop.run_in_executor(None, release.wait, LIMIT)
        await dial(end)  # type: ignore[arg-type]

    monkeypatch.setattr(proxy, "_dial", later)
    return release


def test_bytes_before_the_other_end_is_there_are_kept(
    target: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TcpProxy(target.getsockname()) as proxy:
        release = hold_dials(proxy, monkeypatch)
        with connected(proxy) as client:
            client.sendall(b"early")
            client.shutdown(socket.SHUT_WR)
            assert proxy.wait_until(lambda: proxy.accepted == 1)
            _turns(proxy)
            release.set()
            with accepted(target) as server:
                assert received(server, 6) == b"early"


def test_a_paused_proxy_keeps_the_bytes_of_a_new_connection(target: socket.socket) -> None:
    with TcpProxy(target.getsockname()) as proxy:
        proxy.pause()
        with connected(proxy) as client, accepted(target) as server:
            client.sendall(b"question")
            server.sendall(b"answer")
            _turns(proxy)
            client.settimeout(0.1)
            with pytest.raises(TimeoutError):
                client.recv(1)
            assert (proxy.bytes_to_client, proxy.bytes_to_server) == (0, 0)
            client.settimeout(LIMIT)
            proxy.resume()
            assert received(server, 8) == b"question"
            assert received(client, 6) == b"answer"


def test_a_slow_reader_gets_all_of_it_in_order(target: socket.socket) -> None:
    sent = b"".join(b"%8d" % number for number in range(500_000))
    with (
        TcpProxy(target.getsockname()) as proxy,
        connected(proxy) as client,
        accepted(target) as server,
    ):
        sending = threading.Thread(target=server.sendall, args=(sent,), daemon=True)
        sending.start()
        for _ in range(5):
            proxy.pause()
            proxy.resume()
        assert received(client, len(sent)) == sent
        sending.join(LIMIT)


def test_a_connection_cut_during_the_dial_leaves_none_behind(
    target: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TcpProxy(target.getsockname()) as proxy:
        release = hold_dials(proxy, monkeypatch)
        with connected(proxy) as client:
            assert proxy.wait_until(lambda: proxy.accepted == 1)
            proxy.cut_all()
            with pytest.raises(ConnectionResetError):
                client.recv(1)
            release.set()
            with accepted(target) as server, pytest.raises(ConnectionResetError):
                server.recv(1)


class _CutsAnswers(TcpProxy):
    """Cuts when an answer sets out."""

    def setting_out(self, end: End, data: bytes) -> None:
        if end.faces_client:
            end.cut()


@pytest.mark.parametrize("delay", [0.0, 0.01])
def test_a_cut_as_bytes_set_out_loses_them(target: socket.socket, delay: float) -> None:
    with (
        _CutsAnswers(target.getsockname(), delay=delay, cut_how="close") as proxy,
        connected(proxy) as client,
        accepted(target) as server,
    ):
        client.sendall(b"question")
        assert received(server, 8) == b"question"
        server.sendall(b"answer")
        assert client.recv(1) == b""
        assert proxy.bytes_to_client == 0


def _turns(proxy: TcpProxy) -> None:
    """Let the proxy's loop read what has arrived: each call is a turn of it at least."""
    for _ in range(5):
        proxy._call(lambda: None)


def test_a_proxy_that_stops_leaves_no_connection_it_has_just_accepted(
    target: socket.socket,
) -> None:
    for _ in range(20):
        with TcpProxy(target.getsockname()) as proxy:
            clients = [connected(proxy) for _ in range(10)]
        for client in clients:
            with client, suppress(ConnectionError):
                assert client.recv(1) == b""
