"""Faults that a store has to survive, and what must be true after each of them.

Real processes work on a real database (`workers.py`) and are killed, held up and cut off. After
that one and the same list of invariants is asked of everything that stands there
(`invariants.py`). The tests of this folder run in a short form; `make chaos` runs the long one.
"""
