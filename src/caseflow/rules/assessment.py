"""Guards of the assessment stage: needs numbered, strengths named, and then completed."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework import (
    HOLISTIC,
    AssessmentCompleted,
    CapacityAssessed,
    CapacityOf,
    CaseworkState,
    DomainAssessed,
    Need,
    NeedIdentified,
    Section,
    SectionRecorded,
    Strength,
    StrengthIdentified,
)
from caseflow.kernel.case import Case, stage_of
from caseflow.kernel.checks import some_texts
from caseflow.kernel.context import Context
from caseflow.kernel.explain import plain_words
from caseflow.kernel.rules import Rule, Unmet, rule
from caseflow.rules.sources import ised
from caseflow.workflow.vocabulary import maker

Casework = Case[CaseworkState]


@rule(
    "needs-numbered",
    rests_on=(NeedIdentified, AssessmentCompleted),
    source=ised("stage 2: the assessment is a product that numbers needs"),
    excepted_by="supervisor",
)
def needs_numbered(case: Casework, context: Context) -> Iterator[Unmet]:
    """The assessment names the client's needs or barriers, and numbers them."""
    if not case.state.needs and "needs" not in _answered(case, context):
        yield Unmet(
            remedy="record each need with a number, or complete the assessment "
            "and say that needs were asked for and none was found"
        )


@rule(
    "strengths-named",
    rests_on=(StrengthIdentified, AssessmentCompleted),
    source=ised("stage 2: strengths and barriers"),
    excepted_by="supervisor",
)
def strengths_named(case: Casework, context: Context) -> Iterator[Unmet]:
    """The assessment names the client's strengths."""
    if not case.state.strengths and "strengths" not in _answered(case, context):
        yield Unmet(
            remedy="record at least one strength, or complete the assessment "
            "and say that strengths were asked for and none was found"
        )


def _answered(case: Casework, context: Context) -> tuple[str, ...]:
    """What this assessment, or else the latest, answered with nothing found."""
    if isinstance(context.proposed, AssessmentCompleted):
        return context.proposed.nothing_found
    completed = case.latest(AssessmentCompleted)
    return completed.nothing_found if completed else ()


@maker("assessment-before-plan")
def assessment_before_plan(*, stages: tuple[str, ...] = ("assessment",)) -> Rule[CaseworkState]:
    """A rule: the assessment is completed before the plan is made.

    `stages` are those in which clients are assessed: each time a case comes back into them,
    an assessment is to be completed anew.
    """

    @rule(
        "assessment-before-plan",
        rests_on=AssessmentCompleted,
        stages=stages,
        wanted="The assessment is completed before the plan is made.",
        source=ised("stages 2 and 3: the plan relates to the assessment"),
        excepted_by="supervisor",
    )
    def completed_first(case: Casework, context: Context) -> Iterator[Unmet]:
        completed = case.latest_recorded(AssessmentCompleted)
        if completed is None:
            yield Unmet(remedy="complete the assessment")
            return
        began = _begun(case, stages, context.clocks.ends if context.clocks else frozenset())
        if completed.number < began:
            day = plain_words(context.calendar.day_of(completed.occurred_at))
            yield Unmet(
                found=f"an assessment completed on {day}, before this reassessment began",
                remedy="complete the reassessment",
                evidence=(completed.number, began),
            )

    return completed_first


assessment_completed = assessment_before_plan()
"""The assessment is completed before the plan is made, where the stage is called assessment."""


def _begun(case: Casework, stages: tuple[str, ...], ends: frozenset[str]) -> int:
    """The number of the move with which the present assessment began (0: none did).

    To resume after a hold begins no new assessment, nor does reopening a case that was closed
    in assessment: the case comes back as it was.
    """
    number, here = 0, ""
    for move in case.path:
        if move.position not in ends:
            before, here = here, stage_of(move.position)
            if here in stages and before not in stages:
                number = move.number
    return number


