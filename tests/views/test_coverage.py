"""The golden thread: every break is named, and only where there is one."""

from datetime import UTC, datetime
from importlib import import_module

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import Calendar, Casebook, InvalidCall
from caseflow.casework import (
    FACTS,
    GoalAchieved,
    GoalDropped,
    GoalProposed,
    HandoffConfirmed,
    NeedDeferred,
    NeedIdentified,
    NeedMet,
    ObjectiveDrafted,
    PlanItemCompleted,
    PlanItemDrafted,
    PlanItemDropped,
    ProgressNoted,
    ReferralEnded,
    ReferralMade,
    ServiceProvided,
)
from caseflow.kernel.erased import ERASED
from caseflow.stages import continuum, five_stage_cyclic, four_stage, service_delivery, six_stage
from caseflow.storage import MemoryStorage
from caseflow.views import chain, coverage, mermaid, svg
from caseflow.views.svg import layout
from tests.views.drawings import faults

chain_of = import_module("caseflow.views.chain")
"""The module; the package shows the function of this name."""
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SHIPPED = [six_stage, four_stage, five_stage_cyclic, continuum, service_delivery]

NEED = NeedIdentified(number=1, description="No home")
SECOND = NeedIdentified(number=2, description="No work")
GOAL = GoalProposed(number=1, statement="A lease", needs=(1,))
ITEM = PlanItemDrafted(number=1, needs=(1,), activity="Look for a home", goals=(1,))
SERVICE = ServiceProvided(service="search", plan_items=(1,))
NOTE = ProgressNoted(text="Two visits", plan_items=(1,))
DONE = PlanItemCompleted(number=1, outcome="A lease was signed")
WHOLE = (NEED, GOAL, ITEM, SERVICE, NOTE, DONE)

WORK = (
    NeedIdentified,
    NeedMet,
    NeedDeferred,
    GoalProposed,
    GoalDropped,
    GoalAchieved,
    PlanItemDrafted,
    PlanItemDropped,
    PlanItemCompleted,
    ServiceProvided,
    ReferralMade,
    HandoffConfirmed,
    ReferralEnded,
    ProgressNoted,
)


def a_case(*facts, workflow=six_stage):
    return with_its_history(*facts, workflow=workflow)[0]


def with_its_history(*facts, workflow=six_stage):
    book = Casebook(workflow, MemoryStorage(), clock=lambda: NOW)
    case_id = book.open(client="P-1", case_id="C-1", by="ana").case.id
    if facts:
        book.record(case_id, *facts, by="ana")
    return book.case(case_id), book.history(case_id)


def gaps(*facts):
    return [one.gap for one in coverage(a_case(*facts)).breaks]


@st.composite
def facts(draw):
    """Facts about needs, goals, items and work on them, with few numbers, so that they meet."""
    few = st.integers(1, 3)
    some = st.lists(few, max_size=2, unique=True).map(tuple)
    number = {"number": few}
    of = st.one_of(
        st.builds(NeedIdentified, **number, description=st.just("N")),
        st.builds(NeedMet, **number),
        st.builds(NeedDeferred, need=few, reason=st.sampled_from(["", "later"])),
        st.builds(GoalProposed, **number, statement=st.just("G"), needs=some),
        st.builds(GoalDropped, **number),
        st.builds(GoalAchieved, **number),
        st.builds(PlanItemDrafted, **number, needs=some, goals=some, by_client=st.booleans()),
        st.builds(PlanItemDropped, **number),
        st.builds(PlanItemCompleted, **number, outcome=st.sampled_from(["", "well"])),
        st.builds(ServiceProvided, service=st.just("s"), plan_items=some),
        st.builds(ReferralMade, to=st.just("Z"), plan_items=some, number=few),
        st.builds(HandoffConfirmed, referral=few),
        st.builds(ReferralEnded, referral=few, served=st.booleans()),
        st.builds(ProgressNoted, text=st.just("t"), plan_items=some),
    )
    return draw(st.lists(of, max_size=14))


