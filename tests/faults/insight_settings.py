"""The settings of detection, to be interrupted."""

from __future__ import annotations

from typing import Any

from tests.faults.invariants import Invariant, demand
from tests.faults.scenario import Scenario, answered
from tests.functions.answers import Answer
from tests.functions.deployment import ALL_SCOPES, Deployment

PATH = "/v1/insights/settings"
OFFICE = {"network": "192.0.2.0/24", "note": "the office"}


def _ask(deployment: Deployment, body: dict[str, Any] | None = None) -> Answer:
    if body is None:
        return deployment.insights("GET", PATH, parameters={"accountId": "1"})
    return deployment.insights("PUT", PATH, {"accountId": "1", **body}, who=ALL_SCOPES)


def _check(deployment: Deployment) -> None:
    told = _ask(deployment).body
    demand(Invariant.ACKNOWLEDGED_IS_DONE, told["types"] == {"IpInsight": {"enabled": False}}, told)
    demand(Invariant.NOTHING_LOST, told["allowedNetworks"] == [OFFICE], "what another request had set")


CHANGE = Scenario(
    function="manage_insights",
    about="a change of what detection looks at",
    prepare=lambda deployment: _ask(deployment, {"allowedNetworks": [OFFICE]}),
    run=lambda deployment: answered(_ask(deployment, {"types": {"IpInsight": {"enabled": False}}})),
    check=_check,
)
