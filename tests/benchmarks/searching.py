"""A search of the lake as the search function makes it: a page of the newest matches, or all of them, counted."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import msgspec

from tests.benchmarks.memory import peak_bytes
from tests.benchmarks.questions import GROUPS, MATCHES, Answer, Question, counts_digest, digest
from trailkeep.events.timestamps import parse_micros, to_micros
from trailkeep.lake.partitions import EVENTS
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lookup.page import visible_before
from trailkeep.search.language import parse_query
from trailkeep.search.matching import Matching
from trailkeep.search.page import read_matches
from trailkeep.search.selection import select
from trailkeep.search.stream import Stream
from trailkeep.sql.sandbox import Limits
from trailkeep.sql.statement import parse_statement

_LIMITS = Limits(memory=1 << 30, seconds=600)


def search(lake: Lake, question: Question) -> Answer:
    """What is found; only the question itself is timed."""
    now = datetime.now(UTC)
    started = time.perf_counter()
    asked, as_of = _matching(question), visible_before(to_micros(now))
    reading = Reading()
    if question.kind == GROUPS:
        groups = _groups(lake, question.search, asked, as_of, now, reading)
        seconds = time.perf_counter() - started
        return Answer(seconds, len(groups), counts_digest(groups), peak_bytes())
    if question.kind == MATCHES:
        count = sum(len(table) for table in Stream(lake, asked, as_of, None, (), reading, now=now))
        found, texts = count, [str(count)]
    else:
        page = read_matches(lake, asked, None, question.limit, as_of, now)
        reading, texts = page.reading, [row.event for row in page.rows]
        found = len(texts)
    seconds = time.perf_counter() - started
    if reading.failures:
        raise RuntimeError(f"the answer is not complete: {reading.failures}")
    return Answer(seconds, found, digest(texts), peak_bytes())


def _groups(
    lake: Lake, query: str, asked: Matching, as_of: datetime, now: datetime, reading: Reading
) -> dict[str, int]:
    """Counts by value, as the job of a search finds them."""
    statement = parse_statement(query, parse_query(query).sql_at)
    selected = select(lake, asked, statement, as_of, now, reading, lambda: False, _LIMITS)
    if selected is None or reading.failures:
        raise RuntimeError(f"the answer is not complete: {reading.failures}")
    rows = map(msgspec.json.decode, selected.rows)
    return {str(row["value"]): row["events"] for row in rows}


def _matching(question: Question) -> Matching:
    first, last = question.days
    behind = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    return Matching(
        start=parse_micros(f"{first}T00:00:00Z"),
        end=parse_micros(f"{behind}T00:00:00Z"),
        datasets=(EVENTS,),
        regions=question.regions,
        filters=(),
        condition=parse_query(question.search).condition,
    )