def test_a_whole_thread_has_one_row_and_no_break():
    thread = coverage(a_case(*WHOLE))
    assert thread.whole
    (row,) = thread.rows
    assert (row.need, row.goals, row.item, row.services, row.notes) == (1, (1,), 1, 1, 1)
    assert row.events == (2, 3, 4, 5, 6, 7)
    assert row.outcome == 7


BREAKS = {
    "need-without-goal": ((NEED, ITEM, SERVICE, NOTE), "Need 1 has no goal.", (2,)),
    "need-without-item": ((NEED, GOAL), "Need 1 has no plan item, and is not deferred.", (2,)),
    "goal-without-need": (
        (GoalProposed(number=2, statement="Chess"),),
        "Goal 2 answers no need.",
        (2,),
    ),
    "goal-without-item": ((NEED, GOAL), "Goal 1 has no plan item.", (3,)),
    "unknown-need": (
        (NEED, attrs.evolve(ITEM, needs=(1, 9))),
        "Plan item 1 names need 9, which nobody identified.",
        (3,),
    ),
    "unknown-goal": (
        (NEED, GOAL, attrs.evolve(ITEM, goals=(1, 7))),
        "Plan item 1 names goal 7, which nobody proposed.",
        (4,),
    ),
    "item-without-need": (
        (PlanItemDrafted(number=4, needs=(8, 9)),),
        "Plan item 4 names need 8 and need 9, which nobody identified.",
        (2,),
    ),
    "item-without-goal": (
        (*WHOLE[:5], GoalDropped(number=1)),
        "Plan item 1 has no goal that still stands.",
        (4,),
    ),
    "item-beside-its-need": (
        (NEED, SECOND, attrs.evolve(GOAL, needs=(2,)), ITEM),
        "Plan item 1 serves goal 1, which does not answer need 1.",
        (4, 5),
    ),
    "item-without-service": (
        (NEED, GOAL, ITEM),
        "Plan item 1 has no service and no referral.",
        (4,),
    ),
    "service-without-note": (
        (NEED, GOAL, ITEM, SERVICE),
        "Plan item 1 has a service, and no progress note.",
        (4, 5),
    ),
    "item-without-outcome": (
        (NEED, GOAL, ITEM, SERVICE, NOTE, PlanItemCompleted(number=1)),
        "Plan item 1 is done, and nothing says what came of it.",
        (4, 7),
    ),
    "service-outside-plan": (
        (ServiceProvided(service="a"), ServiceProvided(service="b")),
        "2 services were provided outside the plan.",
        (3,),
    ),
    "referral-without-handoff": (
        (NEED, GOAL, ITEM, ReferralMade(to="Z", plan_items=(1,), number=1)),
        "The handoff of referral 1 is not confirmed.",
        (5,),
    ),
}


@pytest.mark.parametrize("gap", BREAKS)
def test_each_break_is_named_with_the_events_that_show_it(gap):
    recorded, sentence, events = BREAKS[gap]
    found = {one.gap: one for one in coverage(a_case(*recorded)).breaks}
    assert (found[gap].sentence, found[gap].events) == (sentence, events)


def test_each_service_outside_the_plan_is_named_where_the_history_is_given():
    outside = [ServiceProvided(service="a", plan_items=items) for items in ((), (1,), (77,))]
    case, history = with_its_history(*WHOLE[:3], PlanItemDropped(number=1), *outside)
    *_, alone = coverage(case).breaks
    *_, found = coverage(case, history=iter(history)).breaks
    assert found.sentence == alone.sentence == "3 services were provided outside the plan."
    assert (alone.events, found.events) == ((8,), (6, 7, 8))


def test_a_referral_asks_for_a_note_as_a_service_does():
    referral = ReferralMade(to="Z", plan_items=(1,))
    (found,) = coverage(a_case(NEED, GOAL, ITEM, referral)).breaks
    assert found.sentence == "Plan item 1 has a referral, and no progress note."
    assert found.events == (4, 5)


