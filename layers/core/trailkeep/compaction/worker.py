"""Compaction of one partition, in rounds: fresh parts in, few sorted objects out, each ``uid`` once among them.

Safe to repeat, to interrupt anywhere, and to run beside itself. A round reads, creates objects, and puts them in force
by one conditional write of the manifest, which also retires what they replace; nothing is deleted for an hour after
that (:mod:`trailkeep.compaction.cleaning`). What an interruption leaves behind:

- before the manifest: objects that no manifest has in force, whose rows stand elsewhere too. Who reads them drops the
  duplicates; a day later they are merged like something fresh, and only then retired. So nothing is ever deleted of
  which the rows were not seen in what stays;
- after the manifest: all is in force.

Of two workers at once one finds the manifest changed, and starts over from the listing.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from trailkeep.compaction.arrivals import Arrivals
from trailkeep.compaction.change import Change, put_in_force, retire
from trailkeep.compaction.cleaning import clean
from trailkeep.compaction.pieces import overlapping, pieces
from trailkeep.compaction.runs import Runs, load_runs
from trailkeep.compaction.tally import Tally
from trailkeep.compaction.view import View, look
from trailkeep.errors import CompactionRaced, ObjectNotFound, ObjectUnreadable
from trailkeep.lake.compacted import CompactedReader
from trailkeep.lake.partitions import Partition, parse_part
from trailkeep.lake.storage import Bucket, Stat

MAX_RACES = 5


@dataclass(slots=True)
class Outcome:
    """How a run ended: ``done`` unless time ran out, then the rest is for another one.

    ``missing`` and ``unreadable`` are keys of objects that should stand there whole, and do not.
    """

    done: bool = False
    tally: Tally = field(default_factory=Tally)
    missing: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


class Compaction:
    """The compaction of a lake. One for the life of a function."""

    def __init__(self, lake: Bucket, clock: Callable[[], datetime]) -> None:
        self._lake = lake
        self._clock = clock
        self._arrivals = Arrivals(lake)

    def compact(self, partition: Partition, has_time: Callable[[], bool] = lambda: True) -> Outcome:
        """Compact a partition while ``has_time``, which is asked before each piece of some minutes of work.

        Raises :class:`RowsNotConserved` and :class:`ObjectUnreadable` where what stands cannot be trusted,
        :class:`CompactionRaced` and :class:`StorageUnavailable` where it is to be tried again. Whatever is raised, the
        lake is as it was, or as the last finished piece left it.
        """
        run = _Rounds(self._lake, self._clock, self._arrivals, partition, has_time)
        run.outcome.done = run.until_done()
        run.outcome.tally.objects_deleted += clean(self._lake, partition, self._clock())
        run.outcome.tally.missing = len(run.outcome.missing)
        run.outcome.tally.unreadable = len(run.outcome.unreadable)
        return run.outcome


class _Lost(Exception):
    """Another worker was quicker."""


@dataclass(slots=True)
class _Rounds:
    """One run over one partition."""

    lake: Bucket
    clock: Callable[[], datetime]
    arrivals: Arrivals
    partition: Partition
    has_time: Callable[[], bool]
    outcome: Outcome = field(default_factory=Outcome)

    def until_done(self) -> bool:
        """Round after round; False where time ran out before all was done."""
        while self.has_time():
            try:
                if not self._round():
                    return True
            except (_Lost, ObjectNotFound):  # gone is what another worker replaced long enough ago
                self.outcome.tally.races_lost += 1
                if self.outcome.tally.races_lost > MAX_RACES:
                    raise CompactionRaced(f"others compact {self.partition.prefix} all the time") from None
        return False

    def _round(self) -> bool:
        """Do one thing for the partition; False where there is nothing to do."""
        view = look(self.lake, self.arrivals, self.partition, self.clock(), set(self.outcome.unreadable))
        self.outcome.missing += [key for key in view.missing if key not in self.outcome.missing]
        if view.committed:
            runs = load_runs(self.lake, view.committed, self.partition)
            with closing(runs):
                self.outcome.unreadable += [stat.key for stat in runs.unreadable]
                return not runs.taken or self._merge_runs(view, runs)
        if view.leftover:
            return self._merge_leftover(view, view.leftover[0])
        return self._tidy(view)

    def _merge_runs(self, view: View, runs: Runs) -> bool:
        """Write the pieces that the runs need, each put in force by itself; their parts are retired with the last."""
        chosen = pieces(view.manifest.compacted, runs.times)
        for number, piece in enumerate(chosen, start=1):
            rows = piece.end - piece.start
            change = Change(
                objects=piece.objects,
                fresh=runs.sources(runs.times[piece.start], runs.times[piece.end - 1]) if rows else (),
                fresh_rows=rows,
                fresh_bytes=runs.size_of(rows),
                inputs=runs.taken,
                retired=runs.taken if number == len(chosen) else (),
            )
            self._make(view, change)
            if number < len(chosen) and not self.has_time():
                return True
        self.outcome.tally.count_runs(len(runs.taken), runs.size, runs.duplicates, runs.refreshed)
        return True

    def _merge_leftover(self, view: View, leftover: Stat) -> bool:
        """Merge a compacted object that is not in force as though it were fresh: most of it stands elsewhere."""
        try:
            for _ in CompactedReader(self.lake, leftover.key, leftover.size).batches():
                pass  # a damaged one is told before it can spoil what it is merged with
        except ObjectUnreadable:
            self.outcome.unreadable.append(leftover.key)
            return True
        touched = overlapping(view.manifest.compacted, parse_part(leftover.key))
        self._make(view, Change(objects=touched, leftover=leftover, inputs=[leftover], retired=[leftover]))
        return True

    def _tidy(self, view: View) -> bool:
        """What needs no fresh rows: small neighbours, rows of older code, and entries of what is not there."""
        chosen = pieces(view.manifest.compacted, ())
        if chosen:
            self._make(view, Change(objects=chosen[0].objects))
        elif view.orphans or view.missing or (view.is_begun_anew and (view.etag or view.manifest.compacted)):
            self._make(view, Change())
        else:
            return False
        return True

    def _make(self, view: View, change: Change) -> None:
        """Write a change and put it in force; the view is then of what stands after it."""
        manifest, tally = change.write(self.lake, view)
        stats = [view.listed[each.key] for each in change.objects]
        manifest = retire(manifest, [*stats, *change.retired, *view.orphans], self.clock())
        etag = put_in_force(self.lake, manifest, view.etag)
        if etag is None:
            raise _Lost
        tally.rounds = 1
        self.outcome.tally.add(tally)
        view.manifest, view.etag, view.orphans, view.is_begun_anew = manifest, etag, [], False
