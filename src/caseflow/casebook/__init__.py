"""The casebook: load, decide, append, publish; for synchronous and asynchronous programs."""

from caseflow.casebook.archive import Exported
from caseflow.casebook.async_book import AsyncCasebook
from caseflow.casebook.attestation import Attestation
from caseflow.casebook.book import Casebook
from caseflow.casebook.feeding import Consumer, FeedEvent
from caseflow.casebook.findings import Finding, Verified
from caseflow.casebook.lists import Listed, Page
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.retention import Erasure, Ground, Retention

__all__ = [
    "AsyncCasebook",
    "Attestation",
    "Casebook",
    "Consumer",
    "Erasure",
    "Exported",
    "FeedEvent",
    "Finding",
    "Ground",
    "Listed",
    "Outcome",
    "Page",
    "Retention",
    "Verified",
]
