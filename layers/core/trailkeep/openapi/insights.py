"""``/v1/insights`` and ``/v1/insights/replay``: what was found unusual, and what would have been."""

from typing import Any

from trailkeep.errors import InvalidNextToken, InvalidParameter, InvalidTimeRange, QuestionTooLarge
from trailkeep.openapi.lists import COMPLETE, list_answer
from trailkeep.openapi.operations import answer, json_body, operation
from trailkeep.openapi.parameters import DIRECTION, INSIGHT_FILTERS, PAGE, WINDOW
from trailkeep.openapi.shapes import (
    Schema,
    anything,
    choice,
    number,
    or_null,
    record,
    ref,
    request,
    several,
    text,
    time,
    whole,
)

TAG = "Insights"
TYPES = (
    "IpInsight",
    "AkInsight",
    "ApiCallRateInsight",
    "ApiErrorRateInsight",
    "PolicyChangeInsight",
    "PasswordChangeInsight",
    "TrailConcealmentInsight",
)
SENSITIVITIES = ("low", "medium", "high")
STATES = ("Start", "End", "Withdrawn")
MOST_DAYS, MAX_ACCOUNT = 31, 256

ACCOUNT = text(minLength=1, maxLength=MAX_ACCOUNT)
_AVERAGES = several(record({"value": text(), "average": number("Calls a minute.")}))
_CONTEXT = record(
    {
        "attributions": several(
            record({"attribution": text(), "insight": _AVERAGES, "baseline": _AVERAGES}),
            "What the calls have in common, by one dimension each, beside what is usual.",
        ),
        "statistics": record(
            {
                "insight": number("Calls a minute."),
                "insightDuration": whole("In minutes.", None),
                "baseline": number("Usual calls a minute."),
                "baselineDuration": whole("In minutes.", None),
                "insightCount": whole("Calls."),
            }
        ),
        "events": several(text(), "IDs of events behind it."),
        "score": number("How unusual it is, in the detector's own unit."),
        "evidence": several(record({"reason": text(), "points": number()}), "Why it was found."),
        "series": several(
            record({"time": time(), "calls": whole(), "usual": number()}), "The hours around it, for a chart."
        ),
    }
)

SCHEMAS: dict[str, Schema] = {
    "Insight": anything("An Insight event, in ActionTrail's form."),
    "ReplayedInsight": record(
        {
            "eventId": text(),
            "eventVersion": text(),
            "eventType": text(),
            "eventCategory": text(),
            "eventName": text("The type of the Insight."),
            "eventRW": text(),
            "eventTime": time(),
            "acsRegion": text("Where it began."),
            "recipientAccountId": text(),
            "sharedEventId": text("What the start and the end of an Insight share."),
            "insightDetails": record(
                {
                    "state": choice(STATES),
                    "insightType": choice(TYPES),
                    "insightObject": text("What is unusual: the address, key, service …"),
                    "insightContext": _CONTEXT,
                }
            ),
        },
        about="An Insight event as detection would have stored it.",
    ),
    "Replay": request(
        {
            "startTime": time("From when on. Seven days before `endTime` where it is not given."),
            "endTime": time("Until before when. Now where it is not given."),
            "accountId": or_null(
                text("Of this account; of all where it is not given.", minLength=1, maxLength=MAX_ACCOUNT)
            ),
            "insightTypes": several(
                choice(TYPES), "Of these types, enabled or not; of those that are enabled where it is not given.", 1
            ),
            "sensitivity": choice(SENSITIVITIES, "At this sensitivity; at what is set where it is not given."),
            "nextToken": text("Of the page before, with all else unchanged.", minLength=1),
        }
    ),
    "Learning": record(
        {
            "accountId": text(),
            "insightTypes": several(choice(TYPES)),
            "readyFrom": or_null(
                text("The first day, in UTC, that these types look at; null for none.", format="date")
            ),
        },
        about="Types that could not say yet what is unusual in an account when the window began.",
    ),
}

