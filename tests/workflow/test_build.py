"""Building a workflow checks the graph: every fault at once, each with its repair."""

import attrs
import pytest

from caseflow import (
    ANY_OPEN,
    BACK,
    STAY,
    ExceptionMade,
    Hold,
    Obligation,
    Reason,
    Stage,
    To,
    Transition,
    Workflow,
    WorkflowInvalid,
    all_of,
    fact,
    rule,
    within,
)
from caseflow.rules import recorded
from tests.support.trades import (
    DiscountGiven,
    Paid,
    QuoteAgreed,
    QuoteSent,
    described,
    passed,
    settled,
    shop,
)

STAGES = [Stage("new", initial=True), Stage("work"), Stage("done", final=True)]
START = Transition("start", source="new", to="work")
FINISH = Transition("finish", source="work", to="done")


def faults_of(stages=None, transitions=None, **given):
    """The faults of a small workflow, with the transitions given added to its two."""
    try:
        Workflow(
            given.pop("name", "small"),
            version=given.pop("version", "1"),
            stages=STAGES if stages is None else stages,
            transitions=[START, FINISH, *(transitions or [])],
            **given,
        )
    except WorkflowInvalid as error:
        return list(error.fields["faults"])
    return []


# -- stages ----------------------------------------------------------------------------------


def test_no_start():
    assert faults_of() == []  # of the small workflow as it is
    stages = [Stage("new"), Stage("work"), Stage("done", final=True)]
    assert faults_of(stages) == ["No stage is the start. Mark one with initial=True."]


def test_two_starts():
    stages = [Stage("new", initial=True), Stage("work", initial=True), Stage("done", final=True)]
    assert faults_of(stages) == [
        "Stages 'new' and 'work' are all the start. Mark one with initial=True."
    ]


def test_no_end():
    stages = [Stage("new", initial=True), Stage("work"), Stage("done")]
    assert faults_of(stages) == ["No stage is an end. Mark those with final=True where cases end."]


def test_a_start_that_is_an_end():
    stages = [Stage("new", initial=True, final=True), Stage("work"), Stage("done", final=True)]
    assert "Stage 'new' is both start and end. Cases need a stage to be worked in." in faults_of(
        stages
    )


def test_no_stages_at_all():
    assert faults_of([])[:2] == [
        "No stage is the start. Mark one with initial=True.",
        "No stage is an end. Mark those with final=True where cases end.",
    ]


def test_duplicate_stages_and_substages():
    assert faults_of([*STAGES, Stage("work")]) == [
        "There are 2 stages 'work'. Give each a name of its own."
    ]
    twice = [STAGES[0], Stage("work", substages=["a", "a"]), STAGES[2]]
    assert "There are 2 substages 'work.a'. Give each a name of its own." in faults_of(twice)


@pytest.mark.parametrize("name", ["", "At Work", "work.now", "work:hold", "*open"])
def test_names_that_cannot_be_stored(name):
    assert (
        f"{name!r} is no name for a stage or transition. "
        "Use lower-case letters, digits, hyphens and underscores."
    ) in faults_of([*STAGES, Stage(name)])
    assert (
        f"{name!r} is no name for a stage or transition. "
        "Use lower-case letters, digits, hyphens and underscores."
    ) in faults_of(transitions=[Transition(name, source="new", to="done")])


def test_a_workflow_without_name_or_version():
    unnamed = ["The workflow has no name or no version. Give both: they are stored."]
    assert faults_of(name="") == unnamed
    assert faults_of(version="") == unnamed


def test_an_unreachable_stage():
    assert faults_of([*STAGES, Stage("lost")], [Transition("x", source="lost", to="done")]) == [
        "Stage 'lost' cannot be reached from the start. "
        "Give a transition that leads to it, or remove it."
    ]


def test_an_unreachable_substage():
    assert faults_of([STAGES[0], Stage("work", substages=["a", "b"]), STAGES[2]]) == [
        "Stage 'work.b' cannot be reached from the start. "
        "Give a transition that leads to it, or remove it."
    ]


def test_a_stage_from_which_no_way_leads_to_an_end():
    trap = [
        Transition("fall", source="work", to="trap"),
        Transition("turn", source="trap", to=STAY),
    ]
    assert faults_of([*STAGES, Stage("trap")], trap) == [
        "From stage 'trap' no way leads to an end. Give a transition that leads on from it."
    ]


# -- transitions -----------------------------------------------------------------------------


def undeclared(what, name, nearest):
    return f"{what} names the stage {name!r}, which is not declared. {nearest}"