@pytest.mark.parametrize(
    "answer",
    [
        NeedDeferred(need=1, reason="the client chose not now"),
        NeedMet(number=1),
    ],
)
def test_a_need_that_is_deferred_or_met_asks_for_nothing(answer):
    assert gaps(NEED) == ["need-without-goal", "need-without-item"]
    assert gaps(NEED, answer) == []
    assert gaps(NEED, NeedDeferred(need=1, reason=" ")) == gaps(NEED)


def test_what_the_client_does_asks_for_no_service():
    by_client = PlanItemDrafted(number=1, needs=(1,), by_client=True)
    assert gaps(NEED, GOAL, by_client) == []


def test_an_item_that_names_goals_serves_no_other_goal_of_its_need():
    second = GoalProposed(number=2, statement="A job", needs=(1,))
    case = a_case(*WHOLE, second)
    (found,) = coverage(case).breaks
    assert (found.gap, found.sentence) == ("goal-without-item", "Goal 2 has no plan item.")
    arrows = {(edge.source, edge.target): edge.line for edge in chain(case).edges}
    assert arrows["goal 1", "item 1"] == "plain"
    assert arrows["goal 2", "gap loose 0"] == "broken"
    assert ("goal 2", "item 1") not in arrows
    assert gaps(NEED, GOAL, second, attrs.evolve(ITEM, goals=()), SERVICE, NOTE) == []


def test_an_item_that_names_a_goal_of_another_need_serves_that_goal_and_is_said_to():
    goals = attrs.evolve(GOAL, needs=(2,)), GoalProposed(number=2, statement="G", needs=(1,))
    case = a_case(NEED, SECOND, *goals, ITEM)
    assert [(row.need, row.goals, row.item) for row in coverage(case).rows] == [
        (1, (1,), 1),
        (1, (2,), None),
        (2, (1,), None),
    ]
    arrows = {(edge.source, edge.target): edge.line for edge in chain(case).edges}
    assert arrows["goal 1", "item 1"] == arrows["need 2", "goal 1"] == "plain"
    assert arrows["need 1", "gap item 1 item-beside-its-need"] == "broken"
    assert not {("need 1", "goal 1"), ("goal 2", "item 1")} & arrows.keys()


def test_an_item_that_names_a_goal_without_a_need_serves_it():
    case = a_case(NEED, attrs.evolve(GOAL, needs=()), ITEM)
    assert {(row.item, row.goals) for row in coverage(case).rows} == {(1, (1,)), (None, (1,))}
    arrows = {(edge.source, edge.target) for edge in chain(case).edges}
    assert ("goal 1", "item 1") in arrows
    assert ("need 1", "goal 1") not in arrows
    assert gaps(NEED, attrs.evolve(GOAL, needs=()), ITEM, SERVICE, NOTE) == [
        "need-without-goal",
        "goal-without-need",
    ]


def test_objectives_stand_under_their_goal_and_a_goal_that_was_achieved_says_so():
    steps = [
        ObjectiveDrafted(number=n, goal=goal, statement=f"step {n}")
        for n, goal in ((1, 1), (2, 9), (3, 1))
    ]
    case = a_case(NEED, GOAL, *steps, ITEM, GoalAchieved(number=1))
    (row,) = coverage(case).rows
    assert (row.goals, row.objectives, row.achieved) == ((1,), (1, 3), (1,))
    goal, came = (
        next(node for node in chain(case).nodes if node.id == id)
        for id in ("goal 1", "outcome goal 1")
    )
    assert (came.text, came.lines) == ("Achieved", ("goal 1", "event 8"))
    assert goal.lines == ("A lease", "- Objective 1: step 1", "- Objective 3: step 3", "Achieved")


def test_the_picture_says_of_which_case_it_is_up_to_when_and_what_there_is_not_yet():
    drawing = chain(a_case(NEED, GOAL))
    assert drawing.title == "From needs to outcomes: case C-1, up to 2 March 2026"
    empty = {node.group: node.text for node in drawing.nodes if node.text == "Nothing yet"}
    assert empty == dict.fromkeys(("service", "note", "outcome"), "Nothing yet")


