"""A run of retention: finishes what was begun, deletes the partitions that have expired, clears the landing bucket.

It fails safe: nothing is deleted before the settings and every hold are read, nor where two clocks disagree. A
partition that cannot be understood or deleted stays, is named, and holds up no other.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from trailkeep.errors import (
    ObjectNotFound,
    ObjectUnreadable,
    RetentionRefused,
    StorageUnavailable,
    StorageUnsafe,
    TrailkeepError,
)
from trailkeep.lake.partitions import EVENTS, INSIGHTS, Partition, parse_partition, region_in
from trailkeep.lake.storage import Bucket
from trailkeep.retention.deletion import announce, announced, announced_partitions, carry_out, plan_deletion, withdraw
from trailkeep.retention.documents import clear_documents
from trailkeep.retention.expiry import date_has_expired, has_expired, is_date
from trailkeep.retention.holds import Hold, HoldBook
from trailkeep.retention.inventory import Inventory, take_inventory
from trailkeep.retention.landing import clear_landing
from trailkeep.retention.removal import MOST_FAILURES, Removed
from trailkeep.retention.runs import LAST_RUN, Run, read_last_run, write_last_run
from trailkeep.retention.settings import SETTINGS, Terms, read_settings

CLOCKS_AGREE = timedelta(hours=1)
"""How far the function's clock and the store's may be apart. One of them alone must not make everything old."""

NO_ETAG = "0" * 32
"""An etag that no object has: what is deleted by it shows that the store does not look at etags."""


def enforce(
    landing: Bucket,
    lake: Bucket,
    floor: int,
    run_id: str,
    clock: Callable[[], datetime],
    out_of_time: Callable[[], bool],
) -> Run:
    """Run once; gives the run as it is kept. ``floor`` is the fewest days for which partitions are kept.

    Raises what kept it from deleting anything, :class:`RetentionRefused` among them, and :class:`StorageUnavailable`
    where a part of it failed; in either case the run is kept, with the reason.
    """
    last = read_last_run(lake)
    run = Run(id=run_id, started_at=clock(), settings_updated_at=last.settings_updated_at if last else None)
    enforcement = _Enforcement(landing, lake, floor, run, out_of_time)
    try:
        enforcement.prepare(write_last_run(lake, run))
        run.state = "failed"
        enforcement.run()
    except TrailkeepError as error:
        run.reason, run.finished_at = error.message, clock()
        write_last_run(lake, run)
        raise
    run.finished_at = clock()
    write_last_run(lake, run)
    return run


class _Enforcement:
    """The parts of one run, and what they share."""

    def __init__(self, landing: Bucket, lake: Bucket, floor: int, run: Run, out_of_time: Callable[[], bool]) -> None:
        self._landing = landing
        self._lake = lake
        self._floor = floor
        self._run = run
        self._now = run.started_at
        self._out_of_time = out_of_time
        self._book = HoldBook(lake)
        self._at_first = Terms()

    def prepare(self, stored_at: datetime) -> None:
        """Find out whether to trust clock and store, and read all that decides; ``stored_at`` is the store's time."""
        apart = abs(stored_at - self._now)
        if apart > CLOCKS_AGREE:
            raise RetentionRefused(f"the clocks of the function and of the store are {apart} apart")
        if self._lake.delete(LAST_RUN, NO_ETAG):
            raise StorageUnsafe("the object store ignores If-Match: it deletes objects that have changed")
        self._at_first = self._run.terms = self._terms()
        self._book.in_force()

    def run(self) -> None:
        """Delete what has to go. Each part does what it has time for."""
        run = self._run
        finished = all(self._each(prefix, self._resume) for prefix in announced_partitions(self._lake))
        finished = finished and all(self._each(each.prefix, self._expire) for each in self._past())
        # The landing bucket has its turn whatever became of single partitions: what is in it is not masked.
        terms, holding = self._terms(), bool(self._book.in_force())
        cleared = clear_landing(
            self._landing, self._lake, terms, holding=holding, now=self._now, out_of_time=self._out_of_time
        )
        run.landing_objects_deleted, run.landing_bytes_deleted = cleared.objects, cleared.bytes
        documents = Removed()
        if cleared.finished:
            documents = clear_documents(self._lake, cleared.standing, terms.days, self._now, self._out_of_time)
            run.documents_deleted = documents.objects
        for key, why in (cleared.failures | documents.failures).items():
            run.fail(key, why)
        if run.failures:
            raise StorageUnavailable(f"what could not be deleted: {run.failures}; lastRun names it")
        run.state = "succeeded" if finished and documents.finished else "unfinished"

    def _terms(self) -> Terms:
        """What is in force now. Settings that were set once and are gone would silently be the defaults."""
        settings, etag = read_settings(self._lake)
        if etag is None and self._run.settings_updated_at is not None:
            raise RetentionRefused(f"{SETTINGS} is gone: the last run knew of settings")
        self._run.settings_updated_at = settings.updated_at
        return settings.in_force(self._now, self._floor)

    def _each(self, prefix: str, work: Callable[[Partition], None]) -> bool:
        """Work on one partition; False where time is up. What goes wrong concerns this partition alone."""
        if self._out_of_time():
            return False
        partition = parse_partition(prefix)
        try:
            if partition is None:
                self._run.leave(prefix, "this is no partition of the lake")
            else:
                work(partition)
        except (ObjectUnreadable, ObjectNotFound) as error:
            self._run.leave(prefix, error.message)
        except StorageUnavailable as error:
            self._run.fail(prefix, error.message)
            if self._run.failures == MOST_FAILURES:
                raise
        return True

    def _past(self) -> Iterator[Partition]:
        """The partitions whose date has expired, as their keys say; keys that say something else are left alone."""
        days = self._at_first.days
        for dataset in (EVENTS, INSIGHTS):
            for region in self._lake.list(f"{dataset}/", delimiter="/").prefixes:
                if region_in(region, dataset) is None:
                    self._run.leave(region, "this is no region of the lake")
                    continue
                for prefix in self._lake.list(region, delimiter="/").prefixes:
                    partition = parse_partition(prefix)
                    if partition is None or not is_date(partition.date):
                        self._run.leave(prefix, "this is no partition of the lake")
                    elif date_has_expired(partition.date, days, self._now):
                        yield partition

    def _resume(self, partition: Partition) -> None:
        """Finish the deletion that a run before this one has announced."""
        self._carry_out(take_inventory(self._lake, partition), None)

    def _expire(self, partition: Partition) -> None:
        """Delete a partition whose date has expired, unless its deliveries have not, or a hold keeps it."""
        inventory = take_inventory(self._lake, partition)
        newest = inventory.newest_delivery(self._lake)
        terms = self._at_first  # those of now are asked behind the announcement
        if not inventory.objects or not has_expired(partition.date, newest, terms.days, self._now):
            return None
        if inventory.foreign:
            return self._run.leave(partition.prefix, f"it holds {inventory.foreign[0]}, which is no object of the lake")
        holds = self._book.in_force()
        if inventory.holding(self._lake, holds):
            self._run.partitions_held += 1
            return None
        announce(self._lake, plan_deletion(inventory, newest, terms, self._run.id, self._now))
        return self._carry_out(inventory, holds)

    def _carry_out(self, inventory: Inventory, passed: list[Hold] | None) -> None:
        """Do the deletion that is announced, unless there is a reason by now to keep what is left of its partition.

        ``passed`` are the holds that are known not to keep it.
        """
        partition = inventory.partition
        found = announced(self._lake, partition)
        if found is None:
            return
        deletion, etag = found
        terms, holds = self._terms(), self._book.in_force()
        hold = inventory.holding(self._lake, holds) if inventory.objects and holds != passed else None
        if hold:
            withdraw(self._lake, deletion, etag, f"hold {hold.id}", inventory, self._now)
            self._run.partitions_held += 1
        elif inventory.objects and not has_expired(partition.date, deletion.newest_delivery, terms.days, self._now):
            withdraw(self._lake, deletion, etag, f"kept for {terms.days} days", inventory, self._now)
        else:
            removed = carry_out(self._lake, deletion, etag, self._out_of_time)
            self._run.objects_deleted += removed.objects
            self._run.bytes_deleted += removed.bytes
            if removed.failures:
                raise StorageUnavailable(next(iter(removed.failures.values())))
            self._run.partitions_deleted += removed.finished
