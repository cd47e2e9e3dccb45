"""The demands on what deliveries leave in the lake: seen through the API, and in what is stored."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import pyarrow.parquet as pq

from tests.faults.invariants import Invariant, demand
from tests.functions.deployment import LANDING, Deployment
from trailkeep.lake.partitions import parse_part


def demand_answered_once(deployment: Deployment, expected: Iterable[str]) -> None:
    """The API answers the events with these IDs, each once."""
    deployment.settle()
    answered = Counter(str(event.get("eventId") or event.get("eventID")) for event in deployment.all_events())
    wanted = Counter(expected)
    demand(Invariant.NOTHING_LOST, not wanted - answered, f"lost: {sorted(wanted - answered)}")
    demand(Invariant.NOTHING_TWICE, answered == wanted, f"too many: {sorted(answered - wanted)}")


def demand_sound_commits(deployment: Deployment) -> None:
    """One commit for each landing object, true in every number; no part besides, no row twice in a delivery.

    A commit may stand in two minutes of the feed, where a worker came minutes after the first one: both say the same.
    """
    commits = {commit["delivery"]: _told(commit) for commit in deployment.documents("state/commits/")}
    for commit in deployment.documents("state/commits/"):
        demand(Invariant.ONE_OUTCOME, _told(commit) == commits[commit["delivery"]], commit)
    landed = deployment.keys(bucket=LANDING)
    told = sorted(commit["key"] for commit in commits.values())
    demand(Invariant.ONE_OUTCOME, told == sorted(landed), f"commits of {told} for {landed}")
    parts = {key: body for key, body in deployment.objects("events/").items() if parse_part(key)}
    stored: set[bytes] = set()
    for commit in commits.values():
        _demand_conserved(commit)
        missing = [part["key"] for part in commit["parts"] if part["key"] not in parts]
        demand(Invariant.COMMIT_IS_TRUE, not missing, f"named, and not there: {missing}")
        uids: list[bytes] = []
        for part in commit["parts"]:
            body = parts.pop(part["key"])
            rows = _uids(body)
            said = (part["rows"], part["bytes"], part["sha256"])
            demand(Invariant.COMMIT_IS_TRUE, said == (len(rows), len(body), sha256(body).hexdigest()), part)
            uids += rows
        demand(Invariant.NOTHING_TWICE, len(set(uids)) == len(uids), f"{commit['key']} stands twice in its own parts")
        stored.update(uids)
    for key, body in parts.items():
        demand(
            Invariant.NOTHING_TWICE, not stored.intersection(_uids(body)), f"{key} repeats what committed parts hold"
        )
    demand(Invariant.COMMIT_IS_TRUE, not parts, f"there, and not named: {sorted(parts)}")


def _uids(part: bytes) -> list[bytes]:
    uids: list[bytes] = pq.read_table(io.BytesIO(part), columns=["uid"]).column("uid").to_pylist()
    return uids


def _told(commit: dict[str, Any]) -> dict[str, Any]:
    """What a commit says, but for when."""
    return {**commit, "committed_at": ""}


def _demand_conserved(commit: dict[str, Any]) -> None:
    accounted = commit["rows_out"] + commit["quarantined"] + commit["duplicates"]
    demand(Invariant.CONSERVED, commit["records_in"] == accounted, commit)
    demand(Invariant.CONSERVED, commit["rows_out"] == sum(part["rows"] for part in commit["parts"]), commit)
