"""The casebook: load, decide, append, publish; for synchronous and asynchronous programs."""

from caseflow.casebook.book import AsyncCasebook, Casebook
from caseflow.casebook.outcome import Outcome

__all__ = ["AsyncCasebook", "Casebook", "Outcome"]
