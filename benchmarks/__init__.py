"""How quick caseflow is, as ratios to its peers and to hand-written limits: `python -m benchmarks`."""
