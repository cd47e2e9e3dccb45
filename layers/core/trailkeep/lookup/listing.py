"""A page without the index: the dates nearest first, in each the rows nearest first, as listings show them."""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby

from trailkeep.events.timestamps import to_micros
from trailkeep.lake.partitions import dates_between
from trailkeep.lake.parts import Lake, Reading, Stretch
from trailkeep.lookup.candidates import Candidates, Page, close, remaining
from trailkeep.lookup.columns import ColumnReader
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.question import Question

WAVE = 16
"""Stretches read at once, before looking whether the page is full."""


def list_page(
    lake: Lake,
    dataset: str,
    question: Question,
    behind: Position | None,
    as_of: datetime,
    out_of_time: Callable[[], bool],
) -> Page:
    """Read dates until nothing left can change the page, or there is no time for more."""
    reading = Reading()
    best = Candidates(question.max_results + 1, question.newest_first)
    start, end = remaining(question, behind)
    partitions = lake.partitions(dataset, question.regions or lake.regions(dataset), *dates_between(start, end))
    partitions.sort(key=lambda partition: partition.date, reverse=question.newest_first)
    reader = ColumnReader(lake, question, behind, to_micros(as_of), best, reading)
    for number, (_, group) in enumerate(groupby(partitions, key=lambda partition: partition.date)):
        parts = [
            stored
            for stored in lake.parts(group, as_of, reading)
            if stored.part.first < end and stored.part.last >= start
        ]
        stretches = [each for each in lake.stretches(parts, reading) if each.first < end and each.last >= start]
        stopped_at = _read(reader, stretches, question, behind, best, number > 0, out_of_time)
        if stopped_at is not None:
            return close(lake, best, question, reading, stopped_at)
        if best.is_full:
            break
    return close(lake, best, question, reading, None)


def _read(
    reader: ColumnReader,
    stretches: list[Stretch],
    question: Question,
    behind: Position | None,
    best: Candidates,
    has_read: bool,
    out_of_time: Callable[[], bool],
) -> int | None:
    """Read the stretches of one date; a time where it had to stop early, up to which all is read.

    It stops only behind where the page started, so that a question advances with every page.
    """
    newest_first = question.newest_first
    stretches.sort(key=(lambda each: -each.last) if newest_first else (lambda each: each.first))
    for number in range(0, len(stretches), WAVE):
        nearest = stretches[number].last if newest_first else stretches[number].first
        if not best.can_take(nearest):
            return None
        advanced = behind is None or (nearest < behind.time if newest_first else nearest > behind.time)
        if (number or has_read) and advanced and out_of_time():
            return nearest
        reader.read(stretches[number : number + WAVE])
    return None
