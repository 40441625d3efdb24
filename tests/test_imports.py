"""Who only builds workflows pays neither for the database nor for the test tools."""

import json
import subprocess
import sys

import pytest

import caseflow.stages
import caseflow.storage

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


@pytest.mark.parametrize("module", [caseflow.stages, caseflow.storage])
def test_what_is_imported_late_is_listed_and_what_is_not_there_is_told(module):
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match=rf"^module '{module.__name__}' has no attribute 'x'$"):
        module.x  # noqa: B018


WITHOUT_GREENLET = """
import asyncio, sys
sys.modules["greenlet"] = None
from caseflow import AsyncCasebook, InvalidCall
from caseflow.stages import six_stage
from caseflow.storage import *

book = AsyncCasebook(six_stage, SQLStorage(sys.argv[1]))
print(asyncio.run(book.open(client="P-1", by="ana")).case.version)
for needs_it in (lambda: AsyncSQLStorage("postgresql://u@h/d"), lambda: book.within(None)):
    try:
        needs_it()
    except InvalidCall as missing:
        print(missing)
"""


def test_without_greenlet_only_what_awaits_a_database_is_missing_and_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_GREENLET, f"sqlite:///{tmp_path / 'cases.db'}"],
        check=True,
        capture_output=True,
        text=True,
    )
    cause = "cannot be imported (import of greenlet halted; None in sys.modules)"
    repair = "Install it with: pip install 'caseflow-engine[async]'."
    assert done.stdout.splitlines() == [
        "1",
        f"AsyncSQLStorage needs greenlet, which {cause}. {repair}",
        f"AsyncCasebook.within needs greenlet, which {cause}. {repair}",
    ]
