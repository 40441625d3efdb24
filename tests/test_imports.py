"""Who only builds workflows pays neither for the database nor for the test tools."""

import json
import subprocess
import sys

import pytest

LATE = ("sqlalchemy", "hypothesis", "cattrs")
PROGRAM = """
import json, sys
{statement}
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def modules_after(statement: str) -> set[str]:
    """The top-level modules of a fresh process after a statement."""
    program = PROGRAM.format(statement=statement)
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "statement",
    [
        "import caseflow",
        "from caseflow.stages import six_stage",
        "from caseflow.storage import MemoryStorage",
    ],
)
def test_nothing_heavy_is_imported(statement):
    modules = modules_after(statement)
    assert "caseflow" in modules
    assert modules.isdisjoint(LATE)


def test_the_check_sees_what_is_imported():
    assert set(LATE) <= modules_after("import sqlalchemy, hypothesis, cattrs")
