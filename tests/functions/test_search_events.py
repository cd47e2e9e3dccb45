"""search_events: conditions on whole events, SQL over what meets them, by the request or by a job."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, LAKE, Deployment
from tests.functions.events import Event, as_array, make_event, make_events
from tests.functions.job_works import work_off
from tests.unit.sample_queries import SAMPLES
from trailkeep.search.engines import Thresholds

DAY = {"startTime": "2026-03-09T00:00:00Z", "endTime": "2026-03-10T00:00:00Z"}
VIEWER = {**ALL_SCOPES, "tokenId": "TokenOfViewer", "name": "viewer", "scopes": "view"}
OTHER = {**VIEWER, "tokenId": "TokenOfOther"}
COUNT = "* | select count(1) as cnt from log"


def land(deployment: Deployment, events: list[Event], key: str = "log-1.json") -> None:
    deployment.land_and_deliver(key, as_array(events))


def found(answer: Any) -> list[str]:
    assert answer.status == 200, answer.text
    return [event["eventId"] for event in answer.body["events"]]


def pages(deployment: Deployment, body: dict[str, Any], name: str, who: Any = VIEWER) -> list[Any]:
    """The items of every page."""
    items: list[Any] = []
    while True:
        answer = deployment.search(body, who=who)
        assert answer.status == 200, answer.text
        items += answer.body[name]
        if "nextToken" not in answer.body:
            return items
        body = {**body, "nextToken": answer.body["nextToken"]}


def only_jobs(deployment: Deployment) -> None:
    """Leave all SQL to jobs, as that over large lakes is."""
    deployment.function("search_events").__dict__["thresholds"] = Thresholds(request_bytes=0, job_bytes=1 << 40)


# Conditions


def test_events_that_meet_the_conditions_are_found_newest_first(deployment: Deployment) -> None:
    land(
        deployment,
        [
            make_event("a", eventTime="2026-03-09T08:00:00Z", requestParameters={"disk": {"Size": 40}}),
            make_event("b", eventTime="2026-03-09T09:00:00Z", requestParameters={"disk": {"Size": 400}}),
            make_event("c", eventTime="2026-03-09T10:00:00Z"),
        ],
    )

    assert found(deployment.search({"query": "event.requestParameters.disk.Size: *", **DAY})) == ["b", "a"]
    assert found(deployment.search({"query": "event.requestParameters.disk.Size > 100", **DAY})) == ["b"]
    assert found(deployment.search({"query": "not disk", **DAY, "direction": "FORWARD"})) == ["c"]


def test_events_are_given_as_they_are_stored(deployment: Deployment) -> None:
    text = json.dumps(make_event("a", number=1.50), separators=(" ,  ", " : "))
    deployment.land_and_deliver("log.json", f"[{text}]")

    assert text in deployment.search({"query": "event.number: 1.5", **DAY}).text


def test_pages_give_every_event_once_while_others_are_delivered(deployment: Deployment) -> None:
    land(deployment, make_events(25))
    body = {"query": "event.serviceName: ecs", **DAY, "maxResults": 10}
    first = deployment.search(body)

    land(deployment, make_events(5, "late"), "log-2.json")
    rest = pages(deployment, {**body, "nextToken": first.body["nextToken"]}, "events", ALL_SCOPES)

    ids = [event["eventId"] for event in [*first.body["events"], *rest]]
    assert ids == [f"event-{number}" for number in reversed(range(25))]


def test_a_cursor_is_of_its_query_and_its_token(deployment: Deployment) -> None:
    land(deployment, make_events(3))
    body = {"query": "event.serviceName: Ecs", **DAY, "maxResults": 1}
    token = deployment.search(body, who=VIEWER).body["nextToken"]

    assert deployment.search({**body, "nextToken": token}, who=VIEWER).status == 200
    for changed, who in (
        ({"query": "event.serviceName: Ec*"}, VIEWER),
        ({}, OTHER),
        ({"endTime": "2026-03-11T00:00:00Z"}, VIEWER),
    ):
        assert_error(deployment.search({**body, **changed, "nextToken": token}, who=who), 400, "InvalidNextToken")


def test_a_narrowed_token_finds_its_own_events_alone(deployment: Deployment) -> None:
    land(
        deployment,
        [
            make_event("own"),
            make_event("elsewhere", acsRegion="us-east-1"),
            make_event("others", userIdentity={"type": "ram-user", "accountId": "42", "userName": "bob"}),
        ],
    )
    who = {**VIEWER, "accounts": "1700000000000011", "regions": "cn-hangzhou"}

    answer = deployment.search({"query": "*", **DAY}, who=who)

    assert found(answer) == ["own"]
    assert "bytesRead" not in answer.body["completeness"]
    assert deployment.search({"query": COUNT, **DAY}, who=who).body["rows"] == [{"cnt": 1}]


def test_an_error_in_the_query_says_where_it_is(deployment: Deployment) -> None:
    answer = deployment.search({"query": "event.errorCode: ", **DAY})

    assert_error(answer, 400, "InvalidQuery")
    assert "line 1, column" in answer.body["message"]


@pytest.mark.parametrize("scopes", ["download", "admin", "ingest", ""])
def test_without_the_scope_nothing_is_searched(deployment: Deployment, scopes: str) -> None:
    assert_error(deployment.search({"query": "*"}, who={**VIEWER, "scopes": scopes}), 403, "AccessDenied")


@pytest.mark.parametrize("body", [None, "", "{", "[]", '"*"', '{"query": "*", "query": "*"}'])
def test_a_body_that_is_no_object_is_refused(deployment: Deployment, body: str | None) -> None:
    assert_error(deployment.search(body), 400, "InvalidBody")


def test_what_cannot_be_read_is_told_and_the_rest_is_given(deployment: Deployment) -> None:
    land(deployment, [make_event("a")])
    land(deployment, [make_event("b")], "log-2.json")
    damaged = deployment.keys("events/")[0]
    deployment.s3.put_object(Bucket=LAKE, Key=damaged, Body=b"no parquet")
    deployment.settle()

    for answer in (deployment.search({"query": "Ecs", **DAY}), deployment.search({"query": COUNT, **DAY})):
        assert answer.status == 200
        assert not answer.body["completeness"]["complete"]
        assert [each["object"] for each in answer.body["completeness"]["failures"]] == [damaged]
    assert answer.body["rows"] == [{"cnt": 1}]


# SQL


def test_rows_come_with_the_names_and_types_of_their_columns(deployment: Deployment) -> None:
    land(deployment, [*make_events(3), make_event("other", eventName="StopInstance")])

    answer = deployment.search(
        {"query": "* | select event_name as name, count(1) as cnt group by event_name order by cnt desc", **DAY}
    )

    assert answer.body["rows"] == [{"name": "DescribeInstances", "cnt": 3}, {"name": "StopInstance", "cnt": 1}]
    assert [column["name"] for column in answer.body["columns"]] == ["name", "cnt"]
    assert (answer.body["engine"], answer.body["truncated"]) == ("embedded", False)
    assert answer.body["completeness"]["complete"]


def test_the_conditions_decide_which_events_the_sql_sees(deployment: Deployment) -> None:
    land(deployment, [*make_events(3), make_event("other", eventName="StopInstance")])

    answer = deployment.search({"query": "event.eventName: Stop* | select count(1) as cnt", **DAY})

    assert answer.body["rows"] == [{"cnt": 1}]


@pytest.mark.parametrize("query", SAMPLES.values(), ids=[f"sample-{number}" for number in SAMPLES])
def test_every_sample_query_gives_the_same_by_the_request_and_by_a_job(deployment: Deployment, query: str) -> None:
    land(deployment, sample_events())
    answer = deployment.search({"query": query, **DAY}, who=VIEWER)
    assert answer.status == 200, answer.text
    if "|" not in query:
        assert answer.body["events"]
        return
    assert answer.body["rows"]

    only_jobs(deployment)
    job = deployment.search({"query": query, **DAY}, who=VIEWER).body["job"]
    work_off(deployment)

    ended = deployment.job("GET", f"/v1/jobs/{job['id']}", VIEWER).body["job"]
    assert ended["state"] == "succeeded", ended
    assert sorted(map(str, rows_of(deployment, ended))) == sorted(map(str, answer.body["rows"]))


def rows_of(deployment: Deployment, job: dict[str, Any]) -> list[Any]:
    lines = [deployment.body(f"exports/jobs/{job['id']}/{file['name']}") for file in job["result"]["files"]]
    return [json.loads(line) for line in b"".join(lines).splitlines()]


def sample_events() -> list[Event]:
    """For each of the sample queries an event that it is about."""
    actor = {"accountId": "1700000000000011", "principalId": "2000", "userName": "alice"}
    ram = {**actor, "type": "ram-user", "accessKeyId": "LTAI5tAliceExample000001"}
    root = {**actor, "type": "root-account", "accessKeyId": "LTAI5tRootExample0000001"}
    return [
        make_event(
            "ecs", eventName="RunInstances", eventRW="Write", resourceType="ACS::ECS::Instance", resourceName="i-1"
        ),
        make_event("describe"),
        make_event(
            "trail",
            eventSource="actiontrail.cn-hangzhou.aliyuncs.com",
            serviceName="Actiontrail",
            eventName="StopLogging",
        ),
        make_event("denied", errorCode="NoPermission.Ram", errorMessage="no", userIdentity=ram),
        make_event("kafka", serviceName="AliKafka", eventName="CreateInstance"),
        make_event(
            "root", eventName="ConsoleSignin", eventType="ConsoleSignin", userIdentity=root, errorMessage="wrong"
        ),
        make_event(
            "login",
            eventName="ConsoleSignin",
            eventType="ConsoleSignin",
            userIdentity=ram,
            additionalEventData={"mfaChecked": "false"},
            errorMessage="success",
        ),
        make_event("kms", serviceName="Kms", eventName="DisableKey"),
        make_event("policy", serviceName="Ram", eventName="CreatePolicy"),
        make_event(
            "age", serviceName="Ram", eventName="SetPasswordPolicy", requestParameterJson='{"MaxPasswordAge":"120"}'
        ),
        make_event(
            "protect",
            eventName="ModifyInstanceAttribute",
            resourceName="i-1",
            requestParameterJson='{"DeletionProtection":"false"}',
        ),
        make_event(
            "insight",
            eventCategory="Insight",
            eventName="IpInsight",
            insightDetails={"insightType": "IpInsight", "insightObject": "192.0.2.99", "state": "Start"},
        ),
    ]


def test_rows_that_are_more_than_a_page_are_given_page_by_page(deployment: Deployment) -> None:
    land(deployment, make_events(25))
    body = {"query": "* | select event_id from log order by event_id", **DAY, "maxResults": 10}

    rows = pages(deployment, body, "rows")

    assert rows == [{"event_id": f"event-{number}"} for number in sorted(range(25), key=str)]
    (job,) = deployment.job("GET", "/v1/jobs", VIEWER).body["jobs"]
    assert (job["kind"], job["state"]) == ("search", "succeeded")


def test_a_token_for_rows_is_of_its_query_and_its_asker(deployment: Deployment) -> None:
    land(deployment, make_events(3))
    body = {"query": "* | select event_id from log", **DAY, "maxResults": 1}
    token = deployment.search(body, who=VIEWER).body["nextToken"]

    for changed, who in (({"query": "* | select event_name from log"}, VIEWER), ({}, OTHER)):
        assert_error(deployment.search({**body, **changed, "nextToken": token}, who=who), 400, "InvalidNextToken")
    assert_error(deployment.search({**body, "nextToken": token[:-1]}, who=VIEWER), 400, "InvalidNextToken")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "attach '/tmp/x.db'",
        "copy log to '/tmp/x'",
        "pragma database_list",
        "select 1; select 2",
        "select getenv('AWS_SECRET_ACCESS_KEY')",
        "select * from other",
        "select no_such_column from log",
        "with recursive r as (select 1 as n union all select n + 1 from r) select * from r",
        "select repeat('a', 4000000000)",
    ],
)
def test_sql_that_is_not_a_question_about_the_log_is_refused(deployment: Deployment, sql: str) -> None:
    assert_error(deployment.search({"query": f"* | {sql}", **DAY}), 400, "InvalidQuery")


# Cost, engines and jobs


def test_a_dry_run_tells_what_would_be_read_and_reads_nothing(deployment: Deployment) -> None:
    land(deployment, make_events(3))
    land(deployment, make_events(3, "next", eventTime="2026-03-10T00:00:00Z"), "log-2.json")
    stored = {key: len(body) for key, body in deployment.objects("events/").items()}

    day = deployment.search({"query": COUNT, **DAY, "dryRun": True}).body
    both = deployment.search({"query": COUNT, **DAY, "endTime": "2026-03-11T00:00:00Z", "dryRun": True}).body

    assert (day["partitions"], day["objects"], day["engine"], day["runsAsJob"]) == (1, 1, "embedded", False)
    assert day["bytes"] == next(size for key, size in stored.items() if "date=2026-03-09" in key)
    assert both["bytes"] == sum(stored.values())
    assert both["estimatedPrice"]["currency"] == "USD"


def test_sql_over_more_than_a_request_reads_is_answered_by_a_job(deployment: Deployment) -> None:
    land(deployment, make_events(30))
    only_jobs(deployment)
    body = {"query": "* | select event_id from log order by event_time", **DAY, "maxResults": 7}

    answer = deployment.search(body, who=VIEWER)

    assert answer.status == 202
    job = answer.body["job"]
    assert (job["kind"], job["state"], job["scope"]) == ("search", "queued", "view")
    assert deployment.called == [{"job": job["id"]}]
    work_off(deployment)
    ended = deployment.job("GET", f"/v1/jobs/{job['id']}", VIEWER).body["job"]
    assert (ended["state"], ended["progress"]["fraction"], ended["result"]["rowCount"]) == ("succeeded", 1.0, 30)
    assert rows_of(deployment, ended) == [{"event_id": f"event-{number}"} for number in range(30)]
    left = [key for key in deployment.keys(f"exports/jobs/{job['id']}/") if "spool" in key]
    assert left == []


def test_a_query_that_fails_on_the_events_ends_its_job_with_the_reason(deployment: Deployment) -> None:
    land(deployment, make_events(3))
    only_jobs(deployment)
    job = deployment.search({"query": "* | select cast(event_name as bigint) as n from log", **DAY}).body["job"]

    work_off(deployment)

    ended = deployment.job("GET", f"/v1/jobs/{job['id']}").body["job"]
    assert (ended["state"], ended["error"]["code"]) == ("failed", "QueryFailed")


def test_the_same_idempotency_key_starts_one_job(deployment: Deployment) -> None:
    land(deployment, make_events(3))
    only_jobs(deployment)
    body, headers = {"query": COUNT, **DAY}, {"Idempotency-Key": "once"}

    first, second = (deployment.search(body, headers).body["job"]["id"] for _ in range(2))

    assert first == second


def test_athena_that_is_not_set_up_is_said_to_be_unavailable(deployment: Deployment) -> None:
    for query in ("*", COUNT):
        assert_error(deployment.search({"query": query, **DAY, "engine": "athena"}), 503, "EngineUnavailable")


def test_a_budget_that_is_spent_refuses_the_next_search(deployment: Deployment) -> None:
    land(deployment, make_events(3))
    size = sum(map(len, deployment.objects("events/").values()))
    who = {**VIEWER, "scanBytesPerDay": str(size)}

    assert deployment.search({"query": COUNT, **DAY}, who=who).status == 200
    assert_error(deployment.search({"query": COUNT, **DAY}, who=who), 429, "ScanBudgetExceeded")
    assert_error(deployment.search({"query": "Ecs", **DAY}, who=who), 429, "ScanBudgetExceeded")
    assert deployment.search({"query": COUNT, **DAY, "dryRun": True}, who=who).body["scanBudgetLeft"] == 0


def test_a_job_is_paid_for_once_and_one_that_is_refused_not_at_all(deployment: Deployment) -> None:
    land(deployment, make_events(3))
    only_jobs(deployment)
    size = sum(map(len, deployment.objects("events/").values()))
    who = {**VIEWER, "scanBytesPerDay": str(3 * size)}
    body, headers = {"query": COUNT, **DAY}, {"Idempotency-Key": "once"}

    assert deployment.search(body, headers, who).status == 202
    deployment.clock.forward(seconds=30)
    assert deployment.search(body, headers, who).status == 202
    assert_error(deployment.search({**body, "maxResults": 1}, headers, who), 409, "IdempotencyConflict")

    (spent,) = deployment.documents("state/budgets/")
    assert spent["bytes"] == size


def test_sql_that_fails_costs_what_it_read_and_no_more(deployment: Deployment) -> None:
    land(deployment, make_events(3))
    size = sum(map(len, deployment.objects("events/").values()))
    who = {**VIEWER, "scanBytesPerDay": str(3 * size)}

    failing = {"query": "* | select cast(event_name as bigint) from log", **DAY}
    assert_error(deployment.search(failing, who=who), 422, "QueryFailed")

    (spent,) = deployment.documents("state/budgets/")
    assert 0 < spent["bytes"] <= size


# Saved queries


def test_a_preset_is_run_with_its_window_and_gives_the_search_that_it_was(deployment: Deployment) -> None:
    land(deployment, sample_events())

    answer = deployment.run_saved_query("preset-root-logins", {**DAY, "maxResults": 1})

    assert answer.status == 200, answer.text
    again = deployment.search(answer.body["search"])
    assert again.body["completeness"]["complete"]
    assert {**again.body, "completeness": ...} == {
        name: value if name != "completeness" else ... for name, value in answer.body.items() if name != "search"
    }


def test_arguments_stand_for_themselves_whatever_is_in_them(deployment: Deployment) -> None:
    land(deployment, [make_event("a"), make_event("b", eventName='" or *')])
    saved = deployment.saved_queries(
        "POST",
        body={
            "name": "by name",
            "mode": "custom",
            "query": "event.eventName: {{name}}",
            "parameters": [{"name": "name"}],
        },
    ).body

    answer = deployment.run_saved_query(saved["id"], {**DAY, "arguments": {"name": '" or *'}})

    assert found(answer) == ["b"]
    assert_error(deployment.run_saved_query(saved["id"], DAY), 400, "InvalidParameter")
    assert_error(deployment.run_saved_query("no-such-query", DAY), 404, "SavedQueryNotFound")
