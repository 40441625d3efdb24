"""Commands with an id: told from others, and answered as the first time when they come again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple

import attrs
import orjson

from caseflow.casebook import store_calls
from caseflow.casebook.given import Given, content_of
from caseflow.casebook.loading import Loader
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.replay import first_answer
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import S
from caseflow.kernel.errors import ChainBroken, CommandReused, InvalidCall
from caseflow.kernel.store_errors import StoreError
from caseflow.kernel.stored import StoredEvent
from caseflow.workflow.command import Entry


class Asked(NamedTuple):
    """What a command with an id asks for, and the fingerprint of that."""

    content: bytes
    fingerprint: str


class Commands(Generic[S]):
    """The commands of one workflow and agency."""

    def __init__(self, loader: Loader[S]) -> None:
        self._loader = loader

    def known(
        self,
        failed: Exception,
        asked: Asked | None,
        entries: tuple[Entry, ...] | None,
        given: Given,
    ) -> Work[Outcome[S] | None]:
        """The first answer of a command that now fails; `failed` where the store cannot tell."""
        try:
            return (yield from self.replay(asked, entries, given))
        except StoreError:
            raise failed from None

    def replay(
        self, asked: Asked | None, entries: tuple[Entry, ...] | None, given: Given
    ) -> Work[Outcome[S] | None]:
        """The first answer of a command that took effect before; None where it did not."""
        if given.command_id is None or asked is None:
            return None
        self._loader.look_at_keys()
        rows = yield from store_calls.command(self._loader.agency, given.command_id)
        if not rows:
            return None
        case_id = rows[0].case_id
        self._see_that_it_wrote(given.command_id, rows, rows)
        found, codec = rows[0].fingerprint, self._loader.codec
        same = found == asked.fingerprint or found in codec.fingerprints_before(asked.content)
        if same or rows[0].workflow == self._loader.workflow.name:
            all_rows = yield from store_calls.read(self._loader.agency, case_id)
            self._see_that_it_wrote(given.command_id, rows, all_rows)
            every = codec.decode_all(all_rows)  # who cannot read it could not tell the same one
        if not same:
            raise CommandReused(command_id=given.command_id, case_id=case_id)
        written = codec.decode_all(rows)
        history = [recorded for recorded in every if recorded.number <= written[-1].number]
        workflow = self._loader.workflow_of(case_id, written[0])
        first = first_answer(workflow, history, written[0].number, entries, given)
        return attrs.evolve(first, verdict=self._loader.judged_by(first.verdict, workflow))

    def _see_that_it_wrote(
        self, command_id: str, rows: Sequence[StoredEvent], among: Sequence[StoredEvent]
    ) -> None:
        """See that a command wrote these events, and no others of a history. Raises `ChainBroken`.

        The answer would be somebody else's otherwise: each event says which command wrote it.
        """
        others = [row for row in rows if row.command_id != command_id]
        left = [row for row in among if row.command_id == command_id and row not in rows]
        for row in (*others, *left):
            problem = (
                f"bears the command id {row.command_id!r}, which does not fit what the store says "
                f"that command {command_id!r} wrote"
            )
            raise ChainBroken(case_id=row.case_id, number=row.number, problem=problem)

    def asked(
        self, verb: str, target: str, entries: tuple[Entry, ...], given: Given
    ) -> Asked | None:
        """What was asked, so that a reused command id is noticed; None without one."""
        if given.command_id is None:
            return None
        content = content_of(verb, self._loader.agency, target, entries, given, self._loader.codec)
        try:
            told = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        except TypeError as error:  # the steps were looked at: they are nested too deeply now
            raise InvalidCall(
                what=f"Command {given.command_id!r}",
                problem=f"cannot be told from others ({error})",
                repair="Nest the values of its events less deeply, or leave command_id out.",
            ) from error
        return Asked(told, self._loader.codec.fingerprint(told))
