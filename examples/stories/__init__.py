"""A story for each of the process models: one case, from its source's first stage to its last.

    python -m examples.stories            tells them all
    python -m examples.stories continuum  tells one

The people, the agencies and the days are invented.
"""
