"""A lake in memory whose calls are planned, counted and waited for, with what must be true of its tallies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from tests.unit.compaction_lake import CompactionLake
from trailkeep.insights.counting.counted import read_counted
from trailkeep.insights.counting.facts_of_events import count_facts
from trailkeep.insights.counting.keys import TALLIES, tally_key
from trailkeep.insights.counting.orders import order_counts, order_evaluations, ordered_count
from trailkeep.insights.counting.planning import Planned, plan
from trailkeep.insights.counting.recount import Recounted, recount
from trailkeep.insights.counting.tally_file import decode_tally
from trailkeep.insights.facts import FACTS
from trailkeep.lake.partitions import Partition
from trailkeep.lake.parts import Lake

Place = tuple[str, str, str]
"""Account, date and region."""


class InsightLake(CompactionLake):
    """A lake with the two queues of counting. Each worker is a process of its own, that knows nothing of others."""

    def __init__(self) -> None:
        super().__init__()
        self.counting: list[str] = []
        self.evaluation: list[str] = []
        self.refuses = False
        self.requests: Counter[str] = Counter()

    def plan(self, *, full: bool = False) -> Planned:
        counts, evaluations = self.send_to(self.counting), self.send_to(self.evaluation)
        return plan(
            self.bucket,
            lambda orders: order_counts(counts, orders),
            lambda accounts: order_evaluations(evaluations, accounts),
            self.now,
            full=full,
        )

    def send_to(self, queue: list[str]) -> Callable[[Sequence[str]], Iterator[bool]]:
        def send(bodies: Sequence[str]) -> Iterator[bool]:
            for body in bodies:
                if not self.refuses:
                    queue.append(body)
                yield not self.refuses

        return send

    def count(self, body: str, has_time: Callable[[], bool] = lambda: True) -> Recounted:
        """What the function does with a message."""
        order = ordered_count(body)
        done = recount(Lake(self.bucket), order, has_time)
        order_evaluations(self.send_to(self.evaluation), done.accounts)
        return done

    def work(self) -> list[str]:
        """Plan, and count all that was ordered; gives the messages."""
        self.plan()
        bodies = self.counting.copy()
        self.counting.clear()
        for body in bodies:
            self.count(body)
        return bodies

    def evaluated(self) -> dict[str, set[str]]:
        """By account the dates that its messages name, taken out of the queue."""
        found: dict[str, set[str]] = {}
        for message in map(json.loads, self.evaluation):
            found.setdefault(message["account"], set()).update(message.get("dates", ()))
        self.evaluation.clear()
        return found

    def tally(self, account: str, date: str, region: str) -> pa.Table:
        key = tally_key(account, date, region)
        return decode_tally(self.bucket.objects[key][0], account, key)

    def tallies(self) -> dict[str, bytes]:
        return {key: body for key, (body, _) in self.bucket.objects.items() if key.startswith(TALLIES)}

    def skip_deliveries(self, number: int) -> None:
        """Deliveries of this lake are others than those of one whose objects it was given."""
        self._deliveries += number

    def watch(self) -> None:
        """Count requests by operation from now on."""
        self.requests.clear()

        def note(operation: str, key: str) -> None:
            self.requests[operation] += 1

        self.bucket.before_call = note  # type: ignore[method-assign]

    def truth(self, partition: Partition) -> dict[str, pa.Table]:
        """What all rows of a partition come to."""
        rows = self.rows(stat.key for stat in self.listed(partition))
        return count_facts(rows) if rows.num_rows else {}

    def demand_true(self) -> None:
        """The tallies are what all events come to, and who has one is known."""
        expected = set()
        for partition in self.partitions:
            facts = self.truth(partition)
            counted, _ = read_counted(self.bucket, partition.date, partition.region)
            assert counted is not None
            assert set(counted.accounts) >= facts.keys()
            for account in counted.accounts:
                found = self.tally(account, partition.date, partition.region)
                assert found.equals(facts.get(account, FACTS.empty_table())), (account, partition)
                expected.add(tally_key(account, partition.date, partition.region))
        assert self.tallies().keys() == expected