def test_services_and_referrals_are_named_with_the_agencys_day_where_the_history_is_given():
    late = datetime(2026, 3, 3, 2, tzinfo=UTC)  # in Denver, it is the evening of the second
    book = Casebook(six_stage, MemoryStorage(), clock=lambda: late)
    book.open(client="P-1", case_id="C-1", by="ana")
    book.record("C-1", NEED, GOAL, ITEM, *[SERVICE] * 5, by="ana")
    book.record("C-1", ReferralMade(to="Shelter", plan_items=(1,)), by="ana", at=NOW)
    book.record("C-1", ReferralMade(to="Z", plan_items=(1,)), by="ana")
    case, history = book.case("C-1"), book.history("C-1")
    (row,) = coverage(case, history=history).rows
    whats = [one.what for one in row.work]
    assert whats == ["referral to Shelter", *["search"] * 5, "referral to Z"]
    drawing = chain(case, history=history, calendar=Calendar("America/Denver"))
    (box,) = (node for node in drawing.nodes if node.id == "service item 1")
    assert box.text == "5 services, 2 referrals"
    assert box.lines == (
        "referral to Z, 2 March 2026",
        *["search, 2 March 2026"] * 2,
        "and 4 more",
    )
    assert drawing.title.endswith("up to 2 March 2026")
    assert "and 4 more" in svg(drawing)
    assert "and 4 more" in mermaid(drawing)


def test_what_came_of_it_has_its_day_where_it_is_known():
    met, achieved = NeedMet(number=2), GoalAchieved(number=1)
    of_second = PlanItemDrafted(number=2, needs=(2,), by_client=True)
    case, history = with_its_history(*WHOLE, SECOND, of_second, met, achieved)
    for known, when in (((), "event 7"), (history, "2 March 2026")):
        came = {one.text: one.lines for one in chain(case, history=known).nodes}
        assert came["Done"] == (when,)
        assert came["Met"] == ("2 March 2026",)
        assert came["Achieved"][1] == ("2 March 2026" if known else "event 11")


def test_what_is_said_of_all_the_work_of_an_item_is_not_said_of_each():
    case, history = with_its_history(NEED, GOAL, ITEM, ReferralMade(to="Clinic", plan_items=(1,)))
    (box,) = (one for one in chain(case, history=history).nodes if one.id == "service item 1")
    assert (box.text, box.lines) == ("1 referral", ("to Clinic, 2 March 2026",))


def test_a_history_that_is_not_that_of_the_case_is_refused():
    case = a_case(*WHOLE)
    book = Casebook(six_stage, MemoryStorage(), clock=lambda: NOW)
    book.open(client="P-2", case_id="C-2", by="ana")
    with pytest.raises(InvalidCall) as refused:
        chain(case, history=book.history("C-2"))
    assert str(refused.value) == (
        "history= for case C-1 is not the whole history of that case as it stands. "
        "Give book.history('C-1'), and the case as it is now."
    )


def test_a_goal_of_the_program_needs_no_need():
    assert gaps(GoalProposed(number=1, statement="G", program_goal=True)) == ["goal-without-item"]


def test_an_agency_names_what_has_a_number_in_its_own_way():
    marks = {"need": "N", "goal": "G", "plan item": "P", "referral": "R"}
    thread = coverage(a_case(NEED), number_as=lambda kind, number: f"{marks[kind]}-{number:02}")
    assert thread.rows[0].need == 1
    assert thread.rows[0].need_as == "N-01"
    assert thread.breaks[0].sentence == "N-01 has no goal."


@pytest.mark.parametrize("workflow", SHIPPED, ids=lambda one: one.name)
def test_the_thread_is_the_same_in_every_workflow(workflow):
    assert coverage(a_case(*WHOLE, workflow=workflow)) == coverage(a_case(*WHOLE))


