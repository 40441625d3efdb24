"""How long an import takes, each time in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Measured, ratios

PEERS = "import transitions, attrs, cattrs, blinker"
PROGRAM = """
from time import perf_counter
start = perf_counter()
{statement}
print(perf_counter() - start)
"""


def importing(statement: str, folder: Path) -> Measured:
    """An import against the import of the libraries that it stands on.

    `folder` keeps the compiled modules of both, which the first, unmeasured round writes.
    """
    return ratios(lambda: _seconds(statement, folder), lambda: _seconds(PEERS, folder), rounds=15)


def _seconds(statement: str, folder: Path) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    program = PROGRAM.format(statement=statement)
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    return float(done.stdout)
