"""The genuine server, for the tests that hold it against the contract, and calls in both worlds."""

from tests.contract_spec.calling import call
from tests.servers.fixtures import genuine

__all__ = ["call", "genuine"]
