"""Named tuples that are made past their constructor have every field, each in its place."""

from datetime import UTC, datetime, timedelta

import pytest

from caseflow import (
    Actor,
    Case,
    Command,
    Context,
    Entry,
    Judgement,
    Recorded,
    Result,
    Stage,
    Transition,
    Unmet,
    Verdict,
    Workflow,
    decide,
    decision,
    evolve,
    fact,
    fold,
    rule,
)
from caseflow.kernel.calendar import Span
from caseflow.kernel.case import Move, Seen
from caseflow.kernel.codec import Codec
from caseflow.workflow.command import Decided
from caseflow.workflow.decide import open_case
from caseflow.workflow.options import Option, options

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@fact("rang")
class Rang:
    minutes: int


@decision("answered")
class Answered:
    minutes: int


CALLS = Workflow(
    "calls",
    version="1",
    stages=[Stage("ringing", initial=True), Stage("over", final=True)],
    transitions=[Transition("answer", source="ringing", to="over", records=Answered)],
    events=[Rang],
)


COMMAND = Command(
    entries=(Entry(Rang(minutes=1)), Entry(Rang(minutes=2)), Entry(Answered(minutes=3))),
    actor=Actor("ana", ["clerk"]),
    now=NOW,
)
OPENED = open_case(
    CALLS, case_id="c1", agency="a", client="p", command=COMMAND._replace(entries=())
)
DECIDED = decide(CALLS, OPENED.case, COMMAND)
ASKED = COMMAND._replace(
    at=NOW + timedelta(hours=1), reason="it rings", histories={Rang: ()}, counts={("a", "b"): 3}
)
(OFFERED,) = options(CALLS, OPENED.case, ASKED)


@rule("long-enough", rests_on=Rang, source="handbook 3", excepted_by="boss")
def long_enough(case, context):
    """It rang for five minutes."""
    yield Unmet(found=case.latest(Rang).minutes, remedy="wait")


ASKED_FOR = (
    long_enough.due(within="2 days", owner="clerk")
    .named("waited")
    .judge(DECIDED.case, OFFERED.judgement.context)
)
RECORDED = (*OPENED.events, *DECIDED.events)


def values():
    """Every value of the hot path: of a fact, of a decision, folded, and read from its row."""
    codec = Codec(CALLS.event_types)
    yield from (DECIDED, DECIDED.verdict, *DECIDED.verdict.judgements)
    yield from (judgement.context for judgement in DECIDED.verdict.judgements)
    context = OFFERED.judgement.context
    yield from (OFFERED, context, context.reading({}, "waited", ("a",)), ASKED_FOR)
    yield from (*RECORDED, *(codec.decode(codec.encode(entry, "")) for entry in RECORDED))
    evolved = evolve(OPENED.case, DECIDED.events[0])
    for case in (DECIDED.case, fold(RECORDED, CALLS.state()), evolved):
        yield from (case, *case.path, *case.seen().values())


def test_each_value_is_what_its_constructor_makes_of_its_fields():
    made = set()
    for value in values():
        made.add(type(value))
        assert len(value) == len(type(value)._fields)
        named = type(value)(**value._asdict())
        assert named == value
    assert made == {
        Decided,
        Verdict,
        Judgement,
        Context,
        Recorded,
        Case,
        Move,
        Seen,
        Option,
        Result,
    }


def test_values_cannot_be_changed():
    for value in values():
        for name in type(value)._fields:
            with pytest.raises(AttributeError):
                setattr(value, name, None)


def test_fields_stand_in_their_places():
    answered = RECORDED[-1]
    assert answered == Recorded(
        number=4,
        event=Answered(minutes=3),
        occurred_at=NOW,
        recorded_at=NOW,
        actor="ana",
        roles=frozenset(["clerk"]),
        on_behalf_of=None,
        reported_by=None,
        subject="p",
        transition="answer",
        stage="over",
        reason_code=None,
        reason=None,
        noted=(),
        command_id=None,
        fingerprint=None,
        agency="a",
        case_id="c1",
        workflow="calls",
        workflow_version="1",
    )
    move = Move(number=4, transition="answer", position="over", occurred_at=NOW, recorded_at=NOW)
    assert DECIDED.case.path[-1] == move
    assert DECIDED.case == fold(RECORDED, CALLS.state())
    assert DECIDED.case.seen()[Rang] == Seen(first=RECORDED[1], latest=RECORDED[2], times=2)
    assert (DECIDED.verdict.allowed, DECIDED.events) == (True, RECORDED[1:])
    judged = DECIDED.verdict.judgements[-1]
    assert (judged.step, judged.position, judged.target) == ("answer", "ringing", "over")
    assert (judged.context.actor, judged.context.event) == (COMMAND.actor, answered.event)
    assert OFFERED.judgement.context == Context(
        actor=ASKED.actor,
        at=ASKED.at,
        now=NOW,
        step="answer",
        given_reason="it rings",
        subject="p",
        histories={Rang: ()},
        counts={("a", "b"): 3},
        calendar=CALLS.calendar,
        clocks=OFFERED.judgement.context.clocks,
    )
    context, read = OFFERED.judgement.context, {Rang: (RECORDED[1],)}
    as_read = context._replace(histories=read, rule="waited", countable=("a",))
    assert context.reading(read, "waited", ("a",)) == as_read
    assert (
        Option(
            name="answer",
            label="answer",
            open=False,  # it would be in the future
            target="over",
            records=Answered,
            needs=("minutes",),
            reasons={},
            reason_required=False,
            judgement=OFFERED.judgement,
        )
        == OFFERED
    )
    assert (
        Result(
            rule="waited",
            outcome="unmet",
            strength="due",
            wanted="It rang for five minutes.",
            unmet=(Unmet(found=2, remedy="wait"),),
            evidence=(3,),
            excepted_by="boss",
            source="handbook 3",
            within=Span(2, "day"),
            owner="clerk",
        )
        == ASKED_FOR
    )
