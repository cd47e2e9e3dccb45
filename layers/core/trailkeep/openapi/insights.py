"""``/v1/insights``: what was found unusual."""

from typing import Any

from trailkeep.errors import InvalidNextToken, InvalidParameter, InvalidTimeRange
from trailkeep.openapi.lists import list_answer
from trailkeep.openapi.operations import operation
from trailkeep.openapi.parameters import DIRECTION, INSIGHT_FILTERS, PAGE, WINDOW
from trailkeep.openapi.shapes import Schema, anything, ref

TAG = "Insights"
INSIGHT = {
    "eventId": "7d7c9ad2-6c3a-5f0e-8f1e-0d5b6c1f6a52",
    "eventVersion": "1",
    "eventType": "ActionTrailInsight",
    "eventCategory": "Insight",
    "eventTime": "2026-03-02T03:27:00Z",
    "acsRegion": "cn-hangzhou",
    "recipientAccountId": "1000000000000001",
    "sharedEventId": "0c1d7b7e-1f0b-5d53-9a3e-6f4f1c8b3e90",
    "insightDetails": {"state": "Start", "insightType": "IpInsight", "insightObject": "203.0.113.0/24"},
}

SCHEMAS: dict[str, Schema] = {"Insight": anything("An Insight event, in ActionTrail's form.")}

PATHS: dict[str, Any] = {
    "/v1/insights": {
        "get": operation(
            "listInsights",
            "Look Insights up",
            "A page of Insights, as `GET /v1/events` answers events. Each Insight is a start and an end event, joined "
            "by `sharedEventId`.",
            tag=TAG,
            scope="view",
            parameters=(*WINDOW, DIRECTION, *PAGE, *INSIGHT_FILTERS),
            answers={"200": list_answer("Insights, verbatim.", "insights", ref("Insight"), [INSIGHT], of_lake=True)},
            errors=(InvalidParameter, InvalidTimeRange, InvalidNextToken),
        )
    }
}
