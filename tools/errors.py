"""Write the page of every error and its code, from the code itself.

`python -m tools.errors` prints it; with a file, it writes it there.
"""

import inspect
from collections.abc import Iterator
from string import Formatter

from caseflow import CaseflowError
from tools.tables import code, table, written

INTRO = """\
# Every error, and its code

Codes and names of fields are [stable](stability.md). The fields are those that the sentence is made
of, which `error.say(wordings)` says in other words; some errors have more, which their docstrings
tell. An error is also each of those that stand in its last column, so ask for it before those. What
to tell the user, and which web status fits, says [how to
embed](howto-embed.md#what-went-wrong-and-what-to-say). This page is made from the code by `make
reference`, and a test sees that it agrees.

"""


def errors(base: type[CaseflowError] = CaseflowError) -> Iterator[type[CaseflowError]]:
    """All errors of the package, each after what it is one of."""
    for error in base.__subclasses__():
        if error.__module__.startswith("caseflow."):
            yield error
            yield from errors(error)


def fields(error: type[CaseflowError]) -> str:
    """The fields that the sentence of an error is made of."""
    named = (name for _, name, _, _ in Formatter().parse(error.wording) if name)
    return ", ".join(map(code, dict.fromkeys(named)))


def page() -> str:
    """The page."""
    rows = [
        [
            code(error.code),
            code(error.__name__),
            str(inspect.getdoc(error)).partition("\n")[0],
            fields(error),
            ", ".join(code(base.__name__) for base in error.__mro__[1:-4]),
        ]
        for error in errors()
    ]
    return INTRO + table(["code", "class", "what happened", "fields", "is also"], rows)


if __name__ == "__main__":
    written(page())
