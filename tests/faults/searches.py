"""Searches, to be interrupted: an order is one job, rows that are answered can be paged, and jobs have all the rows."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.invariants import Invariant, demand
from tests.faults.remembered_sql import remembered_sql
from tests.faults.scenario import Scenario, answered, nothing
from tests.faults.world import objects_of
from tests.functions.answers import Answer
from tests.functions.deployment import Deployment, sample
from tests.functions.events import as_array, make_events
from tests.functions.job_works import work_off
from trailkeep.jobs.job import job_id_in
from trailkeep.search.engines import Thresholds

_KEY = {"Idempotency-Key": "incident-7"}
_EVENTS = make_events(5)
_SEARCH = {
    "query": "event.serviceName: Ecs | select event_id from log order by event_id",
    "startTime": "2026-03-09T00:00:00Z",
    "endTime": "2026-03-10T00:00:00Z",
}
_ROWS = [{"event_id": event["eventId"]} for event in _EVENTS]


def _land(deployment: Deployment) -> None:
    deployment.land_and_deliver("log.json", as_array(_EVENTS))


def _as_job(deployment: Deployment) -> Answer:
    deployment.function("search_events").__dict__["thresholds"] = Thresholds(request_bytes=0, job_bytes=1 << 40)
    return deployment.search(_SEARCH, _KEY)


# The order of a job


def _check_order(deployment: Deployment) -> None:
    jobs = deployment.documents("state/jobs/8")
    demand(Invariant.NOTHING_TWICE, len(jobs) == 1, jobs)
    demand(Invariant.ACKNOWLEDGED_IS_DONE, (jobs[0]["kind"], jobs[0]["state"]) == ("search", "queued"), jobs)
    (mark,) = deployment.keys("state/jobs/open/")
    demand(Invariant.ENDS, mark.endswith(jobs[0]["id"]), f"the schedule does not know of it: {mark}")


ORDER = Scenario(
    function="search_events",
    about="SQL for a job, with its Idempotency-Key",
    prepare=_land,
    run=lambda deployment: answered(_as_job(deployment)),
    check=_check_order,
    stands=nothing,  # IDs are random
)


# Rows that are more than a page


def _page(deployment: Deployment, token: str | None = None) -> Answer:
    more = {} if token is None else {"nextToken": token}
    return deployment.search({**_SEARCH, "maxResults": 2, **more})


@remembered_sql()
def _rows(deployment: Deployment) -> bool:
    return answered(_page(deployment))


@remembered_sql()
def _check_rows(deployment: Deployment) -> None:
    rows: list[Any] = []
    token = None
    while True:
        page = _page(deployment, token)
        rows += page.body["rows"]
        token = page.body.get("nextToken")
        if token is None:
            break
    demand(Invariant.CONSERVED, rows == _ROWS, rows)
    deployment.clock.forward(minutes=5)
    deployment.invoke("run_job", sample("run_job/schedule.json"))
    work_off(deployment)
    states = {job["state"] for job in deployment.documents("state/jobs/8")}
    demand(Invariant.ENDS, states == {"succeeded"}, states)
    deployment.clock.forward(hours=1)  # the mark of a job that was not created after all is kept for so long
    deployment.invoke("run_job", sample("run_job/schedule.json"))
    demand(Invariant.ENDS, not deployment.keys("state/jobs/open/"), "jobs are looked after for ever")


ROWS = Scenario(
    function="search_events",
    about="SQL within the request, of which the rows are more than a page",
    prepare=_land,
    run=_rows,
    check=_check_rows,
    stands=nothing,
    may_repeat=False,  # each request has a job of its own
)


# The work on a job


def _prepare_work(deployment: Deployment) -> None:
    _land(deployment)
    assert _as_job(deployment).status == 202


@remembered_sql()
def _work(deployment: Deployment) -> bool:
    """By now whoever worked on it before, and broke off, has lost it."""
    deployment.clock.forward(minutes=5)
    deployment.called.clear()
    deployment.invoke("run_job", sample("run_job/schedule.json"))
    work_off(deployment)
    (job,) = [json.loads(stood.body) for stood in objects_of(deployment) if job_id_in(stood.key)]
    return bool(job["state"] == "succeeded")


def _check_work(deployment: Deployment) -> None:
    (job,) = deployment.documents("state/jobs/8")
    demand(Invariant.ACKNOWLEDGED_IS_DONE, job["state"] == "succeeded", job)
    stored = [deployment.body(f"exports/jobs/{job['id']}/{file['name']}") for file in job["result"]["files"]]
    rows = [json.loads(line) for line in b"".join(stored).splitlines()]
    demand(Invariant.CONSERVED, rows == _ROWS, rows)
    demand(Invariant.ENDS, not deployment.keys("state/jobs/open/"), "it is looked after for ever")


WORK = Scenario(
    function="run_job",
    about="a search with SQL, from the schedule's call to its rows",
    prepare=_prepare_work,
    run=_work,
    check=_check_work,
    stands=nothing,  # IDs are random
)
