"""An agency's own words for stages, substages, holds and roles stand in every sentence."""

import pytest

from caseflow import (
    Actor,
    Casebook,
    CaseOpened,
    Corrected,
    Hold,
    Obligation,
    Stage,
    Transition,
    Unmet,
    Workflow,
    WorkflowInvalid,
    decision,
    not_,
    rule,
    within,
)
from caseflow.casework import (
    CaseworkState,
    Enrolled,
    PlanAgreed,
    ProgramCompleted,
    SuitabilityDetermined,
)
from caseflow.kernel.explain import with_article
from caseflow.kernel.terms import in_terms
from caseflow.rules import recorded
from caseflow.stages import service_delivery
from caseflow.storage import MemoryStorage

STAGES = [
    Stage("intake", label="first visit", substages=["asked-for", "seen"], initial=True),
    Stage("repair"),
    Stage("gone", final=True),
]
WAYS = [
    Transition("see", source="intake.asked-for", to="intake.seen"),
    Transition("mend", source="intake", to="repair", roles=["bike-mechanic"]),
    Transition("fetch", source="repair", to="gone"),
]


def shop(**labels):
    return Workflow(
        "shop",
        version="1",
        stages=STAGES,
        transitions=WAYS,
        hold=Hold(stages=["intake", "repair"]),
        labels=labels,
    )


MO = Actor("mo", ["bike-mechanic"])


def first_line(workflow, step):
    book = Casebook(workflow, MemoryStorage())
    case_id = book.open(client="c-1", by=MO).case.id
    return book.ask(case_id, step, by=MO).explain().splitlines()[0]


def test_a_stage_is_called_by_its_label():
    assert first_line(shop(), "see") == (
        "Allowed: see, from first visit (asked for) to first visit (seen)."
    )


def test_without_a_label_it_is_called_by_its_id():
    assert first_line(shop(), "mend") == "Allowed: mend, from first visit (asked for) to repair."


def test_an_agency_may_call_stages_and_substages_otherwise():
    words = {"intake.asked-for": "on the list", "repair": "the workshop", "mend": "take in"}
    assert (
        first_line(shop(**words), "mend") == "Allowed: take in, from on the list to the workshop."
    )


def test_a_hold_is_said_with_the_stage():
    assert shop().words["intake.seen:hold"] == "first visit (seen, on hold)"
    assert shop().words["repair:hold"] == "repair (on hold)"
    assert shop(repair="the workshop").words["repair:hold"] == "the workshop (on hold)"


def test_the_same_words_are_used_where_a_step_is_refused_for_its_place():
    workflow = shop(repair="the workshop")
    book = Casebook(workflow, MemoryStorage())
    case_id = book.open(client="c-1", by="ana").case.id
    text = book.ask(case_id, "fetch", by="ana").explain()
    assert "This is done in the workshop." in text
    assert "Found: the case is in first visit (asked for)." in text


def test_roles_read_as_words_and_by_the_agencys_label():
    ana = Actor("ana", ["front-desk"])
    text = role_refusal(shop(), ana)
    assert "This is done by a bike mechanic. Found: ana acts as a front desk." in text
    named = role_refusal(shop(**{"bike-mechanic": "engineer"}), ana)
    assert "This is done by an engineer." in named
    assert with_article("bike-mechanic") == "a bike mechanic"


def test_an_obligation_and_who_has_to_do_it_have_words_too():
    owed = Obligation(
        "paid-in-time",
        "The bill is paid.",
        due=within("7 days"),
        met_by=CaseOpened,
        owner="bike-owner",
        excepted_by="cashier",
    )
    words = {"paid-in-time": "the bill", "bike-owner": "customer", "cashier": "till"}
    workflow = shop().extend("till", version="1", obligations=[owed], labels=words)
    assert [workflow.label(id) for id in words] == ["the bill", "customer", "till"]
    assert shop().extend("bare", version="1", obligations=[owed]).label(owed.id) == "paid in time"


def test_who_has_to_do_what_a_rule_leaves_due_is_told_in_the_agencys_words():
    paid = recorded("paid", CaseOpened, wanted="The bill is paid.", remedy="pay it")
    due = not_("unpaid", paid, wanted="It is not paid.").due(owner="bike-owner")
    workflow = shop().extend(
        "till", version="1", rules={"mend": [due]}, labels={"bike-owner": "customer"}
    )
    book = Casebook(workflow, MemoryStorage())
    case_id = book.open(client="c-1", by=MO).case.id
    verdict = book.do(case_id, "mend", by=MO).verdict
    assert "Due: from the customer." in verdict.explain()
    assert [(one.rule, one.owner) for one in book.owed(case_id)] == [("unpaid", "bike-owner")]


TERMS = {"client": "attendee", "case manager": "navigator", "family": "household"}


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Clients meet a client's case managers.", "Attendees meet an attendee's navigators."),
        ("A case manager: the clients' families.", "A navigator: the attendees' households."),
        ("The lead case\nmanager", "The lead case\nmanager"),
        ("client-check-in, by clientele", "client-check-in, by clientele"),
    ],
)
def test_terms_are_whole_words_in_the_plural_with_a_capital_and_their_article(sentence, told):
    assert in_terms(sentence, TERMS) == told


def test_a_term_that_is_no_regular_plural_has_its_own_possessive():
    children = {"client": "child", "clients": "children"}
    assert in_terms("The clients' goals, each client's", children) == (
        "The children's goals, each child's"
    )
    assert in_terms("the clients' goals", TERMS) == "the attendees' goals"


