"""Every error that caseflow raises: a stable code, fields, and one sentence.

The sentence says what happened, where, the offending value, what is allowed and how to
repair it. `code` and the names of the fields are stable (see docs/stability.md); the
sentence can be said in other words with `error.say(wordings)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, ClassVar


class CaseflowError(Exception):
    """The base of all errors of caseflow.

    `code` names the kind of error, `fields` hold what it is about, and `str(error)` is the
    sentence made of both.
    """

    code: ClassVar[str] = "caseflow"
    wording: ClassVar[str] = "Something went wrong in caseflow."

    def __init__(self, **fields: Any) -> None:
        self.fields: Mapping[str, Any] = fields
        super().__init__(self.say())

    def say(self, wordings: Mapping[str, str] | None = None) -> str:
        """The sentence of this error.

        `wordings` maps codes to `str.format` templates in another language; a code that is
        not in it keeps the wording shipped here.
        """
        template = (wordings or {}).get(self.code, self.wording)
        return template.format(**self.fields)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.fields))


def _rebuild(cls: type[CaseflowError], fields: dict[str, Any]) -> CaseflowError:
    """Make an error again from its fields, so that errors travel between processes."""
    return cls(**fields)


# -- the definition is wrong -----------------------------------------------------------------


class DefinitionError(CaseflowError):
    """An event, a rule or a workflow was declared wrongly."""

    code = "definition"
    wording = "{what} {problem}. {repair}"


class WorkflowInvalid(DefinitionError):
    """A workflow has faults; all of them are in `fields["faults"]`, each with its repair."""

    code = "workflow-invalid"
    wording = "Workflow {named} has {count} {noun}:\n{listing}"

    def __init__(self, **fields: Any) -> None:
        faults = fields["faults"]
        fields.setdefault("named", short(fields["workflow"]))
        fields.setdefault("count", len(faults))
        fields.setdefault("noun", "fault" if len(faults) == 1 else "faults")
        fields.setdefault("listing", "\n".join(f"- {fault}" for fault in faults))
        super().__init__(**fields)


# -- the call cannot be understood -----------------------------------------------------------


class InvalidCall(CaseflowError):
    """The call itself is wrong: it would be wrong for every case."""

    code = "invalid-call"
    wording = "{what} {problem}. {repair}"


class UnknownStep(InvalidCall):
    """A step names no transition of the workflow."""

    code = "unknown-step"
    wording = "Workflow {workflow!r} has no transition {step!r}. {nearest}"


class UnknownEvent(InvalidCall):
    """An event is of a type that the workflow does not declare."""

    code = "unknown-event"
    wording = (
        "Workflow {workflow!r} does not declare the {kind} {event!r} ({cls}). "
        "Declare it: {repair}. {nearest}"
    )


class PayloadNeeded(InvalidCall):
    """A transition was named bare, but its event needs fields."""

    code = "payload-needed"
    wording = (
        "Transition {step!r} records {event}, which needs {needed}. "
        "Submit {event}({arguments}) in place of the name."
    )


class PayloadInvalid(InvalidCall):
    """An event holds a value that could not be stored and read back as it is."""

    code = "payload-invalid"
    wording = "{event}.{field} cannot be recorded as {value}. It takes {allowed}. {repair}"


class MomentInvalid(InvalidCall):
    """A moment without a time zone, or something that is no moment."""

    code = "moment-invalid"
    wording = (
        "{name} is {value}, which is not a moment with a time zone. "
        "Give a datetime with tzinfo, for example datetime(2026, 3, 1, 9, 30, tzinfo=UTC)."
    )


class NotAFact(InvalidCall):
    """A decision was handed to `record`, which only takes facts."""

    code = "not-a-fact"
    wording = (
        "{event} is a decision, and decisions are judged. Submit it with "
        "do(case_id, {submit}); record() takes facts only."
    )

    def __init__(self, **fields: Any) -> None:
        fields.setdefault("submit", f"{fields['event']}(...)")
        super().__init__(**fields)


class CommandReused(InvalidCall):
    """A command id was used before for a command with other content."""

    code = "command-reused"
    wording = (
        "Command id {command_id!r} was already used on case {case_id!r} for another command. "
        "Send the same steps, actor, moment and reason again, or choose a new command id."
    )


class CommandHeld(CommandReused):
    """A history that is imported or mended bears a command id that another case used."""

    code = "command-held"
    wording = (
        "Case {case_id!r} bears command id {command_id!r} in the file, and the store says that "
        "another case used it. Nothing was changed. If verify finds that no other did "
        "(command-differs), delete the row of that command from caseflow_commands, and do it "
        "again; else the file and the store are of two histories: compare both with a backup."
    )


class HistoricalCase(InvalidCall):
    """A case seen as of an earlier moment was handed to something that decides."""

    code = "historical-case"
    wording = (
        "Case {case_id!r} is seen as it was, not as it is, and cannot be decided upon. "
        "Decide on the present case: casebook.case(case_id) without as_of and known."
    )


class UndeclaredRead(InvalidCall):
    """A rule read a history that it did not declare."""

    code = "undeclared-read"
    wording = (
        "Rule {rule!r} reads the history of {event}, which it does not declare. "
        "Add history={event} to the rule."
    )


class UndeclaredCount(UndeclaredRead):
    """A rule counted other cases by an index that it did not declare."""

    code = "undeclared-count"
    wording = (
        "Rule {rule!r} counts other cases by {index!r}, which it does not declare. "
        "Add counts={index!r} to the rule."
    )


# -- the decision is refused -----------------------------------------------------------------


class Refused(CaseflowError):
    """A decision was refused. `verdict` explains it; nothing of its unit was written.

    `unrecorded` are the facts of the unit that were left unrecorded with it, as they were given:
    a fact is never refused, so record them on their own if they happened.
    """

    code = "refused"
    wording = "{explanation}"

    def __init__(self, **fields: Any) -> None:
        if "explanation" not in fields:
            fields["explanation"] = fields["verdict"].explain()
        super().__init__(**fields)

    @property
    def verdict(self) -> Any:
        """The verdict that refused (a `caseflow.Verdict`)."""
        return self.fields["verdict"]

    @property
    def unrecorded(self) -> tuple[Any, ...]:
        """The facts of the unit, which were not recorded."""
        return tuple(self.fields["unrecorded"])


# -- the case moved under you ----------------------------------------------------------------


class Conflict(CaseflowError):
    """Somebody else wrote to the case in between, more often than we were told to try."""

    code = "conflict"
    wording = (
        "Case {case_id!r} was changed by somebody else {attempts} times while this was decided. "
        "Look at the case again and repeat the command."
    )


class VersionMoved(Conflict):
    """The caller asked for one version of a case, and it stands at another."""

    code = "version-moved"
    wording = (
        "Case {case_id!r} is at version {found}, not at {wanted}. Look at what was recorded "
        "since (history), then repeat the command with version={found}."
    )


class CaseExists(Conflict):
    """A case with this id is already open."""

    code = "case-exists"
    wording = "There is already a case {case_id!r}. Open it under another id, or leave the id out."


class ConsumerMoved(Conflict):
    """Another consumer of the same name, or a reset, moved the checkpoint in between."""

    code = "consumer-moved"
    wording = (
        "Consumer {consumer!r} of agency {agency!r} no longer stands at position {position}: "
        "another one of that name is at work, or it was moved. {repair}"
    )

    def __init__(self, **fields: Any) -> None:
        fields.setdefault(
            "repair",
            "What was done from there on may be done twice; run one consumer of a name at a time, "
            "or do its work in one transaction with its checkpoint: "
            "casebook.within(session).consume(...).",
        )
        super().__init__(**fields)


class CaseHeld(CaseExists):
    """An import holds a case that the store has already."""

    code = "case-held"
    wording = (
        "There is already a case {case_id!r} here, and an import adds whole cases only. "
        "Nothing was imported: import into a store that has none of them, or put one damaged "
        "case right with mend()."
    )


# -- there is no such case -------------------------------------------------------------------


class NoSuchCase(CaseflowError):
    """The store holds no case with this id, in this agency (or held none at that moment)."""

    code = "no-such-case"
    wording = "There is no case {case_id!r} in agency {agency!r}{when}. {repair}"


class OtherWorkflow(CaseflowError):
    """A case belongs to another workflow than the book was made for."""

    code = "other-workflow"
    wording = (
        "Case {case_id!r} runs under workflow {found!r}, not {wanted!r}. "
        "Open a casebook for workflow {found!r} on the same store."
    )


class OtherVersion(OtherWorkflow):
    """A case is pinned to a version of the workflow that the book does not hold."""

    code = "other-version"
    wording = (
        "Case {case_id!r} is pinned to version {found!r} of workflow {workflow!r}, and this "
        "book holds {known}. Give the book that version: Casebook(..., earlier=[...])."
    )


# -- the data cannot be read -----------------------------------------------------------------


class UnreadableRecord(CaseflowError):
    """A stored event cannot be read. It is never skipped.

    Where the feed was read, `position` among the fields says where it stands there.
    """

    code = "unreadable-record"
    wording = "Event {number} of case {case_id!r} cannot be read: {problem}. {repair}"


class UnknownEventName(UnreadableRecord):
    """A stored event has a type name that the workflow does not know."""

    code = "unknown-event-name"
    wording = (
        "Event {number} of case {case_id!r} is a {name!r}, which no declared event is called. "
        "Add its class to the workflow (events=[...]). {nearest}"
    )


class NoUpcaster(UnreadableRecord):
    """A stored event has an older version than its class, and nothing converts it."""

    code = "no-upcaster"
    wording = (
        "Event {number} of case {case_id!r} is {name!r} in version {version}, and the class is "
        "in version {wanted}. {repair}"
    )


class DamagedPayload(UnreadableRecord):
    """A stored payload does not fit its event type."""

    code = "damaged-payload"
    wording = "Event {number} of case {case_id!r} ({name!r}) has a damaged payload: {problem}."


class ChainBroken(UnreadableRecord):
    """The hash chain of a history does not hold: a record was changed, removed or inserted."""

    code = "chain-broken"
    wording = "The history of case {case_id!r} was altered: event {number} {problem}. {repair}"

    def __init__(self, **fields: Any) -> None:
        fields.setdefault(
            "repair",
            "Compare it with a backup or with an attestation, and put it right with mend(), see "
            "docs/howto-verify.md.",
        )
        super().__init__(**fields)


class DamagedFile(CaseflowError):
    """An export or an attestation is damaged, cut off, or no such file at all.

    `case_id` is the case that the line belongs to, where that can be told (else empty).
    """

    code = "damaged-file"
    wording = "Line {line} of {file}{place} {problem}. {repair}"

    def __init__(self, **fields: Any) -> None:
        case_id = fields.setdefault("case_id", "")
        fields.setdefault("place", f" (case {case_id!r})" if case_id else "")
        super().__init__(**fields)


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known words, or a dozen of them when none is near."""
    choices = sorted(set(known))
    if not choices:
        return "There is none."
    close = get_close_matches(word, choices, n=3, cutoff=0.6)
    if close:
        return f"Did you mean {listed(close, 'or')}?"
    more = f", and {len(choices) - 12} more" if len(choices) > 12 else ""
    return f"There {'is' if len(choices) == 1 else 'are'} {listed(choices[:12])}{more}."


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Words as a list for a sentence: `'a', 'b' and 'c'`."""
    quoted = [repr(word) for word in words]
    if len(quoted) <= 1:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"


def short(value: object) -> str:
    """A value as a sentence can hold it: a class or function by its name, and nothing long."""
    name = getattr(value, "__name__", None)
    if isinstance(value, type):
        return f"the class {name}"
    if name is not None and callable(value):
        return f"the function {name}"
    kind = type(value).__name__
    if isinstance(value, date):
        return f"the {kind} {value.isoformat()}"
    try:
        text = repr(value)
    except Exception:  # it is foreign code, or nested without end
        text = f"{kind}(...)"
    if len(text) <= 60:
        return text
    return f"{kind}(...)" if text.startswith(f"{kind}(") else f"{text[:56]}...{text[-1]}"


def hyphenated(name: str) -> str:
    """The name of a class or function as a stored name: `income-stated` of `IncomeStated`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()
    return re.sub(r"[^a-z0-9-]", "", words).strip("-") or "its-name"
