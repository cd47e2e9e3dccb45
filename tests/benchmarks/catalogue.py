"""Which questions are asked of which lake, and what each may cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.cast import COMMON_SERVICE, RARE_SERVICE, RAREST_SERVICE, make_cast
from tests.benchmarks.events import ERROR_CODE, HOME, days_of
from tests.benchmarks.plan import Plan
from tests.benchmarks.questions import COUNT, EVENT, GROUPS, MATCHES, PAGE, Question

_WEEK = 7


@dataclass(frozen=True, slots=True)
class Budget:
    """The most requests and rounds that an answer may take; None for what has no budget of its own."""

    requests: int | None
    rounds: int | None


BUDGETS = {
    "newest 50 of anything": Budget(3, 2),
    "newest 50 of a common service": Budget(4, 2),
    "newest 50 of a rare service": Budget(8, 3),
    "newest 50 of the rarest service": Budget(8, 3),
    "newest 50 of a rare AccessKey": Budget(56, 3),
    "an AccessKey of three events": Budget(56, 3),
    "one event by its ID, no time": Budget(5, 3),
    "count by source IP": Budget(4, None),
}
"""By the question's name. The others are asked for comparison."""


def questions_for(plan: Plan, facts: Mapping[str, str]) -> list[Question]:
    """The questions for a lake: over all its days, over a week in its past, and, if it has many, over all regions."""
    cast = make_cast()
    days = [day.isoformat() for day in days_of(plan.days)]
    window = (days[0], days[-1])
    rare, very_rare = {"accessKeyId": cast.rare_key}, {"accessKeyId": str(cast.very_rare.key)}
    if len(plan.regions) > 1:
        return [
            Question("newest 50 of anything, region=*", PAGE, window),
            Question("newest 50 of a common service, region=*", PAGE, window, (), {"serviceName": COMMON_SERVICE}),
            Question("newest 50 of a rare AccessKey, region=*", PAGE, window, (), rare),
            Question("one event by its ID, no time, region=*", EVENT, window, (), {"eventId": facts["event_id"]}),
        ]
    home = (HOME,)
    back = max(0, len(days) * 2 // 3 - 1)
    week = (days[-1 - back], days[min(len(days), len(days) - back + _WEEK - 1) - 1])
    address = {"sourceIpAddress": facts["address"], "eventRW": "Write"}
    three = {"user": facts["user"], "serviceName": COMMON_SERVICE, "errorCode": facts["error"]}
    common, seldom, rarest = ({"serviceName": name} for name in (COMMON_SERVICE, RARE_SERVICE, RAREST_SERVICE))
    return [
        Question("newest 50 of anything", PAGE, window, home),
        Question("newest 50 of a common service", PAGE, window, home, common),
        Question("newest 50 of a rare service", PAGE, window, home, seldom),
        Question("newest 50 of the rarest service", PAGE, window, home, rarest),
        Question("newest 50 of a rare AccessKey", PAGE, window, home, rare),
        Question("an AccessKey of three events", PAGE, window, home, very_rare),
        Question("one event by its ID, no time", EVENT, window, (), {"eventId": facts["event_id"]}),
        Question("count by source IP", COUNT, window, home),
        Question("a source IP and Write", PAGE, window, home, address),
        Question("a user, a service and an error", PAGE, window, home, three),
        Question("a week in the past: anything", PAGE, week, home),
        Question("a week in the past: a common service", PAGE, week, home, common),
        Question("a week in the past: a rare AccessKey", PAGE, week, home, rare),
    ]


SEARCHES = ("search", "SQL")
"""What the names of questions begin with for which all events are read."""

BY_FIELD = "a field without an index"
"""What the names of searches hold that must read no longer than DuckDB does, of the same files."""


def searches_for(plan: Plan) -> list[Question]:
    """What is found by what the events hold, wherever: all of them have to be read. Over all days of a region."""
    days = [day.isoformat() for day in days_of(plan.days)]

    def asked(name: str, kind: str, search: str, condition: str) -> Question:
        return Question(name, kind, (days[0], days[-1]), (HOME,), search=search, condition=condition)

    resource, mfa = "requestParameters.InstanceId", "userIdentity.sessionContext.attributes.mfaAuthenticated"
    anywhere = f"event ILIKE '%{ERROR_CODE}%'"
    starts_with = f"json_extract_string(event, '$.{resource}') ILIKE 'i-ab%'"
    return [
        asked("search, full text", MATCHES, ERROR_CODE, anywhere),
        asked("search, full text, newest 50", PAGE, ERROR_CODE, anywhere),
        asked(f"search, wildcard in {BY_FIELD}", MATCHES, f"event.{resource}: i-ab*", starts_with),
        asked(f"search, {BY_FIELD}", MATCHES, f"event.{mfa}: true", f"json_extract_string(event, '$.{mfa}') = 'true'"),
        asked(
            f"SQL over {BY_FIELD}",
            GROUPS,
            f'* | select "event.{mfa}" as value, count(*) as events from log group by 1',
            f"json_extract_string(event, '$.{mfa}')",
        ),
    ]
