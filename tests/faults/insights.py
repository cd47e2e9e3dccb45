"""Detection, to be interrupted: each Insight is told once, whatever a run has already stored."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from tests.faults.invariants import Invariant, demand
from tests.faults.scenario import Scenario, scheduled
from tests.functions.clock import START
from tests.functions.deployment import Deployment
from tests.functions.detections import insights
from tests.functions.events import Event, as_array, make_event

NEW = ("203.0.113.9", "198.51.100.7")


def _calls(address: str, first: datetime, count: int, every: timedelta) -> list[Event]:
    times = [(first + every * n).isoformat().replace("+00:00", "Z") for n in range(count)]
    return [
        make_event(f"{address}-{n}", sourceIpAddress=address, eventTime=time, eventName=f"Describe{n % 3}")
        for n, time in enumerate(times)
    ]


def _prepare(deployment: Deployment) -> None:
    """Two days of usual calls, then two addresses that nobody knows."""
    usual = _calls("192.0.2.10", START - timedelta(days=2), 16, timedelta(hours=3))
    unusual = [event for new in NEW for event in _calls(new, START - timedelta(hours=3), 20, timedelta(minutes=1))]
    deployment.land_and_deliver("log", as_array(usual + unusual))


def _check(deployment: Deployment) -> None:
    told = Counter(
        (event["insightDetails"]["insightObject"], event["insightDetails"]["state"])
        for event in insights(deployment, startTime="2026-01-01T00:00:00Z")
    )
    wanted = Counter((new, state) for new in NEW for state in ("Start", "End"))
    demand(Invariant.NOTHING_LOST, not wanted - told, f"not told: {wanted - told}")
    demand(Invariant.NOTHING_TWICE, told == wanted, f"told too often: {told - wanted}")


DETECTION = Scenario(
    function="detect_insights",
    about="the starts and ends of two Insights",
    prepare=_prepare,
    run=scheduled("detect_insights"),
    check=_check,
)
