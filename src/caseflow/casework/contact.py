"""Whether the client was there: which events tell that somebody met, reached or served them."""

from __future__ import annotations

from typing import Any

from caseflow.casework.engagement import ContactAttempted, SelfReferred
from caseflow.casework.services import ClientCheckedIn, ServiceProvided
from caseflow.casework.words import INDIRECT

CONTACTS = (ContactAttempted, SelfReferred, ClientCheckedIn, ServiceProvided)
"""The events that may tell of it."""


def client_was_there(event: Any) -> bool:
    """Whether an event tells that the client was reached, got in touch, or was served.

    What a case manager does for them with others does not need them to be there.
    """
    if isinstance(event, ContactAttempted):
        return event.reached
    if isinstance(event, ServiceProvided):
        return event.function not in INDIRECT
    return isinstance(event, CONTACTS)
