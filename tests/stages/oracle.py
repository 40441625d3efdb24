"""What stands in the way of a step, worked out by hand from the events alone.

It shares no code with the rules, the workflows or the folded state: one small function for
each rule that blocks somewhere, which is true where the rule is met. `sheet` is the list of
what stands in the history, in the order of the recording.
"""

from datetime import UTC
from itertools import pairwise
from typing import Any, NamedTuple


class Line(NamedTuple):
    what: str
    event: Any
    when: Any
    entered: str | None
    move: str | None


def sheet_of(history):
    """What stands in a history: without what was voided, and with what was corrected."""
    gone = {one.event.number for one in history if type(one.event).__name__ == "Voided"}
    lines = []
    for one in history:
        if one.number in gone:
            continue
        event, when = one.event, one.occurred_at
        for later in history:
            if type(later.event).__name__ == "Corrected" and later.event.number == one.number:
                event = later.event.event or event
                when = later.event.occurred_at or when
        lines.append(Line(type(event).__name__, event, when, one.stage, one.transition))
    return lines


def of(sheet, *kinds):
    return [line for line in sheet if line.what in kinds]


def newest(sheet, *kinds):
    """Of these kinds, what happened last (of two at once, what was recorded last)."""
    return sorted(of(sheet, *kinds), key=lambda line: line.when)[-1:]


def place(sheet, kind):
    """Where in the list the last recorded of this kind stands (-1: there is none)."""
    return max((i for i, line in enumerate(sheet) if line.what == kind), default=-1)


def path(sheet):
    """The stages that the case went through, with where in the list each was entered."""
    found = []
    for i, line in enumerate(sheet):
        if line.entered is None:
            continue
        while found and found[-1][2] > line.when:
            found.pop()  # it was learned late that something else had come first
        found.append((line.entered.split(":")[0].split(".")[0], i, line.when))
    return found


def needs(sheet):
    """Each need by its number, with whether it is met, or was put off for a reason."""
    found, met, told, urgent = {}, set(), {}, {}
    for line in of(sheet, "NeedIdentified", "NeedDeferred", "NeedMet"):
        number = getattr(line.event, "number", None)
        if line.what == "NeedIdentified":
            was, more_urgent = number in met, line.event.urgent > urgent.get(number, False)
            met.discard(number)
            met |= {number} if any(when >= line.when for when in told.get(number, ())) else set()
            other_words = (number in met) == was and not more_urgent
            found[number] = other_words and found.get(number, False)
            urgent[number] = line.event.urgent
        elif line.what == "NeedMet":
            told.setdefault(number, []).append(line.when)
            met.add(number)
        elif line.what == "NeedDeferred" and line.event.need in found:
            found[line.event.need] = bool(line.event.reason.strip())
    return {number: off or number in met for number, off in found.items()}


def items(sheet):
    found = {}
    for line in of(sheet, "PlanItemDrafted", "PlanItemDropped"):
        if line.what == "PlanItemDrafted":
            found[line.event.number] = line.event
        else:
            found.pop(line.event.number, None)
    return list(found.values())


def goals(sheet, *, reached_too):
    """The client's own goals that were not dropped; those that were reached, if asked for."""
    found = {}
    for line in of(sheet, "GoalProposed", "GoalDropped", "GoalAchieved"):
        number = line.event.number
        if line.what == "GoalProposed":
            found[number] = line.event
        elif line.what == "GoalDropped" or not reached_too:
            found.pop(number, None)
    return [goal for goal in found.values() if not goal.program_goal]


def programs(sheet, *answers):
    """Each program with the answers there are since the client was enrolled in it last."""
    found = {}
    for line in of(sheet, "Enrolled", *answers):
        if line.what == "Enrolled":
            found[line.event.program] = set()
        elif line.event.program in found:
            found[line.event.program].add(line.what)
    return found


