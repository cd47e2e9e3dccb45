"""The settings of detection as ``GET /v1/insights/settings`` shows them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from trailkeep.insights.settings.account_settings import AccountSettings, in_force, read_own_settings
from trailkeep.insights.settings.accounts import dates_with_calls, day_of, readiness_by_type
from trailkeep.lake.storage import Bucket


def describe_settings(bucket: Bucket, account: str | None, now: datetime) -> dict[str, Any]:
    """What was set for an account, or for all, what counts, and for an account which types are ready."""
    for_all, _ = read_own_settings(bucket, None)
    own, _ = (for_all, None) if account is None else read_own_settings(bucket, account)
    counts = in_force(for_all, own)
    allowed = {each.network: each for each in (*for_all.allowed_networks, *own.allowed_networks)}
    return {
        "accountId": account,
        "version": own.version,
        "types": own.types,
        "allowedNetworks": own.allowed_networks,
        "inForce": {
            "types": {name: asdict(tuning) for name, tuning in counts.tunings.items()},
            "allowedNetworks": [allowed[network] for network in counts.allowed],
        },
        "readiness": None if account is None else _readiness(bucket, account, counts, now),
        "updatedAt": own.updated_at,
        "updatedBy": own.updated_by,
    }


def _readiness(bucket: Bucket, account: str, counts: AccountSettings, now: datetime) -> dict[str, Any]:
    today = day_of(now)
    return readiness_by_type(counts, dates_with_calls(bucket, account, today), today)
