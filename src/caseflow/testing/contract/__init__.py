"""The contract of the storage port, as tests that any store can be put through.

`storage_contract(open_store)` makes a test case of them: assign it to a name in a test file,
and pytest or unittest runs it. Each module holds the tests of one subject.
"""

from __future__ import annotations

from caseflow.testing.contract.awaited import AsyncTransaction
from caseflow.testing.contract.checks import ContractBroken
from caseflow.testing.contract.stores import Transaction
from caseflow.testing.contract.suite import (
    Capability,
    async_storage_contract,
    storage_contract,
)

__all__ = [
    "AsyncTransaction",
    "Capability",
    "ContractBroken",
    "Transaction",
    "async_storage_contract",
    "storage_contract",
]
