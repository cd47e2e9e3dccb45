"""Runs of records → rows: the fast way for those that are plain and hold no secret, the exact one for all others."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from msgspec import structs

from trailkeep.events.columns import Row, row_of
from trailkeep.events.event import Event
from trailkeep.events.mask_clues import names_in, names_no_secret, shapes_in
from trailkeep.events.masking import mask_members
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.plain import PlainReader
from trailkeep.events.reasons import Reason, Rejected
from trailkeep.events.records import Record, RecordRun, split_in_runs
from trailkeep.events.runs import Run

_reader = lru_cache(maxsize=2)(PlainReader)
"""One for a channel, so that what it remembers outlives a delivery; few, since each may remember many megabytes."""


@dataclass(slots=True)
class Batch:
    """What became of some records: a row or a rejection of each, both in order, and how many secrets were masked."""

    rows: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    masked: int = 0

    def take(self, result: tuple[Event, int] | Rejected) -> None:
        """Take in what :func:`normalise` made of one record."""
        if isinstance(result, Rejected):
            self.rejected.append(result)
        else:
            self.rows.append(row_of(result[0]))
            self.masked += result[1]


def normalise_all(pieces: Iterable[bytes], arrival: Arrival, most_rejected: int) -> Iterator[Batch]:
    """What :func:`normalise` makes of each record in the text of a log object.

    With more than ``most_rejected`` rejections it ends: the rest counts as one more, whose reason says so.
    """
    for part in split_in_runs(pieces):
        if isinstance(part, RecordRun):
            batch = normalise_run(part, arrival)
        else:
            batch = Batch()
            batch.take(part if isinstance(part, Rejected) else normalise(part, arrival))
        if len(batch.rejected) > most_rejected:
            yield _until_given_up(part, arrival, most_rejected)
            return
        most_rejected -= len(batch.rejected)
        yield batch


def normalise_run(run: RecordRun, arrival: Arrival) -> Batch:
    """What :func:`normalise` makes of each record of a run."""
    texts = run.run.records
    reader = _reader(arrival.channel, arrival.regions)
    batch = Batch()
    shaped = _positions(run.run, shapes_in(run.run.text))
    named = _positions(run.run, names_in(run.run.text))
    for position, row in enumerate(reader.rows(texts)):
        masked = 0
        if row and position in named and not names_no_secret(row.event):
            row, masked = _masked(row, reader)
        if row and position not in shaped and arrival.allows(row.event_time):
            batch.rows.append(row)
            batch.masked += masked
        else:
            batch.take(normalise(Record(run.index + position, texts[position]), arrival))
    return batch


def _masked(row: Row, reader: PlainReader) -> tuple[Row | None, int]:
    """The row without its secrets, with the identity it had before; None where only the exact way can tell."""
    try:
        masked = mask_members(row.event)
    except (ValueError, RecursionError):
        return None, 0
    if not masked.count:
        return row, 0
    (bare,) = reader.rows([masked.text])
    return bare and structs.replace(bare, uid=row.uid, event_time=row.event_time), masked.count


def _until_given_up(part: RecordRun | Record | Rejected, arrival: Arrival, most_rejected: int) -> Batch:
    """The batch of the records before the one that is too many, which is rejected for all behind it."""
    batch = Batch()
    for record in part if isinstance(part, RecordRun) else [part]:
        result = record if isinstance(record, Rejected) else normalise(record, arrival)
        if isinstance(result, Rejected) and len(batch.rejected) == most_rejected:
            batch.take(Rejected(result.index, Reason.GIVEN_UP, "too many records are rejects"))
            break
        batch.take(result)
    return batch


def _positions(run: Run, places: list[int]) -> set[int]:
    """The positions of the records that these places of the text lie in."""
    if not places:
        return set()
    ends = []
    end = 0
    for record in run.records:
        end = run.text.index(b"{", end) + len(record)  # only blanks and commas lie between records
        ends.append(end)
    return {bisect_left(ends, place) for place in places}