INSIGHT: dict[str, Any] = {
    "eventId": "7d7c9ad2-6c3a-5f0e-8f1e-0d5b6c1f6a52",
    "eventVersion": "1",
    "eventType": "ActionTrailInsight",
    "eventCategory": "Insight",
    "eventName": "IpInsight",
    "eventRW": "Read",
    "eventTime": "2026-03-02T03:27:00Z",
    "acsRegion": "cn-hangzhou",
    "recipientAccountId": "1000000000000001",
    "sharedEventId": "0c1d7b7e-1f0b-5d53-9a3e-6f4f1c8b3e90",
    "insightDetails": {
        "state": "Start",
        "insightType": "IpInsight",
        "insightObject": "203.0.113.7",
        "insightContext": {
            "attributions": [
                {
                    "attribution": "apiRelated",
                    "insight": [{"value": "Ecs:DescribeInstances", "average": 1.8}],
                    "baseline": [{"value": "Ecs:DescribeInstances", "average": 0.021}],
                }
            ],
            "statistics": {
                "insight": 1.8,
                "insightDuration": 10,
                "baseline": 0.021,
                "baselineDuration": 40320,
                "insightCount": 18,
            },
            "events": ["48deee2f-a38b-440b-aae4-168640afd6b8"],
            "score": 14.2,
            "evidence": [{"reason": "the network was never seen", "points": 9.1}],
            "series": [{"time": "2026-03-02T03:00:00Z", "calls": 18, "usual": 1.3}],
        },
    },
}
_LEARNING = {"accountId": "1000000000000002", "insightTypes": ["IpInsight"], "readyFrom": "2026-03-05"}

_LOOKUP = operation(
    "listInsights",
    "Look Insights up",
    "A page of Insights, as `GET /v1/events` answers events. Each Insight is a start and an end event, joined by "
    "`sharedEventId`; one that later arrivals made usual has a third, in the state `Withdrawn`. Nobody called an "
    "Insight: it is of the service, event, address, AccessKey, user, role and error that it is about, or that it "
    "tells of in the attributions of its calls.",
    tag=TAG,
    scope="view",
    parameters=(*WINDOW, DIRECTION, *PAGE, *INSIGHT_FILTERS),
    answers={"200": list_answer("Insights, verbatim.", "insights", ref("Insight"), [INSIGHT], of_lake=True)},
    errors=(InvalidParameter, InvalidTimeRange, InvalidNextToken),
)
_REPLAY = operation(
    "replayInsights",
    "What would have been found",
    f"Looks at a past window of at most {MOST_DAYS} days as detection does, by all events that are known now, and "
    "writes nothing. Account by account, each in the order of time, for the Insights that began in the window.",
    tag=TAG,
    scope="view",
    body=json_body(
        ref("Replay"),
        {
            "more": (
                "What a higher sensitivity would have found in March",
                {
                    "startTime": "2026-03-01T00:00:00Z",
                    "endTime": "2026-04-01T00:00:00Z",
                    "accountId": "1000000000000001",
                    "insightTypes": ["IpInsight", "AkInsight"],
                    "sensitivity": "high",
                },
            )
        },
    ),
    answers={
        "200": answer(
            "Insights as they would have been stored.",
            record(
                {
                    "insights": several(ref("ReplayedInsight")),
                    "learning": several(ref("Learning"), "Why nothing is found where too little is known."),
                    "nextToken": text("For the page behind this one; left out on the last one."),
                    "completeness": ref("Completeness"),
                },
                optional=("nextToken",),
            ),
            {
                "insights": [INSIGHT],
                "learning": [_LEARNING],
                "completeness": {name: COMPLETE[name] for name in ("complete", "asOf", "watermark", "failures")},
            },
        )
    },
    errors=(InvalidParameter, InvalidTimeRange, InvalidNextToken, QuestionTooLarge),
)

PATHS: dict[str, Any] = {"/v1/insights": {"get": _LOOKUP}, "/v1/insights/replay": {"post": _REPLAY}}
