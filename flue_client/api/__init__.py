"""One package for each tag of openapi.yaml, one module for each operation.

Each module has `sync_detailed` and `asyncio_detailed`, which send one request and return a `Response`;
where the answers have bodies, `sync` and `asyncio` return its `parsed` alone. They raise httpx's own
errors where no whole answer can be read, and nothing because of what an answer says.

Nothing is retried or resumed, and an event stream (`live="sse"`) is read to its end before the call
returns, with its frames in `content` and `parsed` None. `flue_client_ext` does what these leave out.
"""
