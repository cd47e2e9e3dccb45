"""Keys of the lake: what is written is read back, and nothing else is taken for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.strategies import DAY, MIDNIGHT
from trailkeep.events.timestamps import date_of, from_micros, parse_micros
from trailkeep.lake.partitions import (
    FreshName,
    Part,
    Partition,
    Versions,
    date_in,
    dates_between,
    fresh_name,
    is_compacted_name,
    parse_fresh_name,
    parse_part,
    region_in,
)

LAST = parse_micros("9999-12-31T23:59:59.999999Z")
KEY = "events/region=cn-hangzhou/date=2026-03-09/1773014400000000-1773014400000001-abc-0.parquet"

moments = st.integers(0, LAST)
regions = st.from_regex(r"\A[a-z0-9]{1,10}(-[a-z0-9]{1,6}){0,3}\Z")
digits = st.integers(0, 10**19).flatmap(
    lambda number: st.sampled_from([f"{number}", f"{number:015}", f"{number:017}", f"{number:018}"])
)
names = st.from_regex(r"\A[0-9a-z]{1,24}(-[0-9]{1,3})?\Z")


@given(st.sampled_from(["events", "insights"]), regions, moments, moments, names)
@example("events", "us-east-1", 0, LAST, "0")
def test_a_key_is_read_as_it_was_written(dataset: str, region: str, first: int, last: int, name: str) -> None:
    part = Part(Partition(dataset, region, date_of(first)), first, last, name)

    assert parse_part(part.key) == part
    assert part.key.startswith(part.partition.prefix)
    assert region_in(f"{dataset}/region={region}/", dataset) == region
    assert date_in(part.partition.prefix) == date_of(first)


def test_the_form_of_a_key() -> None:
    part = Part(Partition("events", "cn-hangzhou", "2026-03-09"), 1_773_014_400_000_000, 1_773_014_400_000_001, "abc-0")

    assert part.key == KEY


@given(st.lists(st.integers(0, parse_micros("2286-11-20T00:00:00Z")), min_size=2, max_size=2, unique=True).map(sorted))
def test_keys_sort_by_time(times: list[int]) -> None:
    partition = Partition("events", "x", "2026-03-09")
    earlier, later = (Part(partition, time, time, "0").key for time in times)

    assert earlier < later


@pytest.mark.parametrize(
    "key",
    [
        "",
        "events/",
        "events/region=cn-hangzhou/date=2026-03-09/",
        "events/region=cn-hangzhou/date=2026-03-09/_SUCCESS",
        "events/region=cn-hangzhou/date=2026-03-09/part-0.parquet",
        f"/{KEY}",
        f"{KEY}/",
        f"{KEY}\n",
        f"{KEY}.tmp",
        KEY.replace(".parquet", ".json"),
        KEY.replace("cn-hangzhou", ".."),
        KEY.replace("cn-hangzhou", "CN"),
        KEY.replace("cn-hangzhou", "a/b"),
        KEY.replace("cn-hangzhou", "x" * 33),
        KEY.replace("region=cn-hangzhou/", ""),
        KEY.replace("2026-03-09", "2026-3-9"),
        KEY.replace("2026-03-09", "٢٠٢٦-03-09"),
        KEY.replace("1773014400000000-", "773014400000000-"),
        KEY.replace("1773014400000000-", "01773014400000000-"),
        KEY.replace("1773014400000000-", "-1773014400000000-"),
        KEY.replace("1773014400000000-", "١773014400000000-"),
        KEY.replace("-abc-0", ""),
        KEY.replace("abc", "ABC"),
        KEY.replace("events/", "state/../events/"),
    ],
)
def test_a_foreign_key_is_no_part(key: str) -> None:
    assert parse_part(key) is None


@given(
    st.tuples(regions | st.text(max_size=3), digits, digits).map(
        lambda made: "events/region={}/date=2026-03-09/{}-{}-0.parquet".format(*made)
    )
    | st.text()
)
def test_a_part_has_one_key(key: str) -> None:
    """What is listed under one key must not be looked for under another."""
    part = parse_part(key)

    assert part is None or part.key == key


@pytest.mark.parametrize(
    "prefix",
    [
        "events/",
        "events/region=/",
        "events/region=../",
        "events/region=a/date=2026-03-09/",
        "insights/region=a/",
        "events/x=a/",
    ],
)
def test_a_foreign_prefix_is_no_region(prefix: str) -> None:
    assert region_in(prefix, "events") is None


@pytest.mark.parametrize(
    "prefix",
    [
        "events/region=a/",
        "events/region=a/date=/",
        "events/region=a/date=2026-3-9/",
        "events/region=a/date=2026-03-09",
        "date=x/",
    ],
)
def test_a_foreign_prefix_is_no_date(prefix: str) -> None:
    assert date_in(prefix) is None


@pytest.mark.parametrize(
    ("start", "end", "dates"),
    [
        (MIDNIGHT, MIDNIGHT + 1, ("2026-03-09", "2026-03-09")),
        (MIDNIGHT - 1, MIDNIGHT, ("2026-03-08", "2026-03-08")),
        (MIDNIGHT - 1, MIDNIGHT + 1, ("2026-03-08", "2026-03-09")),
        (MIDNIGHT, MIDNIGHT + DAY, ("2026-03-09", "2026-03-09")),
        (MIDNIGHT, MIDNIGHT + DAY + 1, ("2026-03-09", "2026-03-10")),
        (0, LAST, ("1970-01-01", "9999-12-31")),
        (MIDNIGHT, MIDNIGHT, ("2026-03-09", "2026-03-09")),
    ],
)
def test_the_dates_of_a_window(start: int, end: int, dates: tuple[str, str]) -> None:
    assert dates_between(start, end) == dates


@given(moments, st.integers(1, 3 * DAY))
def test_a_window_touches_the_dates_of_all_its_moments_and_no_other(start: int, length: int) -> None:
    end = min(start + length, LAST)
    inside = [start, max(start, end - 1), *range(start, end, DAY // 2)]

    first, last = dates_between(start, end)

    assert all(first <= date_of(moment) <= last for moment in inside)
    assert (first, last) == (date_of(start), date_of(max(start, end - 1)))
    assert from_micros(start) - timedelta(days=1) < parse_date(first)


def parse_date(date: str) -> object:
    return from_micros(parse_micros(f"{date}T00:00:00Z"))


# Names of parts


@given(
    st.binary(min_size=16, max_size=16).map(bytes.hex),
    st.tuples(*[st.integers(0, 10**9 - 1)] * 2),
    st.integers(0, 10**9 - 1),
)
def test_the_name_of_a_fresh_part_tells_its_delivery_its_code_and_its_number(
    delivery: str, code: tuple[int, int], number: int
) -> None:
    name = str(fresh_name(delivery, Versions(*code), number))

    assert parse_fresh_name(name) == FreshName(delivery[:24], Versions(*code), number)
    assert not is_compacted_name(name)
    part = Part(Partition("events", "us-east-1", "1970-01-01"), 0, 1, name)
    assert parse_part(part.key) == part


HEX = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "abc-0",
        f"{HEX}-0",
        f"{HEX}-1-1",
        f"{HEX}-01-1-0",
        f"{HEX}-1-1-00",
        f"{HEX}-1-1-0-0",
        f"{HEX[:-1]}-1-1-0",
        f"{HEX}0-1-1-0",
        f"{HEX.upper()}-1-1-0",
        f"{HEX}-1-1-٠",
        f"compacted-{HEX}-0",
    ],
)
def test_a_foreign_name_is_no_fresh_part(name: str) -> None:
    assert parse_fresh_name(name) is None


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        (f"compacted-{HEX}-0", True),
        (f"compacted-{HEX}-17", True),
        (f"compacted-{HEX}", False),
        (f"compacted-{HEX}-", False),
        (f"compacted-{HEX[1:]}-0", False),
        (f"x{HEX}-0", False),
        (f"{HEX}-1-1-0", False),
    ],
)
def test_only_compaction_calls_its_objects_compacted(name: str, is_one: bool) -> None:
    assert is_compacted_name(name) is is_one


@given(st.text() | st.from_regex(r"[0-9a-f]{23,25}(-[0-9]{1,3}){1,4}"))
def test_a_fresh_part_has_one_name(name: str) -> None:
    fresh = parse_fresh_name(name)

    assert fresh is None or str(fresh) == name
