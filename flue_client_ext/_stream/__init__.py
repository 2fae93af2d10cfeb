"""The Durable Streams engine: flows without I/O, clock, thread or event loop.

A *flow* is a generator that yields steps and is sent the replies; its driver owns the
sockets and the time. Knows nothing of Flue. Imports values and errors only."""
