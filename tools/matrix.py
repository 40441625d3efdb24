"""Run the test suite from a built wheel, on every supported Python and with the lowest versions.

`python -m tools.matrix` takes each Python that pyproject.toml names and this machine has, then the
oldest of them with the lowest declared versions. `--lowest` does only the last. The properties
draw few examples here, and what tries the library's own reasoning at length is left to `make test`:
what is looked for is what differs between versions.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.lowest import ROOT, declared, pins

WORK = ROOT / ".matrix"
LEFT_OUT = (
    *("chaos", "examples", "hostile", "properties", "rules", "stages"),
    *("casebook/test_agencies_apart.py", "casebook/test_verify.py"),
    *("erasure/test_histories.py", "erasure/test_in_flight.py"),
    *("testing/test_contract_catches.py", "testing/test_planted_faults.py"),
)
"""Tests whose answers no version of another library changes."""
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")
WHO = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable, sep='\\n')"


def supported() -> list[str]:
    """Return the Python versions that the classifiers name, oldest first."""
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(declared()["classifiers"]))
    return sorted(named, key=lambda version: int(version.split(".")[1]))


def ask(command: str, env: dict[str, str]) -> tuple[str, str] | None:
    """Return the version and the path of an interpreter, or None if it does not run."""
    try:
        answer = subprocess.run(
            [command, "-c", WHO], env=env, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    if answer.returncode != 0:
        return None
    version, path = answer.stdout.splitlines()
    return version, path


def environments() -> list[dict[str, str]]:
    """Return this environment, and one for each version that pyenv, where it is used, knows."""
    here = dict(os.environ)
    found = [here]
    if shutil.which("pyenv"):
        known = subprocess.run(
            ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False
        )
        found += [{**here, "PYENV_VERSION": name} for name in known.stdout.split()]
    return found


def interpreters() -> dict[str, str]:
    """Return, by version, a path to each supported Python that runs here."""
    found: dict[str, str] = {}
    tries = environments()
    for version in supported():
        for env in tries:
            answer = ask(f"python{version}", env)
            if answer is not None and answer[0] == version:
                found[version] = answer[1]
                break
    own = ask(sys.executable, tries[0])
    if own is not None and own[0] in supported():
        found.setdefault(*own)
    return found


def run(*command: str | Path, **env: str) -> None:
    """Run a command that must succeed, with its output shown."""
    words = [str(part) for part in command]
    variables = {**os.environ, **env}
    subprocess.run(words, cwd=ROOT, env=variables, check=True, stdin=subprocess.DEVNULL)


def wheel() -> Path:
    """Build the wheel and return its path."""
    dist = WORK / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    run(sys.executable, *PIP, "wheel", "-qq", "--no-deps", "--wheel-dir", dist, ROOT)
    built: Path = next(dist.glob("*.whl"))
    return built


def suite(label: str, python: str, built: Path, constraints: list[str]) -> bool:
    """Install the wheel in a new environment, run the tests there, and say if they passed."""
    print(f"\n== {label}: installing ...", flush=True)
    folder = WORK / label.replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    own = folder / "bin" / "python"
    listed = WORK / "constraints.txt"
    listed.write_text("\n".join(constraints) + "\n", encoding="utf-8")
    try:
        run(python, "-m", "venv", folder)
        run(own, *PIP, "install", "-qq", "-c", listed, f"{built}[suite]")
        print(f"== {label}: testing", flush=True)
        without = [f"--ignore=tests/{name}" for name in LEFT_OUT]
        options = ("-q", "-p", "no:cacheprovider", *without)
        run(own, "-m", "pytest", *options, CASEFLOW_PROFILE="quick")
    except subprocess.CalledProcessError as error:
        print(f"== {label}: failed ({error})", flush=True)
        return False
    shutil.rmtree(folder)
    return True


def main() -> int:
    """Run what was asked for; the exit status is 1 if any part failed."""
    parser = argparse.ArgumentParser(description="Run the suite from a wheel on several Pythons.")
    parser.add_argument("--lowest", action="store_true", help="only the lowest declared versions")
    only_lowest = parser.parse_args().lowest
    found = interpreters()
    if not found:
        print(f"None of Python {', '.join(supported())} runs on this machine.")
        return 1
    WORK.mkdir(exist_ok=True)
    built = wheel()
    results: dict[str, str] = {}
    for version in [] if only_lowest else supported():
        label = f"Python {version}"
        if version in found:
            results[label] = "passed" if suite(label, found[version], built, []) else "FAILED"
        else:
            results[label] = "not on this machine, not tested"
    oldest = next(version for version in supported() if version in found)
    label = f"Python {oldest} lowest"
    passed = suite(label, found[oldest], built, pins(declared()))
    results[label] = "passed" if passed else "FAILED"
    print()
    for label, result in results.items():
        print(f"{label}: {result}")
    return int("FAILED" in results.values())


if __name__ == "__main__":
    sys.exit(main())
