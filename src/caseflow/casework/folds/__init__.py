"""What each event of case work changes in the state: one small function for each."""

from __future__ import annotations

from caseflow.casework.folds import assessment, closure, planning, services
from caseflow.casework.folds.changes import Fold

FOLDS: dict[type, Fold] = {
    **assessment.FOLDS,
    **planning.FOLDS,
    **services.FOLDS,
    **closure.FOLDS,
}
"""What each event changes, by its type; an event that is not here changes nothing."""
