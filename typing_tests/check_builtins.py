"""A first file, to show the form; it checks nothing of caseflow."""

from typing import assert_type

assert_type([1, 2][0], int)

number: int = "a"  # type: ignore[assignment]
