"""How quick caseflow is: ratios to peers and to hand-written limits, by `python -m benchmarks`."""
