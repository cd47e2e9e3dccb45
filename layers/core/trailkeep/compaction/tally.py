"""What a run of compaction did to a partition, in numbers, for the log and the metrics."""

from dataclasses import dataclass, fields

from trailkeep.compaction.refresh import Refreshed


@dataclass(slots=True)
class Tally:
    """Rows and objects of one run. ``rows_in = rows_out + duplicates``, always, or nothing of it was put in force."""

    rounds: int = 0
    parts: int = 0
    rows_in: int = 0
    rows_out: int = 0
    duplicates: int = 0
    refreshed: int = 0
    refused: int = 0
    objects_written: int = 0
    objects_replaced: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    objects_deleted: int = 0
    unreadable: int = 0
    missing: int = 0
    races_lost: int = 0

    def add(self, other: "Tally") -> None:
        """Add the numbers of another tally to these."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def count(self, refreshed: Refreshed) -> None:
        """Take in what was read again by newer code."""
        self.refreshed += refreshed.rows
        self.refused += refreshed.refused

    def count_runs(self, parts: int, size: int, duplicates: int, refreshed: Refreshed) -> None:
        """Take in what loading runs of ``parts`` parts, ``size`` bytes together, told beside its rows."""
        self.parts += parts
        self.bytes_in += size
        self.rows_in += duplicates
        self.duplicates += duplicates
        self.count(refreshed)

    def metrics(self) -> dict[str, int]:
        """The numbers by the names that they have as metrics."""
        return {
            "PartsCompacted": self.parts,
            "RowsCompactedIn": self.rows_in,
            "RowsCompactedOut": self.rows_out,
            "DuplicatesRemoved": self.duplicates,
            "RowsRefreshed": self.refreshed,
            "RowsNotRefreshed": self.refused,
            "ObjectsWritten": self.objects_written,
            "ObjectsReplaced": self.objects_replaced,
            "ObjectsDeleted": self.objects_deleted,
            "ObjectsUnreadable": self.unreadable,
            "ObjectsMissing": self.missing,
            "CompactionRacesLost": self.races_lost,
        }
