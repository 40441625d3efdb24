"""Values of a strategy as a plain list, where a test is about all of them together."""

from hypothesis import given, settings


def drawn(strategy, *, examples):
    """At most so many values, the same ones each time. Raises where there are none."""
    values = []

    @settings(max_examples=examples)
    @given(strategy)
    def draw(value):
        values.append(value)

    draw()
    return values
