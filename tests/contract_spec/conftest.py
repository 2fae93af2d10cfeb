"""The genuine server, for the tests that hold it against the contract."""

from tests.servers.fixtures import genuine

__all__ = ["genuine"]
