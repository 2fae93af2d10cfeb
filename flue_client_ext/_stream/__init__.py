"""The Durable Streams engine: conversations without I/O, clock, thread or event loop.

A *conversation* is a generator that yields steps and is sent the replies; whoever runs it owns the
sockets and the time. Knows nothing of Flue. Imports values and errors only."""
