"""What was told before: the Insights in the lake. Events that come late must neither tell one again nor change it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from trailkeep.events.timestamps import to_micros
from trailkeep.insights.history import HISTORY
from trailkeep.insights.insight import Insight
from trailkeep.lake.parquet import values
from trailkeep.lake.partitions import INSIGHTS, dates_between
from trailkeep.lake.parts import Lake, Reading

_COLUMNS = ("insight_type", "account_id", "insight_object", "shared_event_id", "insight_state", "event_time")


@dataclass(slots=True)
class Told:
    """One Insight as it was told: the time of each state, ``Start`` and perhaps ``End``, in microseconds."""

    shared_id: str
    states: dict[str, int] = field(default_factory=dict)

    def overlaps(self, insight: Insight) -> bool:
        """Whether both tell of the same episode: an event that came late may have moved either end of it."""
        begins, ends = self.states.get("Start"), self.states.get("End")
        return (begins is None or insight.end is None or begins <= insight.end.time) and (
            ends is None or insight.start.time <= ends
        )


class ToldInsights:
    """The Insights of the time that detection looks at."""

    def __init__(self, lake: Lake, now: datetime) -> None:
        dates = dates_between(to_micros(now - HISTORY), to_micros(now))
        partitions = lake.partitions(INSIGHTS, lake.regions(INSIGHTS), *dates)
        # One that cannot be read is told again under the same ID: no reason to be silent about the others.
        reading = Reading()
        by_object: dict[tuple[str, ...], dict[str, Told]] = defaultdict(dict)
        stretches = lake.stretches(lake.parts(partitions, now, reading), reading)
        for _, table in lake.rows(stretches, _COLUMNS, reading):
            for subject, shared_id, state, time in _rows(table):
                by_object[subject].setdefault(shared_id, Told(shared_id)).states[state] = time
        self._by_object = by_object

    def of(self, insight: Insight) -> Told | None:
        """How an Insight was told before; None for one that is new."""
        subject = (insight.insight_type, insight.account_id, insight.insight_object)
        return next((told for told in self._by_object[subject].values() if told.overlaps(insight)), None)


def _rows(table: pa.Table) -> Iterator[tuple[tuple[str, ...], str, str, int]]:
    for *subject, shared_id, state, time in values(table, _COLUMNS):
        yield tuple(subject), shared_id, state, time
