"""Hypothesis for this folder: no deadlines, since machines differ, and few examples, since tests are run often.

Each run tries others, except where the variable CI is set: hypothesis itself makes them the same there.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("unit", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")
