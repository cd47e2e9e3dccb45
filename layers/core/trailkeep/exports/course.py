"""How far an export is, from step to step: what stands already, what could not be read, and where to go on."""

from typing import Any

import msgspec

from trailkeep.exports.files import Files, StoredFile
from trailkeep.jobs.job import Job
from trailkeep.jobs.runner import Progress
from trailkeep.lake.parts import Reading
from trailkeep.lookup.cursor import Position
from trailkeep.search.advance import Place, as_place, position_at

MOST_FAILURES = 1_000
"""Objects that are kept by name. Those beyond are counted: thousands that are damaged have one cause."""


class Saved(msgspec.Struct, frozen=True):
    """A checkpoint: the files that stand, and the event behind which the next one begins."""

    files: list[StoredFile] = []
    behind: Place | None = None
    failures: list[dict[str, str]] = []
    failure_count: int = 0
    bytes_read: int = 0
    copy: int = 1


class Course:
    """One step of an export. ``reading`` is what this step has read so far."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self._progress = progress
        self._before = msgspec.convert(job.checkpoint or {}, Saved)
        self.saved = self._before
        self.reading = Reading()

    @property
    def behind(self) -> Position | None:
        """Where the rows begin that no stored file has; None for the first one."""
        return position_at(self.saved.behind)

    def tell(self, rows: int, fraction: float = 0.0) -> None:
        """Tell how far it is. Keeps the job, and raises where it is to be left: call it often."""
        self._progress.report(rows=rows, bytes=self._bytes_read, fraction=fraction)

    def is_out_of_time(self) -> bool:
        """Whether this step should end."""
        return self._progress.out_of_time()

    def keep(self, files: Files, behind: Position, fraction: float) -> None:
        """Note the files that stand, which hold every row up to ``behind``."""
        failures, count = self.failures()
        self.saved = Saved(
            files=list(files.stored),
            behind=as_place(behind),
            failures=failures,
            failure_count=count,
            bytes_read=self._bytes_read,
            copy=self.saved.copy,
        )
        self._progress.report(
            rows=files.rows, bytes=self._bytes_read, fraction=fraction, checkpoint=msgspec.to_builtins(self.saved)
        )

    def elsewhere(self) -> dict[str, Any]:
        """The checkpoint for another try of the files that are not stored, under other names."""
        return dict(msgspec.to_builtins(msgspec.structs.replace(self.saved, copy=self.saved.copy + 1)))

    def failures(self) -> tuple[list[dict[str, str]], int]:
        """What could not be read in all steps, each object once, at most so many of them; and how many there are."""
        known = {failure["object"] for failure in self._before.failures}
        found = {each["object"]: each for each in self.reading.failures if each["object"] not in known}
        merged = [*self._before.failures, *found.values()]
        return merged[:MOST_FAILURES], self._before.failure_count + len(found)

    @property
    def _bytes_read(self) -> int:
        return self._before.bytes_read + self.reading.bytes
