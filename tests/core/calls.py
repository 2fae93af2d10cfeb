"""Beginning a call by hand."""

from __future__ import annotations

from typing import Any

from flue_client_ext._stream.call import call
from flue_client_ext._stream.credentials import Credentials
from flue_client_ext._values.http import Request
from flue_client_ext._values.limits import LIMITS

from .play import ManualClock, Play

URL = "http://server.test/workflows/x?wait=result&sig=SECRET"


def begin(
    method: str = "GET",
    credentials: Credentials | None = None,
    *,
    repeatable: bool = False,
    **options: Any,
) -> Play:
    clock = ManualClock()
    body = b"{}" if method == "POST" else None
    request = Request(method, URL, {}, body, repeatable=repeatable)
    options = {"limit": LIMITS.read, **options}
    conversation = call(request, credentials or Credentials(), clock.clock, **options)
    return Play(conversation, clock)