@rule(
    "needs-prioritized",
    rests_on=NeedIdentified,
    source=ised("stage 2: the client prioritizes needs"),
)
def needs_prioritized(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client has said which needs come first."""
    for need in case.state.needs:
        if need.client_priority is None and need.met is None:
            yield Unmet(
                about=f"need {need.number}",
                found="no priority from the client",
                remedy="ask the client, and record the need again with their priority",
                evidence=(need.recorded,),
            )


@rule(
    "stated-in-both-terms",
    rests_on=(NeedIdentified, StrengthIdentified),
    source=ised("stage 2: in objective and subjective terms"),
)
def stated_in_both_terms(case: Casework, context: Context) -> Iterator[Unmet]:
    """Needs and strengths are stated objectively, and in the client's own words."""
    found: tuple[Need | Strength, ...] = (*case.state.needs, *case.state.strengths)
    if found and not any(one.objective for one in found):
        yield Unmet(
            found="nothing in objective terms",
            remedy="record what can be seen or measured of a need or strength",
        )
    if found and not any(one.in_client_words or not one.objective for one in found):
        yield Unmet(
            found="nothing in the client's own words",
            remedy="record how the client says it",
        )


@rule(
    "domains-assessed",
    rests_on=(DomainAssessed, NeedIdentified, StrengthIdentified),
    source=ised("stage 2: holistic and comprehensive"),
)
def domains_assessed(case: Casework, context: Context) -> Iterator[Unmet]:
    """The assessment covers body, social life and state of mind."""
    state = case.state
    seen = {need.domain for need in state.needs} | set(state.domains)
    seen |= {strength.domain for strength in state.strengths}
    for domain in HOLISTIC:
        if domain not in seen:
            yield Unmet(
                about=f"the {_DOMAIN_WORDS[domain]} domain",
                found="nothing recorded",
                remedy="assess it, or record that the client declined or that it does not apply",
            )


_DOMAIN_WORDS = {
    "biological-physical": "biological and physical",
    "social": "social",
    "psychological-emotional": "psychological and emotional",
    "other": "other",
}


@rule(
    "capacities-assessed",
    rests_on=CapacityAssessed,
    source=ised("stage 2: what an assessment identifies"),
)
def capacities_assessed(case: Casework, context: Context) -> Iterator[Unmet]:
    """It is assessed what the client, their network and the agency can do about the needs."""
    for whose, words in _WHOSE.items():
        if whose not in case.state.capacities:
            yield Unmet(
                about=words,
                found="not assessed",
                remedy="record what they can do, or why that was not assessed",
            )


_WHOSE: dict[CapacityOf, str] = {
    "client": "the client",
    "network": "the client's network",
    "agency": "the agency",
}


@rule(
    "client-took-part",
    rests_on=AssessmentCompleted,
    source=ised("stage 2: an assessment is participatory"),
)
def client_took_part(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client took part in the assessment."""
    completed = _completed(case, context)
    if completed and completed.client_took_part is not True:
        unsaid = completed.client_took_part is None
        yield Unmet(
            found="not recorded whether they did" if unsaid else "the client did not",
            remedy="go through the assessment with the client, and say so when it is completed",
        )


@rule(
    "assessment-is-systematic",
    rests_on=AssessmentCompleted,
    source=ised("stage 2: an assessment is systematic"),
)
def assessment_is_systematic(case: Casework, context: Context) -> Iterator[Unmet]:
    """The assessment names the form or test that was used, and where its information is from."""
    completed = _completed(case, context)
    if completed and not completed.instrument:
        yield Unmet(found="no form or test", remedy="name the form or test that was used")
    if completed and not completed.sources:
        yield Unmet(
            found="no source of information",
            remedy="say where the information is from: an interview, papers, relatives, "
            "observation, tests",
        )


def _completed(case: Casework, context: Context) -> AssessmentCompleted | None:
    """This assessment, or else the latest."""
    if isinstance(context.proposed, AssessmentCompleted):
        return context.proposed
    return case.latest(AssessmentCompleted)


@maker("sections-told")
def sections_told(id: str, sections: tuple[Section, ...], *, wanted: str) -> Rule[CaseworkState]:
    """A rule: these parts of the assessment or plan are told in words, or answered otherwise.

    `sections` are one or more of the words that `SectionRecorded` takes. Raises
    `DefinitionError` where none is given.
    """
    some_texts("sections_told", sections, "sections")

    @rule(id, rests_on=SectionRecorded, wanted=wanted)
    def told(case: Casework, context: Context) -> Iterator[Unmet]:
        for section in sections:
            if section not in case.state.sections:
                yield Unmet(
                    about=section.replace("-", " "),
                    found="nothing recorded",
                    remedy="ask about it, and record what was said (also that the client "
                    "declined, or that it does not apply)",
                )

    return told
