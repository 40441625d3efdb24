"""What the repository says of itself agrees, and names nothing of the machine it was made on."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest

from tools.lowest import EXTRAS, pins

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MACHINE_PATH = re.compile(r"(?<![\w.~:-])/(?:home|Users|root|work|workspace|mnt)/[\w.-]+")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|--(?:extra-)?index-url|"
    r"[/]simple/|find[-]links",
    re.IGNORECASE,
)


def tracked_texts():
    """Return path and text of each file under version control, or new and not ignored."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    found = {}
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" not in data:
            found[name] = data.decode("utf-8", errors="replace")
    return found


def test_classifiers_agree_with_requires_python():
    minors = sorted(
        int(found[1])
        for classifier in PROJECT["classifiers"]
        if (found := re.search(r"Python :: 3\.(\d+)$", classifier))
    )
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert sys.version_info[:2] >= (3, minors[0])


def test_each_dependency_has_a_lowest_version():
    named = {pin.split("==")[0] for pin in pins(PROJECT)}
    assert named >= {"SQLAlchemy", "attrs", "hypothesis", "pytest", "psycopg", "alembic"}
    with pytest.raises(ValueError, match="'attrs' has no lower bound"):
        pins({**PROJECT, "dependencies": ["attrs"]})


def test_the_lowest_versions_cover_every_extra_that_the_suite_brings():
    extras = PROJECT["optional-dependencies"]
    brought, waiting = set(), ["suite"]
    while waiting:
        brought.add(extra := waiting.pop())
        for requirement in extras[extra]:
            if found := re.fullmatch(rf"{PROJECT['name']}\[([\w,]+)\]", requirement):
                waiting += found[1].split(",")
    assert set(EXTRAS) == brought


def test_the_readme_lists_every_extra_for_users():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ours = {"suite", "bench", "dev"}  # what the project itself needs
    listed = re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE)
    assert sorted(listed) == sorted(set(PROJECT["optional-dependencies"]) - ours)


def test_the_installed_version_is_the_declared_one():
    assert metadata("caseflow-engine")["Version"] == PROJECT["version"]


def test_readme_is_part_of_the_distribution():
    assert PROJECT.get("readme") == ("README.md" if (ROOT / "README.md").is_file() else None)


def test_the_types_are_shipped():
    import caseflow

    assert (Path(caseflow.__file__).parent / "py.typed").is_file()


def test_licence_and_changelog():
    assert PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]$", changelog, re.MULTILINE)


def test_no_file_names_a_machine_or_a_registry():
    bad = [
        f"{name}:{number}: {found[0]}"
        for name, text in tracked_texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if (found := MACHINE_PATH.search(line) or REGISTRY.search(line))
    ]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("text", ["see %s", 'open("%s")', "file://%s"])
def test_a_machine_path_is_seen(text):
    for folder in ("home", "root", "work"):
        assert MACHINE_PATH.search(text % f"/{folder}/ann/x")


@pytest.mark.parametrize("text", ["/case/1", "docs/home/x", "/usr/bin/env", "https://a.org/work/x"])
def test_other_paths_are_not(text):
    assert not MACHINE_PATH.search(text)
