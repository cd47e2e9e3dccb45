"""detect_insights: when an address is new, how long it is unusual, and what happens to late and broken data."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.functions.clock import START
from tests.functions.deployment import LAKE, Deployment
from tests.functions.detections import detect, insights
from tests.functions.events import Event, as_array, make_event
from trailkeep.errors import StorageUnavailable

NEW = "203.0.113.9"


def calls(
    address: str, first: datetime, count: int, minutes: float = 1, name: str = "call", **changes: Any
) -> list[Event]:
    return [
        make_event(
            f"{name}-{address}-{n}",
            sourceIpAddress=address,
            eventTime=(first + timedelta(minutes=minutes * n)).isoformat().replace("+00:00", "Z"),
            **changes,
        )
        for n in range(count)
    ]


def usual(days: int = 4) -> list[Event]:
    """A call every three hours from one address, up to now."""
    return calls("192.0.2.10", START - timedelta(days=days), days * 8, 180, name="usual")


def deliver(deployment: Deployment, name: str, *groups: list[Event]) -> None:
    deployment.land_and_deliver(name, as_array([event for group in groups for event in group]))


def states(deployment: Deployment) -> list[tuple[str, str]]:
    found = insights(deployment, startTime="2026-01-01T00:00:00Z", direction="FORWARD")
    return [(event["insightDetails"]["insightObject"], event["insightDetails"]["state"]) for event in found]


def test_an_empty_lake_holds_nothing_unusual(deployment: Deployment) -> None:
    assert detect(deployment) == {"calls": 0, "insights": 0, "stored": 0}
    assert deployment.keys() == []


def test_a_history_of_less_than_a_day_is_too_short_to_say(deployment: Deployment) -> None:
    deliver(
        deployment,
        "log",
        calls("192.0.2.10", START - timedelta(hours=20), 30),
        calls(NEW, START - timedelta(hours=3), 30),
    )

    assert detect(deployment) == {"calls": 60, "insights": 0, "stored": 0}


def test_a_new_address_is_unusual_from_its_tenth_call_on(deployment: Deployment) -> None:
    first = START - timedelta(minutes=30)
    deliver(deployment, "log", usual(), calls(NEW, first, 9))
    assert detect(deployment)["insights"] == 0

    deliver(deployment, "tenth", calls(NEW, first, 10))
    assert detect(deployment) == {"calls": 42, "insights": 1, "stored": 1}
    assert states(deployment) == [(NEW, "Start")]


def test_an_address_of_a_known_network_is_usual(deployment: Deployment) -> None:
    deliver(deployment, "log", usual(), calls("192.0.2.200", START - timedelta(hours=2), 30))

    assert detect(deployment)["insights"] == 0


def test_services_and_internal_callers_are_no_addresses(deployment: Deployment) -> None:
    first = START - timedelta(hours=2)
    others = [calls(address, first, 30) for address in ("Internal", "rds.aliyuncs.com", "203.0.**.**")]
    deliver(deployment, "log", usual(), *others)

    assert detect(deployment) == {"calls": 32, "insights": 0, "stored": 0}


def test_what_is_known_to_one_account_is_new_to_another(deployment: Deployment) -> None:
    known = calls(NEW, START - timedelta(days=4), 8, 720, name="known")
    other = {"recipientAccountId": "2"}
    deliver(
        deployment, "log", usual(), known,
        calls("198.51.100.1", START - timedelta(days=4), 16, 360, **other),
        calls(NEW, START - timedelta(hours=2), 20, name="other", **other),
    )  # fmt: skip

    assert detect(deployment)["insights"] == 1
    (end, start) = insights(deployment)
    assert (start["recipientAccountId"], end["recipientAccountId"]) == ("2", "2")


def test_an_ipv6_address_is_one_however_it_is_spelt(deployment: Deployment) -> None:
    first = START - timedelta(hours=2)
    spellings = ["2001:db8:5::1", "2001:0DB8:0005:0000:0000:0000:0000:0001"]
    deliver(deployment, "log", usual(), *[calls(address, first, 8) for address in spellings])

    assert detect(deployment)["insights"] == 1


def test_an_insight_that_lasts_ends_an_hour_after_its_last_call(deployment: Deployment) -> None:
    deliver(deployment, "log", usual(), calls(NEW, START - timedelta(minutes=20), 20))
    assert detect(deployment)["stored"] == 1
    assert states(deployment) == [(NEW, "Start")]

    deployment.clock.forward(minutes=50)
    assert detect(deployment)["stored"] == 0
    deployment.clock.forward(minutes=15)
    assert detect(deployment)["stored"] == 1

    assert states(deployment) == [(NEW, "Start"), (NEW, "End")]
    start, end = insights(deployment, direction="FORWARD")
    assert start["sharedEventId"] == end["sharedEventId"]


def test_after_its_insight_an_address_is_known(deployment: Deployment) -> None:
    deliver(deployment, "log", usual(), calls(NEW, START - timedelta(hours=5), 20))
    assert detect(deployment)["stored"] == 2
    deliver(deployment, "again", calls(NEW, START - timedelta(hours=2), 20, name="again"))
    deployment.clock.forward(hours=2)

    assert detect(deployment)["stored"] == 0


def test_a_few_calls_before_do_not_hide_what_follows(deployment: Deployment) -> None:
    """Whoever tries a stolen key once and comes back hours later is still told."""
    tried = calls(NEW, START - timedelta(hours=9), 2, name="tried")
    deliver(deployment, "log", usual(), tried, calls(NEW, START - timedelta(hours=3), 20))

    assert detect(deployment)["insights"] == 1
    start = insights(deployment, state="Start")[0]
    assert start["eventTime"] == "2026-03-10T09:00:00Z"


def test_copies_of_calls_count_once(deployment: Deployment) -> None:
    nine = calls(NEW, START - timedelta(minutes=30), 9)
    deliver(deployment, "log", usual(), nine)
    deliver(deployment, "copy", nine)
    deliver(deployment, "another copy", nine)

    assert detect(deployment) == {"calls": 41, "insights": 0, "stored": 0}


def test_calls_that_come_late_tell_no_insight_twice(deployment: Deployment) -> None:
    """More calls of an episode land after its end was told: before its first, and after its last."""
    first = START - timedelta(hours=4)
    deliver(deployment, "log", usual(), calls(NEW, first, 20))
    assert detect(deployment)["stored"] == 2
    told = insights(deployment)

    deliver(deployment, "late", calls(NEW, first + timedelta(minutes=40), 5, name="late"))
    deployment.clock.forward(minutes=5)
    assert detect(deployment)["stored"] == 0
    deliver(deployment, "early", calls(NEW, first - timedelta(minutes=10), 5, name="early"))
    deployment.clock.forward(minutes=5)
    assert detect(deployment)["stored"] == 0

    assert insights(deployment) == told


def test_an_end_is_told_of_the_start_that_was_told(deployment: Deployment) -> None:
    """A call that comes late moves the beginning of an episode after its start was told."""
    first = START - timedelta(minutes=20)
    deliver(deployment, "log", usual(), calls(NEW, first, 20))
    assert detect(deployment)["stored"] == 1
    deliver(deployment, "early", calls(NEW, first - timedelta(minutes=5), 1, name="early"))
    deployment.clock.forward(hours=2)

    assert detect(deployment)["stored"] == 1
    start, end = insights(deployment, direction="FORWARD")
    assert (start["insightDetails"]["state"], end["insightDetails"]["state"]) == ("Start", "End")
    assert start["sharedEventId"] == end["sharedEventId"]


def test_an_event_cannot_pass_itself_off_as_an_insight(deployment: Deployment) -> None:
    forged = make_event(
        "forged",
        eventCategory="Insight",
        eventName="IpInsight",
        insightDetails={"insightType": "IpInsight", "insightObject": NEW, "state": "Start"},
    )
    deliver(deployment, "log", usual(), [forged])

    assert insights(deployment) == []
    assert detect(deployment)["stored"] == 0


def test_a_history_that_cannot_be_read_whole_tells_nothing(deployment: Deployment) -> None:
    """What is missing could be what makes an address usual."""
    deliver(deployment, "log", usual(), calls(NEW, START - timedelta(hours=3), 20))
    part = deployment.keys("events/")[0]
    deployment.s3.put_object(Bucket=LAKE, Key=part, Body=b"damaged")
    deployment.settle()

    with pytest.raises(StorageUnavailable, match="could not be read"):
        detect(deployment)
    assert deployment.keys("insights/") == []
