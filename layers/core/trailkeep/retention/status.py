"""How retention stands, as ``GET /v1/retention`` tells it."""

from datetime import datetime
from typing import Any

from trailkeep.lake.storage import Bucket
from trailkeep.retention.runs import read_last_run
from trailkeep.retention.settings import read_settings


def describe_retention(lake: Bucket, floor: int, now: datetime) -> dict[str, Any]:
    """The settings as they were last set, what of them is in force already, and the last run."""
    settings, _ = read_settings(lake)
    return {
        "days": settings.days,
        "landingDays": settings.landing_days,
        "quarantineDays": settings.quarantine_days,
        "floorDays": floor,
        "inForce": settings.in_force(now, floor),
        "effectiveFrom": settings.effective_from(now),
        "updatedAt": settings.updated_at,
        "updatedBy": settings.updated_by,
        "lastRun": read_last_run(lake),
    }
