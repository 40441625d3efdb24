"""The memory store keeps the contract of the port, as far as memory can."""

from caseflow.storage import MemoryStorage
from caseflow.testing import storage_contract

TestMemory = storage_contract(
    lambda place: MemoryStorage(), lacks=["durability", "processes", "transactions"]
)
