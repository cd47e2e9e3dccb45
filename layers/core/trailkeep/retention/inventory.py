"""What stands in a partition: its objects, how old they are, and whether a hold keeps them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.events.timestamps import from_micros
from trailkeep.lake.manifest import Manifest, read_manifest
from trailkeep.lake.partitions import Partition, is_compacted_name, parse_part
from trailkeep.lake.storage import Bucket, Stat
from trailkeep.retention.columns import accounts_in, newest_delivery_in
from trailkeep.retention.holds import Hold

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Inventory:
    """A partition as it stood when it was listed. ``foreign`` are keys that no object of the lake has."""

    partition: Partition
    objects: tuple[Stat, ...]
    foreign: tuple[str, ...]
    manifest: Manifest

    def newest_delivery(self, lake: Bucket) -> datetime:
        """When the last of its events was delivered.

        A part's age is its own. That of a compacted object is not: compaction makes new objects of old events. Its
        manifest tells of the deliveries, or else its rows; where neither can, it counts as delivered when it was made.
        """
        told = [from_micros(each.delivered_last) for each in self.manifest.compacted]
        return max([*told, *(_delivered(lake, stat) for stat in self.manifest.fresh(self.objects))], default=_NEVER)

    def holding(self, lake: Bucket, holds: Iterable[Hold]) -> Hold | None:
        """The first hold that keeps this partition, whole; None where it may go.

        Raises :class:`ObjectUnreadable` or :class:`ObjectNotFound` where a hold on accounts touches it and its accounts
        cannot be read, be it that compaction is at work: then it has to stay as well.
        """
        touching = [hold for hold in holds if hold.touches(self.partition)]
        for hold in touching:
            if not hold.accounts:
                return hold
        wanted = {account: hold for hold in touching for account in hold.accounts}
        if not wanted:
            return None
        for account in self.manifest.accounts or ():
            if account in wanted:
                return wanted[account]
        for stat in self._of_unknown_accounts():
            for account in accounts_in(lake, stat):
                if account in wanted:
                    return wanted[account]
        return None

    def _of_unknown_accounts(self) -> list[Stat]:
        """The objects whose accounts the manifest does not tell."""
        fresh = self.manifest.fresh(self.objects)
        if self.manifest.accounts is not None:
            return fresh
        compacted = {each.key for each in self.manifest.compacted}
        return [*fresh, *(stat for stat in self.objects if stat.key in compacted)]


def take_inventory(lake: Bucket, partition: Partition) -> Inventory:
    """List a partition and read its manifest; raises where either cannot be read to its end."""
    read = read_manifest(lake, partition)
    objects = tuple(lake.list(partition.prefix).objects)
    foreign = tuple(stat.key for stat in objects if parse_part(stat.key) is None)
    return Inventory(partition, objects, foreign, read[0] if read else Manifest(partition))


def _delivered(lake: Bucket, stat: Stat) -> datetime:
    part = parse_part(stat.key)
    if part is None or not is_compacted_name(part.name):
        return stat.modified_at
    try:
        return newest_delivery_in(lake, stat)
    except (ObjectUnreadable, ObjectNotFound):
        return stat.modified_at
