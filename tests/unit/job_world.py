"""Jobs on a lake in memory, with a clock that a test moves and a kind of work that is easy to follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.access.principal import Principal
from trailkeep.jobs.job import Job
from trailkeep.jobs.runner import Progress, Unfinished, Work, run
from trailkeep.jobs.store import JobStore
from trailkeep.jobs.upkeep import Upkeep, look_after_jobs

ALICE = Principal("TokenOfAlice", "alice", frozenset({"view", "download"}))
BOB = Principal("TokenOfBob00", "bob", frozenset({"view", "download"}))
ADMIN = Principal("TokenOfAdmin", "admin", frozenset({"view", "download", "admin"}))
FILES = 4


class Killed(BaseException):
    """The process of a worker ends here."""


class JobWorld:
    """A store of jobs, the jobs that workers were called for, and the time."""

    def __init__(self, bucket: MemoryBucket | None = None) -> None:
        self.lake = bucket or MemoryBucket()
        self.store = JobStore(self.lake)
        self.called: list[str] = []
        self.kinds: dict[str, Work] = {"files": self.write_files}
        self.unexpected: list[Exception] = []
        self.per_step = FILES
        self.during: Callable[[Job, int], object] = lambda job, number: None
        """Comes before each file, with its number."""

    @property
    def now(self) -> datetime:
        return self.lake.now

    def clock(self) -> datetime:
        return self.lake.now

    def forward(self, **span: float) -> None:
        self.lake.now += timedelta(**span)

    def create(self, who: Principal = ALICE, kind: str = "files", **more: Any) -> Job:
        return self.store.create(kind, {"files": FILES}, who, "download", self.now, **more)

    def read(self, job: Job) -> Job:
        return self.store.read(job.id, self.now)

    def run(self, job: Job) -> Job:
        return run(self.store, job.id, self.kinds, self.clock, unexpected=self.unexpected.append)

    def look_after(self) -> Upkeep:
        return look_after_jobs(self.store, self.called.append, self.now)

    def minute(self) -> bool:
        """The schedule runs, workers come when they are called, and a minute passes; whether any job has not ended."""
        is_open = self.look_after().open > 0
        while self.called:
            run(self.store, self.called.pop(), self.kinds, self.clock, unexpected=self.unexpected.append)
        self.forward(minutes=1)
        return is_open

    def work_off(self) -> None:
        """Minutes pass until all jobs have ended."""
        assert any(not self.minute() for _ in range(60)), f"jobs do not end: {sorted(self.lake.objects)}"

    def results(self, job: Job) -> list[str]:
        return sorted(key.removeprefix(job.results) for key in self.lake.objects if key.startswith(job.results))

    def write_files(self, job: Job, progress: Progress) -> dict[str, Any]:
        """Writes the files that were asked for, one after the other, with a checkpoint after each; some in a step."""
        wanted = job.request["files"]
        written = (job.checkpoint or {"written": 0})["written"]
        for number in range(written, wanted):
            if number == written + self.per_step:
                raise Unfinished
            self.during(job, number)
            self.lake.create(f"{job.results}{number}", str(number).encode())
            progress.report(rows=10 * (number + 1), fraction=(number + 1) / wanted, checkpoint={"written": number + 1})
        return {"files": [{"name": str(number)} for number in range(wanted)], "rows": 10 * wanted}


__all__ = ["ADMIN", "ALICE", "BOB", "FILES", "NOW", "JobWorld", "Killed"]