@given(facts())
def test_everything_with_a_number_is_on_a_row_and_every_event_is_in_the_case(recorded):
    case, history = with_its_history(*recorded)
    thread, state = coverage(case, history=history), case.state
    assert all(len(row.work) == row.services + row.referrals for row in thread.rows)
    outside = [one.events for one in thread.breaks if one.gap == "service-outside-plan"]
    assert sum(map(len, outside)) == state.services_outside_the_plan
    assert {row.need for row in thread.rows} - {None} == {need.number for need in state.needs}
    assert {row.item for row in thread.rows} - {None} == {item.number for item in state.plan}
    shown = {number for row in thread.rows for number in row.goals}
    own = {goal.number for goal in state.goals if goal.pursued}
    assert shown == own
    numbers = [*(n for row in thread.rows for n in row.events)]
    numbers += [n for one in thread.breaks for n in one.events]
    assert all(1 < number <= case.version for number in numbers)
    assert all(one.events and not one.sentence[0].islower() for one in thread.breaks)


@given(facts())
def test_breaks_are_those_that_the_facts_have(recorded):
    """Counted from the facts themselves, in another way than the state does."""
    found = gaps(*recorded)
    items, outside = {}, False
    for one in recorded:
        if isinstance(one, ServiceProvided) and not items.keys() & set(one.plan_items):
            outside = True
        if isinstance(one, PlanItemDrafted):
            before = items.get(one.number, (None, 0, 0))
            items[one.number] = (one, *before[1:])
        elif isinstance(one, PlanItemDropped):
            items.pop(one.number, None)
        elif isinstance(one, (ServiceProvided, ReferralMade, ProgressNoted)):
            for number in set(one.plan_items) & items.keys():
                item, served, notes = items[number]
                note = isinstance(one, ProgressNoted)
                items[number] = (item, served + (not note), notes + note)
    assert ("service-outside-plan" in found) == outside
    unserved = [1 for item, served, _ in items.values() if not served and not item.by_client]
    unnoted = [1 for _, served, notes in items.values() if served and not notes]
    assert found.count("item-without-service") == len(unserved)
    assert found.count("service-without-note") == len(unnoted)


@given(facts())
def test_the_chain_shows_every_number_and_every_break(recorded):
    case = a_case(*recorded)
    thread, drawing = coverage(case), chain(case)
    assert faults(layout(drawing)) == []
    ids = {node.id for node in drawing.nodes}
    assert {f"need {need.number}" for need in case.state.needs} <= ids
    assert {f"item {item.number}" for item in case.state.plan} <= ids
    shown = [line for node in drawing.nodes if node.mark == "gap" for line in node.lines]
    assert sorted(shown) == sorted(one.sentence for one in thread.breaks)
    assert svg(drawing) == svg(chain(case))
    assert mermaid(drawing)


def test_a_case_where_everything_names_everything_is_drawn_in_steps_of_its_pairs(monkeypatch):
    """A step for each need and item that belong together, and not for each goal of each."""
    count, made, named = 12, [], []
    numbers = tuple(range(1, count + 1))
    case = a_case(
        *(NeedIdentified(number=n, description="N") for n in numbers),
        *(GoalProposed(number=n, statement="G", needs=numbers) for n in numbers),
        *(PlanItemDrafted(number=n, needs=numbers, goals=numbers) for n in numbers),
    )
    for part in ("Node", "Edge"):
        real = getattr(chain_of, part)

        def making(*args, real=real, **kwargs):
            made.append(args)
            return real(*args, **kwargs)

        monkeypatch.setattr(chain_of, part, making)
    drawing = chain(case, number_as=lambda kind, n: named.append(kind) or f"{kind} {n}")
    assert len(drawing.edges) >= 2 * count**2
    assert len(made) <= 5 * count**2
    assert len(named) <= 5 * count**2


def test_texts_that_were_erased_are_drawn_as_erased():
    case = a_case(NEED, NeedDeferred(need=1, reason="later"))
    need = attrs.evolve(case.state.needs[0], description=ERASED, deferred=ERASED)
    case = case._replace(state=attrs.evolve(case.state, needs=(need,)))
    assert coverage(case).whole
    assert "(erased)" in svg(chain(case))


def test_the_facts_tried_are_facts_of_the_trade():
    assert set(WORK) <= set(FACTS)
