"""Attachments that somebody on the way cuts off: TLS tells a body that is cut from a whole one."""

from __future__ import annotations

from pathlib import Path

from flue_client_ext import FlueConnectionError
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import NEVER_AGAIN, failure, in_turn
from tests.worlds import World

from .conftest import QUICK

DATA = bytes(range(256)) * 10


def cut(request: Request, connection: Connection) -> None:
    """End the connection within a body that has no length, as anybody on the way can."""
    connection.head(200, {"content-type": "image/png"})
    connection.send(DATA[:999])
    connection.close()


def whole(request: Request, connection: Connection) -> None:
    connection.head(200, {"content-type": "image/png"})
    connection.send(DATA)
    connection.end()


def test_an_attachment_that_is_cut_over_tls_is_read_again(any_world: World, tmp_path: Path) -> None:
    with RawServer(in_turn(cut, whole, cut, whole), tls=True) as server:
        client = any_world.client(server.url, ssl_context=server.client_context())
        talk = client.agents.conversation("a", "1")
        assert talk.attachment("att_1", backoff_options=QUICK) == DATA
        talk.save_attachment("att_1", tmp_path / "saved", backoff_options=QUICK)
        assert (tmp_path / "saved").read_bytes() == DATA


def test_an_attachment_that_is_always_cut_is_an_error_and_no_file(
    any_world: World, tmp_path: Path
) -> None:
    with RawServer(cut, tls=True) as server:
        client = any_world.client(server.url, ssl_context=server.client_context())
        save = client.agents.conversation("a", "1").save_attachment
        error = failure(save, "att_1", tmp_path / "saved", backoff_options=NEVER_AGAIN)
    assert isinstance(error, FlueConnectionError)
    assert "close_notify" in str(error)
    assert list(tmp_path.iterdir()) == []
