"""Any case lives on when everybody in it was erased: it loads, moves, and answers."""

from contextlib import suppress

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import Actor, Casebook, Erased, Refused, Retention, SubjectErased
from caseflow.casebook.finding.listing import listing_of
from caseflow.kernel.case import fold
from caseflow.kernel.cipher import personal_parts
from caseflow.kernel.events import event_type
from caseflow.kernel.stored import GENESIS, verify_chain
from caseflow.stages import six_stage
from caseflow.storage import MemoryKeyStore, MemoryStorage, SubjectCipher
from caseflow.storage.port import History
from caseflow.testing import histories, retold
from caseflow.testing.casework import PAYLOADS
from examples.hmis.workflow import enrollment
from tests.support.trades import shop

WORKFLOWS = {
    "six-stage": (six_stage, PAYLOADS),
    "shop": (shop, {}),
    "hmis": (enrollment, {}),
}
ACTORS = [
    Actor("sam", ["supervisor", "manager", "mechanic"]),
    Actor("stranger"),
]


def kept(workflow, history, cipher):
    """A store that holds a history, sealed; and a book on it."""
    store = MemoryStorage()
    book = Casebook(
        workflow,
        store,
        cipher=cipher,
        retention=Retention(),
        clock=lambda: history[-1].recorded_at,
        agency=history[0].agency,
        snapshot_every=3,
    )
    codec = book._middle.codec
    rows, previous = [], GENESIS
    for recorded in history:
        rows.append(codec.encode(recorded, previous))
        previous = rows[-1].hash
    case = fold(history, workflow.state())
    listing = listing_of(workflow, case, case.recorded_at, codec)
    subjects = tuple({row.subject for row in rows})
    store.restore(case.identity.agency, [History(case.id, rows, listing, subjects)])
    return store, book, case


def of_several(data, history):
    """The history with some of its facts about somebody else, and some of its reporters."""
    told = []
    for recorded in history:
        if event_type(recorded.event).kind == "fact":
            subject = data.draw(st.sampled_from([recorded.subject, "member-2", "member-3"]))
            reporter = data.draw(st.sampled_from([None, "a neighbour"]))
            told.append(recorded._replace(subject=subject, reported_by=reporter))
        else:
            told.append(recorded)
    return tuple(told)


@pytest.mark.parametrize("name", WORKFLOWS)
@given(data=st.data())
def test_a_case_of_which_everybody_was_erased_lives_on(name, data):
    workflow, payloads = WORKFLOWS[name]
    history = of_several(data, data.draw(histories(workflow, payloads=payloads)))
    cipher = SubjectCipher(MemoryKeyStore())
    store, book, before = kept(workflow, history, cipher.within(history[0].agency))
    agency = before.identity.agency
    assert book.case(before.id) == before
    assert book.history(before.id) == history
    for subject in dict.fromkeys(entry.subject for entry in history):
        if book._middle.codec.cipher.found(subject) is not None:
            book.erase(subject, by="boss", reason="asked")

    case = book.case(before.id)
    told = book.history(before.id)
    same_but_for_what_was_said(case, before)
    for then, now in zip(history, told, strict=True):
        erased_where_personal(then, now)
    assert verify_chain(store.read(agency, before.id)) == store.head(agency, before.id).hash
    fresh = Casebook(workflow, store, cipher=cipher, agency=agency, recent=0)
    assert repr(fresh.case(before.id)) == repr(case)
    assert retold(told, state=workflow.state()).differences(case) == ()
    assert book.case(before.id, as_of=history[-1].recorded_at).path == case.path
    everything_answers(book, workflow, case)


def same_but_for_what_was_said(case, before):
    """Position, path, counts, moments, what is owed, exceptions and numbers are as they were."""
    for part in ("id", "version", "position", "path", "recorded_at", "stage", "substage"):
        assert getattr(case, part) == getattr(before, part)
    counted = {cls: (s.first.number, s.latest.number, s.times) for cls, s in case.seen().items()}
    assert counted == {
        cls: (s.first.number, s.latest.number, s.times) for cls, s in before.seen().items()
    }
    assert [made[:4] for made in case.exceptions] == [made[:4] for made in before.exceptions]
    assert {id: e.number for id, e in case.dues.items()} == {
        id: e.number for id, e in before.dues.items()
    }
    if case.state.__class__.__name__ == "CaseworkState":
        assert [need.number for need in case.state.needs] == [n.number for n in before.state.needs]
        assert [
            (item.number, item.needs, item.by_date, item.recorded) for item in case.state.plan
        ] == [(item.number, item.needs, item.by_date, item.recorded) for item in before.state.plan]
        assert [(one.number, one.met) for one in case.state.criteria] == [
            (one.number, one.met) for one in before.state.criteria
        ]
        assert case.state.programs == before.state.programs
        assert len(case.state.strengths) >= len(before.state.strengths)


def erased_where_personal(then, now):
    """Of each event everything personal was erased, and nothing else."""
    assert type(now.event) is type(then.event)
    plan = personal_parts(type(then.event)) or {}
    for field in attrs.fields(type(then.event)):
        was, is_ = getattr(then.event, field.name), getattr(now.event, field.name)
        if plan.get(field.name) == "seal" and field.name != "event":
            assert isinstance(is_, Erased) == (was not in (None, ""))
        elif field.name not in plan:
            assert is_ == was
    unsaid = ("reason", "reported_by", "subject", "event")
    for name in set(then._fields) - set(unsaid):
        assert getattr(now, name) == getattr(then, name), name
    assert isinstance(now.reason, Erased) == bool(then.reason)
    assert isinstance(now.reported_by, Erased) == bool(then.reported_by)
    assert now.subject.startswith("~")


def everything_answers(book, workflow, case):
    """Nothing raises: what cannot be judged is told as such."""
    for by in ACTORS:
        for option in book.options(case.id, by=by):
            orjson.dumps([result.outcome for result in option.judgement.results])
        for row in workflow.rows:
            if row.core or row.needed:
                continue
            verdict = book.ask(case.id, row.name, by=by, reason="why")
            verdict.explain()
            orjson.dumps(verdict.to_data())
            assert "fault" not in {result.outcome for result in verdict.results}
    for owed in book.owed(case.id):
        assert owed.result.outcome in ("unmet", "erased")
    for row in workflow.rows:
        if not row.core and not row.needed:
            with suppress(Refused, SubjectErased):
                book.do(case.id, row.name, by=ACTORS[0])
