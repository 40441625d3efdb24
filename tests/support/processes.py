"""Programs that run at the same time, each in a process of its own."""

import subprocess
import sys


def at_once(program: str, *arguments: str, processes: int = 3) -> list[str]:
    """Run a program in several processes; what each printed after it was ready.

    The program prints "ready" when it has imported what it needs, and goes on after `input()`:
    then all of them begin together.
    """
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(processes)
    ]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60)[0].strip() for one in started]
    assert [one.returncode for one in started] == [0] * processes, said
    return said
