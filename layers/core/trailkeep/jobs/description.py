"""A job as the API shows it: without what only workers need, its result with links that open it for some minutes."""

from datetime import timedelta
from typing import Any

from trailkeep.access.principal import Principal
from trailkeep.jobs.job import Job
from trailkeep.lake.storage import Bucket

LINK_LIFETIME = timedelta(minutes=5)


def describe(job: Job, retention: timedelta) -> dict[str, Any]:
    """A job without its result: what lists show, and what the request that created it is answered with."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "scope": job.scope,
        "createdBy": {"tokenId": job.who["tokenId"], "name": job.who["name"]},
        "request": job.request,
        "createdAt": job.created_at,
        "startedAt": job.started_at,
        "updatedAt": job.updated_at,
        "endedAt": job.ended_at,
        "expiresAt": job.expires_at(retention),
        "progress": job.progress,
        "cancelRequested": job.cancel_requested,
        "error": job.error and {"code": job.error.code, "message": job.error.message, "hint": job.error.hint},
    }


def describe_whole(job: Job, retention: timedelta, who: Principal, lake: Bucket) -> dict[str, Any]:
    """A job with its ``result``, null before its end; where ``who`` may not have it ``resultWithheld`` says why."""
    if job.result is None or job.result_may_be_seen_by(who):
        return describe(job, retention) | {"result": job.result and _linked(job.result, job.results, lake)}
    needs = f"the result needs a token with the scope {job.scope}, for all accounts and regions that it was made for"
    return describe(job, retention) | {"result": None, "resultWithheld": needs}


def _linked(result: dict[str, Any], prefix: str, lake: Bucket) -> dict[str, Any]:
    """A result whose ``files`` and ``manifest`` have a ``url`` each."""

    def link(named: dict[str, Any]) -> dict[str, Any]:
        return named | {"url": lake.link(f"{prefix}{named['name']}", int(LINK_LIFETIME.total_seconds()))}

    linked = dict(result)
    if "files" in result:
        linked["files"] = [link(named) for named in result["files"]]
    if "manifest" in result:
        linked["manifest"] = link(result["manifest"])
    return linked
