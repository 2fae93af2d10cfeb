"""How requests travel: HTTP/1.1 over h11, TLS, sockets, addresses and proxies, the pool, and the
user's own httpx client. No rule of a protocol above HTTP. Imports values and errors only."""
