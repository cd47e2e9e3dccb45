"""Saved queries, to be interrupted: one that is saved, changed, or deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.faults.invariants import Invariant, demand
from tests.faults.scenario import Scenario, answered, nothing
from tests.functions.deployment import LAKE, Deployment
from trailkeep.saved_queries.saved_query import Actor, SavedQuery
from trailkeep.saved_queries.store import key_of

ID = "20260310T120000-00000000"
BODY = {"name": "denials", "query": "errorCode: NoPermission", "shared": True}


def _own(deployment: Deployment) -> list[dict[str, Any]]:
    """The saved queries that are listed, presets aside."""
    told = deployment.saved_queries("GET", parameters={"maxResults": "1000"}).body
    demand(Invariant.NOTHING_LOST, told["completeness"]["complete"], told["completeness"])
    return [saved for saved in told["savedQueries"] if not saved["preset"]]


def _check_saved(deployment: Deployment) -> None:
    """One that was not answered may stand as well: asked again, there are two alike."""
    names = {saved["name"] for saved in _own(deployment)}
    demand(Invariant.ACKNOWLEDGED_IS_DONE, names == {"denials"}, names)


SAVING = Scenario(
    function="manage_saved_queries",
    about="a query that is saved",
    prepare=lambda deployment: None,
    run=lambda deployment: answered(deployment.saved_queries("POST", body=BODY)),
    check=_check_saved,
    stands=nothing,
    may_repeat=False,
)


def _prepare(deployment: Deployment) -> None:
    saved = SavedQuery(
        id=ID,
        name="old",
        mode="custom",
        query="*",
        created_at=deployment.clock.time,
        created_by=Actor("TokenOfAdmin", "admin"),
    )
    deployment.s3.put_object(Bucket=LAKE, Key=key_of(ID), Body=msgspec.json.encode(saved))


def _check_changed(deployment: Deployment) -> None:
    (saved,) = _own(deployment)
    demand(Invariant.ACKNOWLEDGED_IS_DONE, (saved["id"], saved["name"]) == (ID, "denials"), saved)


CHANGE = Scenario(
    function="manage_saved_queries",
    about="a saved query that is changed",
    prepare=_prepare,
    run=lambda deployment: answered(deployment.saved_queries("PUT", f"/{ID}", BODY)),
    check=_check_changed,
)


def _delete(deployment: Deployment) -> bool:
    """Who asks again, not knowing whether it was done, may be told that there is no such query any more."""
    answer = deployment.saved_queries("DELETE", f"/{ID}")
    return answer.status == 404 or answered(answer)


DELETION = Scenario(
    function="manage_saved_queries",
    about="a saved query that is deleted",
    prepare=_prepare,
    run=_delete,
    check=lambda deployment: demand(Invariant.ACKNOWLEDGED_IS_DONE, _own(deployment) == [], "it is still there"),
)
