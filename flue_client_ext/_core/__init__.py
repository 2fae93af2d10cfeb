"""The protocol without I/O: values and conversations; no HTTP library, clock, thread or event loop.

A *conversation* is a generator that yields steps (`steps.py`) and is sent the replies; whoever runs
it owns the sockets and the time. Nothing here imports from the rings above.
"""
