"""The sentences of a verdict name people and parts rightly."""

import pytest

from caseflow import Casebook, Stage, Transition, Unmet, Workflow, any_of, rule
from caseflow.kernel.explain import with_article
from caseflow.storage import MemoryStorage


@rule("sealed", excepted_by="auditor")
def sealed(case, context):
    """The envelope is sealed."""
    yield Unmet(remedy="seal it")


def asked(*rules):
    letters = Workflow(
        "letters",
        version="1",
        stages=[Stage("written", initial=True), Stage("sent", final=True)],
        transitions=[Transition("send", source="written", to="sent", rules=rules)],
    )
    book = Casebook(letters, MemoryStorage())
    return book.ask(book.open(client="c", by="ana").case.id, "send", by="ana").explain()


@pytest.mark.parametrize(
    ("role", "named"),
    [
        ("supervisor", "a supervisor"),
        ("investigator", "an investigator"),
        ("Auditor", "an Auditor"),
        ("user", "a user"),
    ],
)
def test_a_role_has_its_article(role, named):
    assert with_article(role) == named


def test_a_sentence_that_ends_in_what_somebody_said_has_one_stop():
    said = rule("said", wanted="She agrees.")
    text = asked(said(lambda *_: [Unmet(found='she said: "No."', remedy='ask: "Why?"')]))
    assert 'Found: she said: "No."\n' in text
    assert 'To do: ask: "Why?"\n' in text


def test_who_may_make_an_exception_has_an_article():
    assert "Or: an auditor may make an exception." in asked(sealed)


def test_no_exception_is_offered_from_a_part_since_none_would_count():
    assert "may make an exception" not in asked(any_of("either", sealed))
    whole = any_of("either", sealed, excepted_by="chief")
    assert asked(whole).count("may make an exception") == 1
    assert "Or: a chief may make an exception." in asked(whole)
