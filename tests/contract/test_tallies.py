"""Tallies and baselines in real object stores: keys of any account, listings from a date on, conditional writes."""

from __future__ import annotations

import pytest

from tests.unit.strategies import MIDNIGHT, make_event, store
from trailkeep.insights.counting.baseline import Baselines
from trailkeep.insights.counting.counted import active_accounts, list_counted
from trailkeep.insights.counting.keys import baseline_key
from trailkeep.insights.counting.orders import CountOrder
from trailkeep.insights.counting.recount import recount
from trailkeep.insights.counting.spans import HOUR, whole_date
from trailkeep.insights.counting.tallies import list_tallies, read_facts, write_tally
from trailkeep.insights.facts import FACTS
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket

DATE, NEXT, REGION = "2026-03-09", "2026-03-10", "cn-hangzhou"
DAY = MIDNIGHT // (24 * HOUR)


@pytest.mark.parametrize("account", ["111122223333", "日志/account", "a b", "x" * 100])
def test_what_was_counted_is_found_again(bucket: Bucket, account: str) -> None:
    calls = [make_event(day, event_time=MIDNIGHT + day * 24 * HOUR, account_id=account) for day in range(-3, 2)]
    store(bucket, calls)
    spans = [whole_date(f"2026-03-{day:02d}") for day in range(6, 11)]

    done = recount(Lake(bucket), CountOrder(REGION, spans))

    assert done.accounts[account] == [span.date for span in spans]
    assert active_accounts(bucket, DATE, NEXT) == [account]
    assert list_counted(bucket, DATE, DATE) == [(DATE, REGION)]
    listed = list_tallies(bucket, account, DATE, NEXT)
    assert [tally.date for tally in listed] == [DATE, NEXT]
    assert [fact.event_id for fact in read_facts(bucket, listed)] == ["id-0", "id-1"]
    everything = list_tallies(bucket, account, "2026-01-01", NEXT)
    assert len(everything) == 5
    first = Baselines(bucket).history(account, DAY + 1, everything)
    assert sorted(first.digests) == [DAY - 3, DAY - 2, DAY - 1]
    assert bucket.get(baseline_key(account))
    assert Baselines(bucket).history(account, DAY + 1, everything).digests == first.digests


def test_a_tally_is_replaced_only_where_it_is_the_one_that_was_read(bucket: Bucket) -> None:
    order, lake = CountOrder(REGION, [whole_date(DATE)]), Lake(bucket)
    store(bucket, [make_event(1)])
    recount(lake, order)
    (before,) = list_tallies(bucket, "1", DATE, DATE)
    store(bucket, [make_event(2, event_time=MIDNIGHT + 1)], name="other")
    recount(lake, order)
    (after,) = list_tallies(bucket, "1", DATE, DATE)

    assert not write_tally(bucket, "1", DATE, REGION, FACTS.empty_table(), before.etag)
    assert not write_tally(bucket, "1", DATE, REGION, FACTS.empty_table(), None)

    assert list_tallies(bucket, "1", DATE, DATE) == [after]
    assert [fact.calls for fact in read_facts(bucket, [after])] == [2]
    assert write_tally(bucket, "1", DATE, REGION, FACTS.empty_table(), after.etag)
    assert read_facts(bucket, [after]) == []
