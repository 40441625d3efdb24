"""Which step may follow which in the six stages, written by hand from the description.

This is the oracle of the tests. It shares no code with the rules, the workflow or the folded
state: it reads a history as a plain list of what happened, and says by name what is missing.
It knows what ISED's six stages and the mission ask for, and nothing of how caseflow works.
"""

from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

ENGAGEMENT = ("outreach", "eligibility", "enrollment")
SERVED = ("assessment", "planning", "intervention", "monitoring")
OPEN = (*ENGAGEMENT, *SERVED, "termination")

# Where each move leads, by where the case is. None: it stays where it is.
MOVES: dict[str, dict[str, str | None]] = {
    "determine-eligibility": {
        "outreach": "eligibility",
        "eligibility": "eligibility",
        "enrollment": None,
        **dict.fromkeys(SERVED),
    },
    "enroll": {**dict.fromkeys(ENGAGEMENT, "enrollment"), **dict.fromkeys(SERVED)},
    "assess": dict.fromkeys(ENGAGEMENT, "assessment"),
    "assessment-completed": {"assessment": None},
    "level-of-care-set": dict.fromkeys(("assessment", "intervention", "monitoring")),
    "plan": {"assessment": "planning"},
    "plan-agreed": {"planning": None},
    "plan-approved": {"planning": None},
    "start-services": {"planning": "intervention"},
    "monitor": {"intervention": "monitoring"},
    "continue-services": {"monitoring": "intervention"},
    "reassess": {"intervention": "assessment", "monitoring": "assessment"},
    "revise-plan": {"intervention": "planning", "monitoring": "planning"},
    "begin-closing": {"intervention": "termination", "monitoring": "termination"},
    "return-to-services": {"termination": "intervention"},
    "close": {"termination": "closed"},
}
EARLY_ENDINGS = (  # from any open stage, on hold or not
    "end-as-ineligible",
    "deny",
    "decline-services",
    "withdraw",
    "discharge",
    "end-as-unable-to-locate",
    "refer-out",
    "transfer-out",
    "end-as-deceased",
    "end-as-entered-in-error",
    "end-with-program",
)
NEED_A_REASON = (
    "deny",
    "discharge",
    "end-as-entered-in-error",
    "end-with-program",
    "reopen",
    "hold",
)
NEVER_EXCEPTED = (
    "found-ineligible",
    "ineligible-before-enrollment",
    "denied-before-enrollment",
    "enrolled-before-discharge",
    "not-yet-enrolled",
    "enrolled-before-withdrawal",
    "referred-elsewhere",
    "transfer-accepted",
)
TELL_WHAT_IS_LEFT = (
    "close",
    *(
        set(EARLY_ENDINGS)
        - {"end-as-unable-to-locate", "end-as-deceased", "end-as-entered-in-error"}
    ),
)
WITH_OTHERS = (
    "brokering",
    "linkage",
    "advocacy",
    "coordination",
    "social-network-intervention",
    "technical-assistance",
)
ALWAYS_STAY = ("assign-lead-case-manager",)  # in any stage, on hold or not
NAMES = (*MOVES, *EARLY_ENDINGS, *ALWAYS_STAY, "hold", "resume", "reopen")


class Place(NamedTuple):
    """Where a case is: the step of the work, and whether it is on hold."""

    step: str
    held: bool = False


class Happened(NamedTuple):
    """One thing that stands in the history: what, when, and the move if it was one."""

    what: str
    when: datetime
    fields: dict[str, Any]
    move: str | None
    number: int


def leads(name: str, path: list[Place]) -> Place | None:
    """Where a move leads to; the same place where it stays, None where it cannot be made."""
    here = path[-1]
    if name == "resume":
        return Place(here.step) if here.held else None
    if name in EARLY_ENDINGS:
        return Place("closed") if here.step in OPEN else None
    if name in ALWAYS_STAY:
        return here
    if here.held:
        return None
    if name == "hold":
        return Place(here.step, held=True) if here.step in OPEN else None
    if name == "reopen":
        back = len(path) > 1 and here.step == "closed"
        return Place(path[-2].step) if back else None
    to = MOVES.get(name, {}).get(here.step, "nowhere")
    return None if to == "nowhere" else here if to is None else Place(to)


