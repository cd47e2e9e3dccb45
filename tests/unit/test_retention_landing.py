"""Landing objects go some days after their commit and never otherwise; then the small documents of their delivery."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.aged_lake import HANGZHOU, AgedLake
from tests.unit.memory_bucket import MemoryBucket
from trailkeep.errors import StorageUnavailable
from trailkeep.lake.commits import delivery_id
from trailkeep.lake.watermark import WATERMARKS
from trailkeep.retention import landing, removal
from trailkeep.retention.runs import LAST_RUN, read_last_run
from trailkeep.sweep import sweep

DOCUMENTS = ("state/commits/", "state/plans/", "quarantine/")


@pytest.fixture
def scene() -> AgedLake:
    return AgedLake()


def documents(scene: AgedLake) -> list[str]:
    return [key for prefix in DOCUMENTS for key in scene.keys(prefix)]


ages = st.none() | st.integers(0, 60)


@given(st.lists(st.tuples(ages, st.booleans()), max_size=12), st.integers(1, 20), st.integers(1, 40))
def test_exactly_those_go_whose_commit_is_old_enough(
    made: list[tuple[int | None, bool]], landing_days: int, quarantine_days: int
) -> None:
    scene = AgedLake()
    scene.settings(landingDays=landing_days, quarantineDays=quarantine_days)
    stays = []
    for number, (committed, rejects) in enumerate(made):
        scene.landed(f"log-{number:02}", committed=committed, rejects=rejects)
        days = max(landing_days, quarantine_days) if rejects else landing_days
        # Landed some minutes before its commit, which is what counts.
        if committed is None or committed <= days:
            stays.append(f"log-{number:02}")

    run = scene.enforce()

    assert sorted(scene.landing.objects) == stays
    assert run.landing_objects_deleted == len(made) - len(stays)


def test_one_that_was_never_delivered_stays_for_ever(scene: AgedLake) -> None:
    with scene.ago(3000):
        scene.landing.put("log", b"[]")

    scene.enforce()

    assert sorted(scene.landing.objects) == ["log"]


def test_one_that_was_overwritten_is_another_delivery(scene: AgedLake) -> None:
    scene.landed("log", committed=100)
    scene.landing.put("log", b"[1]")

    scene.enforce()

    assert scene.landing.objects["log"][0] == b"[1]"


def test_one_that_is_overwritten_while_the_run_is_at_work_stays(scene: AgedLake) -> None:
    scene.landed("log", committed=100)
    scene.landing.before_call = (  # type: ignore[method-assign]
        lambda operation, key: scene.landing.put(key, b"[1]") and None if operation == "delete" else None
    )

    run = scene.enforce()

    assert scene.landing.objects["log"][0] == b"[1]"
    assert run.landing_objects_deleted == 0


def test_no_object_of_the_landing_bucket_is_read(scene: AgedLake) -> None:
    for number in range(3):
        scene.landed(f"log-{number}", committed=100, rejects=number == 1)
    done: set[str] = set()
    scene.landing.before_call = lambda operation, key: done.add(operation)  # type: ignore[method-assign]

    scene.enforce()

    assert done == {"list", "delete"}


@pytest.mark.parametrize(
    "name",
    [
        "state/commits/2025-01-01T00-00/{}.json",
        "state/commits/2025-01-01T00-00/{}.x.json",
        "state/commits/{}.1-1.json",
        "state/commits/2025-01-01T00-00/{}.1-1.json.tmp",
        "state/commits/2025-13-01T00-00/{}.1-1.json",
    ],
)
def test_nothing_less_than_a_commit_is_a_reason_to_delete(scene: AgedLake, name: str) -> None:
    delivery = scene.landed("log", committed=None)
    with scene.ago(100):
        scene.lake.put(name.format(delivery), b"{}")

    scene.enforce()

    assert sorted(scene.landing.objects) == ["log"]


def test_the_newest_of_two_commits_counts(scene: AgedLake) -> None:
    delivery = scene.landed("log", committed=100)
    scene.landed("log", committed=3)

    scene.enforce()

    assert sorted(scene.landing.objects) == ["log"]
    assert delivery == delivery_id("landing", "log", scene.landing.objects["log"][1].etag)


def test_while_there_is_a_hold_what_could_not_be_read_stays(scene: AgedLake) -> None:
    """Nobody can say whose events they are. What was read stands in the lake, where the hold keeps it."""
    scene.landed("clean", committed=100)
    scene.landed("rejects", committed=100, rejects=True)
    scene.hold(regions=("us-east-1",))

    scene.enforce()

    assert sorted(scene.landing.objects) == ["rejects"]


def test_more_objects_than_fit_in_memory_are_all_looked_at(scene: AgedLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "MOST_IN_MEMORY", 10)
    monkeypatch.setattr(removal, "AT_ONCE", 3)
    scene.landing.page_size = scene.lake.page_size = 7
    for number in range(45):
        scene.landed(f"log-{number:02}", committed=100 if number % 5 else None)

    assert scene.enforce().landing_objects_deleted == 36
    assert sorted(scene.landing.objects) == [f"log-{number:02}" for number in range(0, 45, 5)]


def test_documents_go_when_their_days_and_their_landing_object_have_gone(scene: AgedLake) -> None:
    scene.landed("old", committed=181, rejects=True)
    scene.landed("young", committed=179, rejects=True)
    waiting = scene.landed("waiting", committed=None)

    scene.enforce()
    assert sorted(scene.landing.objects) == ["waiting"]
    assert len(documents(scene)) == 7  # the landing objects stood when the run began

    run = scene.enforce()
    assert run.documents_deleted == 3
    assert f"state/plans/{waiting}.json" in documents(scene)
    assert len(documents(scene)) == 4


def test_the_plan_of_an_object_that_someone_removed_goes_as_well(scene: AgedLake) -> None:
    with scene.ago(300):
        delivery = scene.landed("log", committed=None)
    with scene.ago(300):
        scene.lake.put(f"state/plans/{delivery}.json", b"{}")
    del scene.landing.objects["log"]

    scene.enforce()

    assert documents(scene) == []


def test_documents_of_a_standing_object_stay_however_old(scene: AgedLake) -> None:
    """Rejects under a hold: were its commit gone, the sweep would have the object delivered again."""
    scene.landed("rejects", committed=900, rejects=True)
    scene.hold(regions=(HANGZHOU,))

    for _ in range(2):
        scene.enforce()

    assert len(documents(scene)) == 3


@pytest.mark.parametrize("key", ["state/commits/x", "state/commits/2025-01-01T00-00/x.json", "quarantine/date=x/y"])
def test_documents_of_strangers_stay(scene: AgedLake, key: str) -> None:
    with scene.ago(900):
        scene.lake.put(key, b"x")

    scene.enforce()

    assert key in scene.lake.objects


def test_where_not_every_landing_object_was_seen_no_document_goes(scene: AgedLake) -> None:
    scene.landed("old", committed=400)
    scene.enforce()
    asked = iter(range(100))

    scene.landed("standing", committed=3)
    run = scene.enforce(out_of_time=lambda: next(asked) > 0)

    assert (run.state, run.documents_deleted) == ("unfinished", 0)
    assert scene.enforce().documents_deleted == 2


def test_a_landing_listing_that_breaks_off_deletes_no_document(scene: AgedLake) -> None:
    scene.landed("old", committed=400)
    scene.enforce()

    class Broken(MemoryBucket):
        def pages(self, prefix: str, **more: object):  # type: ignore[no-untyped-def]
            yield from ()
            raise StorageUnavailable("no answer")

    scene.landing = Broken("landing", scene.now)
    with pytest.raises(StorageUnavailable):
        scene.enforce()

    assert len(documents(scene)) == 2


def test_one_that_the_store_does_not_let_go_holds_up_no_other(scene: AgedLake) -> None:
    for number in range(5):
        scene.landed(f"log-{number}", committed=100)

    def refuse(operation: str, key: str) -> None:
        if (operation, key) == ("delete", "log-2"):
            raise StorageUnavailable("locked")

    scene.landing.before_call = refuse  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable, match="could not be deleted: 1"):
        scene.enforce()

    assert sorted(scene.landing.objects) == ["log-2"]
    run = read_last_run(scene.lake)
    assert run is not None
    assert (run.state, run.failures, run.left_alone) == ("failed", 1, [{"name": "log-2", "reason": "locked"}])


def test_a_store_that_lets_nothing_go_is_not_asked_for_ever(scene: AgedLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 30)
    for number in range(90):
        scene.landed(f"log-{number}", committed=100)
    asked = []

    def refuse(operation: str, key: str) -> None:
        if operation == "delete":
            asked.append(key)
            raise StorageUnavailable("locked")

    scene.landing.before_call = refuse  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable, match="locked"):
        scene.enforce()

    assert len(asked) == 30


def test_the_sweep_has_nothing_to_announce_after_a_run(scene: AgedLake) -> None:
    """What retention removed, landing object and documents, is not taken for undelivered; what waits still is."""
    for number in range(6):
        scene.landed(f"log-{number}", committed=(400, 100, 3)[number % 3], rejects=number > 2)
    scene.landed("waiting", committed=None)
    announced: list[str] = []

    for _ in range(3):
        scene.enforce()
        sweep(
            scene.landing,
            scene.lake,
            lambda keys: len([announced.append(key) for key in keys]),  # type: ignore[func-returns-value]
            scene.now + timedelta(hours=1),
            timedelta(),
        )
        scene.forward(days=40)

    assert announced == ["waiting"] * 3
    standing = {key for key in scene.keys("state/") if not key.startswith(WATERMARKS)}
    expected = {key for key in documents(scene) if key.startswith("state/")}
    assert standing - {LAST_RUN} == expected - set(scene.keys(WATERMARKS))