def test_an_undeclared_stage_anywhere():
    known = "There are 'done', 'new' and 'work'."
    assert faults_of(transitions=[Transition("x", source="wrok", to="done")]) == [
        undeclared("Transition 'x'", "wrok", "Did you mean 'work'?")
    ]
    assert faults_of(transitions=[Transition("x", source="work", to="zzz")]) == [
        undeclared("Transition 'x'", "zzz", known)
    ]
    chosen = Transition("x", source="work", to=[To("zzz", when=passed), "done"], records=QuoteSent)
    assert undeclared("Transition 'x'", "zzz", known) in faults_of(transitions=[chosen])
    assert undeclared("The hold", "zzz", known) in faults_of(hold=Hold(stages=["zzz"]))


def test_a_transition_without_source_or_target():
    fault = "Transition 'x' has no source or no target. Give source= and to=."
    assert fault in faults_of(transitions=[Transition("x", source=(), to="done")])
    assert fault in faults_of(transitions=[Transition("x", source="work", to=())])


def test_targets_without_a_way_out_of_the_conditions():
    early = Transition("x", source="work", to=["new", "done"])
    assert faults_of(transitions=[early]) == [
        "Transition 'x' goes to 'new' without a condition, so the targets after it are never "
        "taken. Give it when=..., or put it last."
    ]
    late = Transition("x", source="work", to=[To("done", when=settled)])
    assert (
        "Transition 'x' has no target where none of its conditions is met. "
        "Let the last target have no condition."
    ) in faults_of(transitions=[late], events=shop.events)


def test_two_transitions_of_one_name_from_one_stage():
    again = Transition("finish", source=ANY_OPEN, to="done")
    assert faults_of(transitions=[again]) == [
        "Transition 'finish' is declared twice from 'work'. "
        "Give one of them another name, or make them one with several targets."
    ]


def test_one_name_from_different_stages_is_not_ambiguous():
    assert faults_of(transitions=[Transition("finish", source="new", to="done")]) == []


def test_two_transitions_that_record_one_event_from_one_stage():
    both = [
        Transition("x", source="work", to="done", records=QuoteAgreed),
        Transition("y", source=("work", "new"), to=STAY, records=QuoteAgreed),
    ]
    assert faults_of(transitions=both) == [
        "Transitions 'x' and 'y' both record QuoteAgreed from 'work', so submitting one is "
        "ambiguous. Give each an event of its own, or make them one with several targets."
    ]


@pytest.mark.parametrize("source", ["work", ANY_OPEN])
def test_a_transition_that_records_what_its_stage_decides_is_the_one_way_there(source):
    stages = [
        attrs.evolve(STAGES[0], decides=[QuoteSent]),
        Stage("work", decides=[QuoteAgreed, QuoteSent]),
        Stage("done", final=True, decides=[QuoteAgreed]),
    ]
    agree = Transition("agree", source=source, to=STAY, records=QuoteAgreed, roles="manager")
    built = Workflow("small", version="1", stages=stages, transitions=[START, FINISH, agree])
    ways = [(row.name, *row.transition.source, *row.transition.roles) for row in built.rows]
    assert [way for way in ways if "agree" in way[0]] == [
        ("agree", source, "manager"),
        ("quote-agreed", "done"),
    ]
    assert [way for way in ways if way[0] == "quote-sent"] == [
        ("quote-sent", "new"),
        ("quote-sent", "work"),
    ]


def test_a_way_out_of_an_end_that_is_not_marked():
    repair = "Mark it with reopens=True if closed cases may come back this way."
    for to in ("work", BACK, [To("work", when=described), "done"]):
        back = Transition("x", source="done", to=to)
        assert faults_of(transitions=[back], events=shop.events) == [
            f"Transition 'x' leads out of the final stage 'done'. {repair}"
        ]


def test_a_mark_of_reopening_that_reopens_nothing():
    assert faults_of(transitions=[Transition("x", source="work", to="new", reopens=True)]) == [
        "Transition 'x' is marked reopens=True, but leads out of no final stage. "
        "Remove the mark, or give it a final stage as its source."
    ]


def test_a_way_between_ends_reopens_nothing():
    assert (
        faults_of(
            [*STAGES, Stage("filed", final=True)], [Transition("file", source="done", to="filed")]
        )
        == []
    )


@pytest.mark.parametrize("name", ["open", "position", "make-exception", "correct", "void"])
def test_names_that_caseflow_uses_itself(name):
    assert (
        f"Transition {name!r} has a name that caseflow uses itself. Choose another name."
    ) in faults_of(transitions=[Transition(name, source="work", to="done")])


