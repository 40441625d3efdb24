"""The errors about what was erased, and about the keys that it is erased with."""

from __future__ import annotations

from typing import Any

from caseflow.kernel.errors import CaseflowError, UnreadableRecord


class ErasedRead(CaseflowError):
    """Something drew a conclusion from a value that was erased."""

    code = "erased-read"
    wording = (
        "This value was erased, and nobody can read it any more: {doing} has no answer. "
        "Ask isinstance(value, Erased) first."
    )


class ErasedInFold(UnreadableRecord):
    """The state of a trade draws a conclusion from a field that was erased."""

    code = "erased-in-fold"
    wording = (
        "Case {case_id!r} cannot be folded: {state}.fold reads what was erased, in event "
        "{number} ({name!r}) or before it, by {doing}. Let fold ask isinstance(value, Erased) "
        "first, and give the class another fold_version."
    )


class SubjectErased(CaseflowError):
    """Personal data was to be written of somebody whose data was erased."""

    code = "subject-erased"
    wording = (
        "The data of {pseudonym!r} was erased on {erased_at}, and nothing personal can be "
        "written of them. {repair}"
    )

    def __init__(self, **fields: Any) -> None:
        fields.setdefault(
            "repair",
            "Leave free text empty; name whose words they are, where they are not theirs or a "
            "reason is required (Entry(..., subject='the-agency')); or, if they came "
            "back, book.begin_again(subject).",
        )
        super().__init__(**fields)


class ErasureRefused(CaseflowError):
    """Data has to be kept. All the grounds are in `fields["grounds"]`, each with its case."""

    code = "erasure-refused"
    wording = "The data of {pseudonym!r} is not erased:\n{listing}"

    def __init__(self, **fields: Any) -> None:
        listing = "\n".join(f"- {ground}" for ground in fields["grounds"])
        fields.setdefault("listing", listing)
        super().__init__(**fields)


class KeyMissing(UnreadableRecord):
    """Sealed data is to be read, and its key is neither there nor known to be destroyed.

    `case_id` and `number` are those of the event that it stands in; empty and None where a
    cipher was asked by itself.
    """

    code = "key-missing"
    wording = (
        "{place}The key store {keys} holds no key for {pseudonym!r}, and does not say that it was "
        "erased. Give the cipher the key store that the data was sealed with, or restore it."
    )

    def __init__(self, **fields: Any) -> None:
        case_id, number = fields.setdefault("case_id", ""), fields.setdefault("number", None)
        place = f"Event {number} of case {case_id!r} cannot be read. " if case_id else ""
        super().__init__(**{**fields, "place": place})


class KeysNotApart(CaseflowError):
    """The keys would stand in the database of the cases, from where they cannot be destroyed."""

    code = "keys-not-apart"
    wording = (
        "The keys of {keys} would stand in the database of the cases, {cases}, with whose "
        "backups they would live on. Give the key store a file of its own."
    )
