"""What verifying a store found, as values that an auditor can read and a program can sort."""

from __future__ import annotations

import attrs

from caseflow.casebook.keeping.attestation import Attestation
from caseflow.kernel.checks import said
from caseflow.kernel.errors import CaseflowError, ChainBroken, OtherVersion, UnreadableRecord
from caseflow.storage.port import Loose


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is not as it was written.

    `code` is stable: `chain-broken` (and the other codes of `UnreadableRecord`) for what is
    wrong inside a history, `case-lost`, `tail-lost` and `history-rewritten` for what does not
    fit an attestation, and `other-version`, `snapshot-differs`, `list-differs`,
    `command-differs`, `feed-differs`, `consumer-ahead`, `row-damaged` and `cannot-be-folded`.
    `case_id` is empty where it is about no case. `number` is that of the first event concerned;
    None where it is not about one. `str(finding)` is the sentence.
    """

    code: str
    case_id: str
    number: int | None
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@attrs.frozen(kw_only=True)
class Verified:
    """What was verified, and what was found: nothing, if `holds`.

    `by_chain_only` counts the cases of other workflows, whose events this book cannot read:
    of them the chain was verified, and no snapshot or list. `unused_snapshots` counts those
    made by another release or an earlier state, which nobody reads. `against` is the
    attestation that was compared; None: none was given.
    """

    agency: str
    cases: int
    events: int
    findings: tuple[Finding, ...]
    by_chain_only: int = 0
    unused_snapshots: int = 0
    against: Attestation | None = None

    @property
    def holds(self) -> bool:
        """Whether everything is as it was written."""
        return not self.findings

    def explain(self) -> str:
        """What was verified and found, in sentences; and what cannot be seen this way."""
        lines = [
            f"{_many(self.cases, 'case')} of agency {self.agency!r} with "
            f"{_many(self.events, 'event')} verified: "
            f"{_many(len(self.findings), 'finding') if self.findings else 'nothing was found'}."
        ]
        lines += [f"- {finding}" for finding in self.findings]
        if self.by_chain_only:
            lines.append(f"{_many(self.by_chain_only, 'case')} of other workflows: chain only.")
        if self.against is None:
            lines.append(
                "Without an attestation it is not seen that a case is gone, that the end of a "
                "history was cut off, or that all of it was written anew."
            )
        else:
            moment = self.against.moment
            lines.append(
                f"Compared with the attestation of {moment:%Y-%m-%d %H:%M %Z}. What came after "
                "it, and was cut off or written anew, is not seen."
            )
        return "\n".join(lines)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


# -- findings in their words -----------------------------------------------------------------


COMMAND = "command-differs"


def broken(case_id: str, number: int, problem: str, **repair: str) -> Finding:
    """A chain that does not hold."""
    return unreadable(ChainBroken(case_id=case_id, number=number, problem=problem, **repair))


def unreadable(error: UnreadableRecord) -> Finding:
    """A stored event that cannot be read, as the error that reading it raises."""
    return Finding(
        code=error.code,
        case_id=error.fields["case_id"],
        number=error.fields["number"],
        sentence=str(error),
    )


def lost(case_id: str, version: int, moment: str) -> Finding:
    """A case that was attested, and is not there."""
    sentence = (
        f"Case {case_id!r} is lost: it stood at event {version} when it was attested on {moment}. "
        f"Bring it back with mend({case_id!r}, ...), from an export that holds it."
    )
    return Finding(code="case-lost", case_id=case_id, number=1, sentence=sentence)


def cut(case_id: str, found: int, version: int, moment: str) -> Finding:
    """A history that ends before its attested end."""
    sentence = (
        f"The end of case {case_id!r} is lost: it stops at event {found}, and stood at event "
        f"{version} when it was attested on {moment}. Put it right with mend({case_id!r}, ...), "
        "from an export that holds all of it."
    )
    return Finding(code="tail-lost", case_id=case_id, number=found + 1, sentence=sentence)


def rewritten(case_id: str, version: int, moment: str) -> Finding:
    """A history that holds, and is another one than was attested."""
    sentence = (
        f"The history of case {case_id!r} was written anew: event {version} or one before it is "
        f"not the one that was attested on {moment}. Compare it with a backup."
    )
    return Finding(code="history-rewritten", case_id=case_id, number=version, sentence=sentence)


def snapshot(case_id: str, version: int) -> Finding:
    """A snapshot that tells another case than the history does."""
    sentence = (
        f"The snapshot of case {case_id!r} at event {version} is not what its history folds to. "
        "Run reindex(), which drops it."
    )
    return Finding(code="snapshot-differs", case_id=case_id, number=version, sentence=sentence)


def listing(case_id: str, problem: str) -> Finding:
    """A list of cases that says something else than the history does."""
    sentence = f"The list of cases {problem}. Run reindex()."
    return Finding(code="list-differs", case_id=case_id, number=None, sentence=sentence)


def command(case_id: str, number: int, command_id: str) -> Finding:
    """A command that the store no longer answers as it did."""
    sentence = (
        f"Command {command_id!r} wrote event {number} of case {case_id!r}, and the store answers "
        "otherwise: repeated, it would take effect again or be refused. Put it right with "
        f"mend({case_id!r}, ...), from an export that holds the case."
    )
    return Finding(code=COMMAND, case_id=case_id, number=number, sentence=sentence)


def unheld(case_id: str, subject: str) -> Finding:
    """A list that does not show a case to those who ask for somebody whose data it holds."""
    return listing(case_id, f"does not show case {case_id!r} under its subject {subject!r}")


def other_version(case_id: str, error: OtherVersion) -> Finding:
    """A case of a version of the workflow that the book does not hold."""
    return Finding(code=error.code, case_id=case_id, number=None, sentence=str(error))


def not_folded(case_id: str, error: Exception) -> Finding:
    """A case that a state, an index or an obligation of this program failed on."""
    named = isinstance(error, CaseflowError)
    cause = said(error).rstrip(".") if named else f"{type(error).__name__}: {said(error)}"
    sentence = (
        f"Case {case_id!r} cannot be folded and listed with this program: {cause}. "
        "Mend its state, its indexes or its obligations, and run reindex()."
    )
    return Finding(code="cannot-be-folded", case_id=case_id, number=None, sentence=sentence)


def loose(one: Loose) -> Finding:
    """Something in the store that does not fit the rest of it."""
    code, sentence = _LOOSE[one.kind]
    case_id = "" if one.kind in ("gap", "consumer") else one.case_id
    number = one.number if one.kind in ("history", "command", "unfed") else None
    derived = one.name.partition(" ")[0].removeprefix("caseflow_") in _DERIVED
    repair = "Run reindex()." if derived else "Put it right by hand, or from a backup."
    told = sentence.format(case=one.case_id, name=one.name, number=one.number, repair=repair)
    return Finding(code=code, case_id=case_id, number=number, sentence=told)


_DERIVED = {"keys", "subjects", "snapshots", "feed"}
"""The tables of which reindex() writes every row anew that is not as it should be."""

_LOOSE = {
    "history": (
        "list-differs",
        "The list of cases does not show case {case!r}, of which there are events, up to number "
        "{number}. Put it right with mend({case!r}, ...), from an export that holds it. If there "
        "was never such a case, mend the one whose events these are, and delete the rows of "
        "{case!r} from caseflow_events.",
    ),
    "command": (
        "command-differs",
        "The store says that command {name!r} wrote event {number} of case {case!r}, and it did "
        "not: nobody can give a command that id any more. If the history of the case holds, "
        "delete the row of the command.",
    ),
    "subject": (
        "list-differs",
        "The list of cases shows case {case!r} under subject {name!r}, of whom it holds nothing. "
        "Run reindex().",
    ),
    "unheld": (
        "list-differs",
        "The list of cases does not show case {case!r} under its subject {name!r}. Run reindex().",
    ),
    "key": (
        "list-differs",
        "The list of cases holds case {case!r} in the index {name!r}, where the case does not "
        "stand. Run reindex().",
    ),
    "snapshot": (
        "snapshot-differs",
        "There is a snapshot of case {case!r} at event {number}, and no such case. Run reindex().",
    ),
    "place": (
        "list-differs",
        "The list of cases shows case {case!r} and case {name!r} at one place ({number}): a page "
        "may leave one of them out. In caseflow_cases, set `opened` of one of them to a number "
        "that no other case has, and run reindex().",
    ),
    "fed": (
        "feed-differs",
        "The feed shows an event of case {case!r} at position {number} that is not there. Its "
        "consumers pass it over. Run reindex(), which makes that position blank.",
    ),
    "gap": (
        "feed-differs",
        "The feed shows nothing before position {number}. Its consumers may have missed something. "
        "Run reindex(), which shows at the end what the feed lacks.",
    ),
    "unfed": (
        "feed-differs",
        "The feed does not show event {number} of case {case!r}. Its consumers may have missed "
        "something. Run reindex(), which shows it at the end.",
    ),
    "order": (
        "feed-differs",
        "The feed shows an event of case {case!r} at position {number} a second time, or before "
        "or after its turn. Its consumers may have missed one, or seen it twice. Run reindex(), "
        "which shows again what follows.",
    ),
    "waiting": (
        "feed-differs",
        "Row {number} of caseflow_pending lets events of case {case!r} wait for the feed that are "
        "not there. It is passed over. Delete that row.",
    ),
    "again": (
        "feed-differs",
        "Row {number} of caseflow_pending lets events of case {case!r} wait for the feed that are "
        "in it. It is passed over. Delete that row.",
    ),
    "consumer": (
        "consumer-ahead",
        "Consumer {name!r} has its checkpoint at {number}, where the feed has not come to: it "
        "would miss what comes until then. Move it to where its work stands, with "
        "reset_consumer({name!r}, to=...).",
    ),
    "odd": (
        "row-damaged",
        "A row of table {name}, which caseflow never writes there. {repair}",
    ),
}
"""Per kind of what is loose, the code and the sentence."""