@pytest.mark.parametrize("name", ["hold", "resume"])
def test_with_a_hold_its_names_are_taken(name):
    assert faults_of(transitions=[Transition(name, source="work", to="done")]) == []
    faults = faults_of(transitions=[Transition(name, source=ANY_OPEN, to="done")], hold=Hold())
    assert [fault for fault in faults if f"Transition {name!r} is declared twice" in fault]


# -- events ----------------------------------------------------------------------------------


def test_a_transition_that_records_a_fact():
    assert faults_of(transitions=[Transition("x", source="work", to="done", records=Paid)]) == [
        "Transition 'x' records the fact 'paid', and a fact moves no case. "
        "Record a decision, declared with @decision."
    ]


def test_a_stage_that_decides_a_fact():
    stages = [STAGES[0], Stage("work", decides=[Paid]), STAGES[2]]
    assert faults_of(stages) == [
        "Stage 'work' decides the fact 'paid', and a fact is not decided. "
        "Name it in events=[...], or declare it with @decision."
    ]


def test_a_transition_that_records_what_caseflow_records():
    move = Transition("x", source="work", to="done", records=ExceptionMade)
    assert (
        "Transition 'x' records ExceptionMade, which caseflow records itself. "
        "Record an event of your own."
    ) in faults_of(transitions=[move])


def test_classes_that_are_no_events():
    sentence = (
        'int is not an event class. Declare it with @fact("its-name") or @decision("its-name").'
    )
    assert sentence in faults_of(events=[int])
    assert sentence in faults_of([STAGES[0], Stage("work", decides=[int]), STAGES[2]])
    assert sentence in faults_of(
        transitions=[Transition("x", source="work", to="done", records=int)]
    )
    assert sentence in faults_of(rules={int: [described]})


def test_two_events_of_one_stored_name():
    @fact("paid")
    class AlsoPaid:
        pass

    assert faults_of(events=[Paid, AlsoPaid]) == [
        "'Paid' and 'AlsoPaid' are events of one name, 'paid'. "
        "Give each event class a stored name of its own."
    ]


# -- rules -----------------------------------------------------------------------------------


def test_rules_on_an_unknown_transition():
    assert faults_of(rules={"finsh": [described]}, events=shop.events) == [
        "Rules are given for transition 'finsh', which there is not. Did you mean 'finish'?"
    ]


def test_a_rule_that_blocks_a_fact():
    assert faults_of(rules={Paid: [described]}, events=shop.events) == [
        "Rule 'described' blocks the fact 'paid', and facts are never refused. "
        "Let it warn or make something due: rule.warns(), rule.due(within=...)."
    ]
    for softer in (described.warns(), described.due()):
        assert faults_of(rules={Paid: [softer]}, events=shop.events) == []


def other(id):
    @rule(id, wanted="Something else.")
    def check(case, context):
        yield from ()

    return check


def test_two_rules_of_one_id():
    assert faults_of(
        rules={"start": [described], "finish": [other("described")]}, events=shop.events
    ) == ["There are two rules 'described'. Give each rule an id of its own."]


def test_one_rule_in_two_strengths_is_one_rule():
    given = {"start": [described.warns()], "finish": [described.due()]}
    assert faults_of(rules=given, events=shop.events) == []


def test_a_rule_that_stands_twice():
    twice = Transition("x", source="work", to="done", rules=[described, described.warns()])
    assert faults_of(transitions=[twice], events=shop.events) == [
        "Rule 'described' stands 2 times on 'x'. Leave it there once."
    ]


@pytest.mark.parametrize(
    "id",
    ["role", "position", "reason", "target", "not-in-the-future", "moves-in-order", "amendment"],
)
def test_a_rule_with_the_id_of_a_built_in_rule(id):
    assert faults_of(rules={"start": [other(id)]}) == [
        f"Rule {id!r} has the id of a built-in rule. Choose another id."
    ]


def test_a_decision_that_is_looked_at_and_not_known_is_named_where_decisions_are():
    """Declared in events=[...] it would be the next fault."""
    how = "Name it in decides=[...] of a stage, or in records= of a transition."
    quoted = rule("quoted", rests_on=QuoteSent, wanted="There is a quote.")(lambda *_: ())
    assert faults_of(rules={"start": [quoted]}) == [
        f"Rule 'quoted' rests on QuoteSent, which the workflow does not know. {how}"
    ]
    owed = Obligation("quote", "There is a quote.", due=within("2 days"), met_by=QuoteSent)
    assert faults_of(obligations=[owed]) == [
        f"Obligation 'quote' looks at QuoteSent, which the workflow does not know. {how}"
    ]


