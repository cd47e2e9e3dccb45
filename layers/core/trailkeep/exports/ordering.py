"""Ordering an export: checked and paid for at once, so that nobody waits for what is refused."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trailkeep.access.budget import spend
from trailkeep.access.principal import Principal
from trailkeep.events.timestamps import to_micros
from trailkeep.exports.request import Export, parse_export
from trailkeep.jobs.idempotency import Idempotency
from trailkeep.jobs.job import Job
from trailkeep.jobs.ordering import order
from trailkeep.jobs.store import JobStore
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.parts import Lake
from trailkeep.lookup.page import visible_before
from trailkeep.search.estimate import estimate
from trailkeep.search.matching import narrowed

KIND = "export"
SCOPE = "download"


def order_export(
    lake: Lake,
    store: JobStore,
    body: Mapping[str, Any],
    who: Principal,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Job:
    """The job of an export, to be started; or the one that this ``idempotency`` stands for.

    What it would read at the most is taken of what the token may read today. Raises what
    :func:`trailkeep.exports.request.parse_export` does, :class:`trailkeep.errors.ScanBudgetExceeded`, and what
    :meth:`JobStore.create` does.
    """
    export = parse_export(body, now)
    require_conditional_writes(lake.bucket)
    size = _size(lake, export, who, now)
    spend(lake.bucket, who, size, now)
    return order(store, KIND, body, who, SCOPE, now, paid=size, idempotency=idempotency)


def _size(lake: Lake, export: Export, who: Principal, now: datetime) -> int:
    """The bytes of the objects that it is about; not looked up for who may read any number."""
    if who.scan_budget is None:
        return 0
    return estimate(lake, narrowed(export.matching, who), visible_before(to_micros(now)), now).bytes
