"""A run of retention deletes the same in every store: by the etags of its listings, and nothing that came since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.stores import new_bucket
from tests.unit.aged_lake import ADMIN, FLOOR
from tests.unit.strategies import make_event, store
from trailkeep.lake.commits import commit_key, delivery_id, minute_of
from trailkeep.lake.partitions import Versions
from trailkeep.lake.storage import Bucket
from trailkeep.retention import enforcement
from trailkeep.retention.enforcement import enforce
from trailkeep.retention.holds import Scope, create_hold, release_hold

LATER = timedelta(days=400)


def test_what_has_expired_goes_and_nothing_else(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """No store lets its objects be made old: here it is the function's clock that goes ahead."""
    monkeypatch.setattr(enforcement, "CLOCKS_AGREE", LATER + timedelta(hours=1))
    landing, now = new_bucket(), datetime.now(UTC)
    (held,) = store(bucket, [make_event(1, region="us-east-1", account_id="9")])
    for number in range(30):
        store(bucket, [make_event(number)], f"part-{number}")
    for key in ("delivered", "waiting", "overwritten"):
        landing.create(key, b"[]")
    for key in ("delivered", "overwritten"):
        delivery = delivery_id(landing.name, key, landing.stat(key).etag)
        bucket.create(commit_key(minute_of(now), delivery, Versions(1, 1), []), b"{}")
    assert landing.replace("overwritten", b"[1]", landing.stat("overwritten").etag)
    hold = create_hold(bucket, "n", "r", Scope(accounts=("9",)), ADMIN, now)

    young = enforce(landing, bucket, FLOOR, "today", lambda: now, lambda: False)
    old = enforce(landing, bucket, FLOOR, "later", lambda: now + LATER, lambda: False)

    assert (young.state, young.objects_deleted, young.landing_objects_deleted) == ("succeeded", 0, 0)
    assert (old.state, old.objects_deleted, old.landing_objects_deleted) == ("succeeded", 30, 1)
    assert [stat.key for stat in bucket.list("events/").objects] == [held]
    assert [stat.key for stat in landing.list("").objects] == ["overwritten", "waiting"]

    release_hold(bucket, hold.id, ADMIN, now)
    last = enforce(landing, bucket, FLOOR, "at last", lambda: now + LATER, lambda: False)

    assert (last.partitions_deleted, last.documents_deleted) == (1, 1)
    assert bucket.list("events/").objects == []
    assert len(bucket.list("state/retention/deletions/").objects) == 2
    assert bucket.list("state/retention/pending/").objects == []