def test_a_rule_on_a_stage_that_is_not_declared():
    """However deep it stands, and also where it chooses a target."""
    told = "looks for the stage 'wrok', which is not declared. Did you mean 'work'?"
    again = recorded("again", Paid, wanted="It is paid again.", since_entering=["work", "wrok"])
    both = all_of("both", again, described)
    fault = f"Rule 'both' {told}"
    assert faults_of(rules={"start": [both]}, events=shop.events) == [fault]
    chosen = Transition("x", source="work", to=[To("new", when=both), "done"])
    assert faults_of(transitions=[chosen], events=shop.events) == [fault]


def test_a_rule_on_events_that_the_workflow_does_not_know():
    assert faults_of(rules={"start": [described]}) == [
        "Rule 'described' rests on BikeDescribed, which the workflow does not know. "
        "Declare it in events=[...]."
    ]


def test_reason_codes_of_one_level_are_apart_and_without_dots():
    sentence = (
        "Transition 'x' has the reason code {!r} {} times, or it is no code. "
        "Give each reason of a level one code, without dots."
    )
    for reasons, code, count in (
        ([Reason("a"), Reason("a")], "a", 2),
        ([Reason("a.b")], "a.b", 1),
        ([Reason("")], "", 1),
        ([Reason("a", children=[Reason("b"), Reason("b")])], "b", 2),
    ):
        given = Transition("x", source="work", to="done", reasons=reasons)
        assert faults_of(transitions=[given]) == [sentence.format(code, count)]


# -- all at once -----------------------------------------------------------------------------


def test_every_fault_is_reported_at_once_each_on_its_line():
    with pytest.raises(WorkflowInvalid) as refused:
        Workflow(
            "bad",
            version="1",
            stages=[Stage("a", initial=True), Stage("b"), Stage("b"), Stage("lost")],
            transitions=[
                Transition("go", source="a", to="bb"),
                Transition("on", source="a", to="b", records=Paid),
            ],
            rules={"nogo": [described]},
        )
    assert str(refused.value) == (
        "Workflow 'bad' has 7 faults:\n"
        "- There are 2 stages 'b'. Give each a name of its own.\n"
        "- No stage is an end. Mark those with final=True where cases end.\n"
        "- Transition 'go' names the stage 'bb', which is not declared. Did you mean 'b'?\n"
        "- Transition 'on' records the fact 'paid', and a fact moves no case. "
        "Record a decision, declared with @decision.\n"
        "- Rules are given for transition 'nogo', which there is not. Did you mean 'go'?\n"
        "- Rule 'described' rests on BikeDescribed, which the workflow does not know. "
        "Declare it in events=[...].\n"
        "- Stage 'lost' cannot be reached from the start. "
        "Give a transition that leads to it, or remove it."
    )


def test_one_fault_is_one_fault():
    with pytest.raises(WorkflowInvalid, match="Workflow 'small' has 1 fault:"):
        Workflow("small", version="1", stages=STAGES[:2], transitions=[START])


# -- what is built ---------------------------------------------------------------------------


def test_a_workflow_is_frozen():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        shop.name = "other"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        shop.transitions[0].roles = ()


def test_a_workflow_tells_its_positions_start_and_ends():
    assert shop.start == "intake.dropped-off"
    assert shop.ends == {"collected", "abandoned"}
    assert shop.positions == (
        "intake.dropped-off",
        "intake.looked-at",
        "quoting",
        "repair.waiting",
        "repair.bench",
        "ready",
        "quoting:hold",
        "repair.waiting:hold",
        "repair.bench:hold",
        "collected",
        "abandoned",
    )


def test_a_workflow_tells_its_events_rules_and_labels():
    assert DiscountGiven in shop.event_types
    assert Paid in shop.facts
    assert QuoteSent not in shop.facts
    assert {"settled", "invoiced", "rung-back", "round-sum"} <= set(shop.all_rules)
    assert [cls.__name__ for cls in shop.histories] == ["PartArrived"]
    assert [shop.label(id) for id in ("quoting", "inspect", "repair.bench:hold", "paid")] == [
        "Quote",
        "Inspect the bicycle",
        "repair (bench, on hold)",
        "paid",
    ]
    assert repr(shop) == "Workflow('repair-shop', version='1')"
