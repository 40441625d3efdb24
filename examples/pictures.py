"""Draw the service delivery flow of a program, in three wordings, and its logic model.

    python -m examples.pictures FOLDER

writes an SVG and a Mermaid file for each picture.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from caseflow.stages import service_delivery
from caseflow.views import (
    Drawing,
    Program,
    StageDelivery,
    Wording,
    flowchart,
    logic_model,
    mermaid,
    svg,
)

WORDINGS: tuple[Wording, ...] = ("staff", "participants", "partners")

PATHWAYS = Program(
    "Pathways to work",
    resources=["Four navigators and a team lead", "Partner agencies", "A training fund"],
    activities=["Orientation", "Co-created service plans", "Coaching and referrals"],
    outputs=["Participants enrolled", "Plans agreed"],
    outcomes=["Participants in work after six months"],
    targets={
        "Participants enrolled": "60 in a year",
        "Participants in work after six months": "40 of 60",
    },
    stages=[
        StageDelivery(
            "recruitment",
            modes=["in-person", "virtual"],
            who="outreach team",
            reports="people reached",
            told={"participants": "We tell you about the program, and you ask what you like."},
        ),
        StageDelivery(
            "intake-assessment",
            modes="in-person",
            who="navigator",
            referrals=["food bank", "clinic"],
            reports=["eligibility", "suitability"],
            told={"participants": "We talk about where you are, and where you want to go."},
        ),
        StageDelivery(
            "enrollment", modes="in-person", who=["navigator", "team lead"], reports="enrollments"
        ),
        StageDelivery(
            "service-plan",
            modes="hybrid",
            who="navigator",
            told={
                "staff": "Navigator and participant write the plan together.",
                "participants": "We write your plan together.",
                "partners": "Navigator and participant write the plan together.",
            },
        ),
        StageDelivery(
            "service-delivery",
            modes="hybrid",
            who=["navigator", "mentor"],
            referrals=["employers", "colleges"],
            reports=["services", "progress notes"],
        ),
        StageDelivery("program-completion", modes="in-person", who="navigator", reports="outcomes"),
    ],
)


def pictures() -> dict[str, Drawing]:
    """The pictures of the program, by the names of their files."""
    flows = {
        f"flow-{wording}": flowchart(
            service_delivery,
            wording=wording,
            program=PATHWAYS,
        )
        for wording in WORDINGS
    }
    return flows | {"logic-model": logic_model(PATHWAYS)}


def draw(folder: Path) -> list[Path]:
    """Write every picture into a folder; it is made if it is not there. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, drawing in pictures().items():
        for ending, text in (("svg", svg(drawing)), ("mmd", mermaid(drawing))):
            files.append(folder / f"{name}.{ending}")
            files[-1].write_text(text, encoding="utf-8")
    return files


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m examples.pictures", description="Draw the pictures of a program."
    )
    parser.add_argument("folder", type=Path, help="where to write them; made if it is not there")
    for file in draw(parser.parse_args(arguments).folder):
        print(file.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
