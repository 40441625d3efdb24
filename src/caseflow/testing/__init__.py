"""A kit for testing workflows: legal histories by the thousand, and a lifecycle machine.

It needs Hypothesis, which comes with `pip install caseflow-engine[testing]`. Everything is
derived from the workflow: its stages, event types and rules. Nothing has to be subclassed.

- `events(workflow)`: events of every type, or of one.
- `histories(workflow)`: legal histories, made by deciding.
- `cases(workflow, at="planning")`: cases at a stage.
- `nearly_legal(workflow)`: a case and a command that exactly one rule refuses.
- `lifecycle(workflow, MemoryStorage)`: a state machine that plays cases through a casebook
  and checks the promises of caseflow after every step.
- `storage_contract(open_store)`: the tests of the storage port, for a store of your own;
  `async_storage_contract` for one whose driver is asynchronous.

    >>> from caseflow.stages import six_stage
    >>> from caseflow.storage import MemoryStorage
    >>> from caseflow.testing.casework import PAYLOADS
    >>> TestLifecycle = lifecycle(six_stage, MemoryStorage, payloads=PAYLOADS).TestCase

Those that draw take `payloads=`: how to draw events whose content has to fit the case. It maps
event classes to Hypothesis strategies, or to functions from the case to a strategy.
"""

from __future__ import annotations

try:
    import hypothesis as _hypothesis  # noqa: F401  # asked for here, to say what is missing
except ModuleNotFoundError as missing:  # pragma: no cover - seen only without the extra
    raise ModuleNotFoundError(
        "caseflow.testing needs Hypothesis. Install it with: pip install 'caseflow-engine[testing]'"
    ) from missing

from caseflow.testing.clock import START, Clock
from caseflow.testing.contract import (
    AsyncTransaction,
    Capability,
    ContractBroken,
    Transaction,
    async_storage_contract,
    storage_contract,
)
from caseflow.testing.lifecycle import Lifecycle, lifecycle
from caseflow.testing.naive import Retold, retold
from caseflow.testing.payloads import Payload, Payloads
from caseflow.testing.promises import PROMISES, PromiseBroken
from caseflow.testing.strategies import NearlyLegal, cases, events, histories, nearly_legal

__all__ = [
    "PROMISES",
    "START",
    "AsyncTransaction",
    "Capability",
    "Clock",
    "ContractBroken",
    "Lifecycle",
    "NearlyLegal",
    "Payload",
    "Payloads",
    "PromiseBroken",
    "Retold",
    "Transaction",
    "async_storage_contract",
    "cases",
    "events",
    "histories",
    "lifecycle",
    "nearly_legal",
    "retold",
    "storage_contract",
]
