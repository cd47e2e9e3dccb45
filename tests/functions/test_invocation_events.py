"""The sample invocation events of the repository, each sent to its function as a newcomer would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.functions.deployment import LANDING, SAMPLES, Deployment, sample
from tests.functions.events import as_array, make_event

FUNCTIONS = sorted(path.parent.name for path in (SAMPLES.parent / "functions").glob("*/app.py"))
OF_NOBODY = {
    "manage_jobs/get_job.json",
    "manage_jobs/delete_job.json",
    "manage_retention/delete_hold.json",
    "manage_saved_queries/put.json",
    "manage_saved_queries/delete.json",
}
"""Samples with an ID that nothing has."""
INVOCATIONS = sorted(path for path in SAMPLES.glob("*/*.json") if path.parent.name in FUNCTIONS)


@pytest.fixture
def stack(deployment: Deployment) -> Deployment:
    """A deployment into which every sample log object has landed."""
    keys = []
    for path in sorted((SAMPLES / "landing").rglob("*")):
        if path.is_file():
            keys.append(deployment.land(path.relative_to(SAMPLES / "landing").as_posix(), path.read_bytes()))
    assert deployment.deliver(*keys) == []
    deployment.settle()
    return deployment


def send(deployment: Deployment, path: str, **changes: Any) -> Any:
    return deployment.invoke(path.partition("/")[0], {**sample(path), **changes})


def test_every_function_has_a_sample_and_every_sample_a_function() -> None:
    assert {path.parent.name for path in INVOCATIONS} == set(FUNCTIONS)
    assert len(FUNCTIONS) == 22


@pytest.mark.parametrize("path", INVOCATIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_is_answered(stack: Deployment, path: Path) -> None:
    name = f"{path.parent.name}/{path.name}"
    if name == "authorize_request/bearer.json":
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            send(stack, name)
        return

    answer = send(stack, name)

    if name in OF_NOBODY:
        assert answer["statusCode"] == 404
    elif "statusCode" in answer:
        assert answer["statusCode"] in (200, 201, 202), answer["body"]
    json.dumps(answer)


def test_the_announced_object_is_delivered(deployment: Deployment) -> None:
    key = "applications/team=orders+payments/date=2026-03-02/part-00000.ndjson"
    deployment.land(key, (SAMPLES / "landing" / key).read_bytes())

    assert send(deployment, "deliver_events/sqs_object_created.json") == {"batchItemFailures": []}

    assert deployment.commit_of(key)["rows_out"] == 4


def test_the_object_that_is_gone_and_the_test_event_change_nothing(deployment: Deployment) -> None:
    for name in ("sqs_object_gone", "sqs_test_event"):
        assert send(deployment, f"deliver_events/{name}.json") == {"batchItemFailures": []}
    assert deployment.keys() == []


def test_the_printed_event_is_found_by_its_id(stack: Deployment) -> None:
    answer = send(stack, "query_events/get_event.json")

    assert json.loads(answer["body"])["eventName"] == "DeleteDeployment"


def test_the_lookup_answers_writes_of_two_regions(stack: Deployment) -> None:
    stack.land_and_deliver("log.json", as_array([make_event("write", eventRW="Write"), make_event("read")]))

    answer = json.loads(send(stack, "query_events/lookup.json")["body"])

    assert "write" in [event["eventId"] for event in answer["events"]]
    assert all(event.get("eventRW", "Write") == "Write" for event in answer["events"])
    assert answer["completeness"]["complete"]


def test_the_histogram_counts_reads_and_writes_by_day(stack: Deployment) -> None:
    answer = json.loads(send(stack, "query_events/histogram.json")["body"])

    assert len(answer["histogram"]) == 8
    assert all(set(bucket) == {"startTime", "endTime", "count", "values"} for bucket in answer["histogram"])


def test_the_insights_the_regions_and_who_i_am_are_answered(stack: Deployment) -> None:
    assert json.loads(send(stack, "query_events/insights.json")["body"])["insights"] == []
    regions = json.loads(send(stack, "query_events/regions.json")["body"])["regions"]
    assert {"cn-hangzhou", "cn-beijing", "us-east-1"} <= {region["region"] for region in regions}
    me = json.loads(send(stack, "query_events/me.json")["body"])
    assert (me["name"], me["scopes"]) == ("sample", ["admin", "view"])


@pytest.mark.parametrize("name", ["post_json", "post_ndjson_gzip"])
def test_the_posted_events_are_found(deployment: Deployment, name: str) -> None:
    answer = json.loads(send(deployment, f"ingest_events/{name}.json")["body"])
    assert answer["rejected"] == []
    assert answer["accepted"] == len(answer["eventIds"]) >= 2

    assert deployment.deliver(*deployment.keys(bucket=LANDING)) == []
    deployment.settle()

    for event_id in answer["eventIds"]:
        assert deployment.get(f"/v1/events/{event_id}").status == 200


def test_the_post_with_a_key_may_be_sent_again(deployment: Deployment) -> None:
    first, second = (send(deployment, "ingest_events/post_json.json") for _ in range(2))

    assert first["body"] == second["body"]
    assert len(deployment.keys(bucket=LANDING)) == 1


def test_the_schedules_events_sweep_and_detect(stack: Deployment) -> None:
    assert send(stack, "sweep_landing/schedule.json")["undelivered"] == 0
    planned = send(stack, "detect_insights/schedule.json")
    assert planned["full"]
    assert planned["CountsOrdered"] >= 5


def test_the_hour_is_counted_and_the_account_looked_at(stack: Deployment) -> None:
    for name in ("count_calls/sqs_region.json", "evaluate_account/sqs_account.json"):
        assert send(stack, name) == {"batchItemFailures": []}

    assert "state/insights/tallies/1700000000000011/2026-03-02/cn-hangzhou.parquet" in stack.keys("state/insights/")
    assert "state/insights/told/1700000000000011/2026-03-02.json" in stack.keys("state/insights/")


def test_retention_is_set_and_enforced(stack: Deployment) -> None:
    assert json.loads(send(stack, "manage_retention/put_retention.json")["body"])["days"] == 365
    hold = json.loads(send(stack, "manage_retention/post_hold.json")["body"])
    assert json.loads(send(stack, "manage_retention/get_holds.json")["body"])["holds"] == [hold]

    run = send(stack, "enforce_retention/schedule.json")

    assert (run["state"], run["PartitionsExpired"]) == ("succeeded", 0)
    last = json.loads(send(stack, "manage_retention/get_retention.json")["body"])["lastRun"]
    assert (last["id"], last["state"]) == (run["run"], "succeeded")


def test_the_jobs_are_listed_and_looked_after(stack: Deployment) -> None:
    assert json.loads(send(stack, "manage_jobs/get_jobs.json")["body"])["jobs"] == []
    assert send(stack, "run_job/job.json")["state"] == "gone"
    assert send(stack, "run_job/schedule.json")["JobsStarted"] == 0


def test_the_issued_token_opens_the_sample_request(deployment: Deployment) -> None:
    issued = send(deployment, "issue_token/admin.json")
    request = sample("authorize_request/bearer.json")
    request["headers"]["Authorization"] = f"Bearer {issued['token']}"

    answer = deployment.invoke("authorize_request", request)

    assert answer["principalId"] == issued["tokenId"]
    assert answer["policyDocument"]["Statement"][0]["Resource"] == request["methodArn"]
    assert deployment.get("/v1/events", who=answer["context"]).status == 200


def test_health_is_answered(deployment: Deployment) -> None:
    answer = send(deployment, "report_health/get.json")

    assert (answer["statusCode"], json.loads(answer["body"])["ready"]) == (200, True)
