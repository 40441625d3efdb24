"""The casebook: load, decide, append, publish; for synchronous and asynchronous programs."""

from caseflow.casebook.async_book import AsyncCasebook
from caseflow.casebook.book import Casebook
from caseflow.casebook.erasing.retention import Erasure, Ground, Retention
from caseflow.casebook.feeding import Consumer, FeedEvent
from caseflow.casebook.finding.lists import Listed, Page
from caseflow.casebook.keeping.archive import Exported
from caseflow.casebook.keeping.attestation import Attestation
from caseflow.casebook.keeping.findings import Finding, Verified
from caseflow.casebook.outcome import Outcome

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
