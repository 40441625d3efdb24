"""How Hypothesis runs here: the same examples each time, and more of them when asked.

`CASEFLOW_PROFILE=thorough` draws ten times as many, and new ones each time.
"""

import os

from hypothesis import HealthCheck, settings

# Histories are large values that take many draws: that is no sign of a bad strategy here.
LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "suite",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    max_examples=60,
    stateful_step_count=30,
    suppress_health_check=LARGE,
)
settings.register_profile(
    "thorough",
    derandomize=False,
    database=None,
    deadline=None,
    print_blob=True,
    max_examples=600,
    stateful_step_count=60,
    suppress_health_check=LARGE,
)
settings.load_profile(os.environ.get("CASEFLOW_PROFILE", "suite"))
