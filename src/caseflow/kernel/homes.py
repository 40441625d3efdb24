"""Where the function of a rule is found again, so that rules can be pickled.

A function that was decorated, or made by another, has no name of its own in its module; the
rule or the maker there has one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple


class Home(NamedTuple):
    """The rule of this name in a module, or the maker of rules and what it was given.

    `given` is None for a rule.
    """

    module: str
    name: str
    given: Mapping[str, Any] | None

    def check(self) -> Any:
        """The function of the rule that is at home here."""
        found = getattr(import_module(self.module), self.name)
        return (found if self.given is None else found(**self.given)).check


def home_of(rule: Any) -> Home | None:
    """Where the function of a rule is found again (None: it has a name of its own, or no home)."""
    module, name = (getattr(rule.check, part, "") for part in ("__module__", "__qualname__"))
    name = name.partition(".<locals>")[0]
    found: Any = getattr(sys.modules.get(module), name, None)
    if found is not None and getattr(found, "check", None) is rule.check:
        return Home(module, name, None)
    form = rule.form
    if form is not None and getattr(found, "__caseflow_maker__", None) == form.name:
        return Home(module, name, dict(form.given))
    return None
