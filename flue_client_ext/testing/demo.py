"""The ready workflows as a program: `python -m flue_client_ext.testing.demo` serves them."""

from __future__ import annotations

from ._ready import assistant, countdown, demo_server, fail, install, research, summarize

__all__ = ["assistant", "countdown", "demo_server", "fail", "install", "research", "summarize"]


if __name__ == "__main__":
    from ._cli import main

    raise SystemExit(main(["dev"]))