def eligible(sheet, when):
    last = newest(sheet, "EligibilityDetermined")
    if not last or not last[0].event.eligible:
        return False
    until = last[0].event.valid_until
    return until is None or when.astimezone(UTC).date() <= until


def assessed(sheet, when):
    """An assessment was completed since the case last came into assessment from elsewhere."""
    steps = path(sheet)
    names = [name for name, _, _ in steps]
    began = [
        at
        for i, (name, at, _) in enumerate(steps)
        # Who comes back from hold, or from an ending, is where they were.
        if name == names[-1] and name not in names[max(0, i - 2) : i]
    ]
    return place(sheet, "AssessmentCompleted") > began[-1]


def answered(sheet, what):
    i = place(sheet, "AssessmentCompleted")
    last = newest(sheet, "AssessmentCompleted")
    return i >= 0 and what in last[0].event.nothing_found


def covered(sheet, when):
    addressed = {number for item in items(sheet) for number in item.needs}
    return all(off or number in addressed for number, off in needs(sheet).items())


def related(sheet, when):
    known, plan = needs(sheet), items(sheet)
    if any(not item.needs or set(item.needs) - set(known) for item in plan):
        return False
    return bool(plan) or any(known.values())


def complete(sheet, when):
    return all(
        item.by_date
        and all(text.strip() for text in (item.actor, item.activity, item.expected_outcome))
        for item in items(sheet)
    )


def goals_answer_needs(sheet, when):
    known = needs(sheet)
    return all(
        goal.needs and set(goal.needs) <= set(known) for goal in goals(sheet, reached_too=True)
    )


def goals_have_actions(sheet, when):
    served = {number for item in items(sheet) for number in item.goals}
    return all(goal.number in served for goal in goals(sheet, reached_too=False))


def agreed(sheet, when):
    i = place(sheet, "PlanAgreed")
    if i < 0 or sheet[i].event.client == "not-agreed":
        return False
    planned = {item.number for item in items(sheet[:i])}
    proposed = {line.event.number for line in of(sheet[:i], "GoalProposed")}
    return not of(sheet[i:], "PlanItemDrafted", "GoalProposed", "ObjectiveDrafted") and not any(
        line.event.number in (planned if line.what == "PlanItemDropped" else proposed)
        for line in of(sheet[i:], "PlanItemDropped", "GoalDropped")
    )


CRITERIA = ("ClosureCriterionSet", "ClosureCriterionMet", "ClosureCriterionDropped")


def criteria_met(sheet, when):
    found = {}
    for line in of(sheet, *CRITERIA):
        if line.what == "ClosureCriterionSet":
            found[line.event.number] = False
        elif line.what == "ClosureCriterionDropped":
            found.pop(line.event.number, None)
        elif line.event.number in found:
            found[line.event.number] = True
    return bool(found) and all(found.values())


def acknowledged(sheet, when):
    last = newest(sheet, "ResponsibilitiesAcknowledged")
    return bool(of(sheet, "OrientationHeld") and last and last[0].event.how != "not-agreed")


def followed_up(sheet, when):
    since = None
    for name, _, moment in reversed(path(sheet)):
        if name != "follow-up":
            break
        since = moment
    contacts = (place(sheet, kind) for kind in ("FollowUpContact", "ClientCheckedIn"))
    return since is not None and any(i >= 0 and sheet[i].when >= since for i in contacts)


WITH_OTHERS = {
    "brokering",
    "linkage",
    "advocacy",
    "coordination",
    "social-network-intervention",
    "technical-assistance",
}
SERVICES = {
    "intervention",
    "monitoring-and-evaluation",
    "intervention-and-implementation",
    "plan-implementation",
    "service-delivery",
}


def begun(sheet, when):
    """The client is enrolled, or services were begun."""
    served = any(name in SERVICES for name, _, _ in path(sheet))
    return served or bool(of(sheet, "Enrolled"))


def all_answered(kind):
    return lambda sheet, when: all(kind in found for found in programs(sheet, kind).values())


