"""Running a contract in the middle of a test, to see which of its tests fail."""

import unittest


def names_of(made):
    """The names of the tests that a contract holds."""
    return set(unittest.defaultTestLoader.getTestCaseNames(made))


def broken_in(made, told=None, *, only=None):
    """The names of the tests that fail; `told` gets what each of them says."""
    result = unittest.TestResult()
    for name in sorted(only or names_of(made)):
        made(name).run(result)
    bad = {test.id().rpartition(".")[2]: words for test, words in result.failures + result.errors}
    assert not result.skipped
    if told is not None:
        told.update(bad)
    return set(bad)
