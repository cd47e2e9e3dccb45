"""Health: whether the lake answers, and the watermark up to which it is complete."""

from datetime import datetime
from typing import Any

from trailkeep.errors import TrailkeepError
from trailkeep.events.timestamps import format_time
from trailkeep.lake.storage import Bucket
from trailkeep.lake.watermark import read_watermark


def report(lake: Bucket, now: datetime) -> dict[str, Any]:
    """``ready``, the watermark, and how many seconds it lies behind the clock; both null before the first sweep."""
    try:
        watermark = read_watermark(lake)
    except TrailkeepError as error:
        return {"ready": False, "reason": error.code}
    return {
        "ready": True,
        "watermark": format_time(watermark) if watermark else None,
        "lagSeconds": int((now - watermark).total_seconds()) if watermark else None,
    }
