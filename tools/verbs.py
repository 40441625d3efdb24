"""Write the page of every verb of a book and of what it answers, from the code itself.

`python -m tools.verbs` prints it; with a file, it writes it there.
"""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import attrs

import caseflow
from caseflow import Casebook
from tools.tables import Table, code, table, written

INTRO = """\
# Every verb, and what it answers

A `Casebook` has these verbs. An `AsyncCasebook` has the same, awaited, except that `every` and
`feed` are gone through with `async for`, and `subscribe` and `within` answer at once. What a verb
raises stands in its docstring (`help(Casebook.do)`). This page is made from the code by
`make reference`, and a test sees that it agrees.

"""
_NAMES = """
Outcome Verdict Case Recorded Option Owed Standing Occasion Page Listed FeedEvent Consumer
Ground Erasure Verified Finding Exported Attestation
"""
ANSWERS = [getattr(caseflow, name) for name in _NAMES.split()]
"""The classes of what is answered, in the order of the page, and of what stands in these."""


def verbs() -> Iterator[tuple[str, inspect.Signature, str]]:
    """The verbs of a book: name, signature, and the first sentence about each."""
    for name, verb in inspect.getmembers(Casebook, inspect.isfunction):
        if not name.startswith("_"):
            yield name, inspect.signature(verb), str(inspect.getdoc(verb)).partition("\n")[0]


def answered(hint: object) -> str:
    """A type as it stands in the code, without what only a type checker asks."""
    said = str(getattr(hint, "__forward_arg__", hint))
    said = said.replace("AnyRecorded", "Recorded").replace("[S]", "").replace("[S_co]", "")
    return re.sub(r"\b[ES]_co\b", "Any", said)


def linked(hint: object) -> str:
    """A type, with a link to the class that this page tells of."""
    said = answered(hint)
    named = next((one.__name__ for one in ANSWERS if re.search(rf"\b{one.__name__}\b", said)), None)
    return code(said) if named is None else f"[{code(said)}](#{named.lower()})"


def given(signature: inspect.Signature) -> str:
    """The arguments of a verb, without their types."""
    _, *arguments = signature.parameters.values()  # without self
    untyped = [one.replace(annotation=inspect.Parameter.empty) for one in arguments]
    return str(inspect.Signature(untyped))


def fields(answer: type[Any]) -> Table:
    """The fields of an answer, and what is read off them."""
    names = getattr(answer, "_fields", None) or [one.name for one in attrs.fields(answer)]
    rows = [[code(name), linked(answer.__annotations__[name]), ""] for name in names]
    for name, one in inspect.getmembers(answer, lambda value: isinstance(value, property)):
        told = str(inspect.getdoc(one)).partition("\n")[0]
        rows.append([code(name), linked(inspect.signature(one.fget).return_annotation), told])
    return rows


def page() -> str:
    """The page."""
    rows = [
        [f"`{name}{given(signature)}`", linked(signature.return_annotation), told]
        for name, signature, told in verbs()
    ]
    parts = [INTRO, table(["verb", "answers", ""], rows), "\n## What they answer\n"]
    for answer in ANSWERS:
        parts.append(f"\n### {answer.__name__}\n\n{inspect.getdoc(answer)}\n\n")
        parts.append(table(["field", "type", ""], fields(answer)))
    return "".join(parts)


if __name__ == "__main__":
    written(page())
