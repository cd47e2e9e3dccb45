"""A page of jobs, the newest first: those of a token, or for an administrator all."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trailkeep.access.principal import Principal
from trailkeep.errors import InvalidNextToken, ObjectUnreadable
from trailkeep.events.timestamps import format_time
from trailkeep.jobs.description import describe
from trailkeep.jobs.job import JOBS, Job, is_admin, is_job_id, job_id_in, job_key, mark_in, mark_of
from trailkeep.jobs.store import JobStore

PAGE_BYTES = 4 << 20
"""A page closes at this: a function may answer 6 MB. A job as it is shown is no larger than as it is stored."""

_PLACE = re.compile(r"[0-9]{13}", re.ASCII)


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, the newest first, the token of the next page, and what could not be read."""

    jobs: list[dict[str, Any]]
    next_token: str | None
    failures: list[dict[str, str]]

    def as_json(self, now: datetime) -> dict[str, object]:
        """The answer of ``GET /v1/jobs``."""
        completeness = {"complete": not self.failures, "asOf": format_time(now), "failures": self.failures}
        token = {"nextToken": self.next_token} if self.next_token else {}
        return {"jobs": self.jobs, **token, "completeness": completeness}


def list_jobs(
    store: JobStore,
    who: Principal,
    most: int,
    next_token: str | None,
    now: datetime,
    out_of_time: Callable[[], bool] = lambda: False,
) -> JobPage:
    """A page of the jobs that ``who`` may see. It is shorter, or empty, where time or room runs out before it is full.

    Whose a job is is in its key: of all others nothing is read.
    """
    if next_token is not None and not (is_job_id(next_token) or _PLACE.fullmatch(next_token)):
        raise InvalidNextToken("nextToken is damaged")
    found, place = _keys(store, who, most, next_token, out_of_time)
    jobs = store.find_all(found)
    return JobPage(
        jobs=[
            describe(job, store.retention)
            for job in jobs
            if isinstance(job, Job) and job.may_be_seen_by(who) and not store.is_gone(job, now)
        ],
        next_token=place,
        failures=[
            {"object": job_key(job_id), "reason": job.message}
            for job_id, job in zip(found, jobs, strict=True)
            if isinstance(job, ObjectUnreadable)
        ],
    )


def _keys(
    store: JobStore, who: Principal, most: int, behind: str | None, out_of_time: Callable[[], bool]
) -> tuple[list[str], str | None]:
    """IDs of jobs, and from where on the next page goes on; None at the end."""
    mine = None if is_admin(who) else mark_of(who.token_id)
    found: list[str] = []
    size = 0
    after = "" if behind is None else job_key(behind) if is_job_id(behind) else f"{JOBS}{behind}"
    for page in store.lake.pages(JOBS, after=after):
        for stat in page.objects:
            job_id = job_id_in(stat.key)
            if job_id is None or (mine is not None and mark_in(job_id) != mine):
                continue
            size += stat.size
            if len(found) == most or (found and size > PAGE_BYTES):
                return found, found[-1]
            found.append(job_id)
        if out_of_time() and page.objects:
            return found, _place_behind(found, page.objects[-1].key)
    return found, None


def _place_behind(found: list[str], key: str) -> str | None:
    """Where to go on behind a key, without telling the ID of a job that is another's; None behind the last job."""
    place = _PLACE.match(key.removeprefix(JOBS))
    if place is None:
        return None
    return found[-1] if found and found[-1].startswith(place[0]) else place[0]
