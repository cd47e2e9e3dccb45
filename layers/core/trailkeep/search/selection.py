"""SQL over what a search finds: within a request, where all rows are found in time."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pyarrow as pa

from trailkeep.lake.parts import Lake, Reading
from trailkeep.search.matching import Matching
from trailkeep.search.results import Selected
from trailkeep.search.stream import Stream
from trailkeep.sql.results import columns_of, json_rows
from trailkeep.sql.rows import lake_columns
from trailkeep.sql.run import run_in
from trailkeep.sql.sandbox import Limits, Sandbox
from trailkeep.sql.statement import Statement

LIMITS = Limits(memory=1 << 30, seconds=16)
"""What SQL may take within a request."""


class _TooSlow(Exception):
    """The rows were not all found in time."""


def select(
    lake: Lake,
    matching: Matching,
    statement: Statement,
    as_of: datetime,
    now: datetime,
    reading: Reading,
    out_of_time: Callable[[], bool],
    limits: Limits,
) -> Selected | None:
    """What a statement gives for the events that match; None where ``out_of_time`` ended it before all were found.

    Raises :class:`QueryFailed`, and :class:`StorageUnavailable`.
    """
    with (
        Sandbox(limits) as sandbox,
        Stream(lake, matching, as_of, None, lake_columns(statement), reading, out_of_time, now=now) as found,
    ):
        try:
            result = run_in(sandbox, statement, _whole(found))
        except _TooSlow:
            return None
    return selected(statement, result.rows, truncated=result.truncated)


def selected(statement: Statement, rows: pa.Table, *, truncated: bool) -> Selected:
    """The rows of a statement as they are answered, whichever engine found them."""
    return Selected(columns_of(statement), json_rows(statement, rows), truncated)


def _whole(found: Stream) -> Iterator[pa.Table]:
    """The tables of a stream, or an error behind them where it stopped early."""
    yield from found
    if found.stopped_at is not None:
        raise _TooSlow
