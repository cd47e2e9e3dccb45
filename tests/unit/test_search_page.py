"""Pages of any size, joined, are what a full scan in plain Python finds: nothing missed, nothing twice."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.living_lake import DAY, MIDNIGHT, SECOND, LivingLake, Record, make_record, records
from tests.unit.search_lake import Life, asking, live, lives, matchings, settled_lake
from trailkeep.events.timestamps import to_micros
from trailkeep.index.publishing import publish_index
from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.lookup import candidates
from trailkeep.lookup.candidates import Page
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.page import read_page, visible_before
from trailkeep.lookup.question import Question
from trailkeep.search import page as page_module
from trailkeep.search.matching import Matching
from trailkeep.search.page import read_matches

Row = tuple[int, bytes, str]
Clock = Callable[[], bool]


def never() -> bool:
    return False


def always() -> bool:
    return True


def pages(
    lake: LivingLake, asked: Matching, size: int, clock: Callable[[], Clock] = lambda: never, limit: int = 1_000
) -> Iterator[Page]:
    """Every page of a question; each has a clock of its own."""
    as_of = visible_before(to_micros(lake.now))
    behind: Position | None = None
    for _ in range(limit):
        page = read_matches(lake.lake, asked, behind, size, as_of, lake.now, clock())
        yield page
        if page.ended_at is None:
            return
        assert page.ended_at != behind, "a page that does not advance would be asked for again for ever"
        behind = page.ended_at
    pytest.fail(f"no end after {limit} pages")


def rows_of(several: list[Page]) -> list[Row]:
    assert not [page.reading.failures for page in several if page.reading.failures]
    return [(row.time, row.uid, row.event) for page in several for row in page.rows]


def closing_at(page_bytes: int) -> pytest.MonkeyPatch:
    """So that few events are several pages."""
    patch = pytest.MonkeyPatch()
    for module in (candidates, page_module):
        patch.setattr(module, "PAGE_BYTES", page_bytes)
    return patch


@settings(max_examples=80, deadline=None)
@given(lives, matchings(), st.integers(1, 6) | st.just(1000))
def test_any_question_after_any_life(life: Life, asked: Matching, size: int) -> None:
    lake = LivingLake()
    told = live(lake, life)

    answered = list(pages(lake, asked, size))

    assert rows_of(answered) == told.answer(asked)
    assert all(len(page.rows) == size for page in answered[:-1])


@settings(max_examples=60, deadline=None)
@given(lives, matchings(), st.integers(1, 6), st.integers(0, 5) | st.randoms(use_true_random=False))
def test_running_out_of_time_at_any_moment(life: Life, asked: Matching, size: int, moment: int | random.Random) -> None:
    """Pages may be short, or empty, but together they are whole, and there is an end."""
    lake = LivingLake()
    told = live(lake, life)
    expected = told.answer(asked)

    def clock() -> Clock:
        left = iter(range(moment.randint(0, 5) if isinstance(moment, random.Random) else moment))
        return lambda: next(left, None) is None

    assert rows_of(list(pages(lake, asked, size, clock, limit=len(expected) + 5 * len(life) + 10))) == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(records(), min_size=1, max_size=40), matchings(), st.integers(1, 3_000), st.booleans(), st.booleans())
def test_pages_close_at_their_bytes(
    batch: list[Record], asked: Matching, page_bytes: int, is_hurried: bool, is_settled: bool
) -> None:
    lake = LivingLake()
    life: Life = [("deliver", batch)]
    told = live(lake, [*life, ("wait", 120), ("compact", None), ("publish", None)] if is_settled else life)
    patch = closing_at(page_bytes)
    try:
        answered = list(pages(lake, asked, 50, lambda: always if is_hurried else never))
    finally:
        patch.undo()

    assert rows_of(answered) == told.answer(asked)
    for page in answered:
        sizes = [row.size for row in page.rows]
        assert len(sizes) <= 1 or sum(min(size, 4096) for size in sizes) <= page_bytes


@settings(max_examples=30, deadline=None)
@given(lives, matchings(), st.integers(1, 6))
def test_without_a_condition_a_page_is_a_lookups(life: Life, asked: Matching, size: int) -> None:
    lake = LivingLake()
    live(lake, life)
    asked = replace(asked, condition=asking("*").condition, datasets=(EVENTS,))
    question = Question(asked.start, asked.end, asked.regions, asked.newest_first, size, asked.filters)
    as_of = visible_before(to_micros(lake.now))

    page = read_matches(lake.lake, asked, None, size, as_of, lake.now)

    looked_up = read_page(lake.lake, EVENTS, question, None, as_of, lake.now)
    assert (page.rows, page.ended_at) == (looked_up.rows, looked_up.ended_at)


def test_a_page_reads_no_more_dates_than_it_needs() -> None:
    batch = [make_record(number, MIDNIGHT - number * DAY // 4) for number in range(200)]
    lake, told = settled_lake([{**record, "acsRegion": "cn-hangzhou"} for record in batch])
    asked = asking("event.requestParameters.number: *", start=MIDNIGHT - 60 * DAY)

    page = read_matches(lake.lake, asked, None, 6, visible_before(to_micros(lake.now)), lake.now)

    assert [(row.time, row.uid, row.event) for row in page.rows] == told.answer(asked)[:6]
    assert page.reading.objects <= 4


def test_a_full_page_does_not_look_for_one_event_more() -> None:
    """The next page may be empty; to know, this one would have to read everything."""
    batch = [make_record(number, MIDNIGHT - number * DAY) for number in range(40)]
    lake, _ = settled_lake([{**record, "acsRegion": "cn-hangzhou"} for record in batch])
    asked = asking("event.requestParameters.number < 2", start=MIDNIGHT - 60 * DAY)
    as_of = visible_before(to_micros(lake.now))

    page = read_matches(lake.lake, asked, None, 2, as_of, lake.now)
    assert (len(page.rows), page.reading.objects) == (2, 2)
    rest = read_matches(lake.lake, asked, page.ended_at, 2, as_of, lake.now)
    assert (rest.rows, rest.ended_at) == ([], None)


def test_the_last_page_has_no_next_one_if_it_is_just_full() -> None:
    lake, _ = settled_lake([make_record(number, MIDNIGHT) for number in (1, 2, 3)])

    (page,) = pages(lake, asking("event.requestParameters.number < 4", datasets=(EVENTS, INSIGHTS)), 3)
    assert len(page.rows) == 3


def test_what_was_read_is_told() -> None:
    lake, _ = settled_lake([make_record(number, MIDNIGHT + number * SECOND) for number in range(30)])

    (page,) = pages(lake, asking("event.eventName: none"), 50)

    assert page.reading.objects == len(page.reading.partitions) > 0
    assert page.reading.bytes > 0
    assert page.reading.has_watermark


def test_pages_go_on_while_the_lake_is_compacted_and_indexed() -> None:
    lake = LivingLake()
    batch = [make_record(number, MIDNIGHT + number % 7 * SECOND) for number in range(1, 120)]
    told = live(lake, [("deliver", batch[start : start + 20]) for start in range(0, len(batch), 20)])
    asked = asking("event.requestParameters.number > 10 and not user: carol")
    as_of = visible_before(to_micros(lake.now))
    steps = iter([lake.compact, lambda: publish_index(lake.bucket, lake.now), lambda: lake.wait(hours=2), lake.compact])
    found: list[Row] = []
    behind = None
    while True:
        page = read_matches(lake.lake, asked, behind, 10, as_of, lake.now)
        found += [(row.time, row.uid, row.event) for row in page.rows]
        behind = page.ended_at
        if behind is None:
            break
        lake.deliver([make_record(1000 + len(found), MIDNIGHT + 3 * SECOND)])
        next(steps, lambda: None)()

    assert found == told.answer(asked)
