"""What a flowchart says in each of its wordings: to staff, to participants, to partners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

import attrs

from caseflow.casework.words import Mode
from caseflow.views.program import Wording
from caseflow.workflow.workflow import Workflow


@attrs.frozen(kw_only=True)
class Words:
    """What the parts of a flowchart are called in one wording.

    `paused` is said in the place of `here` of a case on hold, and `because` after what is blocked.
    `unnamed` stands for the program where none is given. `steps` and `asked` are empty where
    these are not told, `back` stands on ways back. Under `early` stands `early_told`, and after
    `also` those of the `endings` that the workflow has, by their transitions. `comes` tells of
    obligations, by the event that meets them. `phases`, `stages` and `ways_to_meet` have other
    words for phases, for stages by their ids, and for ways to meet; `mixed` is said of hybrid
    where both of its ways are named beside it.
    """

    title: str
    unnamed: str
    who: str
    modes: str
    referrals: str
    reports: str
    steps: str = ""
    asked: str = ""
    back: str = ""
    early: str
    early_told: tuple[str, ...] = ()
    also: str = ""
    endings: Mapping[str, str] = attrs.field(factory=dict)
    comes: Mapping[str, str] = attrs.field(factory=dict)
    here: str
    paused: str
    open: str
    open_back: str = ""
    blocked: str
    because: str = ""
    phases: Mapping[str, str] = attrs.field(factory=dict)
    stages: Mapping[str, str] = attrs.field(factory=dict)
    ways_to_meet: Mapping[str, str] = attrs.field(factory=dict)
    mixed: str = ""

    def meeting(self, modes: Iterable[Mode]) -> list[str]:
        """Ways to meet, in words."""
        named = tuple(modes)
        told = dict(self.ways_to_meet)
        if self.mixed and {"in-person", "virtual"} <= {*named}:
            named = tuple(sorted(named, key=lambda mode: mode == "hybrid"))  # after its two ways
            told["hybrid"] = self.mixed
        return [told.get(mode) or mode.replace("-", " ") for mode in named]


BEGINNING, MIDDLE, END = "the beginning", "the middle", "the end"
"""The parts of a participant's way (Tri-level Case Management, participant flowchart)."""

KNOWING: Final = "Getting to know each other"
NEEDS: Final = "Finding out what you need"
PLAN: Final = "Making your plan"
WORKING: Final = "Working on your plan"
FINISHING: Final = "Finishing together"

PARTICIPANTS: Final = Words(
    title="Your way through {name}",
    unnamed="our program",
    who="Who you work with",
    modes="How we meet",
    referrals="Where we may send you for more help",
    reports="What we write down and tell others",
    back="Back, if needed",
    early="When it ends early",
    early_told=("You can leave early. Tell the person you work with.",),
    also="It also ends early if:",
    endings={
        "end-as-ineligible": "it turns out that you cannot join",
        "deny": "we cannot take you on",
        "discharge": "we have to end our services to you",
        "end-as-unable-to-locate": "we cannot reach you any more",
        "refer-out": "somebody else can help you, and we send you there",
        "transfer-out": "you go on with somebody else",
        "end-with-program": "the program ends",
    },
    comes={
        "plan-reviewed": "From time to time, we go through your plan together.",
        "follow-up-contact": "After you have left, we ask how you are doing.",
    },
    here="You are here",
    paused="You are here. We have paused for now.",
    open="Next",
    open_back="You may go back to",
    blocked="Not yet",
    phases={
        "engagement": BEGINNING,
        "assessment": BEGINNING,
        "planning": MIDDLE,
        "intervention": MIDDLE,
        "monitoring": MIDDLE,
        "closure": END,
    },
    stages={
        "engagement": KNOWING,
        "assessment": NEEDS,
        "planning": PLAN,
        "intervention": WORKING,
        "monitoring": "Seeing how it goes",
        "termination": FINISHING,
        "closed": "Our work together has ended",
        "intake": KNOWING,
        "needs-assessment": NEEDS,
        "treatment-service-planning": PLAN,
        "monitoring-and-evaluation": f"{WORKING}, and seeing how it goes",
        "assessment-and-engagement": f"{KNOWING}, and finding out what you need",
        "creating-goals": "Setting your goals",
        "intervention-and-implementation": "Working on your goals",
        "reassessment": "Looking at how far you have come",
        "closure": FINISHING,
        "intake-and-enrollment": f"{KNOWING}, and joining",
        "service-planning": PLAN,
        "plan-implementation": WORKING,
        "follow-up": "Staying in touch after you leave",
        "recruitment": "Hearing about the program",
        "intake-assessment": f"{KNOWING}, and finding out what you need",
        "enrollment": "Joining the program",
        "service-plan": PLAN,
        "service-delivery": WORKING,
        "program-completion": "Completing the program",
    },
    ways_to_meet={
        "virtual": "online",
        "phone": "by phone",
        "writing": "in writing",
        "hybrid": "a mix of in person and online",
    },
    mixed="or a mix of both",
)

WORDINGS: Final[Mapping[Wording, Words]] = {
    "staff": Words(
        title="Client flowchart of {name}",
        unnamed="{workflow}",
        who="Who acts",
        modes="Delivered",
        referrals="Referrals to",
        reports="Reported",
        steps="Steps",
        asked="Asked first",
        early="Ending early",
        here="The case is here",
        paused="The case is here, on hold.",
        open="Open",
        blocked="Blocked",
        because=", because this does not hold:",
    ),
    "participants": PARTICIPANTS,
    "partners": Words(
        title="How clients go through {name}",
        unnamed="our program",
        who="Your contact",
        modes="Delivered",
        referrals="Referrals we make",
        reports="Data that is reported",
        back="Back, if needed",
        early="Ending early",
        early_told=("A client may leave early.",),
        also="It also ends early if:",
        endings={
            "end-as-ineligible": "the client is not eligible",
            "deny": "we do not take the client on",
            "discharge": "we discharge the client",
            "end-as-unable-to-locate": "we cannot reach the client any more",
            "refer-out": "we refer the client to somebody who can help",
            "transfer-out": "the client is transferred",
            "end-with-program": "the program ends",
        },
        comes={
            "plan-reviewed": "From time to time, the plan is reviewed with the client.",
            "follow-up-contact": "After the exit, the client is followed up.",
        },
        here="The client is here",
        paused="The client is here, on hold.",
        open="Next",
        open_back="May go back to",
        blocked="Not yet",
    ),
}


def words_for(wording: Wording, workflow: Workflow[Any]) -> Words:
    """A wording in the terms of a workflow. Participants are told "you", whatever the term."""
    words = WORDINGS[wording]
    if wording == "participants":
        return words
    said = partial(workflow.in_terms, quoted=["{name}"])
    return attrs.evolve(
        words,
        title=said(words.title),
        early_told=tuple(map(said, words.early_told)),
        endings={name: said(text) for name, text in words.endings.items()},
        comes={name: said(text) for name, text in words.comes.items()},
        here=said(words.here),
        paused=said(words.paused),
    )
