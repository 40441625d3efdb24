"""The code on every page of documentation runs and prints what the page says."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

import caseflow
from caseflow import Workflow, casework, rules, stages
from caseflow.stages import continuum, service_delivery, six_stage
from caseflow.workflow.timing import between, every, in_quarter, on_date, within, yearly
from tests.support.doc_blocks import (
    DocumentationError,
    broken_links,
    doctest_report,
    parse,
    read,
    run,
)
from tests.support.trades import shop
from tools import errors, verbs
from tools.reference import MODELS, model_page, page, page_of_rules
from tools.reference_due import by_when

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    path for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))] if path.is_file()
]
ANY_POSTGRES = '"postgresql+psycopg://"'
"""The URL by which a page uses the database that the environment names: here a fresh one."""
MODULES = [
    "caseflow",
    *sorted(module.name for module in pkgutil.walk_packages(caseflow.__path__, "caseflow.")),
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_page(path, tmp_path, request, monkeypatch):
    if ANY_POSTGRES in path.read_text(encoding="utf-8"):
        url = make_url(request.getfixturevalue("postgres_url"))
        says = {
            "PGHOST": url.host or url.query.get("host"),
            "PGPORT": url.port,
            "PGUSER": url.username,
            "PGPASSWORD": url.password,
            "PGDATABASE": url.database,
        }
        for name, value in says.items():
            if value:
                monkeypatch.setenv(name, str(value))
    ran = run(read(path), tmp_path)
    assert ran or path.name != "README.md", "README.md has no Python block that runs"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    assert broken_links(path) == []


# The reference of each workflow that ships is made from it.

REFERENCES = ROOT / "docs" / "models"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.python)
def test_the_reference_is_what_the_tool_prints(model):
    path = REFERENCES / f"{model.workflow.name}.md"
    assert path.read_text(encoding="utf-8") == model_page(model), f"{path} is out of date: " + (
        "run make reference"
    )


def test_every_workflow_that_ships_has_a_reference_and_nothing_else_has():
    shipped = {name for name in stages.__all__ if isinstance(getattr(stages, name), Workflow)}
    assert {model.python for model in MODELS} == shipped
    named = {f"{model.workflow.name}.md" for model in MODELS}
    assert {path.name for path in REFERENCES.iterdir()} == named | {"rules.md"}
    for path in [ROOT / "README.md", ROOT / "docs" / "index.md"]:
        assert all(f"models/{name})" in path.read_text(encoding="utf-8") for name in named)


def test_the_page_of_verbs_is_what_the_tool_prints_and_tells_of_all_that_they_answer():
    path = ROOT / "docs" / "verbs.md"
    assert path.read_text(encoding="utf-8") == verbs.page(), f"{path}: run make reference"
    said = " ".join(
        verbs.answered(signature.return_annotation) for _, signature, _ in verbs.verbs()
    )
    told = {one.__name__ for one in verbs.ANSWERS}
    assert {word for word in re.findall(r"\w+", said) if hasattr(caseflow, word)} <= told


def test_the_page_of_errors_is_what_the_tool_prints_and_no_two_share_a_code():
    path = ROOT / "docs" / "errors.md"
    assert path.read_text(encoding="utf-8") == errors.page(), f"{path}: run make reference"
    codes = [error.code for error in errors.errors()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"strengths": {"plan-agreed": "block"}}, "`plan-agreed` refuses (supervisor)"),
        (
            {"strengths": {"plan-agreed": "block"}},
            "- The client has agreed to the plan as it stands. Exception: supervisor. (ISED",
        ),
        (
            {"rules": {"monitor": [rules.exit_interviews]}},
            "`monitor` refuses<br>`close` refuses<br>",
        ),
        (
            {"drop": {"assess": ["enrolled-before-assessment"]}},
            "### Assess\n\nThe assessment begins.\n\nFrom engagement to assessment. "
            "(ISED, Case Management, stage 2)\n\n### Plan\n",
        ),
    ],
)
def test_a_changed_workflow_has_another_reference(change, says):
    changed = page(six_stage.extend("six-stage", version="2", **change))
    assert changed != page(six_stage)
    assert says in changed


def test_the_reference_names_everything():
    known = page(six_stage)
    events = [cls for cls in vars(casework).values() if hasattr(cls, "__caseflow_event__")]
    assert len(events) == 70
    elsewhere = set(events) - set(six_stage.event_types)
    assert all(cls in service_delivery.event_types for cls in elsewhere)
    for cls in six_stage.event_types:
        assert f"`{cls.__caseflow_event__.name}`<br>`{cls.__name__}`" in known
    for row in six_stage.rows:
        assert row.core or f"\n| `{row.name}` | " in known
    for id, rule in six_stage.all_rules.items():
        assert f"\n| `{id}` | {rule.wanted} | " in known


def test_the_reference_of_another_trade_tells_roles_reasons_and_conditions():
    told = page(shop)
    assert "| `stolen` | any open stage, on hold or not | abandoned | | | | manager |" in told
    assert "From any open stage, on hold or not, to abandoned. By: manager." in told
    assert "one of: `customer.too-dear`, `customer.moved-away`, `no-parts`" in told
    assert "repair (waiting), if: Parts are still to come.; repair (bench)" in told
    assert "`rung-back` | A customer who rang in vain is rung back. | `call-missed` due" in told


def test_the_reference_says_once_from_where_a_decision_leads():
    told = page(service_delivery)
    assert "From any open stage to on hold. A reason is given" in told
    assert "| `hold` | any open stage | on hold |" in told
    assert "In any open stage, on hold or not, and when closed; the case stays there." in told
    stays = "intake assessment, enrollment and orientation, individual service plan"
    assert told.count(f"In {stays} or service delivery; the case stays there.") == 2
    assert told.count("\n| `suitability-determined` | ") == 1
    assert f"| `suitability-determined` | {stays}, service delivery | stays |" in told
    assert "in assessment, service planning or plan implementation and service" in page(continuum)


def test_the_reference_tells_what_is_not_stated_and_what_is_due():
    told = page(continuum)
    assert "| **closed** | closure | | ends here | where it was before | not stated |" in told
    assert (
        "| A case note is written every week. | case manager "
        "| within a week of the last one | in plan implementation and service delivery "
        "| progress noted | | Bi-level Case Management, writing quality case notes: "
        "weekly (in which stages, it does not say) | `weekly-note` |"
    ) in told
    assert "Nothing is due by a time of its own" in page(six_stage)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.python)
def test_the_part_for_those_who_know_the_work_tells_all_and_names_no_code(model):
    workflow = model.workflow
    told, names = model_page(model).split("## For developers")
    for row in workflow.rows:
        assert row.core or f"\n### {row.label[:1].upper()}{row.label[1:]}\n" in told
        assert all(workflow.in_terms(rule.wanted) in told for rule in row.rules)
    for rules_on in workflow.rules.values():
        assert all(workflow.in_terms(one.wanted) in told for one in rules_on)
    due = [line for line in told.splitlines() if line.endswith("` |")]
    assert [line.split(" | ")[0].strip("| ") for line in due] == [
        one.wanted for one in workflow.obligations
    ]
    code = [line for line in told.splitlines() if "`" in line and line not in due]
    assert code == [
        "This page is made from the workflow itself by `make reference`, and a test "
        "sees that it agrees."
    ]
    assert all(f"`{row.name}`" in names for row in workflow.rows if not row.core)


def test_every_transition_that_ships_says_in_a_sentence_what_it_is():
    for model in MODELS:
        for row in model.workflow.rows:
            if not row.core and row.transition.records is None:
                assert re.fullmatch(r"[A-Z][^`]+\.", row.transition.description), row.name


def test_the_page_of_all_rules_has_each_with_its_source_and_its_models():
    told = page_of_rules()
    path = REFERENCES / "rules.md"
    assert path.read_text(encoding="utf-8") == told, f"{path} is out of date: run make reference"
    parts = dict(part.split("\n", 1) for part in told.split("\n### ")[1:])
    shipped = {id: one for model in MODELS for id, one in model.workflow.all_rules.items()}
    due = {one.id: one for model in MODELS for one in model.workflow.obligations}
    assert parts.keys() >= rules.VOCABULARY.keys() | shipped.keys() | due.keys()
    for model in MODELS:
        of = f"[{model.title}]({model.workflow.name}.md"
        stands = {id for id, part in parts.items() if of in part}
        assert stands == {
            *model.workflow.all_rules,
            *(one.id for one in model.workflow.obligations),
        }
        for rule in [rule for row in model.workflow.rows for rule in row.rules]:
            assert rule.wanted in parts[rule.id]
            assert f"From: {rule.source}." in parts[rule.id]
    assert "- in no model. From: practice of the field" in parts["plan-approved"]
    assert "practice model [navigator]" in parts["caseload-cap"]
    assert "the agency says how long" in parts["handoff"]


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        (within("5 working days"), "within 5 working days"),
        (every("1 month", counted="fixed"), "every month, counted from the start"),
        (every("2 months", counted="calendar"), "every 2 months, by the calendar"),
        (every("1 week"), "within a week of the last one"),
        (every("1 hour"), "within an hour of the last one"),
        (every("2 weeks"), "within 2 weeks of the last one"),
        (between("3 months", "9 months"), "between 3 months and 9 months"),
        (
            yearly(before="30 days", after="30 days"),
            "each year, from 30 days before the anniversary to 30 days after",
        ),
        (in_quarter(0), "in the same calendar quarter"),
        (in_quarter(1), "in the next calendar quarter"),
        (in_quarter(2), "2 calendar quarters later"),
        (on_date("review_on"), "by the day that it sets"),
    ],
)
def test_the_reference_says_by_when(timing, words):
    assert by_when(timing) == words


def test_the_map_of_the_casebook_has_every_module_once():
    (told,) = re.findall(
        r"What stands in `casebook/`.*?\n\n(.*?)\n\n",
        (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"),
        re.S,
    )
    folder = ROOT / "src" / "caseflow" / "casebook"
    there = [path for path in folder.rglob("*.py") if path.name != "__init__.py"]
    rooms = {"the books": "", "deciding": "", "following": ""}
    found = []
    for row in told.splitlines()[2:]:
        name, modules = row.strip("| ").split(" | ", 1)
        room = rooms.get(name, name.strip("`"))
        found += [room + module for module in re.findall(r"`(\w+\.py)`", modules)]
    assert sorted(found) == sorted(path.relative_to(folder).as_posix() for path in there)


def doctest_module(module):
    """Run the doctests in a module; return what is wrong with them."""
    return "".join(doctest_report(test) for test in doctest.DocTestFinder().find(module))


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = doctest_module(importlib.import_module(name))
    assert not report, report


# The harness itself: what is wrong on a page must not pass.


def fence(code, info="python"):
    return f"```{info}\n{code}\n```\n"


def check(markdown, folder):
    return run(parse(markdown), folder)


@pytest.mark.parametrize(
    ("markdown", "ran"),
    [
        ("", 0),
        ("# A page\n\nno code\n", 0),
        (fence("ls", "sh") + fence("not python", "text"), 0),
        (fence("x = 1") + "and then\n" + fence("assert x == 1"), 2),
        (fence("print('a  \\n\\nb')") + "\n\n" + fence("a\n\nb", "text"), 1),
        (fence("print('a')") + "words between\n" + fence("b", "text"), 1),
        (fence("x = 2") + fence(">>> x + 1\n3\n>>> y = x") + fence("assert y == 2"), 3),
        (fence("raise SystemExit", 'python no-run="needs a server"'), 0),
        ("1. In a list:\n\n   ```python\n   if True:\n       x = 1\n   ```\n", 1),
        ("````text\n```python\nnot run\n```\n````\n", 0),
        (
            fence(
                "from __future__ import annotations\n"
                "from dataclasses import dataclass\n"
                "@dataclass\nclass A:\n    x: int = 1\n"
            ),
            1,
        ),
    ],
)
def test_what_holds_passes(markdown, ran, tmp_path):
    assert check(markdown, tmp_path) == ran


@pytest.mark.parametrize(
    ("markdown", "says"),
    [
        (fence("print('a')") + fence("b", "text"), r"page:1: the page shows\nb\n.*printed\na"),
        (fence("print('a')") + "\n" + fence("", "text"), "the page shows"),
        (fence("x = 1") + fence("a", "text"), "the page shows"),
        (fence("print(' a')") + fence("a", "text"), "the page shows"),
        ("\n" + fence("1 / 0"), "page:2: ZeroDivisionError"),
        (fence("assert 1 == 2"), "AssertionError"),
        (fence("raise SystemExit(0)"), "SystemExit"),
        (fence("x ="), "SyntaxError"),
        (fence(">>> 1 + 1\n3"), "Expected"),
        (fence(">>> 'a b'\n'a  b'"), "Expected"),
        (fence(">>> print('a\\nb')\na\n..."), "Expected"),
        (fence('def f():\n    """\n    >>> 1\n    1\n    """\n\n1 / 0'), "ZeroDivisionError"),
        (fence("# first\n>>> 1\n1"), "SyntaxError"),
        (fence(">>> x = 1\n\nassert x == 2"), "a line after a blank line"),
        (fence(">>> 1 / 0  # doctest: +SKIP"), "proves nothing"),
        (fence(">>> 1\n1") + fence("1", "text"), "shows its output itself"),
        (fence("1 / 0", "python no-run"), "only no-run="),
        (fence("1 / 0", 'python no-run=""'), "only no-run="),
        (fence("1 / 0", 'python no-run=" "'), "only no-run="),
        (fence("1 / 0", "python skip"), "only no-run="),
        (fence("1 / 0", "py"), "write ```python"),
        (fence("1 / 0", "Python"), "write ```python"),
        (fence("1 / 0", "python,ignore"), "write ```python"),
        (fence("1 / 0", "{.python}"), "write ```python"),
        (fence("print('a')") + "\n" + fence("b", ""), "page:5: write ```text"),
        (fence("print('a')") + fence("b", "console"), "write ```text"),
        ("```python\n1 / 0\n", "never closed"),
        ("> ```python\n> 1 / 0\n> ```\n", "lines of its own"),
        ("\t```python\n\t1 / 0\n\t```\n", "lines of its own"),
        ("- ```python\n  1 / 0\n  ```\n", "lines of its own"),
        ("1. ```python\n   1 / 0\n   ```\n", "lines of its own"),
    ],
)
def test_what_is_wrong_fails(markdown, says, tmp_path):
    with pytest.raises(DocumentationError, match=rf"(?s){says}"):
        check(markdown, tmp_path)


@pytest.mark.parametrize(
    ("link", "broken"),
    [
        ("[a](other.md)", []),
        ("[a](other.md#a-title)", []),
        ("[a](#here-it-is)", []),
        ("[a\nb](sub/deep.md)", []),
        ("[a](https://example.org/nothing.md)", []),
        ("`[a](gone.md)` and\n\n" + fence("[a](gone.md)"), []),
        ("[a](gone.md)", ["page.md: gone.md leads to no file"]),
        ("[a](other.md#a-tittle)", ["page.md: other.md#a-tittle leads to no heading"]),
        ("[a](#there)", ["page.md: #there leads to no heading"]),
    ],
)
def test_a_broken_link_is_found(link, broken, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deep.md").write_text("", encoding="utf-8")
    (tmp_path / "other.md").write_text("# A title!\n", encoding="utf-8")
    page_path = tmp_path / "page.md"
    page_path.write_text(f"## Here: `it` is\n\n{link}\n", encoding="utf-8")
    assert broken_links(page_path) == broken


def test_blocks_run_in_the_folder_given(tmp_path):
    here = Path.cwd()
    check(fence("open('made.txt', 'w').close()"), tmp_path)
    assert (tmp_path / "made.txt").exists()
    assert Path.cwd() == here


def test_a_wrong_docstring_is_found(tmp_path, monkeypatch):
    (tmp_path / "wrong_docstring.py").write_text('"""\n>>> 1 + 1\n3\n"""\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert "Expected" in doctest_module(importlib.import_module("wrong_docstring"))


def test_the_modules_are_found():
    assert "caseflow.kernel" in MODULES


def test_the_words_of_the_glossary_stand_in_the_order_of_the_alphabet():
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for part in page.split("\n## ")[1:]:
        rows = [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("| ")]
        words = [word.lower().replace("-", " ").replace(",", " ").split(" ") for word in rows[2:]]
        assert words == sorted(words)
        assert len(words) > 10
