"""What verifying a store found, as values that an auditor can read and a program can sort."""

from __future__ import annotations

import attrs

from caseflow.casebook.attestation import Attestation
from caseflow.kernel.errors import ChainBroken, UnreadableRecord


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is not as it was written.

    `code` is stable: `chain-broken` (and the other codes of `UnreadableRecord`) for what is
    wrong inside a history, `case-lost`, `tail-lost` and `history-rewritten` for what does not
    fit an attestation, and `other-version`, `snapshot-differs`, `list-differs`,
    `command-differs`, `feed-differs` and `cannot-be-folded`. `number` is that of the first
    event concerned; None where it is not about one. `str(finding)` is the sentence.
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


def broken(case_id: str, number: int, problem: str) -> Finding:
    """A chain that does not hold."""
    return unreadable(ChainBroken(case_id=case_id, number=number, problem=problem))


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
        "Get it from a backup."
    )
    return Finding(code="case-lost", case_id=case_id, number=1, sentence=sentence)


def cut(case_id: str, found: int, version: int, moment: str) -> Finding:
    """A history that ends before its attested end."""
    sentence = (
        f"The end of case {case_id!r} is lost: it stops at event {found}, and stood at event "
        f"{version} when it was attested on {moment}. Get it from a backup."
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
        "otherwise: repeated, it would take effect again or be refused. Get it from a backup."
    )
    return Finding(code="command-differs", case_id=case_id, number=number, sentence=sentence)


def feed(case_id: str, number: int | None, problem: str) -> Finding:
    """A feed that does not show every event once and in order."""
    sentence = f"The feed {problem}. Its consumers may have missed something."
    return Finding(code="feed-differs", case_id=case_id, number=number, sentence=sentence)
