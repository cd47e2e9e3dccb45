"""Counts are those of the events that lookups give, whatever became of the lake, with the index and without."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.living_lake import MIDNIGHT, NOW, SECOND, LivingLake, Record, make_record, records
from tests.unit.test_page_indexed import event_of, full_scan, indexed_lake, live, lives, questions
from trailkeep.errors import InvalidParameter, QuestionTooLarge
from trailkeep.events.timestamps import to_micros
from trailkeep.index.root import ROOT
from trailkeep.lookup import histogram
from trailkeep.lookup.histogram import buckets, count
from trailkeep.lookup.histogram_question import FIELDS, INTERVALS, HistogramQuestion, parse_histogram
from trailkeep.lookup.page import visible_before
from trailkeep.lookup.question import Question

asked_for = st.builds(
    HistogramQuestion,
    questions(),
    st.sampled_from([None, *sorted(FIELDS.values())]),
    st.sampled_from([None, INTERVALS["6h"], INTERVALS["1d"]]),
)


def counted(lake: LivingLake, asked: HistogramQuestion) -> list[dict[str, Any]]:
    counts, reading = count(lake.lake, asked, visible_before(to_micros(lake.now)), lake.now, lambda: False)
    assert not reading.failures
    return buckets(asked, counts)


def expected(delivered: list[Record], asked: HistogramQuestion) -> list[dict[str, Any]]:
    """The same in plain Python, over the events that a lookup gives."""
    wanted = {uid for _, uid, _ in full_scan(delivered, asked.question)}
    events = {event.uid: event for event in map(event_of, delivered) if event.uid in wanted}.values()
    found: list[dict[str, Any]] = []
    for start, end in pairwise(asked.edges):
        here = [event for event in events if start <= event.event_time < end]
        own: dict[str, Any] = {"count": len(here)}
        if asked.column:
            own["values"] = dict(Counter(v for event in here if (v := getattr(event, asked.column)) is not None))
        found.append(own)
    return found


def without_times(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: bucket[name] for name in ("count", "values") if name in bucket} for bucket in found]


@settings(max_examples=120, deadline=None)
@given(lives, asked_for)
def test_counts_after_any_life(life: list[tuple[str, object]], asked: HistogramQuestion) -> None:
    lake = LivingLake()
    delivered = live(lake, life)
    lake.wait(seconds=2)

    assert without_times(counted(lake, asked)) == expected(delivered, asked)


@settings(max_examples=40, deadline=None)
@given(st.lists(records(), min_size=1, max_size=80), asked_for)
def test_counts_of_an_indexed_lake_are_those_of_its_listings(batch: list[Record], asked: HistogramQuestion) -> None:
    lake = indexed_lake(batch)

    by_index = counted(lake, asked)
    del lake.bucket.objects[ROOT]

    assert by_index == counted(lake, asked)


def test_a_count_over_all_days_reads_no_events() -> None:
    lake = indexed_lake([make_record(number, MIDNIGHT + number * 900 * SECOND) for number in range(1, 200)])
    read: list[str] = []
    lake.bucket.before_call = lambda _, key: read.append(key)  # type: ignore[method-assign]

    question = Question(MIDNIGHT - 10**14, MIDNIGHT + 10**14, (), True, 50, ())
    (whole,) = counted(lake, HistogramQuestion(question, "source_ip_address", None))

    assert whole["count"] == 199
    assert len(read) == 3
    assert not [key for key in read if key.startswith("events/")]


def test_rare_values_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histogram, "MOST_VALUES", 1)
    lake = LivingLake()
    lake.deliver([{**make_record(n, MIDNIGHT), "eventName": name} for n, name in enumerate(["a", "b", "b", "c"], 1)])

    question = Question(MIDNIGHT, MIDNIGHT + 1, (), True, 50, ())
    (whole,) = counted(lake, HistogramQuestion(question, "event_name", None))

    assert (whole["count"], whole["values"], whole["others"]) == (4, {"b": 2}, 2)


def test_counts_are_whole_or_there_are_none() -> None:
    lake = LivingLake()
    lake.deliver([make_record(1, MIDNIGHT)])
    asked = HistogramQuestion(Question(MIDNIGHT, MIDNIGHT + 1, (), True, 50, ()), None, None)

    with pytest.raises(QuestionTooLarge):
        count(lake.lake, asked, visible_before(to_micros(lake.now)), lake.now, lambda: True)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"field": ["colour"]}, "field must be one of serviceName"),
        ({"field": ["eventRW", "user"]}, "field may be given only once"),
        ({"interval": ["2h"]}, "interval must be one of 1m"),
        ({"interval": ["1m"]}, "interval 1m is too short"),
        ({"nextToken": ["x"]}, "nextToken is not for counts"),
        ({"maxResults": ["5"]}, "maxResults is not for counts"),
        ({"direction": ["FORWARD"]}, "direction is not for counts"),
        ({"eventname": ["x"]}, "unknown parameter eventname"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(parameters: dict[str, list[str]], says: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_histogram(parameters, NOW)

    assert refusal.value.message.startswith(says)


@given(st.integers(0, 10**15), st.integers(1, 10**13), st.sampled_from([None, *INTERVALS.values()]))
def test_buckets_cover_the_window_without_a_gap(start: int, length: int, width: int | None) -> None:
    length = min(length, 900 * (width or length))
    edges = HistogramQuestion(Question(start, start + length, (), True, 50, ()), None, width).edges

    assert (edges[0], edges[-1]) == (start, start + length)
    assert all(first < second for first, second in pairwise(edges))
    assert width is None or all(edge % width == 0 for edge in edges[1:-1])
