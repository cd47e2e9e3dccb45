"""Every function that writes, with what of it is interrupted. A function that may write and stands not here is a bug.

To add one: a module of scenarios, such as :mod:`tests.faults.deliveries`, with a :class:`Scenario` for each way in
which the function writes; its name in :data:`SCENARIOS`; and the function in ``FUNCTIONS`` of the test of its kind
(``test_delivery.py``, ``test_upkeep.py`` …: tests of one file run in one process, so they are spread). A scenario needs

- ``prepare(deployment)``: land and deliver what is needed, put the clock forward. Runs once; what stands then in both
  buckets is put into a fresh deployment for each fault. Messages and secrets of its own are not: make them in ``run``.
- ``run(deployment) -> bool``: invoke the function as its trigger does (``scheduled(…)`` for a schedule). True when it
  acknowledged the work. Errors of ours may come through; others are violations.
- ``check(deployment)``: ``demand(Invariant.…, …)`` what must hold then; :mod:`tests.faults.lake` has what is true of
  deliveries and answers. Demand what users see, and what is stored.
- ``comes_again=True`` for a schedule.

The clock stands still while a scenario is run, so what an interrupted run and its repetition leave is, object by
object, what an undisturbed run leaves. Where it cannot be, give ``stands`` something to compare that can, or
:func:`~tests.faults.scenario.nothing`.
"""

from __future__ import annotations

from tests.faults import (
    compactions,
    deliveries,
    exports,
    index,
    insight_settings,
    insights,
    jobs,
    requests,
    retention,
    saved_queries,
    searches,
)
from tests.faults.scenario import Scenario
from tests.functions.interruption import Fault

SCENARIOS: tuple[Scenario, ...] = (
    deliveries.DELIVERY,
    deliveries.SWEEP,
    requests.POST,
    requests.TOKEN,
    requests.COPY,
    insights.ORDERS,
    insights.COUNTING,
    insights.TELLING,
    insights.PUTTING_OFF,
    insight_settings.CHANGE,
    compactions.ORDERS,
    compactions.WORK,
    compactions.REST,
    index.PUBLISHING,
    retention.RUN,
    retention.SETTINGS,
    retention.HOLD,
    retention.RELEASE,
    exports.ORDER,
    exports.WORK,
    jobs.WORK,
    searches.WORK,
    jobs.EXPIRY,
    jobs.CANCELLING,
    jobs.DELETION,
    searches.ORDER,
    searches.ROWS,
    saved_queries.SAVING,
    saved_queries.CHANGE,
    saved_queries.DELETION,
)


def cases(*functions: str) -> list[tuple[Scenario, Fault]]:
    """Every scenario of these functions with every fault."""
    return [(scenario, fault) for scenario in SCENARIOS if scenario.function in functions for fault in Fault]
