"""Agencies on one store: whatever one does, nothing changes for the other, and nothing shows."""

import asyncio
import re
from functools import partial
from itertools import count

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from caseflow import AsyncCasebook, Casebook, CaseflowError
from caseflow.storage import AsyncSQLStorage, MemoryStorage, SQLStorage
from caseflow.storage.sql import statements
from caseflow.storage.sql.statements import Statements
from tests.support.agencies import VERBS, answers, desks, public_verbs, rows

BOOKS = (Casebook, AsyncCasebook)

TURNS = st.lists(
    st.tuples(
        st.sampled_from((0, 1)),
        st.lists(
            st.tuples(st.sampled_from(sorted(VERBS)), st.integers(0, 8)), min_size=1, max_size=6
        ),
    ),
    max_size=4,
)
"""Turns of one agency or the other: verbs, each with one of its choices."""

BEGUN = [("open", pick) for pick in range(3)] + [
    ("record", 0),
    ("do", 0),
    ("do", 3),
    ("consume", 0),
]
"""What both agencies have done before: the same, under the same ids."""
CHOICES = {"open": 4, "record": 4, "do": 7, "ask": 7, "consume": 3}
"""How many choices of a verb are tried where all verbs are; of the others one."""
EVERYTHING = [(verb, pick) for verb in VERBS for pick in range(CHOICES.get(verb, 1))]
EVERYTHING.insert(EVERYTHING.index(("mend", 0)), ("feed", 0))
"""The feed is read before: on PostgreSQL what is mended overtakes what still waits for a place."""
EVERY_VERB = [
    (0, [("record", 2), ("erase", 1)]),
    (1, [("import_from", 0), ("feed", 0), ("mend", 0), ("record", 4), ("do", 4)]),
    (0, EVERYTHING),
    (1, EVERYTHING),
    (1, EVERYTHING),
]
"""Turns in which both try every verb: where both stand alike, where they do not, and again."""


@pytest.mark.parametrize("kind", BOOKS)
def test_every_public_verb_is_tried(kind):
    assert public_verbs(kind) == set(VERBS)


def kept_apart(store, kind, turns, runner, number=0, beside=None):
    """See that each turn of one agency leaves the other as it was; `beside` reads the rows."""
    beside = beside or store
    both = desks(store, kind, (f"north-{number}", f"south-{number}"), runner)
    for desk in both:
        for verb, pick in BEGUN:
            desk.act(verb, pick)
    for whose, steps in turns:
        desk, other = both[whose], both[1 - whose]
        seen = answers(other)
        kept = rows(beside, other.agency)
        for verb, pick in steps:
            desk.act(verb, pick)
            alike(rows(beside, other.agency), kept, f"{verb} changed rows of another agency")
        alike(answers(other), seen, "another agency is answered otherwise")
    for desk, other in (both, both[::-1]):
        assert other.agency not in answers(desk)


def as_if_alone(store, turns, runner, number=0):
    """See that each agency is answered as if it had the store to itself."""
    agencies = f"north-{number}", f"south-{number}"
    words = partial(in_words, places=not is_postgres(store))
    together = desks(store, Casebook, agencies, runner, sealed=False)
    alone = [desks(MemoryStorage(), Casebook, [one], runner, sealed=False)[0] for one in agencies]
    for whose, steps in [(0, BEGUN), (1, BEGUN), *turns]:
        for verb, pick in steps:
            if verb not in OF_THE_STORE:
                told = [words(desk.act(verb, pick)) for desk in (together[whose], alone[whose])]
                alike(*told, verb)
    for one, other in zip(together, alone, strict=True):
        alike(words(answers(one)), words(answers(other)), "it is answered otherwise than alone")


def alike(one, other, problem):
    """See that two long texts are one; pytest would look for minutes at how they differ."""
    if one != other:
        raise AssertionError(problem)


OF_THE_STORE = ("within", "publish", "tally")
"""Verbs that are not there on each store, or whose answers show of what kind it is."""


def is_postgres(store):
    return not isinstance(store, MemoryStorage) and store.engine.dialect.name == "postgresql"


def in_words(answer, *, places):
    """An answer without addresses, and without the places of cases, if they are left out.

    PostgreSQL counts places over all agencies: docs/howto-find-cases.md says so. A place stands
    in the text by which the next page is asked for, too.
    """
    without = r"at 0x\w+" if places else r"at 0x\w+|opened=\d+|next=\W+[\w-]+"
    return re.sub(without, "", repr(answer))


def tried(store, kind, examples, runner, beside=None):
    """Draw turns, each time by two agencies that are new to the store."""
    numbers = count()

    # Each example is a life of two agencies: to look for the shortest that fails takes minutes.
    @settings(max_examples=examples, phases=[Phase.generate])
    @given(turns=TURNS)
    def apart(turns):
        kept_apart(store, kind, turns, runner, next(numbers), beside)

    apart()


@pytest.fixture
def runner():
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("kind", BOOKS)
def test_whatever_one_agency_does_the_other_stays_as_it_was(any_store, kind, runner):
    tried(any_store, kind, 8 if isinstance(any_store, MemoryStorage) else 3, runner)


def test_nor_where_the_store_is_awaited(postgres_url, runner):
    store, beside = AsyncSQLStorage(postgres_url), SQLStorage(postgres_url)
    tried(store, AsyncCasebook, 3, runner, beside)
    runner.run(store.close())
    beside.close()


def test_every_verb_with_every_choice_leaves_the_other_as_it_was(any_store, runner):
    kept_apart(any_store, Casebook, EVERY_VERB, runner)


def test_every_verb_with_every_choice_is_answered_as_if_alone(any_store, runner):
    as_if_alone(any_store, EVERY_VERB, runner)


# -- planted: a statement that looks at all agencies --------------------------------------------

STATEMENTS = [
    name
    for name, text in vars(statements).items()
    if isinstance(text, str) and "agency = ?" in text and not name.startswith("_")
]
OF_POSTGRES = ("SEQUENCE", "PG_OPEN", "FEED_POSTGRES")
NOT_TO_SEE = ("WAITING", "WRITTEN", "MOVE", "ADVANCE_CONSUMER", "NEXT_SHOWN")
"""The first only asks whether to look, the second is for a lost connection, the next two name a
hash and a token, which no other agency has, and the last is for many positions in a row that show
nothing."""
STATEMENTS = [name for name in STATEMENTS if name not in OF_POSTGRES + NOT_TO_SEE]
"""Those of SQLite."""


def caught(store, monkeypatch, runner, name):
    """Whether it shows where a statement looks at the rows of all agencies."""
    told, wrong = Statements.__call__, getattr(statements, name)

    def looks_at_all(self, text):
        whole, part = "agency = ?", wrong.replace("agency = ?", "(agency = ? OR 1 = 1)")
        if text.startswith(wrong):
            text = text.replace(whole, f"({whole} OR 1 = 1)")
        text = text.replace(wrong, part)
        return told(self, text)

    monkeypatch.setattr(Statements, "__call__", looks_at_all)
    try:
        as_if_alone(store, EVERY_VERB, runner)
        kept_apart(store, Casebook, EVERY_VERB, runner, 1)
    except (AssertionError, CaseflowError):
        return True
    return False


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_that_looks_at_all_agencies_is_caught(name, tmp_path, monkeypatch, runner):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    assert caught(store, monkeypatch, runner, name)
    store.close()


@pytest.mark.parametrize("name", OF_POSTGRES)
def test_so_is_one_of_postgresql_alone(postgres_url, monkeypatch, runner, name):
    store = SQLStorage(postgres_url)
    assert caught(store, monkeypatch, runner, name)
    store.close()
