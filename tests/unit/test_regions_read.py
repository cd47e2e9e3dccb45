"""The regions with data are those of the events that lookups give, whatever became of the lake."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.living_lake import DAY, MIDNIGHT, NOW, REGIONS, SECOND, LivingLake, Record, make_record, records
from tests.unit.test_page_indexed import event_of, indexed_lake, live, lives
from trailkeep.errors import QuestionTooLarge
from trailkeep.events.timestamps import to_micros
from trailkeep.index.root import ROOT
from trailkeep.lookup.filters import FILTERS, make_filter
from trailkeep.lookup.page import visible_before
from trailkeep.lookup.regions import Region, read_regions, regions_of

some_regions = st.none() | st.lists(st.sampled_from([*REGIONS, "mars"]), unique=True, max_size=3).map(tuple)


def read(lake: LivingLake, only: tuple[str, ...] | None = None) -> list[Region]:
    regions, reading = read_regions(lake.lake, only, visible_before(to_micros(lake.now)), lake.now)
    assert not reading.failures
    return regions


def expected(delivered: list[Record], only: tuple[str, ...] | None, account: str | None = None) -> list[Region]:
    """The same in plain Python."""
    times: dict[str, list[int]] = {}
    for event in map(event_of, delivered):
        if (only is None or event.region in only) and account in (None, event.account_id):
            times.setdefault(event.region, []).append(event.event_time)
    return [Region(name, min(own), max(own)) for name, own in sorted(times.items())]


@settings(max_examples=80, deadline=None)
@given(lives, some_regions)
def test_regions_after_any_life(life: list[tuple[str, object]], only: tuple[str, ...] | None) -> None:
    lake = LivingLake()
    delivered = live(lake, life)
    lake.wait(seconds=2)

    assert read(lake, only) == expected(delivered, only)


@settings(max_examples=30, deadline=None)
@given(st.lists(records(), min_size=1, max_size=40), some_regions, st.sampled_from(["1", "2", "3"]), st.booleans())
def test_regions_of_some_accounts(
    batch: list[Record], only: tuple[str, ...] | None, account: str, is_indexed: bool
) -> None:
    lake = indexed_lake(batch)
    if not is_indexed:
        del lake.bucket.objects[ROOT]
    as_of = visible_before(to_micros(lake.now))
    accounts = make_filter("accountId", (account,), FILTERS)

    found, reading = regions_of(lake.lake, read(lake, only), accounts, as_of, lake.now, lambda: False)

    assert found == expected(batch, only, account)
    assert not reading.failures


@pytest.mark.parametrize("is_indexed", [True, False])
def test_what_was_delivered_later_is_not_told(is_indexed: bool) -> None:
    lake = indexed_lake([make_record(number, MIDNIGHT) for number in range(1, 9)])
    if not is_indexed:
        del lake.bucket.objects[ROOT]

    for as_of, expected_regions in ((NOW, []), (NOW + timedelta(seconds=1), read(lake))):
        assert read_regions(lake.lake, None, as_of, lake.now)[0] == expected_regions
    assert read(lake)


def test_the_index_tells_them_in_one_round() -> None:
    lake = indexed_lake([make_record(number, MIDNIGHT + number * 900 * SECOND) for number in range(1, 200)])
    asked: list[str] = []
    lake.bucket.before_call = lambda operation, key: asked.append(operation)  # type: ignore[method-assign]

    assert {region.name for region in read(lake)} == set(REGIONS)
    assert sorted(asked) == ["get", "list"]


def test_listings_read_the_first_and_the_last_date_only() -> None:
    lake = LivingLake()
    times = [MIDNIGHT - number * DAY for number in range(30)]
    batch = [{**make_record(n, time), "acsRegion": "us-east-1"} for n, time in enumerate(times, 1)]
    lake.deliver(batch)
    lake.wait(seconds=2)
    asked: list[str] = []
    lake.bucket.before_call = lambda operation, key: asked.append(key)  # type: ignore[method-assign]

    assert read(lake) == [Region("us-east-1", min(times), max(times))]
    assert len({key for key in asked if "date=" in key and key.startswith("events/")}) == 2


def test_a_date_that_has_nothing_any_more_is_passed_over() -> None:
    """What stands there is no part of the lake, or is not yet to be seen."""
    lake = LivingLake()
    lake.deliver([{**make_record(1, MIDNIGHT), "acsRegion": "us-east-1"}])
    for date in ("1999-01-01", "2026-03-01", "2026-12-31"):
        lake.bucket.put(f"events/region=us-east-1/date={date}/notes.txt", b"")
    lake.bucket.put("events/region=nowhere/date=2026-03-01/notes.txt", b"")
    lake.wait(seconds=2)

    found, reading = read_regions(lake.lake, None, visible_before(to_micros(lake.now)), lake.now)

    assert found == [Region("us-east-1", MIDNIGHT, MIDNIGHT)]
    assert {failure["object"].rpartition("/")[2] for failure in reading.failures} == {"notes.txt"}


def test_there_is_an_answer_or_none() -> None:
    lake = LivingLake()
    for number in range(1, 40):
        lake.deliver([{**make_record(number, MIDNIGHT - number * DAY), "recipientAccountId": "1"}])
    lake.wait(seconds=2)
    accounts = make_filter("accountId", ("2",), FILTERS)

    with pytest.raises(QuestionTooLarge):
        regions_of(lake.lake, read(lake), accounts, visible_before(to_micros(lake.now)), lake.now, lambda: True)