@pytest.mark.parametrize(
    ("article", "terms"),
    [
        ("an", "HIV coach, MSW, M.A. adviser, X-ray patient, A-level student, hour-guest, heir"),
        ("an", "honest youth, honoree, uncle, usher, unhoused person, uninsured person, onerous"),
        ("a", "UK citizen, FAMILY, house guest, university student, unit, user, utility, European"),
        ("a", "one-time guest, youth"),
    ],
)
def test_the_article_before_a_term_goes_by_how_the_term_is_said(article, terms):
    for term in terms.split(", "):
        assert in_terms("a client", {"client": term}) == f"{article} {term}"


def test_a_no_of_the_client_is_told_with_the_step():
    book = Casebook(service_delivery, MemoryStorage())
    id = book.open(client="P-1", by="ana").case.id
    no = PlanAgreed(client="not-agreed", reason="too far")
    assert (
        book.ask(id, no, by="ana")
        .explain()
        .startswith("Not allowed: the participant's answer to the plan (not agreed), in")
    )


def test_a_word_that_somebody_wrote_stays_the_rules_own_elsewhere():
    book = Casebook(service_delivery, MemoryStorage())
    id = book.open(client="P-1", by="ana").case.id
    no = SuitabilityDetermined(suitable=False, basis="the client")
    book.do(id, "begin-intake", no, by="ana")
    text = " ".join(book.ask(id, Enrolled(program="housing"), by="ana").explain().split())
    assert "Found: it does not suit them (the client)." in text
    assert "or refer the participant on." in text


@pytest.mark.parametrize(
    ("sentence", "quoted"),
    [
        ("found: asks for the client", "asks for the client."),  # it ends with one full stop
        ("a ca\N{LATIN SMALL LETTER LONG S}e manager", ""),  # an s where capitals do not count
    ],
)
def test_terms_leave_alone(sentence, quoted):
    assert in_terms(sentence, TERMS, quoted=[quoted]) == sentence


def test_a_model_speaks_its_own_terms_and_leaves_what_somebody_wrote():
    book = Casebook(service_delivery, MemoryStorage())
    id = book.open(client="P-1", by="ana").case.id
    told = "the client wants a case manager"
    found = SuitabilityDetermined(suitable=False, basis=told)
    book.do(id, "begin-intake", found, by="ana")
    verdict = book.ask(id, Enrolled(program="client first"), by="ana")
    text = " ".join(verdict.explain().split())
    assert "The program is found to suit the participant before they are enrolled." in text
    assert f"Found: it does not suit them ({told})." in text
    assert "To do: look for a program that does, or refer the participant on." in text
    assert "The case has a lead navigator." in text
    assert "Rule: suitability-before-enrollment." in text
    suits = next(one for one in verdict.refusals if one.rule.startswith("suitability"))
    assert suits.wanted == "The program is found to suit the client before they are enrolled."
    assert service_delivery.in_terms(suits.unmet[0].found, quoted=suits.unmet[0].quoted) == (
        f"it does not suit them ({told})"
    )


def test_an_agency_adds_terms_to_those_of_the_model():
    county = service_delivery.extend("county", version="1", terms={"client": "guest"})
    assert county.in_terms("A client's case manager") == "A guest's navigator"


def test_a_term_for_a_word_that_only_another_term_brings_in_is_refused():
    with pytest.raises(WorkflowInvalid) as refused:
        service_delivery.extend("county", version="1", terms={"participant": "youth"})
    assert refused.value.fields["faults"] == (
        "There is a term for 'participant', and no rule says it: it is the term for 'client'. "
        "Give that one anew: terms={'client': 'youth'}.",
    )


def test_names_of_steps_are_told_in_terms_and_an_agencys_own_labels_stand_as_given():
    assert service_delivery.label("assign-lead-case-manager") == "assign lead navigator"
    named = {"assign-lead-case-manager": "give the case manager the lead"}
    county = service_delivery.extend("county", version="1", labels=named)
    (lead,) = (row for row in county.rows if row.name == "assign-lead-case-manager")
    assert lead.label == county.label(lead.name) == "give the case manager the lead"


def role_refusal(workflow, actor):
    book = Casebook(workflow, MemoryStorage())
    case_id = book.open(client="c-1", by=actor).case.id
    return " ".join(book.ask(case_id, "mend", by=actor).explain().split()).replace("- ", "")


@decision("decided")
class Decided:
    words: str


@rule("not-refused")
def not_refused(case, context):
    """The client is not turned away."""
    if "no" in context.event.words:
        yield Unmet(found=context.event.words, quoted=(context.event.words,))


def test_what_somebody_wrote_stands_also_where_an_amendment_or_a_wrong_name_is_told_of():
    decides = {"records": Decided, "rules": [not_refused], "roles": "lead"}
    workflow = Workflow(
        "office",
        version="1",
        stages=[Stage("begun", initial=True), Stage("done", final=True)],
        transitions=[Transition("decide", source="begun", to="done", **decides)],
        events=[ProgramCompleted],
        state=CaseworkState,
        terms=TERMS,
    )
    book = Casebook(workflow, MemoryStorage(), roles={"ana": ["lead"]})
    id = book.open(client="P-1", by="ana").case.id
    book.do(id, Decided(words="come in"), by="ana")

    def told(step, by="ana"):
        return " ".join(book.ask(id, step, by=by).explain().split())

    wrong = Corrected(number=2, event=Decided(words="no client"))
    assert '("The attendee is not turned away"): found no client.' in told(wrong)
    assert "Found: client may not take the decision in event 2." in told(wrong, by="client")
    assert "no enrollment in client first" in told(ProgramCompleted(program="client first"))
