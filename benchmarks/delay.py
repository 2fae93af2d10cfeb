"""The wire: the tests' TCP proxy in a process of its own, with a delay each way.

`python -m benchmarks.delay PORT SECONDS` forwards to that port; prints its own; ends with its
standard input.
"""

from __future__ import annotations

import sys

from tests.servers.proxy import TcpProxy


def main() -> None:
    with TcpProxy(("127.0.0.1", int(sys.argv[1])), delay=float(sys.argv[2])) as proxy:
        print(proxy.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
