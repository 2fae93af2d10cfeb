"""Every answer that these tests receive is checked."""

from tests.contract_spec.fixtures import answers_fit_the_contract

__all__ = ["answers_fit_the_contract"]