def may_stay(name: str) -> bool:
    """Whether a step leaves the case, somewhere, where it is."""
    return name in ALWAYS_STAY or None in MOVES.get(name, {}).values()


class Sheet:
    """What is on the sheet of a case: everything that happened, in the order of the recording."""

    def __init__(self, happened: list[Happened], *, voided: bool = False) -> None:
        self.happened = happened
        self.path: list[tuple[Place, int, datetime]] = []
        for place, entry in enumerate(happened):
            if entry.move is None:
                continue
            here = [step for step, _, _ in self.path]
            to = Place("outreach") if entry.move == "open" else leads(entry.move, here)
            if to is None and voided and may_stay(entry.move):
                continue  # it stayed where a move had led that was voided since
            assert to is not None, f"{entry.move} is not possible in {here[-1]}"
            stays = bool(here) and MOVES.get(entry.move, {}).get(here[-1].step, "moves") is None
            if not stays and entry.move not in ALWAYS_STAY:
                while self.path and self.path[-1][2] > entry.when:
                    self.path.pop()  # it was learned late that this had ended everything
                self.path.append((to, place, entry.when))

    @property
    def here(self) -> Place:
        return self.path[-1][0]

    def of(self, what: str) -> list[Happened]:
        return [entry for entry in self.happened if entry.what == what]

    def last(self, what: str) -> Happened | None:
        """Of this kind, what happened last."""
        in_time = sorted(self.of(what), key=lambda entry: entry.when)  # ties as recorded
        return in_time[-1] if in_time else None

    # -- what is missing, by the name that the verdict gives it --------------------------------

    def missing(self, name: str, when: datetime) -> set[str]:
        """What stands in the way of a step that can be made from here."""
        checks = {
            "enroll": self._to_enroll,
            "assess": self._to_assess,
            "plan": self._to_plan,
            "start-services": self._to_start_services,
            "close": self._to_close,
            "end-as-ineligible": self._to_end_as_ineligible,
            "deny": self._to_deny,
            "discharge": self._to_discharge,
            "decline-services": self._to_decline,
            "withdraw": self._to_withdraw,
            "end-as-unable-to-locate": self._to_end_as_unable_to_locate,
            "refer-out": self._to_refer,
            "plan-approved": lambda when: self._of_the_plan(),
        }
        found = set(checks[name](when)) if name in checks else set()
        return {rule for rule in found if not self._excepted(rule, when)}

    def _excepted(self, rule: str, when: datetime) -> bool:
        made = [e.fields for e in self.of("ExceptionMade") if e.fields["rule"] == rule]
        in_force = [e for e in made if e["until"] is None or when <= e["until"]]
        return bool(in_force) and rule not in NEVER_EXCEPTED

    def _to_enroll(self, when):
        found = self.last("EligibilityDetermined")
        if (
            found is None
            or not found.fields["eligible"]
            or (found.fields["valid_until"] and found.fields["valid_until"] < when.date())
        ):
            yield "eligibility-before-enrollment"

    def _programs(self):
        return {entry.fields["program"] for entry in self.of("Enrolled")}

    def _to_assess(self, when):
        if not self._programs():
            yield "enrolled-before-assessment"

    def _to_plan(self, when):
        completed = self.last("AssessmentCompleted")
        answered = completed.fields["nothing_found"] if completed else ()
        begun = 0  # when the assessment was last begun: a hold or an ending does not begin it anew
        steps = [(step.step, place) for step, place, _ in self.path]
        for at, (step, place) in enumerate(steps):
            came_from = [name for name, _ in steps[max(0, at - 2) : at]]
            if at and step == "assessment" and "assessment" not in came_from:
                begun = place
        if completed is None or self.happened.index(completed) < begun:
            yield "assessment-before-plan"
        if not self.of("NeedIdentified") and "needs" not in answered:
            yield "needs-numbered"
        if not self.of("StrengthIdentified") and "strengths" not in answered:
            yield "strengths-named"

    def _plan(self):
        """The needs with why they are deferred, and the items, as they were last written."""
        needs: dict[int, str] = {}
        items: dict[int, dict[str, Any]] = {}
        for place, entry in enumerate(self.happened):
            fields = entry.fields
            if entry.what == "NeedIdentified":
                was = needs.get(fields["number"], "")
                put_off = was if was != "met" and not self._more_urgent(place) else ""
                needs[fields["number"]] = "met" if self._met_since(place) else put_off
            elif entry.what == "NeedDeferred" and fields["need"] in needs:
                if needs[fields["need"]] != "met":
                    needs[fields["need"]] = fields["reason"].strip()
            elif entry.what == "NeedMet" and fields["number"] in needs:
                needs[fields["number"]] = "met"
            elif entry.what == "PlanItemDrafted":
                items[fields["number"]] = fields
            elif entry.what == "PlanItemDropped":
                items.pop(fields["number"], None)
        return needs, items

    def _met_since(self, place):
        """Whether a need was told to be met, before it was told to be found, but not earlier."""
        found, before = self.happened[place], self.happened[:place]
        return any(
            one.what == "NeedMet"
            and one.fields["number"] == found.fields["number"]
            and one.when >= found.when
            for one in before
        )

    def _more_urgent(self, place):
        """Whether a need was found to be urgent that was not before."""
        found, before = self.happened[place], self.happened[:place]
        same = [
            one.fields["urgent"]
            for one in before
            if one.what == "NeedIdentified" and one.fields["number"] == found.fields["number"]
        ]
        return found.fields["urgent"] and not [False, *same][-1]

    def _to_start_services(self, when):
        needs, items = self._plan()
        covered = {number for item in items.values() for number in item["needs"]}
        if any(not reason and number not in covered for number, reason in needs.items()):
            yield "needs-covered"
        astray = [i for i in items.values() if not i["needs"] or set(i["needs"]) - set(needs)]
        if astray or (not items and not any(needs.values())):
            yield "plan-items-relate"
        words = ("actor", "activity", "expected_outcome")
        for item in items.values():
            if not item["by_date"] or any(not item[word].strip() for word in words):
                yield "plan-items-complete"

    def _endings(self):
        """The programs, each with what there was at its end."""
        endings: dict[str, set[str]] = {}
        for entry in self.happened:
            program = entry.fields.get("program")
            if entry.what == "Enrolled":
                endings[program] = set()
            elif entry.what in ("ExitInterview", "FollowUpSession") and program in endings:
                endings[program].add(entry.what)
        return endings

    def _to_close(self, when):
        criteria: dict[int, bool] = {}
        for entry in self.happened:
            number = entry.fields.get("number")
            if entry.what == "ClosureCriterionSet":
                criteria[number] = False
            elif entry.what == "ClosureCriterionMet" and number in criteria:
                criteria[number] = True
            elif entry.what == "ClosureCriterionDropped":
                criteria.pop(number, None)
        endings = self._endings()
        if not criteria or not all(criteria.values()):
            yield "closure-criteria-met"
        for kind, rule in (
            ("ExitInterview", "exit-interview"),
            ("FollowUpSession", "follow-up-session"),
        ):
            if any(kind not in held for held in endings.values()):
                yield rule
        for kind, rule in (
            ("NextStagePlanned", "next-stage-planned"),
            ("ContinuingServicesListed", "continuing-services-listed"),
            ("ResourcesListed", "resources-listed"),
        ):
            if not self.of(kind):
                yield rule

    def _to_end_as_ineligible(self, when):
        found = self.last("EligibilityDetermined")
        if found is None or found.fields["eligible"]:
            yield "found-ineligible"
        if self._begun():
            yield "ineligible-before-enrollment"

    def _to_discharge(self, when):
        if not self._begun():
            yield "enrolled-before-discharge"

    def _begun(self):
        return self._programs() or any(at.step == "intervention" for at, _, _ in self.path)

    def _to_deny(self, when):
        if self._begun():
            yield "denied-before-enrollment"

    def _to_decline(self, when):
        if self._begun():
            yield "not-yet-enrolled"

    def _to_withdraw(self, when):
        if not self._begun():
            yield "enrolled-before-withdrawal"

    def _to_end_as_unable_to_locate(self, when):
        """The client was there last, or the case was reopened since somebody tried."""
        told = [
            (entry.when, place, entry.fields.get("reached", True))
            for place, entry in enumerate(self.happened)
            if entry.what
            in ("ContactAttempted", "SelfReferred", "ClientCheckedIn", "ServiceProvided")
            and entry.fields.get("function") not in WITH_OTHERS
        ]
        told += [
            (at, place, True)
            for (before, *_), (after, place, at) in pairwise(self.path)
            if before.step == "closed" != after.step and at <= when
        ]
        if not told or max(told)[2]:
            yield "contact-attempted"

    def _to_refer(self, when):
        open_still: dict[Any, bool] = {}
        for entry in self.happened:
            if entry.what == "ReferralMade":
                open_still[entry.fields["number"]] = True
            elif entry.what == "ReferralEnded" and entry.fields["referral"] in open_still:
                open_still[entry.fields["referral"]] = entry.fields["served"]
        if not any(open_still.values()):
            yield "referred-elsewhere"

    # -- what is warned of, and stands in nobody's way ------------------------------------------

    def warned(self, name: str, given: dict[str, Any], when: datetime) -> set[str]:
        """What a step that can be made from here is warned of; `given` are its fields."""
        found: set[str] = set()
        if name == "assessment-completed":
            found = {*self._of_needs_and_strengths(given), *self._of_assessing(given)}
        if name == "plan-agreed":
            found = {*self._to_start_services(when)}
        if name == "start-services":
            found = {*self._of_the_plan(), *self._of_goals_and_strategies()}
        if name in ("begin-closing", "close"):
            found = {*self._of_loose_ends()}
        if name == "begin-closing" and not list(self.of("MonitoringNoted")):
            found.add("services-monitored")
        leaves = name in ("withdraw", "discharge")
        if leaves and any("ExitInterview" not in e for e in self._endings().values()):
            found = {"exit-interview"}
        if name == "close" and given["outcome"] == "completed" and self._left_a_program_early():
            found.add("outcome-as-recorded")
        if name in TELL_WHAT_IS_LEFT and self._criteria_are_owed(when):
            found.add("nothing-left-undone")
        return {rule for rule in found if not self._excepted(rule, when)}

    def _left_a_program_early(self):
        completed: dict[str, bool] = {}
        for entry in self.happened:
            if entry.what == "Enrolled":
                completed.pop(entry.fields["program"], None)
            elif entry.what == "ProgramCompleted" and entry.fields["program"] in self._programs():
                completed[entry.fields["program"]] = entry.fields["completed"]
        return not all(completed.values())

    def _criteria_are_owed(self, when):
        """Whether the client was enrolled without criteria of closure, and has none yet."""
        criteria: set[int] = set()
        owed = False
        for entry in self.happened:
            if entry.what == "ClosureCriterionSet":
                criteria.add(entry.fields["number"])
            elif entry.what == "ClosureCriterionDropped":
                criteria.discard(entry.fields["number"])
            elif entry.what == "Enrolled" and entry.when <= when:
                owed = owed or not criteria
        return owed and not criteria

    def _found(self):
        """The needs by their numbers, and the strengths, as they were last written.

        A need that was met and is written anew is open again. What is to be done about it
        stands, and so does how a strength is built upon.
        """
        needs: dict[int, dict[str, Any]] = {}
        strengths: dict[int, dict[str, Any]] = {}
        for place, entry in enumerate(self.happened):
            fields = entry.fields
            if entry.what == "NeedIdentified":
                known = needs.get(fields["number"], {})
                kept = {"strategy": known.get("strategy")}
                if self._met_since(place):
                    kept["met"] = True
                elif "deferred" in known and "met" not in known and not self._more_urgent(place):
                    kept["deferred"] = True
                needs[fields["number"]] = {**fields, **kept}
            elif entry.what == "StrengthIdentified":
                words = fields["description"]
                alike = [n for n, one in strengths.items() if one["description"] == words]
                free = entry.number if entry.number not in strengths else max(strengths) + 1
                number = [*alike, free][0] if fields["number"] is None else fields["number"]
                known = strengths.get(number, {}).get("strategy")
                strengths[number] = {**fields, "strategy": known}
            elif entry.what == "NeedMet" and fields["number"] in needs:
                needs[fields["number"]]["met"] = True
            elif entry.what == "NeedDeferred" and fields["need"] in needs:
                needs[fields["need"]]["deferred"] = True
            elif entry.what == "StrategyRecorded":
                for table, number in ((needs, fields["need"]), (strengths, fields["strength"])):
                    if number in table:
                        table[number]["strategy"] = True
        return needs, list(strengths.values())

    def _of_needs_and_strengths(self, given):
        needs, strengths = self._found()
        for kind, found, rule in (
            ("needs", needs, "needs-numbered"),
            ("strengths", strengths, "strengths-named"),
        ):
            if not found and kind not in given["nothing_found"]:
                yield rule
        found = [*needs.values(), *strengths]
        objective = any(one["objective"] for one in found)
        subjective = any(one["client_words"].strip() or not one["objective"] for one in found)
        if found and not (objective and subjective):
            yield "stated-in-both-terms"
        seen = {one["domain"] for one in found}
        seen |= {entry.fields["domain"] for entry in self.of("DomainAssessed")}
        if not seen >= {"biological-physical", "social", "psychological-emotional"}:
            yield "domains-assessed"
        if any(n["client_priority"] is None and "met" not in n for n in needs.values()):
            yield "needs-prioritized"

    def _of_assessing(self, given):
        assessed = {entry.fields["of"] for entry in self.of("CapacityAssessed")}
        if assessed != {"client", "network", "agency"}:
            yield "capacities-assessed"
        if given["client_took_part"] is not True:
            yield "client-took-part"
        if not given["instrument"] or not given["sources"]:
            yield "assessment-is-systematic"

    def _of_the_plan(self):
        agreed = self.last("PlanAgreed")
        if agreed is None or agreed.fields["client"] == "not-agreed":
            yield "plan-agreed"
            return
        items: dict[int, int] = {}  # where each was written, and goals where they last changed
        goals: dict[int, int] = {}
        changes: list[int] = []
        for place, entry in enumerate(self.happened):
            number = entry.fields.get("number")
            if entry.what == "PlanItemDrafted":
                items[number] = place
            elif entry.what == "PlanItemDropped" and items.pop(number, None) is not None:
                changes.append(place)
            elif entry.what == "GoalProposed" or (entry.what == "GoalDropped" and number in goals):
                goals[number] = place
            elif entry.what == "ObjectiveDrafted":
                changes.append(place)
        changes += [*items.values(), *goals.values()]
        if any(place > self.happened.index(agreed) for place in changes):
            yield "plan-agreed"

    def _of_goals_and_strategies(self):
        goals: dict[int, dict[str, Any]] = {}
        achieved: set[int] = set()
        for entry in self.happened:
            number = entry.fields.get("number")
            if entry.what == "GoalProposed":
                goals[number] = entry.fields
                achieved.discard(number)
            elif entry.what == "GoalDropped":
                goals.pop(number, None)
            elif entry.what == "GoalAchieved":
                achieved.add(number)
        if all(goal["program_goal"] for goal in goals.values()):
            yield "goals-set"
        for number, goal in goals.items():
            if number in achieved:
                continue
            told = goal["measure"].strip() and goal["target"].strip() and goal["target_date"]
            if not goal["program_goal"] and not told:
                yield "goals-measurable"
        needs, strengths = self._found()
        still = [n for n in needs.values() if "met" not in n and "deferred" not in n]
        if any(not need["strategy"] for need in still):
            yield "barriers-have-strategies"
        if any(not one["strategy"] for one in strengths):
            yield "strengths-built-upon"

    def _of_loose_ends(self):
        issues: set[int] = set()
        referrals: set[int] = set()
        for entry in self.happened:
            fields = entry.fields
            if entry.what == "IssueRaised":
                issues.add(fields["number"])
            elif entry.what == "IssueResolved":
                issues.discard(fields["number"])
            elif entry.what == "ReferralMade" and fields["number"] is not None:
                referrals.add(fields["number"])
            elif entry.what in ("HandoffConfirmed", "ReferralEnded"):
                referrals.discard(fields["referral"])
        if issues:
            yield "no-open-issues"
        if referrals:
            yield "referrals-handed-off"