def there_is(kind):
    return lambda sheet, when: bool(of(sheet, kind))


def is_so(kind, field):
    def last_says_so(sheet, when):
        last = newest(sheet, kind)
        return bool(last) and getattr(last[0].event, field)

    return last_says_so


def not_found_eligible(sheet, when):
    last = newest(sheet, "EligibilityDetermined")
    return bool(last) and not last[0].event.eligible


def may_be_helped_elsewhere(sheet, when):
    hope = {}
    for line in of(sheet, "ReferralMade", "ReferralEnded"):
        if line.what == "ReferralMade":
            hope[line.event.number] = True
        elif line.event.referral in hope:
            hope[line.event.referral] = line.event.served
    return any(hope.values())


def not_reached(sheet, when):
    """Somebody tried in vain since the client was there last, and since the case was reopened."""
    told = []
    for i, line in enumerate(sheet):
        if line.what in ("ContactAttempted", "SelfReferred", "ClientCheckedIn"):
            told.append((line.when, i, getattr(line.event, "reached", True)))
        elif line.what == "ServiceProvided" and line.event.function not in WITH_OTHERS:
            told.append((line.when, i, True))
    steps = path(sheet)
    for (before, *_), (after, i, at) in pairwise(steps):
        if before == "closed" != after and at <= when:
            told.append((at, i, True))
    return bool(told) and not max(told)[2]


MET = {
    "eligibility-before-enrollment": eligible,
    "found-to-benefit": eligible,
    "enrolled-before-assessment": there_is("Enrolled"),
    "screening-before-enrollment": there_is("ScreeningCompleted"),
    "suitability-before-enrollment": is_so("SuitabilityDetermined", "suitable"),
    "readiness-before-enrollment": is_so("ReadinessIndicated", "ready"),
    "responsibilities-acknowledged": acknowledged,
    "assessment-before-plan": assessed,
    "needs-numbered": lambda sheet, when: bool(needs(sheet)) or answered(sheet, "needs"),
    "strengths-named": lambda sheet, when: (
        bool(of(sheet, "StrengthIdentified")) or answered(sheet, "strengths")
    ),
    "needs-covered": covered,
    "plan-items-relate": related,
    "plan-items-complete": complete,
    "goals-set": lambda sheet, when: bool(goals(sheet, reached_too=True)),
    "goals-answer-needs": goals_answer_needs,
    "goals-have-actions": goals_have_actions,
    "plan-agreed": agreed,
    "programs-completed": all_answered("ProgramCompleted"),
    "followed-up": followed_up,
    "closure-criteria-met": criteria_met,
    "exit-interview": all_answered("ExitInterview"),
    "follow-up-session": all_answered("FollowUpSession"),
    "next-stage-planned": there_is("NextStagePlanned"),
    "continuing-services-listed": there_is("ContinuingServicesListed"),
    "resources-listed": there_is("ResourcesListed"),
    "found-ineligible": not_found_eligible,
    "denied-before-enrollment": lambda sheet, when: not begun(sheet, when),
    "not-yet-enrolled": lambda sheet, when: not begun(sheet, when),
    "enrolled-before-withdrawal": begun,
    "ineligible-before-enrollment": lambda sheet, when: not begun(sheet, when),
    "enrolled-before-discharge": begun,
    "contact-attempted": not_reached,
    "referred-elsewhere": may_be_helped_elsewhere,
    "transfer-accepted": lambda sheet, when: True,  # what it looks at is the step itself
}
"""By the name of the rule: whether it is met, on a sheet and at a moment."""


def excepted(sheet, rule, when):
    made = [line.event for line in of(sheet, "ExceptionMade") if line.event.rule == rule]
    return any(one.until is None or when <= one.until for one in made)


def missing(guards, sheet, move, when):
    """What stands in the way of a move, of what its guards ask for."""
    return {
        rule
        for rule in guards.get(move, ())
        if not MET[rule](sheet, when) and not excepted(sheet, rule, when)
    }
