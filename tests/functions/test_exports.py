"""export_events, and the work on its jobs: files of a query's rows, as those get them who asked."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, Deployment
from tests.functions.events import as_array, make_event, make_events
from tests.functions.interruption import Fault, interrupted
from tests.functions.job_works import work_off
from trailkeep.events.timestamps import format_time
from trailkeep.exports import files

AUDITOR = {**ALL_SCOPES, "tokenId": "TokenOfAuditor", "name": "auditor", "scopes": "download"}
LOOKUP = {"lookup": {"startTime": "2026-03-09T00:00:00Z"}, "format": "ndjson"}


# What is asked for


def test_an_export_is_a_job_that_is_called_for_at_once(deployment: Deployment) -> None:
    answer = deployment.export(LOOKUP, who=AUDITOR)

    assert answer.status == 202
    job = answer.body["job"]
    assert (job["kind"], job["state"], job["scope"], job["request"]) == ("export", "queued", "download", LOOKUP)
    assert job["createdBy"] == {"tokenId": "TokenOfAuditor", "name": "auditor"}
    assert deployment.called == [{"job": job["id"]}]
    assert deployment.job("GET", f"/v1/jobs/{job['id']}", AUDITOR).body["job"]["state"] == "queued"


def test_an_export_of_which_the_call_is_lost_is_found_by_the_schedule(deployment: Deployment, log_lines: Any) -> None:
    deployment.export(LOOKUP)  # the first one asks the store what it can
    with interrupted(0, Fault.KILLED_BEFORE) as calls:
        deployment.export(LOOKUP)
    deployment.called.clear()

    with interrupted(calls.index("Invoke") + 1, Fault.UNAVAILABLE):
        answer = deployment.export(LOOKUP)

    assert answer.status == 202
    assert "the job waits for the schedule" in [line["message"] for line in log_lines()]
    assert deployment.documents("state/jobs/8")


@pytest.mark.parametrize("scopes", ["view", "admin ingest view", ""])
def test_without_the_scope_nothing_is_exported(deployment: Deployment, scopes: str) -> None:
    answer = deployment.export(LOOKUP, who={**AUDITOR, "scopes": scopes})

    assert_error(answer, 403, "AccessDenied")
    assert "download" in answer.body["message"]
    assert (deployment.called, deployment.keys()) == ([], [])


def test_without_a_token_nothing_is_exported(deployment: Deployment) -> None:
    assert_error(deployment.export(LOOKUP, who=None), 401, "Unauthenticated")
    assert deployment.keys() == []


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({"format": "csv"}, "InvalidParameter", "lookup or query"),
        ({**LOOKUP, "format": "xlsx"}, "InvalidParameter", "format"),
        ({**LOOKUP, "compress": True}, "InvalidParameter", "compress"),
        ({"lookup": {"user": 1}, "format": "csv"}, "InvalidParameter", "lookup.user"),
        ({"lookup": {"eventNam": "x"}, "format": "csv"}, "InvalidParameter", "eventNam"),
        ({"lookup": {"maxResults": "10"}, "format": "csv"}, "InvalidParameter", "lookup.maxResults"),
        ({"lookup": {"eventRW": "write"}, "format": "csv"}, "InvalidParameter", "eventRW"),
        ({"query": "event.a: (", "format": "csv"}, "InvalidQuery", "line 1"),
        (
            {"query": "*", "startTime": "2026-03-02T00:00:00Z", "endTime": "2026-03-01T00:00:00Z", "format": "csv"},
            "InvalidTimeRange",
            "startTime",
        ),
        ("[]", "InvalidBody", "JSON object"),
        ("", "InvalidBody", "empty"),
        ('{"format": "csv", "format": "json", "lookup": {}}', "InvalidBody", "twice"),
    ],
    ids=str,
)
def test_what_cannot_be_exported_is_refused_by_name(deployment: Deployment, body: Any, code: str, named: str) -> None:
    answer = deployment.export(body)

    assert_error(answer, 400, code)
    assert named in answer.body["message"]
    assert (deployment.called, deployment.keys()) == ([], [])


def test_a_request_that_is_sent_again_makes_no_second_job(deployment: Deployment) -> None:
    header = {"Idempotency-Key": "audit-2026-03"}
    first, second = (deployment.export(LOOKUP, header) for _ in range(2))

    assert first.body["job"]["id"] == second.body["job"]["id"]
    assert_error(deployment.export({**LOOKUP, "format": "csv"}, header), 409, "IdempotencyConflict")
    assert len(deployment.documents("state/jobs/8")) == 1


def test_an_export_is_logged_with_who_asked_and_without_what_they_asked(deployment: Deployment, log_lines: Any) -> None:
    job = deployment.export({"lookup": {"user": "the-one-in-question"}, "format": "csv"}, who=AUDITOR).body["job"]

    (line,) = [line for line in log_lines() if line["message"] == "export asked for"]
    assert (line["token_id"], line["job"], line["format"]) == ("TokenOfAuditor", job["id"], "csv")
    assert "the-one-in-question" not in json.dumps(log_lines())


# What a token may read in a day


def test_an_export_is_paid_for_when_it_is_ordered_by_all_that_it_may_read(deployment: Deployment) -> None:
    deployment.land_and_deliver("log.json", as_array(make_events(20)))
    (part,) = deployment.objects("events/").values()
    poor = {**AUDITOR, "scanBytesPerDay": str(len(part) - 1)}
    rich = {**AUDITOR, "scanBytesPerDay": str(len(part) * 3 // 2)}

    refused = deployment.export(LOOKUP, who=poor)
    assert_error(refused, 429, "ScanBudgetExceeded")
    assert (deployment.called, deployment.keys("state/jobs/")) == ([], [])

    assert deployment.export(LOOKUP, who=rich).status == 202
    assert_error(deployment.export(LOOKUP, who=rich), 429, "ScanBudgetExceeded")
    assert len(deployment.called) == 1


def test_an_order_that_is_sent_again_is_paid_for_once(deployment: Deployment) -> None:
    deployment.land_and_deliver("log.json", as_array(make_events(20)))
    (part,) = deployment.objects("events/").values()
    who = {**AUDITOR, "scanBytesPerDay": str(len(part) * 3)}
    header = {"Idempotency-Key": "audit-2026-03"}
    deployment.export(LOOKUP, header, who)
    deployment.clock.forward(seconds=30)

    assert deployment.export(LOOKUP, header, who).status == 202

    (spent,) = deployment.documents("state/budgets/")
    assert spent["bytes"] == len(part)


# What comes


EVENTS = [
    *make_events(9, "read", userAgent="=cmd|' /C calc'!A0"),
    *make_events(6, "write", eventRW="Write", userIdentity={"userName": "张三", "accountId": "2"}),
    make_event("elsewhere", acsRegion="us-east-1", eventRW="Write"),
]


@pytest.fixture
def stack(deployment: Deployment) -> Deployment:
    """A lake with some events."""
    deployment.land_and_deliver("log.json", as_array(EVENTS))
    return deployment


def result_of(deployment: Deployment, body: object, who: Any = AUDITOR) -> dict[str, Any]:
    """The job of an export after it has been worked on, as it is shown."""
    answer = deployment.export(body, who=who)
    assert answer.status == 202, answer.text
    work_off(deployment)
    job: dict[str, Any] = deployment.job("GET", f"/v1/jobs/{answer.body['job']['id']}", who).body["job"]
    assert job["state"] == "succeeded", job
    return job


def bodies(deployment: Deployment, job: dict[str, Any]) -> Iterator[bytes]:
    """The files of an export, compared with what is said of them, without gzip."""
    for file in job["result"]["files"]:
        body = deployment.body(f"exports/jobs/{job['id']}/{file['name']}")
        assert (len(body), sha256(body).hexdigest()) == (file["bytes"], file["sha256"])
        yield gzip.decompress(body) if file["name"].endswith(".gz") else body


def rows_in(form: str, body: bytes) -> list[Any]:
    """The events in a file, as a reader of its format has them."""
    match form:
        case "json":
            found: list[Any] = json.loads(body)
            return found
        case "ndjson":
            return [json.loads(line) for line in body.splitlines()]
        case "csv":
            rows = csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True)
            return [json.loads(row["event"]) for row in rows]
    return [json.loads(text) for text in pq.read_table(io.BytesIO(body))["event"].to_pylist()]


LOOKUPS: list[dict[str, Any]] = [
    {},
    {"eventRW": "Write"},
    {"eventRW": "Write", "region": ["cn-hangzhou"], "direction": "FORWARD"},
    {"user": ["张三", "nobody"], "eventName!": "RunInstances"},
    {"sourceIpAddress": "192.0.2.0/24", "accountId": "1700000000000011"},
    {"eventId": "read-3"},
    {"user": "nobody"},
]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "parquet"])
def test_the_rows_of_an_export_are_those_of_its_lookup(stack: Deployment, form: str, packed: bool) -> None:
    if (form, packed) == ("parquet", True):
        pytest.skip("it is compressed within")
    window = {"startTime": "2026-03-09T00:00:00Z", "endTime": "2026-03-10T00:00:00Z"}
    for lookup in LOOKUPS:
        asked = {**window, **lookup}
        shown = [event for page in stack.pages({**asked, "maxResults": "4"}) for event in page.body["events"]]

        job = result_of(stack, {"lookup": asked, "format": form, "gzip": packed})

        (body,) = bodies(stack, job)
        assert rows_in(form, body) == shown
        assert (job["result"]["rows"], job["result"]["complete"]) == (len(shown), True)


def test_the_rows_of_an_export_are_those_of_its_search(stack: Deployment) -> None:
    query = 'event.eventRW: write and not event.acsRegion: "us-east-1"'

    (body,) = bodies(stack, result_of(stack, {"query": query, **LOOKUP["lookup"], "format": "json"}))

    assert rows_in("json", body) == [event for event in reversed(EVENTS) if event["eventId"].startswith("write-")]


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "parquet"])
def test_rows_of_sql_are_exported_with_their_columns(stack: Deployment, form: str) -> None:
    query = """* | select event_rw, "event.userIdentity.userName" as who, min(event_time) as first, count(*) as n
        from log group by 1, 2 order by n desc, 1"""

    job = result_of(stack, {"query": query, **LOOKUP["lookup"], "format": form})

    (body,) = bodies(stack, job)
    expected: list[dict[str, Any]] = [
        {"event_rw": "Read", "who": "alice", "first": "2026-03-09T08:00:00Z", "n": 9},
        {"event_rw": "Write", "who": "张三", "first": "2026-03-09T08:00:00Z", "n": 6},
        {"event_rw": "Write", "who": "alice", "first": "2026-03-09T08:00:00Z", "n": 1},
    ]
    match form:
        case "csv":
            rows: list[Any] = list(csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True))
            expected = [{**row, "n": str(row["n"])} for row in expected]
        case "parquet":
            rows = pq.read_table(io.BytesIO(body)).to_pylist()
            rows = [{**row, "first": format_time(row["first"])} for row in rows]
        case "json":
            rows = json.loads(body)
        case _:
            rows = [json.loads(line) for line in body.splitlines()]
    assert rows == expected
    assert (job["result"]["rows"], job["result"]["complete"], job["result"]["truncated"]) == (3, True, False)
    assert len(stack.keys("exports/jobs/")) == 2, "what the SQL was run over is left"


def test_an_export_of_several_steps_and_files_is_made_without_being_asked_again(
    stack: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FILE_ROWS", 5)

    job = result_of(stack, LOOKUP)

    assert [file["rows"] for file in job["result"]["files"]] == [5, 5, 5, 1]
    found = [event for body in bodies(stack, job) for event in rows_in("ndjson", body)]
    assert found == stack.get("/v1/events", {**LOOKUP["lookup"], "maxResults": "100"}).body["events"]


def test_files_and_manifest_are_given_by_links_to_one_object_each_for_five_minutes(stack: Deployment) -> None:
    job = result_of(stack, {**LOOKUP, "gzip": True})

    for file in (*job["result"]["files"], job["result"]["manifest"]):
        assert f"/exports/jobs/{job['id']}/{file['name']}?" in file["url"]
        assert "X-Amz-Expires=300" in file["url"]
        assert "response-content-disposition=attachment" in file["url"]
    manifest = json.loads(stack.body(f"exports/jobs/{job['id']}/manifest.json"))
    told = [{name: value for name, value in file.items() if name != "url"} for file in job["result"]["files"]]
    assert (manifest["files"], manifest["rows"], manifest["complete"]) == (told, len(EVENTS), True)
    assert "X-Amz" not in json.dumps(manifest)


def test_names_of_files_are_ours_whatever_is_asked_for(stack: Deployment) -> None:
    job = result_of(stack, {"lookup": {"user": 'a"\r\nSet-Cookie: x=1; ../../state/tokens/x'}, "format": "csv"})

    assert [file["name"] for file in job["result"]["files"]] == ["part-00001.csv"]
    assert len(stack.keys("exports/")) == 2


def test_formulas_in_what_callers_chose_are_inert(stack: Deployment) -> None:
    job = result_of(stack, {"lookup": {"eventId": "read-1", **LOOKUP["lookup"]}, "format": "csv"})

    (body,) = bodies(stack, job)
    (row,) = csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True)
    assert row["user_agent"] == "'=cmd|' /C calc'!A0"
    assert json.loads(row["event"])["userAgent"] == "=cmd|' /C calc'!A0"


def test_the_view_of_an_operator_is_the_one_that_lookups_show(stack: Deployment) -> None:
    lookup = {**LOOKUP["lookup"], "eventRW": "Write"}
    shown = stack.get("/v1/events", {**lookup, "view": "operator", "maxResults": "100"}).body["events"]

    (body,) = bodies(stack, result_of(stack, {"lookup": lookup, "format": "ndjson", "view": "operator"}))
    (cells,) = bodies(stack, result_of(stack, {"lookup": lookup, "format": "csv", "view": "operator"}))

    assert [json.loads(line) for line in body.splitlines()] == shown
    rows = list(csv.DictReader(io.StringIO(cells.decode(), newline=""), strict=True))
    assert rows == [{name: "" if value is None else value for name, value in event.items()} for event in shown]


def test_a_narrowed_token_exports_what_it_may_see(stack: Deployment) -> None:
    who = {**AUDITOR, "accounts": "2", "regions": "cn-hangzhou"}

    job = result_of(stack, LOOKUP, who)

    (body,) = bodies(stack, job)
    assert {event["eventId"] for event in rows_in("ndjson", body)} == {f"write-{number}" for number in range(6)}


def test_a_damaged_object_of_the_lake_makes_an_export_visibly_incomplete(stack: Deployment) -> None:
    stack.land_and_deliver("more.json", as_array(make_events(3, "more")))
    (damaged, *_) = [key for key, body in stack.objects("events/region=us-east-1/").items()]
    stack.s3.put_object(Bucket="trailkeep-lake", Key=damaged, Body=b"PAR1 no longer")
    stack.settle()

    job = result_of(stack, LOOKUP)

    (body,) = bodies(stack, job)
    assert len(rows_in("ndjson", body)) == len(EVENTS) - 1 + 3
    assert (job["result"]["complete"], job["result"]["failureCount"]) == (False, 1)
    assert job["result"]["failures"][0]["object"] == damaged


def test_the_result_is_for_who_has_the_scope_and_for_nobody_who_sees_less(stack: Deployment) -> None:
    job = result_of(stack, LOOKUP)
    path = f"/v1/jobs/{job['id']}"

    assert_error(stack.job("GET", path, {**AUDITOR, "tokenId": "Another"}), 404, "JobNotFound")
    for less in ({"scopes": "view"}, {"accounts": "2"}):
        shown = stack.job("GET", path, {**AUDITOR, **less}).body["job"]
        assert shown["result"] is None


def test_a_deleted_export_is_gone_with_its_files(stack: Deployment) -> None:
    job = result_of(stack, LOOKUP)

    assert stack.job("DELETE", f"/v1/jobs/{job['id']}", AUDITOR).status == 200

    assert stack.keys("exports/") == []
    assert_error(stack.job("GET", f"/v1/jobs/{job['id']}", AUDITOR), 404, "JobNotFound")
