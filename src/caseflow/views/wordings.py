"""What a flowchart says in each of its wordings: to staff, to participants, to partners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from caseflow.views.program import Wording


@attrs.frozen(kw_only=True)
class Words:
    """What the parts of a flowchart are called in one wording.

    `unnamed` stands for the program where none is given. `steps` and `asked` are empty where
    these are not told, `back` stands on ways back, and `early_told` under `early`. `phases`,
    `stages` and `ways_to_meet` have other words for phases, for stages by their ids, and for
    ways to meet.
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
    here: str
    open: str
    blocked: str
    phases: Mapping[str, str] = attrs.field(factory=dict)
    stages: Mapping[str, str] = attrs.field(factory=dict)
    ways_to_meet: Mapping[str, str] = attrs.field(factory=dict)

    def mode(self, mode: str) -> str:
        """A way to meet, in words."""
        return self.ways_to_meet.get(mode) or mode.replace("-", " ")


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
    early="You can leave early",
    early_told=("Tell the person you work with.",),
    here="You are here",
    open="Next",
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
        "hybrid": "in person and online",
    },
)

WORDINGS: Final[Mapping[Wording, Words]] = {
    "staff": Words(
        title="Participant flowchart of {name}",
        unnamed="the {workflow} workflow",
        who="Who acts",
        modes="Delivered",
        referrals="Referrals to",
        reports="Reported",
        steps="Steps",
        asked="Asked first",
        early="Ending early",
        here="The case is here",
        open="Open",
        blocked="Blocked",
    ),
    "participants": PARTICIPANTS,
    "partners": Words(
        title="How participants go through {name}",
        unnamed="our program",
        who="Your contact",
        modes="Delivered",
        referrals="Referrals we make",
        reports="Data that is reported",
        back="Back, if needed",
        early="A participant may leave early",
        here="The participant is here",
        open="Next",
        blocked="Not yet",
    ),
}
