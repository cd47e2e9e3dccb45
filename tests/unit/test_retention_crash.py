"""A run of retention killed before or after any one call is finished by the next, and nothing goes unrecorded."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import Any

import msgspec
import pytest

from tests.unit.aged_lake import HANGZHOU, AgedLake, Killed
from tests.unit.memory_bucket import MemoryBucket
from trailkeep.errors import StorageUnavailable
from trailkeep.retention.deletion import PENDING, RECORDS


class Faulty:
    """Counts the calls to both buckets; at the call ``at`` a fault happens, and with ``for_good`` at all later ones."""

    def __init__(self, scene: AgedLake, at: int, fault: BaseException, *, for_good: bool) -> None:
        self.calls = 0
        self._at, self._fault, self._for_good = at, fault, for_good
        self._lock = Lock()
        for bucket in (scene.lake, scene.landing):
            bucket.before_call = self.before  # type: ignore[method-assign]

    def before(self, operation: str, key: str) -> None:
        with self._lock:
            self.calls += 1
            if self.calls == self._at or (self._for_good and self.calls > self._at > 0):
                raise self._fault


def aged() -> AgedLake:
    """Partitions that have expired, of each kind; some that have not, or are held; landing objects of each kind."""
    scene = AgedLake()
    scene.settings(days=100)
    scene.hold(accounts=("9",))
    scene.compacted(300, accounts=("1", "2"))
    scene.part(300, name="late", delivered=299)
    for number in range(3):
        scene.part(301, name=f"part-{number}")
    scene.part(301, dataset="insights")
    scene.part(302, accounts=("9",))
    scene.part(50)
    scene.part(303, delivered=50, region="us-east-1")
    scene.landed("old", committed=200)
    scene.landed("rejects", committed=200, rejects=True)
    scene.landed("young", committed=3)
    scene.landed("waiting", committed=None)
    with scene.ago(200):
        scene.lake.put(f"state/plans/{'0' * 32}.json", b"{}")
    return scene


def recorded(scene: AgedLake) -> list[str]:
    records: list[dict[str, Any]] = [msgspec.json.decode(scene.lake.objects[key][0]) for key in scene.keys(RECORDS)]
    return [each["key"] for record in records for each in record["objects"]]


def heal(scene: AgedLake) -> None:
    for bucket in (scene.lake, scene.landing):
        bucket.before_call = MemoryBucket().before_call  # type: ignore[method-assign]


def finish(scene: AgedLake) -> None:
    heal(scene)
    while scene.enforce().state != "succeeded":
        pass
    scene.enforce()  # documents go with the run after their landing object


def state(scene: AgedLake) -> list[str]:
    """The keys of everything but holds, whose names are drawn."""
    return [key for key in scene.keys() if not key.startswith("state/holds/")]  # noqa: SIM118


BEFORE = aged().data()
DONE = aged()
finish(DONE)
WHOLE = Faulty(scene := aged(), 0, Killed(), for_good=False)
scene.enforce()


def test_the_whole_run_leaves_what_has_to_stay() -> None:
    assert len(DONE.data()) == 3
    assert sorted(DONE.landing.objects) == ["rejects", "waiting", "young"]
    assert DONE.keys(PENDING) == DONE.keys("state/partitions/") == []
    assert len(DONE.keys(RECORDS)) == 3
    assert WHOLE.calls > 60


@pytest.mark.parametrize(
    ("fault", "for_good"),
    [(Killed(), True), (StorageUnavailable("no answer"), False)],
    ids=["killed", "unavailable-once"],
)
def test_a_run_cut_off_at_any_call_is_finished_by_the_next(fault: BaseException, for_good: bool) -> None:
    for at in range(1, WHOLE.calls + 1):
        scene = aged()
        Faulty(scene, at, fault, for_good=for_good)
        with suppress(Killed, StorageUnavailable):
            scene.enforce(run="cut off")
        # Whatever is gone by now is on record.
        assert set(BEFORE) - set(scene.data()) <= set(recorded(scene)), at
        heal(scene)
        scene.forward(hours=1)
        finish(scene)

        assert (scene.data(), sorted(scene.landing.objects)) == (DONE.data(), sorted(DONE.landing.objects)), at
        assert state(scene) == state(DONE), at
        # On record once, and nothing else is.
        assert sorted(recorded(scene)) == sorted(set(BEFORE) - set(scene.data())), at


def test_a_run_cut_off_at_midnight_is_recorded_once() -> None:
    """The next run is one of another day: the record of the first stands, and there is no second."""
    for at in range(1, WHOLE.calls + 1):
        scene = aged()
        Faulty(scene, at, Killed(), for_good=True)
        with pytest.raises(Killed):
            scene.enforce()
        scene.forward(days=1)
        finish(scene)

        assert sorted(recorded(scene)) == sorted(set(BEFORE) - set(scene.data())), at
        assert len(scene.keys(RECORDS)) == 3, at


def test_a_hold_that_comes_after_a_cut_off_run_keeps_all_that_is_left_of_its_partitions() -> None:
    for at in range(1, WHOLE.calls + 1):
        scene = aged()
        Faulty(scene, at, Killed(), for_good=True)
        with pytest.raises(Killed):
            scene.enforce()
        heal(scene)
        scene.hold(regions=(HANGZHOU,))
        left = [key for key in scene.data() if HANGZHOU in key]
        finish(scene)

        assert [key for key in scene.data() if HANGZHOU in key] == left, at
        assert scene.keys(PENDING) == [], at
        # Each object is accounted for: it stands, or a record says that it went and none says that it was kept.
        records = [msgspec.json.decode(scene.lake.objects[key][0]) for key in scene.keys(RECORDS)]
        kept = {key for record in records for key in record.get("kept", ())}
        gone = {each["key"] for record in records for each in record.get("objects", ())} - kept
        assert gone == set(BEFORE) - set(scene.data()), at
