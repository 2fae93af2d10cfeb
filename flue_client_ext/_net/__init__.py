"""The drivers: they own sockets, time, threads and event loops, and know no rule of the protocol.

`sync_*` and `async_*` mirror each other and do not import each other; what both need is beside
them."""
