"""Pages of any size over any parts, joined, are what a full scan in plain Python gives: nothing missed or repeated."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.memory_bucket import NOW, MemoryBucket
from tests.unit.strategies import DAY, MIDNIGHT, NAMES, REGIONS, events, make_event, store, times
from trailkeep.events.event import Event
from trailkeep.events.timestamps import to_micros
from trailkeep.lake.partitions import EVENTS
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lookup import candidates, listing
from trailkeep.lookup.candidates import Page
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.filters import FILTERS, make_filter
from trailkeep.lookup.page import read_page, visible_before
from trailkeep.lookup.question import Question

AS_OF = NOW + timedelta(seconds=1)
Clock = Callable[[], bool]


def everything(**changes: object) -> Question:
    question = Question(MIDNIGHT - 2 * DAY, MIDNIGHT + 2 * DAY, (), True, 10, ())
    return replace(question, **changes)  # type: ignore[arg-type]


def never() -> bool:
    return False


def always() -> bool:
    return True


def lake_of(*parts: list[Event]) -> tuple[MemoryBucket, Lake]:
    bucket = MemoryBucket()
    for number, part in enumerate(parts):
        store(bucket, part, f"part-{number}")
    return bucket, Lake(bucket)


def pages(
    lake: Lake, question: Question, clock: Callable[[], Clock] = lambda: never, limit: int = 1000
) -> Iterator[Page]:
    """Every page of a question; each has a clock of its own."""
    behind: Position | None = None
    for _ in range(limit):
        page = read_page(lake, EVENTS, question, behind, AS_OF, AS_OF, clock())
        yield page
        if page.ended_at is None:
            return
        assert page.ended_at != behind, "a page that does not advance would be asked for again for ever"
        behind = page.ended_at
    pytest.fail(f"no end after {limit} pages")


def full_scan(stored: list[Event], question: Question) -> list[tuple[int, bytes, str]]:
    """The same in plain Python."""
    found = {
        (event.event_time, event.uid, event.event)
        for event in stored
        if question.start <= event.event_time < question.end
        and (not question.regions or event.region in question.regions)
        and all((getattr(event, f.columns[0]) in f.values) != f.excludes for f in question.filters)
    }
    return sorted(found, reverse=question.newest_first)


def rows_of(several: list[Page]) -> list[tuple[int, bytes, str]]:
    return [(row.time, row.uid, row.event) for page in several for row in page.rows]


parts = st.lists(st.lists(events(st.integers(0, 20)), min_size=1, max_size=8), max_size=9)
filters = st.lists(
    st.builds(
        lambda name, values: make_filter(name, tuple(values), FILTERS),
        st.sampled_from(["eventName", "eventName!", "errorCode", "errorCode!"]),
        st.lists(st.sampled_from([*NAMES, "Forbidden"]), min_size=1, max_size=2),
    ),
    max_size=2,
).map(tuple)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    start, end = MIDNIGHT - 2 * DAY, MIDNIGHT + 2 * DAY
    if draw(st.booleans()):
        start, end = sorted([draw(times), draw(times)])
    return Question(
        start=start,
        end=end,
        regions=tuple(draw(st.sets(st.sampled_from([*REGIONS, "mars"]), max_size=2))),
        newest_first=draw(st.booleans()),
        max_results=draw(st.integers(1, 6) | st.just(1000)),
        filters=draw(st.just(()) | filters),
    )


def small_waves(wave: int, page_bytes: int = 5_000_000) -> pytest.MonkeyPatch:
    """So that few parts are several waves, and few events several pages."""
    patch = pytest.MonkeyPatch()
    patch.setattr(listing, "WAVE", wave)
    patch.setattr(candidates, "PAGE_BYTES", page_bytes)
    return patch


@settings(max_examples=70)
@given(parts, questions(), st.integers(1, 4))
def test_any_question_over_any_parts(stored: list[list[Event]], question: Question, wave: int) -> None:
    _, lake = lake_of(*stored)
    patch = small_waves(wave)
    try:
        answered = list(pages(lake, question))
    finally:
        patch.undo()

    assert rows_of(answered) == full_scan([event for part in stored for event in part], question)
    assert all(len(page.rows) == question.max_results for page in answered[:-1])
    assert all(not page.reading.failures for page in answered)


@settings(max_examples=70)
@given(parts, questions(), st.integers(1, 3), st.integers(0, 3) | st.randoms(use_true_random=False))
@example([[make_event(n, event_time=MIDNIGHT + n % 3)] for n in range(9)], everything(), 1, 0)
@example([[make_event(n, event_time=MIDNIGHT + n % 3)] for n in range(9)], everything(newest_first=False), 1, 0)
def test_running_out_of_time_at_any_moment(
    stored: list[list[Event]], question: Question, wave: int, moment: int | random.Random
) -> None:
    """Pages may be short, or empty, but together they are whole, and there is an end."""
    _, lake = lake_of(*stored)

    def clock() -> Clock:
        left = iter(range(moment.randint(0, 3) if isinstance(moment, random.Random) else moment))
        return lambda: next(left, None) is None

    expected = full_scan([event for part in stored for event in part], question)
    patch = small_waves(wave)
    try:
        answered = list(pages(lake, question, clock, limit=len(expected) + 3 * len(stored) + 5))
    finally:
        patch.undo()

    assert rows_of(answered) == expected


@settings(max_examples=25)
@given(parts, questions(), st.integers(1, 120), st.booleans())
def test_pages_close_at_their_bytes(
    stored: list[list[Event]], question: Question, page_bytes: int, hurried: bool
) -> None:
    _, lake = lake_of(*stored)
    patch = small_waves(2, page_bytes)
    try:
        answered = list(pages(lake, question, lambda: always if hurried else never))
    finally:
        patch.undo()

    assert rows_of(answered) == full_scan([event for part in stored for event in part], question)
    for page in answered:
        sizes = [len(row.event.encode()) for row in page.rows]
        assert len(sizes) <= 1 or sum(sizes) <= page_bytes


@settings(max_examples=25)
@given(parts, parts, questions())
def test_what_is_delivered_later_is_not_in_the_pages_that_follow(
    stored: list[list[Event]], late: list[list[Event]], question: Question
) -> None:
    bucket, lake = lake_of(*stored)
    answered = []
    waves = iter(enumerate(late))
    for page in pages(lake, question):
        answered.append(page)
        bucket.now = AS_OF
        number, part = next(waves, (0, []))
        store(bucket, part, f"late-{number}")

    assert rows_of(answered) == full_scan([event for part in stored for event in part], question)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("size", [7, 37])
def test_many_events_of_one_microsecond_in_many_parts(newest_first: bool, size: int) -> None:
    """More than a page of them, in more parts than a wave, many in two."""
    group = [make_event(n, region=REGIONS[n % 3]) for n in range(130)]
    stored = [group[n * 5 : n * 5 + 8] for n in range(26)]
    _, lake = lake_of(*stored)
    question = everything(max_results=size, newest_first=newest_first)

    for clock in (never, always):
        answered = list(pages(lake, question, lambda clock=clock: clock))  # type: ignore[misc]
        assert rows_of(answered) == full_scan(group, question)


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_page_reads_no_more_than_it_needs(newest_first: bool) -> None:
    group = [make_event(n, event_time=MIDNIGHT + n * DAY // 4) for n in range(-40, 40)]
    _, lake = lake_of(*[[event] for event in group])

    page = read_page(
        lake,
        EVENTS,
        everything(start=MIDNIGHT - 10 * DAY, end=MIDNIGHT + 10 * DAY, max_results=2, newest_first=newest_first),
        None,
        AS_OF,
        AS_OF,
    )

    assert len(page.rows) == 2
    assert page.reading.objects == 4
    assert len(page.reading.partitions) == 1


@pytest.mark.parametrize("newest_first", [True, False])
def test_out_of_time_no_further_date_and_no_further_wave_is_read(newest_first: bool) -> None:
    dates = [make_event(n, event_time=MIDNIGHT + n * DAY) for n in range(-1, 2)]
    one_date = [make_event(n, event_time=MIDNIGHT + n) for n in range(40)]

    for group, read in ((dates, [1, 1, 1]), (one_date, [16, 16, 8])):
        _, lake = lake_of(*[[event] for event in group])
        question = everything(max_results=1000, newest_first=newest_first)
        answered = list(pages(lake, question, lambda: always))

        # The part where a page stopped stands first in the next one.
        assert [page.reading.objects for page in answered] == read
        assert rows_of(answered) == full_scan(group, question)


def test_parts_outside_of_the_window_are_not_read() -> None:
    group = [make_event(n, event_time=MIDNIGHT + n) for n in range(10)]
    _, lake = lake_of(*[[event] for event in group])

    page = read_page(lake, EVENTS, everything(start=MIDNIGHT + 3, end=MIDNIGHT + 5), None, AS_OF, AS_OF)

    assert [row.time - MIDNIGHT for row in page.rows] == [4, 3]
    assert page.reading.objects == 2


@pytest.mark.parametrize(
    "question", [everything(start=MIDNIGHT, end=MIDNIGHT), everything(start=MIDNIGHT + 1, end=MIDNIGHT)]
)
def test_an_empty_window_asks_the_store_nothing(question: Question) -> None:
    bucket, lake = lake_of([make_event()])
    asked: list[str] = []
    bucket.before_call = lambda operation, key: asked.append(key)  # type: ignore[method-assign]

    assert read_page(lake, EVENTS, question, None, AS_OF, AS_OF) == Page([], None, Reading())
    assert asked == []


def test_an_empty_lake_has_one_empty_page() -> None:
    _, lake = lake_of()

    (page,) = pages(lake, everything())
    assert page.rows == []


def test_a_damaged_part_is_named_and_the_others_are_given() -> None:
    bucket, lake = lake_of([make_event(1)], [make_event(2)], [make_event(3)])
    damaged = sorted(bucket.objects)[1]
    bucket.put(damaged, b"PAR1 no more")
    bucket.put(f"events/region={REGIONS[0]}/date=2026-03-09/_SUCCESS", b"")

    (page,) = pages(lake, everything())

    assert len(page.rows) == 2
    assert sorted(failure["object"] for failure in page.reading.failures) == sorted(
        [damaged, *(k for k in bucket.objects if "SUCCESS" in k)]
    )


def test_a_part_that_expires_while_it_is_read_is_not_missed() -> None:
    bucket, lake = lake_of([make_event(1)], [make_event(2)])
    gone = sorted(bucket.objects)[0]

    def delete(operation: str, key: str) -> None:
        if operation == "get":
            bucket.objects.pop(gone, None)

    bucket.before_call = delete  # type: ignore[method-assign]
    (page,) = pages(lake, everything())

    assert page.reading.failures == []
    assert len(page.rows) == 1


@given(st.integers(2_000_000, 253_402_300_799_999_999))
def test_pages_see_whole_seconds_at_least_one_behind_the_clock(now: int) -> None:
    moment = visible_before(now)

    assert moment.microsecond == 0
    assert 1_000_000 <= now - to_micros(moment) < 2_000_000
