"""Baselines: the history of an account is what its tallies say, and only what changed is read again."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.unit.insight_lake import InsightLake
from tests.unit.strategies import MIDNIGHT, REGIONS, make_event
from trailkeep.errors import ObjectUnreadable
from trailkeep.events.event import Event
from trailkeep.events.timestamps import utc_date
from trailkeep.insights.counting import baseline, baseline_file
from trailkeep.insights.counting.baseline import KEPT_DAYS, Baselines
from trailkeep.insights.counting.baseline_file import read_baseline
from trailkeep.insights.counting.counted import active_accounts, list_counted
from trailkeep.insights.counting.keys import COUNTED, TALLIES, baseline_key
from trailkeep.insights.counting.spans import HOUR
from trailkeep.insights.counting.tallies import Tally, list_tallies, read_facts
from trailkeep.insights.counting.uncounted import with_uncounted
from trailkeep.insights.digest import Digest, digest_of
from trailkeep.insights.scene import HISTORY_DAYS
from trailkeep.lake.parts import Lake

TODAY = MIDNIGHT // (24 * HOUR) + 1
KEY = baseline_key("1")


def event(number: int, day: int, account: str = "1", region: str = REGIONS[0]) -> Event:
    """An event of a day, counted from today; what it says follows from its number."""
    return make_event(
        number,
        event_time=(TODAY + day) * 24 * HOUR + number % 24 * HOUR + number,
        account_id=account,
        region=region,
        user_name=f"u{number % 3}",
        user_agent=("aws-cli/2.1 Linux", "aws-cli/2.2 Linux", None)[number % 3],
        error_code=("Forbidden", None)[number % 2],
        source_ip_address=f"192.0.{number % 4}.{number % 7}",
        access_key_id=("AKIA1", "ASIA1")[number % 2],
    )


@cache
def made() -> InsightLake:
    """Events of 50 days up to tomorrow, in two regions, on all days but a weekend; all of them counted."""
    lake = InsightLake()
    for day in range(-50, 2):
        if day not in (-9, -8):
            lake.deliver([event(number * 50 + day + 50, day, region=REGIONS[number % 2]) for number in range(6)])
    lake.deliver([event(90_000, -3, "2")])
    lake.work()
    return lake


@pytest.fixture
def lake() -> InsightLake:
    lake = InsightLake()
    lake.bucket.objects = dict(made().bucket.objects)
    lake.skip_deliveries(1_000)
    lake.watch()
    return lake


def tallies(lake: InsightLake, first: int = -70, last: int = 1) -> list[Tally]:
    return list_tallies(lake.bucket, "1", utc_date(TODAY + first), utc_date(TODAY + last))


def truth(lake: InsightLake, day: int) -> dict[int, Digest]:
    """The digests of each day from all its facts."""
    listed = tallies(lake)
    found = {}
    for each in range(TODAY + day - HISTORY_DAYS - 1, TODAY + day - 1):
        digest = digest_of(read_facts(lake.bucket, [tally for tally in listed if tally.date == utc_date(each)]))
        if digest:
            found[each] = digest
    return found


@pytest.mark.parametrize("day", [0, -1, 1, -5, -20, -28])
def test_the_history_of_a_day_ends_two_days_before_it(lake: InsightLake, day: int) -> None:
    history = Baselines(lake.bucket).history("1", TODAY + day, tallies(lake))

    assert history.digests == truth(lake, day)
    assert max(history.digests) == TODAY + day - 2
    assert min(history.digests) == max(TODAY - 50, TODAY + day - HISTORY_DAYS - 1)
    assert TODAY - 9 not in history.digests


def test_what_was_kept_is_not_read_again(lake: InsightLake) -> None:
    first = Baselines(lake.bucket).history("1", TODAY, tallies(lake))
    listed = tallies(lake)
    lake.watch()

    again = Baselines(lake.bucket).history("1", TODAY, listed)

    assert again.digests == first.digests
    assert lake.requests == Counter(get=1)


def test_a_function_remembers_what_it_read(lake: InsightLake) -> None:
    baselines = Baselines(lake.bucket)
    first = baselines.history("1", TODAY, tallies(lake))
    listed = tallies(lake)
    lake.watch()

    assert baselines.history("1", TODAY, listed).digests == first.digests
    assert not lake.requests


def test_only_days_with_other_tallies_are_read_again(lake: InsightLake) -> None:
    Baselines(lake.bucket).history("1", TODAY, tallies(lake))
    lake.deliver([event(70_001, -5), event(70_002, -8)])
    lake.work()
    listed = tallies(lake)
    lake.watch()

    history = Baselines(lake.bucket).history("1", TODAY, listed)

    # What was kept; the tallies of two regions of one day, and of one of the other.
    assert lake.requests == Counter(get=4, stat=1, replace=1)
    assert history.digests == truth(lake, 0)
    assert TODAY - 8 in history.digests


def test_a_day_is_added_each_day_and_no_more_are_kept_than_are_looked_at(lake: InsightLake) -> None:
    baselines = Baselines(lake.bucket)
    baselines.history("1", TODAY - 1, tallies(lake))
    lake.watch()
    baselines.history("1", TODAY, tallies(lake))
    baselines.history("1", TODAY - 1, tallies(lake))
    assert lake.requests == Counter(list=2, get=2, stat=1, replace=1)

    for day in range(-1, 2):
        baselines.history("1", TODAY + day, tallies(lake))

    kept = read_baseline(lake.bucket, "1")
    assert max(kept) - min(kept) < KEPT_DAYS


def test_a_late_date_looks_back_further_than_what_is_kept(lake: InsightLake) -> None:
    baselines = Baselines(lake.bucket)
    baselines.history("1", TODAY, tallies(lake))

    assert baselines.history("1", TODAY - 10, tallies(lake)).digests == truth(lake, -10)
    assert baselines.history("1", TODAY, tallies(lake)).digests == truth(lake, 0)


@pytest.mark.parametrize("damage", [b"", b"x" * 100, "truncated", "of another account", "version"])
def test_what_was_kept_is_made_again_where_it_is_damaged(
    lake: InsightLake, damage: bytes | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Baselines(lake.bucket).history("1", TODAY, tallies(lake))
    if damage == "version":
        monkeypatch.setattr(baseline_file, "VERSION", 99)
    elif damage == "of another account":
        Baselines(lake.bucket).history("2", TODAY, list_tallies(lake.bucket, "2", "2026-01-01", "2026-12-31"))
        lake.bucket.put(KEY, lake.bucket.objects[baseline_key("2")][0])
    else:
        body = lake.bucket.objects[KEY][0][:-9] if damage == "truncated" else damage
        lake.bucket.put(KEY, body if isinstance(body, bytes) else b"")

    assert Baselines(lake.bucket).history("1", TODAY, tallies(lake)).digests == truth(lake, 0)
    lake.watch()
    Baselines(lake.bucket).history("1", TODAY, tallies(lake))
    assert lake.requests == Counter(list=1, get=1)


def test_of_two_writers_at_once_neither_fails(lake: InsightLake) -> None:
    listed = tallies(lake)

    def beside(operation: str, key: str) -> None:
        if operation in ("create", "replace"):
            lake.bucket.before_call = lambda operation, key: None  # type: ignore[method-assign]
            Baselines(lake.bucket).history("1", TODAY - 1, listed)

    lake.bucket.before_call = beside  # type: ignore[method-assign]

    assert Baselines(lake.bucket).history("1", TODAY, listed).digests == truth(lake, 0)
    assert Baselines(lake.bucket).history("1", TODAY, listed).digests == truth(lake, 0)


def test_a_question_about_the_past_writes_nothing(lake: InsightLake) -> None:
    before = dict(lake.bucket.objects)

    assert Baselines(lake.bucket, keep=False).history("1", TODAY - 3, tallies(lake)).digests == truth(lake, -3)

    assert lake.bucket.objects == before


def test_a_damaged_tally_is_no_day_without_calls(lake: InsightLake) -> None:
    listed = tallies(lake)
    lake.bucket.put(next(tally.key for tally in listed if tally.date == utc_date(TODAY - 5)), b"PAR1")

    with pytest.raises(ObjectUnreadable):
        Baselines(lake.bucket).history("1", TODAY, listed)


def test_only_some_accounts_are_held(lake: InsightLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "MAX_HELD", 1)
    baselines = Baselines(lake.bucket)
    baselines.history("1", TODAY, tallies(lake))
    baselines.history("2", TODAY, ())
    lake.watch()

    baselines.history("1", TODAY, ())

    assert lake.requests == Counter(get=1)


def test_an_account_without_tallies_has_no_history(lake: InsightLake) -> None:
    before = dict(lake.bucket.objects)

    assert Baselines(lake.bucket).history("9", TODAY, ()).digests == {}

    assert lake.bucket.objects == before


def test_what_nobody_has_counted_is_counted_from_the_lake(lake: InsightLake) -> None:
    expected_facts = read_facts(lake.bucket, tallies(lake))
    expected = truth(lake, -10)
    for key in list(lake.bucket.objects):
        is_old = any(utc_date(TODAY + day) in key for day in range(-50, -15))
        if is_old and key.startswith((TALLIES, COUNTED)):
            # One tally of a first count that was interrupted stays: it may lack hours.
            if key == f"{TALLIES}1/{utc_date(TODAY - 30)}/{REGIONS[0]}.parquet":
                lake.bucket.put(key, b"PAR1")
            else:
                del lake.bucket.objects[key]
    first, last = utc_date(TODAY - 70), utc_date(TODAY + 1)

    listed = with_uncounted(Lake(lake.bucket), tallies(lake), "1", first, last)

    assert read_facts(lake.bucket, listed) == expected_facts
    baselines = Baselines(lake.bucket)
    assert baselines.history("1", TODAY - 10, listed).digests == expected
    assert baselines.history("1", TODAY - 10, listed).digests == expected
    assert not any("" in day.etags.values() for day in read_baseline(lake.bucket, "1").values())


def test_the_active_accounts_of_dates_are_known(lake: InsightLake) -> None:
    assert active_accounts(lake.bucket, utc_date(TODAY - 3), utc_date(TODAY - 3)) == ["1", "2"]
    assert active_accounts(lake.bucket, utc_date(TODAY - 2), utc_date(TODAY)) == ["1"]
    assert active_accounts(lake.bucket, utc_date(TODAY - 9), utc_date(TODAY - 8)) == []
    lake.bucket.put(f"{COUNTED}{utc_date(TODAY)}/no region.json", b"")
    found = list_counted(lake.bucket, utc_date(TODAY), utc_date(TODAY))
    assert found == [(utc_date(TODAY), REGIONS[0]), (utc_date(TODAY), REGIONS[1])]


def test_what_an_evaluation_reads_does_not_follow_the_history() -> None:
    requests = []
    for days in (3, 30):
        lake = InsightLake()
        lake.deliver([event(day, -day) for day in range(days)])
        lake.plan(full=True)
        lake.deliver([event(day + 1000, -day) for day in range(days)])
        lake.work()
        Baselines(lake.bucket).history("1", TODAY, tallies(lake, -30))
        lake.watch()
        listed = tallies(lake, -30)
        Baselines(lake.bucket).history("1", TODAY, listed)
        read_facts(lake.bucket, [tally for tally in listed if tally.date >= utc_date(TODAY - 1)])
        requests.append(dict(lake.requests))

    assert requests == [{"list": 1, "get": 3}] * 2
