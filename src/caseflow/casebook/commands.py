"""Commands with an id: told from others, and answered as the first time when they come again."""

from __future__ import annotations

from typing import Generic

import orjson

from caseflow.casebook import store_calls
from caseflow.casebook.given import Given, content_of
from caseflow.casebook.loading import Loader
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.replay import first_answer
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import S
from caseflow.kernel.errors import CommandReused, InvalidCall
from caseflow.kernel.store_errors import StoreError
from caseflow.workflow.command import Entry


class Commands(Generic[S]):
    """The commands of one workflow and agency."""

    def __init__(self, loader: Loader[S]) -> None:
        self._loader = loader

    def known(
        self,
        failed: Exception,
        fingerprint: str | None,
        entries: tuple[Entry, ...],
        given: Given,
    ) -> Work[Outcome[S] | None]:
        """The first answer of a command that now fails; `failed` where the store cannot tell."""
        try:
            return (yield from self.replay(fingerprint, entries, given))
        except StoreError:
            raise failed from None

    def replay(
        self, fingerprint: str | None, entries: tuple[Entry, ...] | None, given: Given
    ) -> Work[Outcome[S] | None]:
        """The first answer of a command that took effect before; None where it did not."""
        if given.command_id is None:
            return None
        self._loader.look_at_keys()
        rows = yield from store_calls.command(self._loader.agency, given.command_id)
        if not rows:
            return None
        case_id = rows[0].case_id
        if rows[0].fingerprint != fingerprint:
            raise CommandReused(command_id=given.command_id, case_id=case_id)
        written = self._loader.codec.decode_all(rows)
        all_rows = yield from store_calls.read(self._loader.agency, case_id)
        every = self._loader.codec.decode_all(all_rows)
        history = [recorded for recorded in every if recorded.number <= written[-1].number]
        workflow = self._loader.workflow_of(case_id, written[0])
        return first_answer(workflow, history, written[0].number, entries, given)

    def fingerprint(
        self, verb: str, target: str, entries: tuple[Entry, ...], given: Given
    ) -> str | None:
        """A fingerprint of what was asked, so that a reused command id is noticed."""
        if given.command_id is None:
            return None
        content = content_of(verb, self._loader.agency, target, entries, given, self._loader.codec)
        try:
            asked = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        except TypeError as error:  # the steps were looked at: they are nested too deeply now
            raise InvalidCall(
                what=f"Command {given.command_id!r}",
                problem=f"cannot be told from others ({error})",
                repair="Nest the values of its events less deeply, or leave command_id out.",
            ) from error
        return self._loader.codec.fingerprint(asked)
