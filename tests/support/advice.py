"""Doing what the findings of `verify_all` say, word for word, until there is nothing to do."""

from __future__ import annotations

import ast
import io
import re
from contextlib import suppress
from typing import Any

from caseflow import ChainBroken, InvalidCall
from tests.support.raw import execute
from tests.support.tamper import AGENCY

ROUNDS = 6
"""Who repaired so often and still finds something runs in circles."""


def followed(raw: Any, book: Any, export: bytes) -> Any:
    """Verify, and do what each finding says, again and again. What was found the last time."""
    verified = book.verify_all()
    for _ in range(ROUNDS):
        if verified.holds:
            break
        for finding in verified.findings:
            _follow(raw, book, export, finding)
        verified = book.verify_all()
    return verified


def _follow(raw: Any, book: Any, export: bytes, finding: Any) -> None:
    said = str(finding)
    if "mend(" in said:
        _mend(raw, book, export, finding)
    elif "set `opened`" in said:
        case_id = _named("shows case ", said)
        highest = "(SELECT max(opened) + 1 FROM caseflow_cases)"
        where = "WHERE agency = ? AND case_id = ?"
        execute(
            raw.store, f"UPDATE caseflow_cases SET opened = {highest} {where}", (AGENCY, case_id)
        )
    elif "delete the row of the command" in said:
        command_id = _named("command ", said)
        raw.drop_command(command_id)
    elif "reset_consumer(" in said:
        book.reset_consumer(_named("reset_consumer(", said), to=0)
    if "reindex()" in said:
        with suppress(ChainBroken):  # of a case that is mended by another finding
            book.reindex()


def _named(before: str, said: str) -> Any:
    """The name that stands after some words, as it is quoted."""
    return ast.literal_eval(re.findall(re.escape(before) + r"('[^']*'|\"[^\"]*\")", said)[0])


def _mend(raw: Any, book: Any, export: bytes, finding: Any) -> None:
    """From the export; what it lacks is given up, and what never was a case is deleted."""
    case_id = finding.case_id
    try:
        book.mend(case_id, io.BytesIO(export))
    except ChainBroken as error:
        if "accept_loss" in str(error):
            book.mend(case_id, io.BytesIO(export), accept_loss=True)
    except InvalidCall:  # the export holds no such case
        for table in ("cases", "events"):
            if f"caseflow_{table}" in str(finding):
                where = "WHERE agency = ? AND case_id = ?"
                execute(raw.store, f"DELETE FROM caseflow_{table} {where}", (AGENCY, case_id))
