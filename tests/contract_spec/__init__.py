"""The contract: openapi.yaml itself, and the client that is generated from it."""
