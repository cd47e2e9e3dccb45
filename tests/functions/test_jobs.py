"""run_job and manage_jobs: a job from its creation to its end and its expiry, as those see it who asked for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, LAKE, Deployment, sample
from tests.functions.interruption import Fault, interrupted
from tests.functions.job_works import FILES, create, teach, work_off
from trailkeep.errors import InvalidQuery, StorageUnavailable
from trailkeep.jobs.job import Job
from trailkeep.jobs.starting import start
from trailkeep.jobs.store import OPEN

ALICE = {**ALL_SCOPES, "tokenId": "TokenOfAlice", "name": "alice", "scopes": "view download"}
BOB = {**ALL_SCOPES, "tokenId": "TokenOfBob00", "name": "bob", "scopes": "view download"}
SCHEDULE = sample("run_job/schedule.json")
NOBODYS = "8226855999999-5f2b0c6d1e3a-0123456789abcdef0123456789abcdef"


@pytest.fixture
def taught(deployment: Deployment) -> Deployment:
    teach(deployment)
    return deployment


def done(deployment: Deployment, who: Any = ALICE) -> Job:
    job = create(deployment, who)
    start(job.id)
    work_off(deployment)
    return job


def minutes_pass(deployment: Deployment, minutes: int) -> None:
    """The schedule runs each minute, and what it calls is invoked."""
    for _ in range(minutes):
        deployment.clock.forward(minutes=1)
        deployment.invoke("run_job", SCHEDULE)
        work_off(deployment)


# From the creation to the end


def test_a_job_is_done_in_steps_that_follow_each_other_at_once(taught: Deployment) -> None:
    job = create(taught, ALICE)
    start(job.id)
    assert taught.called == [{"job": job.id}]

    assert [answer["state"] for answer in work_off(taught)] == ["running"] * (FILES - 1) + ["succeeded"]

    told = taught.job("GET", f"/v1/jobs/{job.id}", ALICE)
    assert told.status == 200
    shown = told.body["job"]
    assert (shown["state"], shown["progress"]) == ("succeeded", {"fraction": 1.0, "rows": FILES, "bytes": 0})
    assert (shown["createdAt"], shown["endedAt"], shown["expiresAt"]) == (
        "2026-03-10T12:00:00Z", "2026-03-10T12:00:00Z", "2026-03-17T12:00:00Z",
    )  # fmt: skip
    assert shown["createdBy"] == {"tokenId": "TokenOfAlice", "name": "alice"}
    assert shown["result"]["at"] == "2026-03-10 12:00:00+00:00"
    assert not {"lease", "checkpoint", "who", "attempts"} & set(shown)


def test_the_files_of_a_result_are_given_by_links_for_five_minutes(taught: Deployment) -> None:
    job = done(taught)

    files = taught.job("GET", f"/v1/jobs/{job.id}", ALICE).body["job"]["result"]["files"]

    assert [file["name"] for file in files] == [f"part-{number}" for number in range(FILES)]
    for file in files:
        assert f"/{LAKE}/exports/jobs/{job.id}/{file['name']}?" in file["url"]
        assert "X-Amz-Expires=300" in file["url"]
        assert "response-content-disposition=attachment" in file["url"]
    assert "X-Amz" not in json.dumps(taught.documents("state/jobs/8"))


def test_a_job_that_was_never_started_is_found_by_the_schedule(taught: Deployment) -> None:
    job = create(taught, ALICE)

    minutes_pass(taught, 1)

    assert taught.job("GET", f"/v1/jobs/{job.id}", ALICE).body["job"]["state"] == "succeeded"


def test_the_next_step_that_cannot_be_called_waits_for_the_schedule(taught: Deployment, log_lines: Any) -> None:
    first, second, third = (create(taught, ALICE) for _ in range(3))
    taught.invoke("run_job", {"job": first.id})
    with interrupted(0, Fault.KILLED_BEFORE) as calls:
        taught.invoke("run_job", {"job": second.id})
    taught.called.clear()
    with interrupted(calls.index("Invoke") + 1, Fault.UNAVAILABLE):
        assert taught.invoke("run_job", {"job": third.id})["state"] == "running"

    assert taught.called == []
    assert "the next step waits for the schedule" in [line["message"] for line in log_lines()]
    minutes_pass(taught, 1)
    assert taught.job("GET", f"/v1/jobs/{third.id}", ALICE).body["job"]["state"] == "succeeded"


def test_a_call_for_a_job_that_is_gone_changes_nothing(taught: Deployment) -> None:
    for job_id in (NOBODYS, "x", "../../state/tokens/x"):
        assert taught.invoke("run_job", {"job": job_id}) == {"job": job_id, "state": "gone"}
    assert taught.keys() == []


def test_a_call_that_comes_twice_changes_nothing(taught: Deployment) -> None:
    job = done(taught)
    before = taught.objects()

    assert taught.invoke("run_job", {"job": job.id})["state"] == "succeeded"

    assert taught.objects() == before
    assert taught.called == []


def test_a_step_ends_before_the_function_has_to(deployment: Deployment) -> None:
    told = []

    def work(job: Job, progress: Any, lake: Any, now: datetime) -> dict[str, Any]:
        told.append(progress.out_of_time())
        return {}

    teach(deployment, work)
    deployment.invoke("run_job", {"job": create(deployment).id}, remaining_milliseconds=120_000)
    deployment.invoke("run_job", {"job": create(deployment).id}, remaining_milliseconds=119_999)

    assert told == [False, True]


# Failures


def failing(error: Exception) -> Callable[..., dict[str, Any]]:
    def work(*_: object) -> dict[str, Any]:
        raise error

    return work


def test_a_job_fails_with_the_reason_that_a_request_would_be_told(deployment: Deployment, capsys: Any) -> None:
    teach(deployment, failing(InvalidQuery('expected a value behind "a:" at line 1, column 4')))
    job = done(deployment)

    shown = deployment.job("GET", f"/v1/jobs/{job.id}", ALICE).body["job"]

    assert shown["state"] == "failed"
    assert shown["error"] == {
        "code": "InvalidQuery",
        "message": 'expected a value behind "a:" at line 1, column 4',
        "hint": InvalidQuery.hint,
    }
    assert metrics(capsys)["JobsFailed"] == 0


def test_a_job_whose_work_breaks_is_tried_again_and_then_fails_as_our_fault(
    deployment: Deployment, log_lines: Any, capsys: Any
) -> None:
    teach(deployment, failing(ValueError("canary-secret")))
    job = done(deployment)
    assert deployment.job("GET", f"/v1/jobs/{job.id}", ALICE).body["job"]["state"] == "running"

    minutes_pass(deployment, 20)

    shown = deployment.job("GET", f"/v1/jobs/{job.id}", ALICE).body["job"]
    assert (shown["state"], shown["error"]["code"]) == ("failed", "InternalError")
    errors = [line for line in log_lines() if line["level"] == "ERROR"]
    assert [line["kind"] for line in errors] == ["ValueError"] * 5
    assert "canary-secret" not in str(log_lines()) + str(shown)
    assert metrics(capsys)["JobsFailed"] == 1


def metrics(capsys: Any) -> dict[str, float]:
    """The sum of each metric that was written."""
    sums: dict[str, float] = {}
    for line in capsys.readouterr().out.splitlines():
        if line.startswith('{"_aws"'):
            for name, value in json.loads(line).items():
                if isinstance(value, list):
                    sums[name] = sums.get(name, 0) + sum(value)
    return sums


def test_a_crashed_worker_is_followed_by_another(taught: Deployment) -> None:
    job = create(taught, ALICE)
    with interrupted(8, Fault.KILLED_AFTER), pytest.raises(BaseException):  # noqa: B017, PT011
        taught.invoke("run_job", {"job": job.id})
    assert taught.job("GET", f"/v1/jobs/{job.id}", ALICE).body["job"]["state"] == "running"

    minutes_pass(taught, 4)

    shown = taught.job("GET", f"/v1/jobs/{job.id}", ALICE).body["job"]
    assert (shown["state"], shown["progress"]["rows"]) == ("succeeded", FILES)


def test_a_store_that_does_not_answer_is_an_error_of_the_function(taught: Deployment) -> None:
    job = create(taught)
    with interrupted(1, Fault.UNAVAILABLE), pytest.raises(StorageUnavailable):
        taught.invoke("run_job", {"job": job.id})
    with interrupted(1, Fault.UNAVAILABLE), pytest.raises(StorageUnavailable):
        taught.invoke("run_job", SCHEDULE)


# Who may


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_job_of_another_is_like_one_that_is_not_there(taught: Deployment, method: str) -> None:
    job = done(taught)
    before = taught.objects()

    theirs = taught.job(method, f"/v1/jobs/{job.id}", BOB)
    nobodys = taught.job(method, f"/v1/jobs/{NOBODYS}", BOB)

    assert_error(theirs, 404, "JobNotFound")
    assert theirs.text == nobodys.text
    assert taught.job("GET", "/v1/jobs", BOB).body["jobs"] == []
    assert taught.objects() == before


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("job_id", ["x", "..", "open", "%2e%2e", NOBODYS[:-1], NOBODYS.upper(), "a" * 5_000])
def test_what_is_no_id_is_no_job(deployment: Deployment, method: str, job_id: str) -> None:
    answer = deployment.job(method, f"/v1/jobs/{job_id}")

    assert answer.status == 404
    assert answer.body["code"] in ("JobNotFound", "RouteNotFound")
    assert deployment.keys() == []


def test_administrators_see_and_cancel_the_jobs_of_all(taught: Deployment) -> None:
    job = create(taught, ALICE)

    assert [each["id"] for each in taught.job("GET", "/v1/jobs").body["jobs"]] == [job.id]
    assert taught.job("GET", f"/v1/jobs/{job.id}").status == 200
    assert taught.job("DELETE", f"/v1/jobs/{job.id}").body["job"]["state"] == "cancelled"


@pytest.mark.parametrize("narrowed", [{"accounts": "1"}, {"regions": "cn-hangzhou"}, {"scopes": "view"}], ids=str)
def test_others_are_no_administrators_of_jobs(taught: Deployment, narrowed: dict[str, str]) -> None:
    job = done(taught)

    assert_error(taught.job("GET", f"/v1/jobs/{job.id}", {**ALL_SCOPES, **narrowed}), 404, "JobNotFound")
    assert taught.job("GET", "/v1/jobs", {**ALL_SCOPES, **narrowed}).body["jobs"] == []


@pytest.mark.parametrize(
    "who",
    [
        {**ALICE, "scopes": "view"},
        {**ALICE, "scopes": ""},
        {**ALICE, "accounts": "1"},
        {**ALICE, "regions": "cn-hangzhou"},
        {**ALL_SCOPES, "scopes": "admin view ingest"},
    ],
    ids=str,
)
def test_without_what_the_result_needs_the_job_is_seen_and_the_result_is_not(taught: Deployment, who: Any) -> None:
    job = done(taught)

    answer = taught.job("GET", f"/v1/jobs/{job.id}", who)

    assert (answer.status, answer.body["job"]["result"]) == (200, None)
    assert "download" in answer.body["job"]["resultWithheld"]
    assert "X-Amz" not in answer.text


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", f"/{NOBODYS}"), ("DELETE", f"/{NOBODYS}")])
@pytest.mark.parametrize("who", [None, {}, {"scopes": "admin"}], ids=str)
def test_a_request_that_no_authorizer_saw_is_refused(deployment: Deployment, method: str, path: str, who: Any) -> None:
    assert_error(deployment.job(method, f"/v1/jobs{path}", who), 401, "Unauthenticated")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/jobs"), ("DELETE", "/v1/jobs"), ("PUT", f"/v1/jobs/{NOBODYS}"), ("GET", f"/v1/jobs/{NOBODYS}/x")],
)
def test_what_is_no_route_is_told_so(deployment: Deployment, method: str, path: str) -> None:
    assert_error(deployment.job(method, path), 404, "RouteNotFound")


# Lists


def test_jobs_are_listed_a_page_at_a_time_the_newest_first(taught: Deployment) -> None:
    jobs = []
    for who in (ALICE, BOB, ALICE, ALICE):
        jobs.append(create(taught, who))
        taught.clock.forward(seconds=1)

    first = taught.job("GET", "/v1/jobs", ALICE, maxResults="2").body
    second = taught.job("GET", "/v1/jobs", ALICE, maxResults="2", nextToken=first["nextToken"]).body

    assert [job["id"] for job in first["jobs"]] == [jobs[3].id, jobs[2].id]
    assert [job["id"] for job in second["jobs"]] == [jobs[0].id]
    assert set(second) == {"jobs", "completeness"}
    assert second["completeness"] == {"complete": True, "asOf": "2026-03-10T12:00:04Z", "failures": []}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"maxResults": "0"}, "InvalidParameter"),
        ({"order": "x"}, "InvalidParameter"),
        ({"nextToken": "x"}, "InvalidNextToken"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_refused(deployment: Deployment, parameters: dict[str, str], code: str) -> None:
    assert_error(deployment.job("GET", "/v1/jobs", **parameters), 400, code)


# The end before the end


def test_a_job_that_waits_is_cancelled_at_once(taught: Deployment) -> None:
    job = create(taught, ALICE)
    start(job.id)

    answer = taught.job("DELETE", f"/v1/jobs/{job.id}", ALICE)

    assert (answer.status, answer.body["job"]["state"]) == (200, "cancelled")
    assert work_off(taught) == [{"job": job.id, "state": "cancelled"}]
    assert taught.keys(OPEN) == taught.keys("exports/") == []


def test_a_job_under_work_is_cancelled_at_its_next_report(deployment: Deployment) -> None:
    asked = []

    def work(job: Job, progress: Any, lake: Any, now: datetime) -> dict[str, Any]:
        deployment.s3.put_object(Bucket=LAKE, Key=f"{job.results}half", Body=b"")
        asked.append(deployment.job("DELETE", f"/v1/jobs/{job.id}", ALICE))
        deployment.clock.forward(seconds=10)
        progress.report(rows=1)
        raise AssertionError("not reached")

    teach(deployment, work)
    job = create(deployment, ALICE)

    assert deployment.invoke("run_job", {"job": job.id}) == {"job": job.id, "state": "cancelled"}
    assert (asked[0].status, asked[0].body["job"]["state"]) == (202, "running")
    assert asked[0].body["job"]["cancelRequested"] is True
    assert deployment.keys("exports/") == []


def test_an_ended_job_is_deleted_with_its_result(taught: Deployment) -> None:
    job = done(taught)
    path = f"/v1/jobs/{job.id}"

    assert taught.job("DELETE", path, ALICE).status == 200

    for method in ("GET", "DELETE"):
        assert_error(taught.job(method, path, ALICE), 404, "JobNotFound")
    assert taught.job("GET", "/v1/jobs", ALICE).body["jobs"] == []
    assert taught.keys("exports/") == []
    minutes_pass(taught, 20)
    assert taught.keys() == []


def test_jobs_and_their_results_expire(taught: Deployment) -> None:
    job = done(taught)
    taught.clock.forward(days=7)
    assert_error(taught.job("GET", f"/v1/jobs/{job.id}", ALICE), 404, "JobNotFound")

    minutes_pass(taught, 20)

    assert taught.keys() == []


def test_how_long_they_are_kept_is_a_setting(taught: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_RETENTION_DAYS", "30")
    job = done(taught)
    taught.restart()
    taught.clock.forward(days=29)
    taught.invoke("run_job", SCHEDULE)

    shown = taught.job("GET", f"/v1/jobs/{job.id}", ALICE).body["job"]
    assert (shown["state"], shown["expiresAt"]) == ("succeeded", "2026-04-09T12:00:00Z")


def test_the_schedule_tells_what_it_found(taught: Deployment, capsys: Any) -> None:
    create(taught, ALICE)
    taught.clock.forward(minutes=1)

    answer = taught.invoke("run_job", SCHEDULE)

    assert answer == {"JobsOpen": 1, "JobsStarted": 1, "JobsRemoved": 0, "JobsUnreadable": 0}
    assert metrics(capsys) == answer
