"""What keeping the index fresh costs: some hours of its schedule while deliveries and compaction go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.benchmarks.events import HOME, LAST_DAY
from tests.benchmarks.proxy import Proxy
from tests.benchmarks.rows import Row
from tests.benchmarks.small import SmallDay, deliver_small
from tests.benchmarks.work import compact_partition, publish, workers
from tests.faults.seaweed import SeaweedFS

HOURS = 6
RUNS_AN_HOUR = 4
"""The schedule of the function that publishes the index."""

_OBJECTS = 20


def measure(server: SeaweedFS) -> list[Row]:
    """PUTs a day: in each hour some objects are delivered and compacted, and the index is brought up to date."""
    now = datetime.now(UTC)
    with Proxy(server.environment) as proxy, workers(server.environment) as others, workers(proxy.environment) as pool:
        pool.submit(publish, now).result()
        proxy.reset(0.0)
        for hour in range(HOURS):
            day = LAST_DAY + timedelta(days=1 + hour)
            others.submit(deliver_small, SmallDay(day, _OBJECTS)).result()
            others.submit(compact_partition, (HOME, day)).result()
            for _ in range(RUNS_AN_HOUR):
                now = now + timedelta(minutes=60 // RUNS_AN_HOUR)
                pool.submit(publish, now).result()
        traffic = proxy.traffic()
    days = HOURS / 24
    return [
        Row("index, PUTs a day to keep fresh", traffic.puts / days, "PUTs", budget="a few"),
        Row("index, cost a day to keep fresh", 100 * traffic.dollars / days, "cents"),
    ]
