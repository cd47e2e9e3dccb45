"""The small documents of a delivery: its plan, commit and quarantine, once its landing object and its days are gone."""

from collections.abc import Callable, Set
from datetime import datetime, timedelta

from trailkeep.lake.commits import COMMITS
from trailkeep.lake.plans import PLANS
from trailkeep.lake.quarantine import QUARANTINE
from trailkeep.lake.storage import Bucket, Stat
from trailkeep.retention.landing import delivery_in
from trailkeep.retention.removal import Removed, remove


def clear_documents(
    lake: Bucket, standing: Set[str], days: int, now: datetime, out_of_time: Callable[[], bool]
) -> Removed:
    """Delete the documents that are older than ``days`` and of no landing object.

    ``standing`` has to be the deliveries of every landing object: where one stands, its commit says that it is
    delivered, and its plan how.
    """
    before = now - timedelta(days=days)
    # Where keys begin with a time, nothing behind this one can be old enough.
    ends = {
        COMMITS: f"{COMMITS}{before:%Y-%m-%dT%H-%M}~",
        QUARANTINE: f"{QUARANTINE}date={before:%Y-%m-%d}~",
        PLANS: "~",
    }
    cleared = Removed()

    def is_due(stat: Stat) -> bool:
        delivery = delivery_in(stat.key)
        return delivery is not None and delivery not in standing and stat.modified_at < before

    for prefix, end in ends.items():
        for page in lake.pages(prefix):
            if out_of_time():
                return cleared
            cleared.add(remove(lake, [stat for stat in page.objects if is_due(stat)]))
            if page.objects and page.objects[-1].key > end:
                break
    cleared.finished = True
    return cleared
