"""Print the lowest versions that pyproject.toml declares, as pins that pip takes.

`python -m tools.lowest` reads the dependencies of the library and of the extras its test suite
needs; each must have a lower bound, or there is nothing honest to test.
"""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("postgres", "async", "migrations", "erasure", "testing", "calendar", "suite")
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?P<versions>[^;]*)")
LOWER = re.compile(r">=\s*([^\s,]+)")


def pins(project: dict[str, Any]) -> list[str]:
    """Return `name==version` for each requirement of the library and its suite."""
    requirements = list(project["dependencies"])
    for extra in EXTRAS:
        requirements += project["optional-dependencies"][extra]
    found = []
    for requirement in requirements:
        match = REQUIREMENT.match(requirement)
        if match is None:
            raise ValueError(f"{requirement!r} is no requirement: write name>=version")
        if match["name"] == project["name"]:  # an extra that includes another extra
            continue
        lower = LOWER.search(match["versions"])
        if lower is None:
            raise ValueError(f"{requirement!r} has no lower bound: write name>=version")
        found.append(f"{match['name']}=={lower[1]}")
    return sorted(set(found), key=str.lower)


def declared() -> dict[str, Any]:
    """Return the [project] table of pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


if __name__ == "__main__":
    sys.stdout.write("\n".join(pins(declared())) + "\n")
