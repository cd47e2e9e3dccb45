"""What people and their applications ask for and what writes: events, tokens, copies of large events."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.invariants import Invariant, demand
from tests.faults.lake import demand_answered_once, demand_sound_commits
from tests.faults.scenario import Scenario, answered, nothing
from tests.functions.deployment import LANDING, Deployment, sample
from tests.functions.events import as_array, make_event
from tests.functions.interruption import Fault
from tests.functions.posts import ORDER, batch
from trailkeep.access.keys import secret_key
from trailkeep.access.tokens import authenticate
from trailkeep.errors import Unauthenticated
from trailkeep.lake.storage import Bucket


def _check_post(deployment: Deployment) -> None:
    landed = deployment.keys(bucket=LANDING)
    demand(Invariant.NOTHING_LOST, len(landed) > 0, "202, and nothing landed")
    demand(Invariant.NOTHING_TWICE, len(landed) == 1, landed)
    assert deployment.deliver(*landed) == []
    demand_sound_commits(deployment)
    again = deployment.post(batch(ORDER, ORDER), {"Idempotency-Key": "order-17"})
    demand_answered_once(deployment, again.body["eventIds"])


POST = Scenario(
    function="ingest_events",
    about="a request with its Idempotency-Key",
    prepare=lambda deployment: None,
    run=lambda deployment: answered(deployment.post(batch(ORDER, ORDER), {"Idempotency-Key": "order-17"})),
    check=_check_post,
)

_issued: list[dict[str, Any]] = []


def _issue(deployment: Deployment) -> bool:
    _issued.append(deployment.invoke("issue_token", sample("issue_token/admin.json")))
    return True


def _check_token(deployment: Deployment) -> None:
    token = _issued[-1]["token"]
    try:
        pepper = secret_key("TOKEN_PEPPER_SECRET")
        who = authenticate(Bucket("trailkeep-lake"), pepper, f"Bearer {token}", deployment.clock.now())
    except Unauthenticated:
        demand(Invariant.ACKNOWLEDGED_IS_DONE, False, "a token was given that opens nothing")
    else:
        demand(Invariant.ONE_OUTCOME, "admin" in who.scopes, who)


TOKEN = Scenario(
    function="issue_token",
    about="the first token",
    prepare=lambda deployment: None,
    run=_issue,
    check=_check_token,
    stands=nothing,
    may_repeat=False,  # each is another one
    noticed=frozenset({Fault.ANSWER_LOST}),  # whether the record is this one's, the one who wrote it does not know
)

HUGE = make_event("huge", requestParameters={"text": "x" * 5_100_000})


def _check_copy(deployment: Deployment) -> None:
    (key,) = deployment.keys("exports/")
    demand(Invariant.COMMIT_IS_TRUE, json.loads(deployment.body(key)) == HUGE, "the copy is another event")


COPY = Scenario(
    function="query_events",
    about="an event that is given by a link to a copy",
    prepare=lambda deployment: deployment.land_and_deliver("huge.json", as_array([HUGE])),
    run=lambda deployment: answered(deployment.get("/v1/events/huge")),
    check=_check_copy,
)
